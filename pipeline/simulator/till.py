"""The till's arithmetic, in centavos and thousandths of a quantity, by the rules that real receipts
obey to the cent.

Conserved per receipt: a discount's shares add up to it, the lines' taxes add up to the tax on the
receipt's whole base; both by cumulative rounding in line order (round the running total, less what
was given before), half up. Source: the invariants E to M that were checked on real receipts of the
API.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.simulator.pricelist import Answer, Dish, Portion, Tax
from pipeline.simulator.trade import Discount


class Line:
    """One line of a ticket. `milli` is the quantity in thousandths; `discounts` are (discount,
    percent or None, centavos).
    """

    __slots__ = (
        "answers",
        "cost",
        "discount",
        "discounts",
        "dish",
        "gross",
        "milli",
        "note",
        "portion",
        "price",
        "tax",
    )

    def __init__(
        self,
        dish: Dish,
        portion: Portion,
        milli: int,
        price: int,
        answers: tuple[Answer, ...],
        note: str | None = None,
    ):
        self.dish, self.portion, self.milli, self.price, self.answers, self.note = (
            dish,
            portion,
            milli,
            price,
            answers,
            note,
        )
        self.gross = half_up(price * milli, 1000)
        for answer in answers:
            self.gross += answer.price * milli // 1000
        self.cost = half_up(portion.cost * milli, 1000)
        self.discounts: list[tuple[Discount, int | None, int]] = []
        self.discount = self.tax = 0

    @property
    def total(self) -> int:
        tax = self.dish.tax
        return self.gross - self.discount + (self.tax if tax and tax.kind == "ADDED" else 0)


def half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to a quotient of non-negative integers; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


def spread(amount: int, bases: Sequence[int]) -> list[int]:
    """`amount` in proportion to `bases` (not all 0), by cumulative rounding."""
    whole, running, given, shares = sum(bases), 0, 0, []
    for base in bases:
        running += base
        upto = half_up(amount * running, whole)
        shares.append(upto - given)
        given = upto
    return shares


def discount_lines(
    lines: Sequence[Line], discount: Discount, percent: int | None, amount: int | None
) -> int:
    """Take `percent` of what the lines still cost, or `amount` at most that, off the lines; returns
    what was taken.
    """
    bases = [line.gross - line.discount for line in lines]
    whole = sum(bases)
    taken = half_up(whole * percent, 100) if percent is not None else min(amount or 0, whole)
    if taken == 0:
        return 0
    for line, share in zip(lines, spread(taken, bases), strict=True):
        line.discounts.append((discount, percent, share))
        line.discount += share
    return taken


def tax_lines(lines: Sequence[Line]) -> dict[Tax, int]:
    """Set each line's tax and return the total per tax: included in the price, or added to it."""
    bases: dict[Tax, int] = {}
    totals: dict[Tax, int] = {}
    for line in lines:
        tax = line.dish.tax
        if tax is not None:
            base = bases[tax] = bases.get(tax, 0) + line.gross - line.discount
            upto = half_up(base * tax.rate, 100 + tax.rate if tax.kind == "INCLUDED" else 100)
            line.tax = upto - totals.get(tax, 0)
            totals[tax] = upto
    return totals
