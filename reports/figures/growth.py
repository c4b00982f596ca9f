"""Growth on comparable days, and the seasons of a year.

Comparable days: same stores, only days open in both years, each day next to the same weekday of the
year before (day - 364). Seasonality: a month's net sales ÷ the centred 12-month mean
around it (2 × 12 moving mean, the classical way), averaged over the years; only with >= SEASONS
complete months. All figures are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

import pandas as pd

from reports.figures.calendar import month_before
from reports.figures.tables import group_sums

YEAR = timedelta(days=364)
SEASONS = 24
StoreDays = Mapping[tuple[str, date], tuple[int, int]]


class ComparableDays(NamedTuple):
    now: int
    base: int
    days: int
    receipts: int
    """SALE receipts behind `base`."""


def by_store_day(days: pd.DataFrame) -> StoreDays:
    """Net sales and SALE receipts by store and open day."""
    keys, columns = ["store_id", "business_day"], ["net_sales", "receipts"]
    sums = group_sums({key: days[key] for key in keys}, days, columns)
    rows = zip(*(sums[name].tolist() for name in (*keys, *columns)), strict=True)
    return {(store, day): (net, receipts) for store, day, net, receipts in rows if receipts > 0}


def on_comparable_days(now: StoreDays, past: StoreDays) -> ComparableDays:
    """Net sales of days whose store was also open 364 days before, and of those days."""
    both = [(store, day) for store, day in now if (store, day - YEAR) in past]
    net = sum(now[key][0] for key in both)
    base, receipts = (sum(past[store, day - YEAR][i] for store, day in both) for i in (0, 1))
    return ComparableDays(net, base, len({day for _, day in both}), receipts)


def seasonality(net: Mapping[date, int]) -> dict[int, Fraction]:
    """calendar month -> its mean index; {} with too few months or no full cycle."""
    return {
        month: sum(indices, Fraction()) / len(indices)
        for month, indices in sorted(observed_seasons(net).items())
    }


def observed_seasons(net: Mapping[date, int]) -> dict[int, list[Fraction]]:
    """calendar month -> its index in each year in which it can be measured."""
    if len(net) < SEASONS:
        return {}
    indices_by_month: dict[int, list[Fraction]] = {}
    for month in net:
        around = [month_before(month, k) for k in range(-6, 7)]
        if not set(around) <= net.keys():
            continue
        centred = net[around[0]] + net[around[-1]] + 2 * sum(net[m] for m in around[1:-1])
        if centred > 0:
            indices_by_month.setdefault(month.month, []).append(Fraction(24 * net[month], centred))
    if len(indices_by_month) < 12 or any(
        sum(indices) <= 0 for indices in indices_by_month.values()
    ):
        return {}
    return indices_by_month
