"""The money of a period: every definition of the glossary that is a sum, once.

Takes frames of `tables` (units of 10**-decimals). Returns `Totals`, integers in the same units, and
pairs (part, whole) for shares, never a float. Always true: net = gross - discounts - refunds and
collected = net + added tax + tips + surcharges + gift cards sold + rounding; `Totals.difference`
and `Totals.unpaid` are the differences of those identities (0 in a correct lake). Source: the POS's
own sales summary (help.loyverse.com/help/sales-summary-report-back-office).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar

import pandas as pd

from reports.figures.tables import group_sums

MIN_FOR_PERCENT = 20
"""There is no percentage, ranking or advice on fewer receipts than this."""


@dataclass(frozen=True)
class Totals:
    """Sums over rows of `days`; refunds are dated by the refund receipt."""

    receipts: int = 0
    refund_receipts: int = 0
    units: int = 0
    gross_sales: int = 0
    sale_discounts: int = 0
    refund_discounts: int = 0
    refunds: int = 0
    net_sales: int = 0
    tax_included: int = 0
    tax_added: int = 0
    tips: int = 0
    surcharges: int = 0
    gift_cards: int = 0
    rounding: int = 0
    collected: int = 0
    paid: int = 0
    points_discounts: int = 0
    cost: int = 0
    costed_net: int = 0
    costed_tax_included: int = 0
    identified_receipts: int = 0
    cancelled_receipts: int = 0
    cancelled_total: int = 0
    combo_receipts: int = 0

    @property
    def discounts(self) -> int:
        """Discounts on sales less discounts on refunds; 0 for a fully refunded sale."""
        return self.sale_discounts - self.refund_discounts

    @property
    def difference(self) -> int:
        """Collected less the sum of its parts."""
        return self.collected - (
            self.gross_sales
            - self.discounts
            - self.refunds
            + self.tax_added
            + self.tips
            + self.surcharges
            + self.gift_cards
            + self.rounding
        )

    @property
    def unpaid(self) -> int:
        """Collected less the payments."""
        return self.collected - self.paid

    @property
    def gross_profit(self) -> int:
        """Net sales of what has a cost, included tax inside, less that cost."""
        return self.costed_net - self.cost

    @property
    def margin(self) -> tuple[int, int]:
        """POS margin: gross profit ÷ net sales, over what has a cost."""
        return self.gross_profit, self.costed_net

    @property
    def margin_before_tax(self) -> tuple[int, int]:
        """(net - included tax - cost) ÷ (net - included tax), over what has a cost."""
        base = self.costed_net - self.costed_tax_included
        return base - self.cost, base

    @property
    def cost_coverage(self) -> tuple[int, int]:
        """Share of net sales whose cost is known; the rest is left out of profit."""
        return self.costed_net, self.net_sales

    @property
    def average_receipt(self) -> tuple[int, int]:
        """Net sales ÷ SALE receipts that were not cancelled."""
        return self.net_sales, self.receipts

    @property
    def average_before_refunds(self) -> tuple[int, int]:
        """(Gross - discounts on sales) ÷ the same receipts."""
        return self.gross_sales - self.sale_discounts, self.receipts

    @property
    def refund_share(self) -> tuple[int, int]:
        """Refunds ÷ gross sales."""
        return self.refunds, self.gross_sales

    @property
    def discount_share(self) -> tuple[int, int]:
        """Discounts ÷ gross sales."""
        return self.discounts, self.gross_sales

    @property
    def identified_share(self) -> tuple[int, int]:
        """SALE receipts with a customer ÷ SALE receipts."""
        return self.identified_receipts, self.receipts

    @property
    def combo_share(self) -> tuple[int, int]:
        """Attach rate: SALE receipts that hold a combo ÷ SALE receipts."""
        return self.combo_receipts, self.receipts


COUNTS = (
    "receipts",
    "refund_receipts",
    "identified_receipts",
    "cancelled_receipts",
    "combo_receipts",
)
DaySums = Mapping[date, tuple[int, int]]
"""Net sales and SALE receipts by business day."""
SUMS = tuple(f.name for f in fields(Totals))
Key = TypeVar("Key", bound=Hashable)


def total(days: pd.DataFrame) -> Totals:
    """Sums of all rows of `days`."""
    return Totals(*(int(days[name].to_numpy().sum()) for name in SUMS))


def by_day(days: pd.DataFrame) -> DaySums:
    """Net sales and SALE receipts of each business day, in the order of the days."""
    sums = group_sums({"day": days["business_day"]}, days, ["net_sales", "receipts"])
    pairs = zip(sums["net_sales"].tolist(), sums["receipts"].tolist(), strict=True)
    return dict(zip(sums["day"], pairs, strict=True))


def sums_by(days: DaySums, key: Callable[[date], Key]) -> dict[Key, tuple[int, int, int]]:
    """(net sales, SALE receipts, days with a sale) of the days with the same `key`."""
    sums: dict[Key, tuple[int, int, int]] = {}
    for day, (net, receipts) in days.items():
        before = sums.get(key(day), (0, 0, 0))
        sums[key(day)] = before[0] + net, before[1] + receipts, before[2] + (receipts > 0)
    return sums


def total_by(days: pd.DataFrame, *keys: str) -> dict[Any, Totals]:
    """Totals by `keys` (a tuple where several), in the order of the keys."""
    sums = group_sums({key: days[key] for key in keys}, days, SUMS)
    labels = sums[keys[0]] if len(keys) == 1 else zip(*(sums[key] for key in keys), strict=True)
    rows = zip(*(sums[name].tolist() for name in SUMS), strict=True)
    return {label: Totals(*row) for label, row in zip(labels, rows, strict=True)}
