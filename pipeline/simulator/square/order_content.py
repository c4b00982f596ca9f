"""Content of an order or of a return, and its amounts in minor units.

Takes lines, discounts, taxes, service charges, tip, rounding. `price` returns each line's tax and
total, each charge's tax, and the totals, by `arithmetic`. Always true: total == lines + charges +
tip + rounding, and each tax is the sum of its shares.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from .arithmetic import tax_shares


class OrderModifier(NamedTuple):
    """Modifier on a line; `total` is for the whole quantity."""

    uid: str
    catalog_id: str | None
    name: str
    price: int
    total: int


class OrderDiscount(NamedTuple):
    """Discount of the order; the lines have the amounts that it takes off them."""

    uid: str
    catalog_id: str | None
    name: str
    type: str
    percentage: Decimal | None
    scope: str
    reward: str | None = None


class OrderTax(NamedTuple):
    """Tax of the order."""

    uid: str
    catalog_id: str | None
    name: str
    percentage: Decimal
    inclusive: bool


class OrderLine(NamedTuple):
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
    modifiers: tuple[OrderModifier, ...] = ()
    discounts: tuple[tuple[str, int], ...] = ()
    tax: str | None = None
    note: str | None = None
    source_uid: str | None = None  # on a return: the line of the sale

    @property
    def gross(self) -> int:
        return self.variation_total + sum([modifier.total for modifier in self.modifiers])

    @property
    def discount(self) -> int:
        return sum([amount for _, amount in self.discounts])


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

    lines: tuple[OrderLine, ...] = ()
    discounts: tuple[OrderDiscount, ...] = ()
    taxes: tuple[OrderTax, ...] = ()
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
    lines = len(content.lines)
    owed = [line.tax for line in content.lines] + [charge.tax for charge in content.charges]
    bases = [line.gross - line.discount for line in content.lines]
    bases += [charge.amount for charge in content.charges]
    shares, totals, taxes = [0] * len(bases), bases.copy(), {}
    for tax in content.taxes:
        positions = [position for position, uid in enumerate(owed) if uid == tax.uid]
        split = tax_shares(
            [bases[position] for position in positions], tax.percentage, tax.inclusive
        )
        taxes[tax.uid] = sum(split)
        for position, share in zip(positions, split, strict=True):
            shares[position] = share
            totals[position] += 0 if tax.inclusive else share
    discounts = {row.uid: 0 for row in content.discounts}
    for line in content.lines:
        for uid, amount in line.discounts:
            discounts[uid] += amount
    return Priced(
        tuple(shares[:lines]),
        tuple(shares[lines:]),
        tuple(totals[:lines]),
        tuple(totals[lines:]),
        taxes,
        discounts,
        sum(shares),
        sum(discounts.values()),
        sum(charge.amount for charge in content.charges),
        content.tip,
        sum(totals) + content.tip + content.rounding,
    )


NOTHING = price(Content())
