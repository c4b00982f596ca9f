"""Day by day: every day, its weekday, its note and that weekday's usual sales."""

from __future__ import annotations

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures import Figures
from reports.figures.money import by_day
from reports.figures.outliers import median_of, sold_by_day
from reports.values import Money, Series, Weekday, mean, text

MIN_DAYS = 3
"""Days of a weekday from which on there is a usual amount: of two, each differs by the same."""


def day_list(figures: Figures) -> Section:
    """One row a day that the lake holds."""
    sums = by_day(figures.now["days"])
    if not sums:
        return Section("day_list", (text("days.empty"),))
    usual, notes = usual_by_weekday(figures), figures.special_days
    rows = []
    for day in figures.calendar:
        sold, count = sums.get(day, (0, 0))
        expected = usual.get(day.weekday())
        rows.append(
            (
                day,
                Weekday(day.weekday()),
                sold,
                count,
                mean(sold, count),
                expected,
                None if expected is None else Money(sold - expected, figures.currency, signed=True),
                Series(tuple(notes[day])) if day in notes else text("day_list.no_note"),
            )
        )
    columns = columns_of(
        "day", "weekday", "net_sales", "receipts", "average_receipt", "usual", "difference", "note"
    )
    title, currency = text("day_list.table"), figures.currency
    table = Table.from_rows("day-by-day", title, columns, rows, currency, 31, shows_all_rows=True)
    sentences = (text("day_list.usual"),) if usual else ()
    return Section("day_list", sentences, tables=(table,))


def usual_by_weekday(figures: Figures) -> dict[int, int]:
    """Median net sales of the open days of two months, by weekday with MIN_DAYS days."""
    sold: dict[int, list[int]] = {}
    for tables in filter(None, (figures.complete_before, figures.now)):
        for day, (net, _) in sold_by_day(tables["days"]).items():
            sold.setdefault(day.weekday(), []).append(net)
    return {w: median_of(values) for w, values in sold.items() if len(values) >= MIN_DAYS}
