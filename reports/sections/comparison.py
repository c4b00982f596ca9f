"""Comparisons of two figures: always with the base; no percentage on a small one.

Takes exact pairs (part, total) of two periods. Returns values and keys of sentences. Rules: no
percentage and no ranking on a base of under `MIN_FOR_PERCENT` receipts; no share, rank or "best" of
a total that is zero or negative; a month that the lake does not have is "no data", never 0.
Sections make the percentages that people read with `share`, `ratio`, `points` and `growth` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from reports.document import Chart
from reports.figures import Figures, Totals
from reports.figures.calendar import month_before
from reports.figures.money import MIN_FOR_PERCENT
from reports.values import Count, Month, Percent, Points, Text, Value, text

Pair = tuple[int, int]


def enough(*receipts: int) -> bool:
    """Whether each of these numbers of receipts carries percentages and rankings."""
    return min(receipts) >= MIN_FOR_PERCENT


def too_few() -> Text:
    """The sentence for a section that ranks nothing, as its base is too small."""
    return text("compare.few", n=Count(MIN_FOR_PERCENT))


def share(part: int, total: int, receipts: int, decimals: int = 1) -> Percent | None:
    """`part` as a share of `total`, the net sales of `receipts`; None without one.

    A part of zero or less has no share. A part above the total has none either, because other parts
    are then negative.
    """
    return ratio(part, total, receipts, decimals) if 0 < part <= total else None


def ratio(part: int, total: int, receipts: int, decimals: int = 1) -> Percent | None:
    """`part` in percent of `total`; None on too few receipts or a total <= 0."""
    return Percent(part, total, decimals=decimals) if total > 0 and enough(receipts) else None


def points(now: Pair, before: Pair, receipts: int, receipts_before: int) -> Points | None:
    """The difference of two ratios; None where one of them is None."""
    if not enough(receipts, receipts_before) or min(now[1], before[1]) <= 0:
        return None
    return Points(*now, *before)


def growth(now: Pair, base: Pair, receipts: int) -> Percent | None:
    """now ÷ base - 1, exact; None unless `base` is positive, on enough `receipts`."""
    if not enough(receipts) or base[0] <= 0 or base[1] <= 0 or now[1] <= 0:
        return None
    return Percent(now[0] * base[1] - base[0] * now[1], base[0] * now[1], signed=True)


def net_growth(now: Totals, base: Totals) -> Percent | None:
    """The growth of net sales."""
    return growth((now.net_sales, 1), (base.net_sales, 1), base.receipts)


def before_name(figures: Figures) -> Month:
    """The month before, for a sentence or a heading."""
    return Month(month_before(figures.month), short=True)


def against(now: Pair, base: Pair, shown: Value, month: date, receipts: int) -> Text:
    """A change on a base, such as "+6.2 % on Aug 2025 ($201,904.10)".

    `shown` is the base as a value, `receipts` the number of receipts of its month.
    """
    return _compared(growth(now, base, receipts), shown, month, receipts)


def against_share(now: Pair, base: Pair, month: date, receipts: int, receipts_before: int) -> Text:
    """The same for a share: a difference in percentage points."""
    shown = ratio(*base, receipts_before)
    return _compared(points(now, base, receipts, receipts_before), shown, month, receipts_before)


def _compared(change: Value, base: Value, month: date, receipts: int) -> Text:
    when = Month(month, short=True)
    if change is not None:
        return text("compare.change", change=change, base=base, month=when)
    return text("compare.base" if enough(receipts) else "compare.small", base=base, month=when)


class Bar(NamedTuple):
    """A bar: its figure, its length, that of its part, and the length before."""

    label: Value
    figure: Value
    length: int
    part: int = 0
    before: int | None = None


def ranking(
    month: date,
    name: str,
    title: Text,
    alt: Text,
    rows: Sequence[Bar],
    *,
    label: Value = None,
    part: Value = None,
) -> Chart:
    """Bars of `month`, those of the month before behind them where `rows` have them.

    `label` names the bars, `part` their parts.
    """
    has_before = any(row.before is not None for row in rows)
    data = {
        "rows": rows,
        "name": label or Month(month, short=True),
        "part_name": part,
        "before_name": Month(month_before(month), short=True) if has_before else None,
    }
    return Chart("ranking", name, title, alt, data)


def comparable(figures: Figures) -> bool:
    """Whether the month before is there and large enough for percentages."""
    before = figures.total_before
    return before is not None and enough(before.receipts) and before.net_sales > 0


def same_weekdays_base(figures: Figures) -> Totals | None:
    """The comparable part of the month before, where it carries a percentage."""
    same_weekdays = figures.same_weekdays
    return (
        same_weekdays.base
        if same_weekdays
        and enough(same_weekdays.base.receipts)
        and same_weekdays.base.net_sales > 0
        else None
    )
