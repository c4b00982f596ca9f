"""The months of a history as the axis of a chart; only some labels are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from reports.document import Chart, LinesData, LineUnit, MonthsAxis, TableColumn
from reports.figures.history import History
from reports.figures.money import Totals
from reports.sections.comparison import enough
from reports.values import Month, Text, divide

STEPS = ((6, 1), (18, 3), (42, 6))
"""Up to so many months, one label every so many; a label a year for more."""


def months_axis(history: History, first: date) -> tuple[list[date], MonthsAxis]:
    """All months from `first` on, and how a chart names them."""
    span = history.months[history.months.index(first) :]
    step = next((step for most, step in STEPS if len(span) <= most), 12)
    ticks = [i for i, month in enumerate(span) if (month.month - 1) % step == 0]
    labels = [Month(month, short=True) for month in span]
    return span, MonthsAxis(labels=labels, ticks=ticks, tick_names=[labels[i] for i in ticks])


def ranked_months(history: History, amount: str) -> list[date]:
    """The complete months with enough receipts and a positive `amount` of Totals."""
    totals = history.totals
    return [
        month
        for month in history.complete_months
        if enough(totals[month].receipts) and getattr(totals[month], amount) > 0
    ]


def lines_chart(
    history: History,
    name: str,
    title: Text,
    alt: Text,
    first: date,
    lines: Sequence[tuple[Text, Callable[[date], int | None]]],
    unit: LineUnit = "money",
) -> Chart:
    """Lines over the months from `first` on: a name, and a value in a month."""
    span, axis = months_axis(history, first)
    data = LinesData(
        **axis,
        lines=[(label, [value(month) for month in span]) for label, value in lines],
        unit=unit,
        currency=history.currency,
    )
    return Chart("lines", name, title, alt, data)


def share_line(totals: Mapping[date, Totals], name: str) -> Callable[[date], int | None]:
    """A share of Totals by month in thousandths of a percent, None without a base."""

    def value(month: date) -> int | None:
        part, base = getattr(totals[month], name) if month in totals else (0, 0)
        return divide(100_000 * part, base) if base > 0 else None

    return value


def month_key(month: date) -> str:
    """A month as figures.json names it, "2026-10"."""
    return f"{month:%Y-%m}"


def span_column(months: list[date]) -> TableColumn:
    """A column of percentages that is headed by its months, first to last."""
    return TableColumn("months", "percent", span_values(months))


def span_values(months: Sequence[date], start: str = "start", end: str = "end") -> dict[str, Month]:
    """First and last of `months`, for a sentence or a heading."""
    return {start: Month(months[0], short=True), end: Month(months[-1], short=True)}


def both_spans(early: Sequence[date], late: Sequence[date]) -> dict[str, Month]:
    """First and last of two spans, for a sentence about both."""
    return span_values(early, "first", "last") | span_values(late)
