"""Unusual days: robust z of a day against its own weekday.

Definition: residual = net sales of a day less the median of that weekday over this month and the
month before; z = 0.6745 × (residual - median residual) ÷ median absolute deviation; |z| > 3 is
unusual. With under 14 open days there is no unusual day; neither is a day whose weekday has under
MIN_FOR_PERCENT receipts or was open on fewer than two other days. Returns exact amounts; z itself
is a ratio of integers and is only compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date
from statistics import median, median_high, median_low
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


def sold_by_day(days: pd.DataFrame) -> DaySums:
    """Net sales and receipts of each open day."""
    return {day: sums for day, sums in by_day(days).items() if sums[1] > 0}


def median_of(values: Collection[int]) -> int:
    """The median of amounts, rounded to one."""
    return divide(median_low(values) + median_high(values), 2)


def outliers(now: DaySums, before: DaySums) -> list[Outlier]:
    """Unusual ones of the open days `now`, furthest from usual first."""
    rows = {**before, **now}
    net = {day: value for day, (value, _) in rows.items()}
    if len(net) < MIN_DAYS:
        return []
    by_weekday: dict[int, list[int]] = {}
    base = Counter[int]()
    for day, (value, receipts) in rows.items():
        by_weekday.setdefault(day.weekday(), []).append(value)
        base[day.weekday()] += receipts
    usual = {weekday: median(values) for weekday, values in by_weekday.items()}
    rest = {day: value - usual[day.weekday()] for day, value in net.items()}
    middle = median(rest.values())
    spread = median(abs(value - middle) for value in rest.values())
    unusual = [
        Outlier(day, net[day], median_of(by_weekday[day.weekday()]))
        for day, value in rest.items()
        if day in now
        and base[day.weekday()] >= MIN_FOR_PERCENT
        and len(by_weekday[day.weekday()]) > MIN_OTHER_DAYS
        and spread
        and MAD_FACTOR[0] * abs(value - middle) > LIMIT * MAD_FACTOR[1] * spread
    ]
    return sorted(unusual, key=lambda o: (-abs(o.net - o.usual), o.day))
