"""Records and odd days: the best of the history, and the latest unusual days."""

from __future__ import annotations

from datetime import date

from reports.columns import columns_of
from reports.figures.history import History
from reports.figures.outliers import Outlier, odd_days, sold_by_day
from reports.page import Section, Table, TableColumn
from reports.sections.axis import month_key
from reports.sections.comparison import enough, too_few
from reports.sections.names import best_month, month_name
from reports.values import Count, Day, Money, amounts, text

ODD_MONTHS = 13


def records(history: History) -> Section:
    """Best month, day and run of open days.

    Odd days of the last 13 months, each against its weekday then.
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
        (text("records.run"), Day(start, long=True), text("records.days", n=Count(run))),
    ]
    odd = _odd(history)
    sentences = (
        text("records.lead", day=Day(best, long=True), net=Money(best_net, currency)),
        text(
            "records.odd" if odd else "records.no_odd",
            n=Count(len(odd)),
            months=Count(min(ODD_MONTHS, len(history.lake_months))),
        ),
    )
    columns = (*columns_of("record", "when"), TableColumn("value", "money"))
    tables = [Table.from_rows("records", text("records.table"), columns, rows, currency)]
    odd_rows = [(Day(o.day, long=True), o.net, o.usual) for o in odd]
    columns, title = columns_of("day", "net_sales", "usual"), text("records.odd_table")
    tables.append(Table.from_rows("odd-days", title, columns, odd_rows, currency))
    stated = {
        "best_day": {"day": best.isoformat(), **amounts(currency, net_sales=best_net)},
        "best_month": {
            "month": month_key(month),
            **amounts(currency, net_sales=month_net),
            "partial": month in history.partial,
        },
        "longest_run": run,
        "odd_days": [
            {"day": o.day.isoformat(), **amounts(currency, net_sales=o.net, usual=o.usual)}
            for o in odd
        ],
    }
    return Section("records", sentences, tables=tables, figures=stated)


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


def _odd(history: History) -> list[Outlier]:
    months = list(history.by_month(sold_by_day(history.stacked("days"))).values())
    pairs = list(zip([{}, *months], months, strict=False))[-ODD_MONTHS:]
    odd = [day for before, now in pairs for day in odd_days(now, before)]
    return sorted(odd, key=lambda o: -o.day.toordinal())
