"""Lines of a ticket and their amounts, in centavos and thousandths of a quantity.

Its rules hold on real receipts to the cent. Always true, per receipt: the shares of a discount add
up to the discount, and the taxes of the lines to the tax on the receipt's whole base. Both use
cumulative rounding in line order, half up: round the running total and subtract what earlier lines
got. Checked on real receipts of the API; tests/simulator/test_money.py has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.simulator.business import Discount
from pipeline.simulator.pricelist import ChosenOption, Dish, Tax, Variant


@dataclass(slots=True, eq=False)
class Line:
    """Line; `milli` are thousandths, `discounts` (discount, percent or None, amount)."""

    dish: Dish
    variant: Variant
    milli: int
    price: int
    options: tuple[ChosenOption, ...]
    note: str | None = None
    gross: int = 0
    cost: int = 0
    discounts: list[tuple[Discount, int | None, int]] = field(default_factory=list)
    discount: int = 0
    tax: int = 0

    def __post_init__(self) -> None:
        self.gross = half_up(self.price * self.milli, 1000)
        for chosen in self.options:
            self.gross += chosen.price * self.milli // 1000
        self.cost = half_up(self.variant.cost * self.milli, 1000)

    @property
    def total(self) -> int:
        tax = self.dish.tax
        return self.gross - self.discount + (self.tax if tax and tax.kind == "ADDED" else 0)


def half_up(numerator: int, denominator: int) -> int:
    """Integer nearest to a quotient of non-negative integers; halves round up."""
    return (2 * numerator + denominator) // (2 * denominator)


def allocate(amount: int, bases: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `bases` (not all 0), rounding cumulatively."""
    total, running, given, shares = sum(bases), 0, 0, []
    for base in bases:
        running += base
        upto = half_up(amount * running, total)
        shares.append(upto - given)
        given = upto
    return shares


def discount_lines(
    lines: Sequence[Line], discount: Discount, percent: int | None, amount: int | None
) -> int:
    """Take `percent`, or else `amount`, off what the lines still cost; returns it."""
    bases = [line.gross - line.discount for line in lines]
    total = sum(bases)
    taken = half_up(total * percent, 100) if percent is not None else min(amount or 0, total)
    if taken == 0:
        return 0
    for line, share in zip(lines, allocate(taken, bases), strict=True):
        line.discounts.append((discount, percent, share))
        line.discount += share
    return taken


def tax_lines(lines: Sequence[Line]) -> dict[Tax, int]:
    """Set the tax of each line, included or added; returns the total per tax."""
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
