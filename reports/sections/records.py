"""Records: the best month and days of the history, and the latest unusual days."""

from __future__ import annotations

from datetime import date

from reports.columns import columns_of
from reports.document import Section, Table, TableColumn
from reports.figures.history import History
from reports.figures.outliers import Outlier, outliers, sold_by_day
from reports.sections.axis import month_key
from reports.sections.comparison import enough, too_few
from reports.sections.names import best_month, month_name
from reports.values import Count, Day, Money, Series, amounts, text

UNUSUAL_MONTHS = 13


def records(history: History) -> Section:
    """Best month, day and run of open days.

    Unusual days of the last 13 months, each against its weekday then.
    """
    days = history.by_day if history.lake_months else {}
    opened = {day: sums for day, sums in days.items() if sums[1] > 0}
    if not opened:
        return Section("records", (text("summary.empty"),))
    if not enough(history.sum_of(history.months).receipts):
        return Section("records", (too_few(),))
    best = max(opened, key=lambda d: (opened[d][0], d))
    month = best_month(history)
    if month is None or opened[best][0] <= 0:
        return Section("records", (text("records.none"),))
    busiest = max(opened, key=lambda d: (opened[d][1], d))
    run, start = longest_run(sorted(opened))
    currency = history.currency
    best_net, month_net = opened[best][0], history.totals[month].net_sales
    busy = text("records.receipts", n=Count(opened[busiest][1]))
    rows = [
        (text("records.month"), month_name(history, month), month_net),
        (text("records.day"), Day(best, long=True), best_net),
        (text("records.busiest"), Day(busiest, long=True), busy),
        (
            text("records.run"),
            text("records.since", day=Day(start, long=True)),
            text("records.days", n=Count(run)),
        ),
    ]
    unusual, months = _unusual(history), min(UNUSUAL_MONTHS, len(history.lake_months))
    if months > 1:
        key = "records.unusual" if unusual else "records.no_unusual"
    else:
        key = "records.unusual_once" if unusual else "records.no_unusual_once"
    sentences = (
        text("records.lead", day=Day(best, long=True), net=Money(best_net, currency)),
        text(key, n=Count(len(unusual)), months=Count(months)),
    )
    columns = (*columns_of("record", "when"), TableColumn("value", "money"))
    tables = [Table.from_rows("records", text("records.table"), columns, rows, currency)]
    notes = history.special_days([o.day for o in unusual])
    no_note = text("records.no_note") if notes else None
    odd_rows = [
        (
            Day(o.day, long=True),
            o.net,
            o.usual,
            Series(tuple(notes[o.day])) if o.day in notes else no_note,
        )
        for o in unusual
    ]
    columns, title = columns_of("day", "net_sales", "usual", "note"), text("records.unusual_table")
    tables.append(Table.from_rows("unusual-days", title, columns, odd_rows, currency))
    figures_out = {
        "best_day": {"day": best.isoformat(), **amounts(currency, net_sales=best_net)},
        "best_month": {
            "month": month_key(month),
            **amounts(currency, net_sales=month_net),
            "partial": month in history.partial,
        },
        "longest_run": run,
        "unusual_days": [
            {"day": o.day.isoformat(), **amounts(currency, net_sales=o.net, usual=o.usual)}
            for o in unusual
        ],
    }
    return Section("records", sentences, tables=tables, figures=figures_out)


def longest_run(days: list[date]) -> tuple[int, date]:
    """Length and start of the longest run of consecutive days, the latest of equals."""
    best, start, length = (0, days[0]), days[0], 0
    for i, day in enumerate(days):
        if i and (day - days[i - 1]).days == 1:
            length += 1
        else:
            start, length = day, 1
        best = max(best, (length, start))
    return best


def _unusual(history: History) -> list[Outlier]:
    months = list(history.by_month(sold_by_day(history.stacked("days"))).values())
    pairs = list(zip([{}, *months], months, strict=False))[-UNUSUAL_MONTHS:]
    unusual = [day for before, now in pairs for day in outliers(now, before)]
    return sorted(unusual, key=lambda o: -o.day.toordinal())
