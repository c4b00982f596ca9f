"""Content of an order or of a return, and its amounts in minor units.

In: lines, discounts, taxes, service charges, tip, rounding. Out (`price`): each line's tax and
total, each charge's tax, and the totals, by `arithmetic`. Conserved: total == lines + charges +
tip + rounding, and each tax is the sum of its shares.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from .arithmetic import tax_shares


class Modifier(NamedTuple):
    """Modifier on a line; `total` is for the whole quantity."""

    uid: str
    catalog_id: str | None
    name: str
    price: int
    total: int


class Discount(NamedTuple):
    """Discount of the order; the lines have the amounts that it takes off them."""

    uid: str
    catalog_id: str | None
    name: str
    type: str
    percentage: Decimal | None
    scope: str
    reward: str | None = None


class Tax(NamedTuple):
    """Tax of the order."""

    uid: str
    catalog_id: str | None
    name: str
    percentage: Decimal
    inclusive: bool


class Line(NamedTuple):
    """One line; `discounts` are (uid, amount), `tax` is the uid of a tax."""

    uid: str
    item_type: str
    name: str | None
    variation: str | None
    catalog_id: str | None
    milli: int
    by_weight: bool
    price: int
    variation_total: int
    modifiers: tuple[Modifier, ...] = ()
    discounts: tuple[tuple[str, int], ...] = ()
    tax: str | None = None
    note: str | None = None
    source_uid: str | None = None  # on a return: the line of the sale

    @property
    def gross(self) -> int:
        return self.variation_total + sum(modifier.total for modifier in self.modifiers)

    @property
    def discount(self) -> int:
        return sum(amount for _, amount in self.discounts)


class Charge(NamedTuple):
    """Service charge; `percentage` is None if it was set as an amount."""

    uid: str
    name: str | None
    type: str
    phase: str
    amount: int
    percentage: Decimal | None = None
    tax: str | None = None


class Content(NamedTuple):
    """All that an order sells, or all that it takes back."""

    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[Tax, ...] = ()
    charges: tuple[Charge, ...] = ()
    tip: int = 0
    rounding: int = 0


class Priced(NamedTuple):
    """Amounts of a content; `line_taxes` and `charge_taxes` are in its order."""

    line_taxes: tuple[int, ...]
    charge_taxes: tuple[int, ...]
    line_totals: tuple[int, ...]
    charge_totals: tuple[int, ...]
    taxes: dict[str, int]  # by uid
    discounts: dict[str, int]  # by uid
    tax: int
    discount: int
    charge: int  # without its tax
    tip: int
    total: int


def price(content: Content) -> Priced:
    """Compute the taxes and totals of `content`."""
    lines, charges = content.lines, content.charges
    shares = [0] * (len(lines) + len(charges))
    taxes: dict[str, int] = {}
    for tax in content.taxes:
        places = [place for place, line in enumerate(lines) if line.tax == tax.uid]
        places += [
            len(lines) + place for place, charge in enumerate(charges) if charge.tax == tax.uid
        ]
        bases = [_base(content, place) for place in places]
        taxes[tax.uid] = 0
        for place, share in zip(
            places, tax_shares(bases, tax.percentage, tax.inclusive), strict=True
        ):
            shares[place] = share
            taxes[tax.uid] += share
    discounts = {row.uid: 0 for row in content.discounts}
    for line in lines:
        for uid, amount in line.discounts:
            discounts[uid] += amount
    additive = {tax.uid for tax in content.taxes if not tax.inclusive}
    totals = [
        _base(content, place) + (shares[place] if _tax(content, place) in additive else 0)
        for place in range(len(shares))
    ]
    return Priced(
        tuple(shares[: len(lines)]),
        tuple(shares[len(lines) :]),
        tuple(totals[: len(lines)]),
        tuple(totals[len(lines) :]),
        taxes,
        discounts,
        sum(shares),
        sum(discounts.values()),
        sum(charge.amount for charge in charges),
        content.tip,
        sum(totals) + content.tip + content.rounding,
    )


def _base(content: Content, place: int) -> int:
    """Base of a tax: a line after its discounts, or a charge."""
    if place < len(content.lines):
        line = content.lines[place]
        return line.gross - line.discount
    return content.charges[place - len(content.lines)].amount


def _tax(content: Content, place: int) -> str | None:
    if place < len(content.lines):
        return content.lines[place].tax
    return content.charges[place - len(content.lines)].tax


NOTHING = price(Content())
