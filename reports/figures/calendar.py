"""Days and months of the calendar; two spans compared, and the parts of a change.

Takes frames of `days` (one row a business day, store and channel). Returns `Totals` and exact
integers. An *open day* of a store is a business day with at least one SALE receipt, as in the
report's [glossary]; an open *month* is one that can still gain receipts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor, lcm
from typing import NamedTuple

import pandas as pd

from reports.figures.money import SUMS, Totals, total, total_by
from reports.figures.tables import group_sums, rows_of
from reports.values import rounded


def next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(first: date, months: int = 1) -> date:
    """First day of the month `months` before `first`."""
    index = first.year * 12 + first.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def dates_of_month(first: date, last: date | None = None) -> list[date]:
    """All days of the month of `first`, up to `last`."""
    end = min(next_month(first) - timedelta(days=1), last or date.max)
    return [first + timedelta(days=i) for i in range((end - first).days + 1)]


def covered_days(
    first: date, through: date | None, history_starts: date | None, covered: Collection[date] | None
) -> list[date]:
    """Days of the month of `first` that the lake covers; other days say nothing."""
    days = dates_of_month(first, through)
    if covered is not None:
        return [day for day in days if day in covered]
    return [day for day in days if history_starts is None or day >= history_starts]


def same_day(first: date, through: date) -> date:
    """The last day to compare in the month of `first`, for a month open to `through`."""
    return min(next_month(first) - timedelta(days=1), first + timedelta(days=through.day - 1))


def open_days_by(days: pd.DataFrame) -> dict[tuple[str, int], int]:
    """Number of open days by store and weekday (0 = Monday)."""
    rows = zip(days["store_id"], days["business_day"], days["receipts"], strict=True)
    opened = {(store, day) for store, day, receipts in rows if receipts > 0}
    return dict(Counter((store, day.weekday()) for store, day in opened))


@dataclass(frozen=True)
class SameWeekdays:
    """Two comparable spans: `now` on the weekdays of `base`, over what both have."""

    now: Totals
    base: Totals
    receipts: Fraction = Fraction()
    """Receipts of `now` before they are rounded to a whole number."""


def on_same_weekdays(now: pd.DataFrame, base: pd.DataFrame) -> SameWeekdays:
    """Current totals on the base span's number of open days of each weekday.

    Per store and weekday w: (sum of now ÷ open days w of now) × open days w of base; a store or
    weekday that was not open in both spans is left out of both sides. Each total is rounded once,
    at the end.
    """
    open_now, open_base = open_days_by(now), open_days_by(base)
    sums_now, sums_base = _by_weekday(now), _by_weekday(base)
    weights, denominator = _weights(open_now, open_base)
    scaled = {
        n: Fraction(
            sum(getattr(sums_now[k], n) * weight for k, weight in weights.items()), denominator
        )
        for n in SUMS
    }
    return SameWeekdays(
        Totals(**{n: rounded(v) for n, v in scaled.items()}),
        Totals(**{n: sum(getattr(sums_base[k], n) for k in weights) for n in SUMS}),
        scaled["receipts"],
    )


def _weights(
    open_now: Mapping[tuple[str, int], int], open_base: Mapping[tuple[str, int], int]
) -> tuple[dict[tuple[str, int], int], int]:
    """Open days of base ÷ those of now, by what was open in both, as fractions."""
    both = open_now.keys() & open_base.keys()
    common = lcm(*(open_now[key] for key in both))
    return {key: open_base[key] * common // open_now[key] for key in both}, common


class SameWeekdaysPart(NamedTuple):
    """The part of an item, category or store in a `SameWeekdays` change of net sales."""

    now: int
    """Net sales of the current span on the base span's weekdays."""
    base: int
    """Net sales of the base span on the weekdays on which both spans were open."""
    receipts: int
    """SALE receipts behind `base`."""

    @property
    def change(self) -> int:
        return self.now - self.base


def same_weekdays_parts(
    now: pd.DataFrame, base: pd.DataFrame, days: tuple[pd.DataFrame, pd.DataFrame], key: str
) -> dict[str, SameWeekdaysPart]:
    """`on_same_weekdays` of the two frames of `days`, taken apart by column `key`.

    `now` and `base` have store_id, weekday, `key`, receipts and net_sales, and add up to `days`
    by store and weekday. Each part is scaled by the open days of its own store and weekday, as the
    total is; what rounding leaves goes to the largest remainders, so that the parts add up to
    `on_same_weekdays` in `now`, `base` and the change, to the minor unit.
    """
    weights, denominator = _weights(*map(open_days_by, days))
    exact: dict[str, int] = {}
    before: dict[str, list[int]] = {}
    for frame, is_now in ((now, True), (base, False)):
        names = ("store_id", "weekday", key)
        sums = group_sums({name: frame[name] for name in names}, frame, ["net_sales", "receipts"])
        for store, weekday, name, net, receipts in rows_of(sums):
            exact.setdefault(name, 0)
            before.setdefault(name, [0, 0])
            weight = weights.get((store, weekday), 0)
            if weight and is_now:
                exact[name] += net * weight
            elif weight:
                before[name][0] += net
                before[name][1] += receipts
    scaled = largest_remainders({name: Fraction(net, denominator) for name, net in exact.items()})
    return {name: SameWeekdaysPart(scaled[name], *before[name]) for name in exact}


def largest_remainders(parts: Mapping[str, Fraction]) -> dict[str, int]:
    """Integers whose sum is the rounded sum of `parts`; of equal remainders the first."""
    integers = {key: floor(part) for key, part in parts.items()}
    left = rounded(sum(parts.values(), Fraction())) - sum(integers.values())
    for key in sorted(parts, key=lambda key: integers[key] - parts[key])[:left]:
        integers[key] += 1
    return integers


def _by_weekday(days: pd.DataFrame) -> dict[tuple[str, int], Totals]:
    if days.empty:
        return {}
    return total_by(with_weekday(days), "store_id", "weekday")


def with_weekday(days: pd.DataFrame) -> pd.DataFrame:
    """`days` with the weekday (0 = Monday) of each business day."""
    return days.assign(weekday=days["business_day"].map(date.weekday))


@dataclass(frozen=True)
class ChangeParts:
    """Why net sales moved, in money; the parts add up to now - base exactly."""

    base: int
    stores: int
    calendar: int
    receipts: int
    average: int
    discounts: int
    refunds: int
    now: int

    def amounts(self) -> dict[str, int]:
        return {name: amount for name, amount in vars(self).items() if name not in ("base", "now")}


def split_change(now: pd.DataFrame, base: pd.DataFrame, same_weekdays: SameWeekdays) -> ChangeParts:
    """The change of net sales in its parts; `same_weekdays` compares both spans.

    It equals stores + calendar + receipts + average receipt + discounts + refunds.

    stores: gross of stores that were open in only one of the spans. For the others, calendar =
    gross now - gross now on the base span's weekdays; receipts = (receipts on those weekdays - base
    receipts) × base average gross; average = the rest of the rise on those weekdays. Discounts and
    refunds are base - now: more of them lower net sales.
    """
    a, b = total(now), total(base)
    stores_now, stores_base = ({k[0] for k in open_days_by(d)} for d in (now, base))
    both = stores_now & stores_base
    now_both, base_both = (total(d[d["store_id"].isin(both)]) for d in (now, base))
    stores = (a.gross_sales - now_both.gross_sales) - (b.gross_sales - base_both.gross_sales)
    calendar = (now_both.gross_sales - base_both.gross_sales) - (
        same_weekdays.now.gross_sales - same_weekdays.base.gross_sales
    )
    more = (
        (same_weekdays.receipts - same_weekdays.base.receipts)
        * same_weekdays.base.gross_sales
        / same_weekdays.base.receipts
        if same_weekdays.base.receipts
        else Fraction()
    )
    receipts = rounded(more)
    average = same_weekdays.now.gross_sales - same_weekdays.base.gross_sales - receipts
    less = b.discounts - a.discounts, b.refunds - a.refunds
    return ChangeParts(b.net_sales, stores, calendar, receipts, average, *less, a.net_sales)
