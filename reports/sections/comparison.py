"""How one figure is set beside another: always with its base, and without a percentage on a small
one.

In: exact pairs (part, whole) of two periods. Out: sentences of the catalog. Rule: no percentage on
a base of under `PERCENT_BASE` receipts; a month that the lake does not have is "no data", never 0.
"""

from __future__ import annotations

from datetime import date

from reports.figures import Figures, Totals
from reports.figures.money import PERCENT_BASE
from reports.values import Count, Month, Percent, Points, Text, Value, text

Pair = tuple[int, int]


def growth(now: Pair, base: Pair) -> Percent:
    """now ÷ base - 1 of two fractions, exact."""
    part = now[0] * base[1] - base[0] * now[1]
    return Percent(part, abs(base[0] * now[1]), signed=True)


def against(now: Pair, base: Pair, said: Value, month: date, receipts: int) -> Text:
    """ "+6.2 % on Aug 2025 ($201,904.10)": the change on `base`, said as `said`, of a month with so
    many receipts.
    """
    when = Month(month, short=True)
    if receipts < PERCENT_BASE or base[0] == 0 or base[1] == 0 or now[1] == 0:
        return text("compare.base", base=said, month=when, receipts=Count(receipts))
    return text("compare.change", change=growth(now, base), base=said, month=when)


def against_share(now: Pair, base: Pair, month: date, receipts: int) -> Text:
    """The same for a share: a difference in percentage points."""
    when, said = Month(month, short=True), Percent(*base)
    if receipts < PERCENT_BASE or base[1] == 0 or now[1] == 0:
        return text("compare.base", base=said, month=when, receipts=Count(receipts))
    return text("compare.change", change=Points(*now, *base), base=said, month=when)


def missing(month: date) -> Text:
    return text("compare.missing", month=Month(month, short=True))


def comparable(figures: Figures) -> bool:
    """Whether the month before is there and large enough for percentages."""
    before = figures.total_before
    return before is not None and before.receipts >= PERCENT_BASE and before.net_sales > 0


def normal_base(figures: Figures) -> Totals | None:
    """The comparable part of the month before, where it carries a percentage."""
    fair = figures.fair
    return (
        fair.base
        if fair and fair.base.receipts >= PERCENT_BASE and fair.base.net_sales > 0
        else None
    )
