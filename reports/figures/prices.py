"""Price changes found in the data: when an item's usual price changed.

Takes `prices` of several months (item, variant, unit price, first and last day, units; plain SALE
lines). The usual price of a month is the one with the most units (ties: the lower). A price change:
the usual price of a month differs from the item's previous usual price. Its day is the first with
the new price after the last month with the old one, or within that month, after the first day of
the old price there. Prices of under MIN_UNITS units in the month are ignored (an open-price item
would change daily). Returns changes, newest first.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pandas as pd

from reports.figures.tables import rows_of, sort_rows

MIN_UNITS = 10 * 10_000


class Change(NamedTuple):
    item: str
    variant: str
    day: date
    was: int
    now: int
    month: date
    """The month of the new price."""
    month_before: date
    """The latest earlier month in which the item had a usual price."""


def price_changes(prices: pd.DataFrame) -> list[Change]:
    """Changes of the usual price over all stores of the currency."""
    if prices.empty:
        return []
    keyed = prices.assign(
        variant=prices["variant"].fillna(""),
        first_day=[day.toordinal() for day in prices["first_day"]],  # integers have a fast minimum
    )
    sums = (
        keyed.groupby(["item", "variant", "month", "unit_price"], sort=True)
        .agg(units=("units", "sum"), first=("first_day", "min"))
        .reset_index()
    )
    sold = {
        (*row[:3], row.month): row.first
        for row in rows_of(sums[["item", "variant", "unit_price", "month", "first"]])
    }
    sums = sort_rows(
        sums[sums["units"] >= MIN_UNITS], "item", "variant", "month", "-units", "unit_price"
    )
    usual = sums.drop_duplicates(["item", "variant", "month"])
    months = sorted(set(keyed["month"]))
    changes: list[Change] = []
    before: dict[tuple[str, str], tuple[int, date]] = {}
    for row in rows_of(usual):
        key = (row.item, row.variant)
        was, month = before.get(key, (0, date.min))
        if was > 0 and was != row.unit_price:
            old = sold[(*key, was, month)]
            since = [
                sold.get((*key, row.unit_price, m), 0) for m in months if month <= m <= row.month
            ]
            day = date.fromordinal(min(day for day in since if day > old))
            changes.append(Change(*key, day, int(was), int(row.unit_price), row.month, month))
        before[key] = row.unit_price, row.month
    return sorted(changes, key=lambda c: (-c.day.toordinal(), c.item, c.variant))
