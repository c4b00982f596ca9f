"""Fair comparison of two spans of days: same days, same weekdays, and the arithmetic of a
difference.

In: frames of `days` (one row a business day, store and channel). Out: `Totals` and exact integers.
An *open day* of a store is a business day with at least one SALE receipt. Sources: the report's
glossary (weekday-normalised, like-for-like after the nostress note: same stores, weekday against
the same weekday).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd

from reports.figures.money import SUMS, Totals, total, total_by
from reports.values import divide


def next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(first: date, months: int = 1) -> date:
    """First day of the month `months` before `first`."""
    index = first.year * 12 + first.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def days_of(first: date, last: date | None = None) -> list[date]:
    """All days of the month of `first`, up to `last`."""
    end = min(next_month(first) - timedelta(days=1), last or date.max)
    return [first + timedelta(days=i) for i in range((end - first).days + 1)]


def same_day(first: date, through: date) -> date:
    """The last day of the month of `first` to compare with a month that is open through `through`."""
    return min(next_month(first) - timedelta(days=1), first + timedelta(days=through.day - 1))


def open_days_by(days: pd.DataFrame) -> dict[tuple[str, int], int]:
    """Number of open days by store and weekday (0 = Monday)."""
    opened = days.loc[days["receipts"] > 0, ["store_id", "business_day"]].drop_duplicates()
    return (
        opened.groupby(["store_id", opened["business_day"].map(date.weekday)]).size().to_dict()
        if len(opened)
        else {}
    )


@dataclass(frozen=True)
class Normalised:
    """Two spans made comparable: `now` on the weekdays of `base`, both only over what both have."""

    now: Totals
    base: Totals
    share: tuple[int, int]
    """Net sales of the current span that could be compared, and all its net sales."""
    receipts: Fraction = Fraction()
    """Receipts of `now` before they are rounded to a whole number."""

    @property
    def factor(self) -> tuple[int, int]:
        """Normalised ÷ actual net sales of what could be compared; 1 where that says nothing."""
        return (
            (self.now.net_sales, self.share[0])
            if self.now.net_sales > 0 and self.share[0] > 0
            else (1, 1)
        )


def normalise(now: pd.DataFrame, base: pd.DataFrame) -> Normalised:
    """Current totals as they would be on the base span's number of open days of each weekday.

    Per store and weekday w: (sum of now ÷ open days w of now) × open days w of base; a store or
    weekday that was not open in both spans is left out of both sides. Each total is rounded once,
    at the end.
    """
    open_now, open_base = open_days_by(now), open_days_by(base)
    both = open_now.keys() & open_base.keys()
    sums_now, sums_base = _by_weekday(now), _by_weekday(base)
    scaled = {
        n: sum(
            (Fraction(getattr(sums_now[k], n) * open_base[k], open_now[k]) for k in both),
            Fraction(),
        )
        for n in SUMS
    }
    kept = sum(sums_now[k].net_sales for k in both)
    return Normalised(
        Totals(**{n: divide(v.numerator, v.denominator) for n, v in scaled.items()}),
        Totals(**{n: sum(getattr(sums_base[k], n) for k in both) for n in SUMS}),
        (kept, sum(t.net_sales for t in sums_now.values())),
        scaled["receipts"],
    )


def _by_weekday(days: pd.DataFrame) -> dict[tuple[str, int], Totals]:
    if days.empty:
        return {}
    return total_by(
        days.assign(weekday=days["business_day"].map(date.weekday)), "store_id", "weekday"
    )


@dataclass(frozen=True)
class Split:
    """Why net sales moved, in money; the parts add up to now - base exactly."""

    base: int
    stores: int
    calendar: int
    receipts: int
    average: int
    discounts: int
    refunds: int
    now: int

    def parts(self) -> dict[str, int]:
        return {
            n: getattr(self, n)
            for n in ("stores", "calendar", "receipts", "average", "discounts", "refunds")
        }


def split_change(now: pd.DataFrame, base: pd.DataFrame) -> Split:
    """The difference of net sales as stores + calendar + receipts + average receipt - discounts -
    refunds.

    stores: gross of stores that traded in only one of the spans. For the others, calendar = gross
    now - gross now on the base span's weekdays; receipts = (receipts so normalised - base receipts)
    × base average gross; average = the rest of the normalised rise. Discounts and refunds are the
    plain differences, with their sign turned.
    """
    a, b = total(now), total(base)
    traded_now, traded_base = ({k[0] for k in open_days_by(d)} for d in (now, base))
    both = traded_now & traded_base
    now_both, base_both = (total(d[d["store_id"].isin(both)]) for d in (now, base))
    stores = (a.gross_sales - now_both.gross_sales) - (b.gross_sales - base_both.gross_sales)
    fair = normalise(now[now["store_id"].isin(both)], base[base["store_id"].isin(both)])
    calendar = (now_both.gross_sales - base_both.gross_sales) - (
        fair.now.gross_sales - fair.base.gross_sales
    )
    more = (
        (fair.receipts - fair.base.receipts) * fair.base.gross_sales / fair.base.receipts
        if fair.base.receipts
        else Fraction()
    )
    receipts = divide(more.numerator, more.denominator)
    average = fair.now.gross_sales - fair.base.gross_sales - receipts
    return Split(
        b.net_sales,
        stores,
        calendar,
        receipts,
        average,
        b.discounts - a.discounts,
        b.refunds - a.refunds,
        a.net_sales,
    )
