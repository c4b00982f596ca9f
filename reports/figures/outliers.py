"""Unusual days: robust z of a day against its own weekday.

Definition: residual = net sales of a day less the median of that weekday over this month and the
month before; z = 0.6745 × (residual - median residual) ÷ median absolute deviation; |z| > 3 is
unusual. With under 14 open days there is no unusual day; neither is a day whose weekday has under
MIN_FOR_PERCENT receipts or was open on fewer than two other days. Takes `days` frames. Returns
exact amounts; z itself is a ratio of integers and is only compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date
from statistics import median
from typing import NamedTuple

import pandas as pd

from reports.figures.money import MIN_FOR_PERCENT, DaySums, by_day
from reports.values import divide

LIMIT, MIN_DAYS, MIN_OTHER_DAYS = 3, 14, 2
MAD_FACTOR = (6745, 10_000)
"""Makes the median absolute deviation (MAD) comparable with a standard deviation."""


class Outlier(NamedTuple):
    day: date
    net: int
    usual: int


def outliers(now: pd.DataFrame, before: pd.DataFrame | None) -> list[Outlier]:
    """Unusual days of `now`, furthest from usual first."""
    return unusual_days(sold_by_day(now), {} if before is None else sold_by_day(before))


def sold_by_day(days: pd.DataFrame) -> DaySums:
    """Net sales and receipts of each open day."""
    return {day: sums for day, sums in by_day(days).items() if sums[1] > 0}


def median_of(values: Collection[int]) -> int:
    """The median of amounts, rounded to one."""
    ordered = sorted(values)
    return divide(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)


def unusual_days(now: DaySums, before: DaySums) -> list[Outlier]:
    """`outliers` of the sums of their days."""
    rows = {**before, **now}
    net = {day: value for day, (value, _) in rows.items()}
    if len(net) < MIN_DAYS:
        return []
    by_weekday: dict[int, list[int]] = {}
    for day, value in net.items():
        by_weekday.setdefault(day.weekday(), []).append(value)
    usual = {weekday: median(values) for weekday, values in by_weekday.items()}
    base, seen = Counter[int](), Counter[int]()
    for day, (_, receipts) in rows.items():
        base[day.weekday()] += receipts
        seen[day.weekday()] += 1
    rest = {day: value - usual[day.weekday()] for day, value in net.items()}
    middle = median(rest.values())
    spread = median(abs(value - middle) for value in rest.values())
    unusual = [
        Outlier(day, net[day], median_of(by_weekday[day.weekday()]))
        for day, value in rest.items()
        if day in now
        and base[day.weekday()] >= MIN_FOR_PERCENT
        and seen[day.weekday()] > MIN_OTHER_DAYS
        and spread
        and MAD_FACTOR[0] * abs(value - middle) > LIMIT * MAD_FACTOR[1] * spread
    ]
    return sorted(unusual, key=lambda o: (-abs(o.net - o.usual), o.day))
