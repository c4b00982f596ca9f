"""Records and odd days: the best of the history, and the latest unusual days."""

from __future__ import annotations

from datetime import date

from reports.figures.history import History
from reports.figures.outliers import Outlier, outliers
from reports.page import Column, Section, Table
from reports.sections.axis import month_key
from reports.sections.comparison import enough, too_few
from reports.sections.names import best_month, month_name
from reports.values import Count, Day, Money, Value, text

ODD_MONTHS = 13


def records(history: History) -> Section:
    """Best month, day and run of open days.

    Odd days of the last 13 months, each against its weekday then.
    """
    if not history.tables:
        return Section("records", (text("summary.empty"),))
    days = history.stacked("days")
    by_day = days.groupby("business_day")[["net_sales", "receipts"]].sum()
    opened = by_day[by_day["receipts"] > 0]
    if opened.empty:
        return Section("records", (text("summary.empty"),))
    if not enough(history.sum_of(history.months).receipts):
        return Section("records", (too_few(),))
    best = max(opened.index, key=lambda d: (int(opened.at[d, "net_sales"]), d))
    month = best_month(history)
    if month is None or opened.at[best, "net_sales"] <= 0:
        return Section("records", (text("records.none"),))
    busiest = max(opened.index, key=lambda d: (int(opened.at[d, "receipts"]), d))
    run, start = longest_run(sorted(opened.index))
    currency = history.currency
    rows: list[tuple[Value, ...]] = [
        (
            text("records.month"),
            month_name(history, month),
            Money(history.totals[month].net_sales, currency),
        ),
        (
            text("records.day"),
            Day(best, long=True),
            Money(int(opened.at[best, "net_sales"]), currency),
        ),
        (
            text("records.busiest"),
            Day(busiest, long=True),
            text("records.receipts", n=Count(int(opened.at[busiest, "receipts"]))),
        ),
        (text("records.run"), Day(start, long=True), text("records.days", n=Count(run))),
    ]
    sentences = [
        text(
            "records.lead",
            day=Day(best, long=True),
            net=Money(int(opened.at[best, "net_sales"]), currency),
        )
    ]
    odd = _odd(history)
    sentences.append(
        text(
            "records.odd" if odd else "records.no_odd",
            n=Count(len(odd)),
            months=Count(min(ODD_MONTHS, len(history.tables))),
        )
    )
    tables = [
        Table(
            "records",
            text("records.table"),
            (Column("record"), Column("when", "date"), Column("value", "money")),
            tuple(rows),
        )
    ]
    if odd:
        tables.append(
            Table(
                "odd-days",
                text("records.odd_table"),
                (Column("day", "date"), Column("net_sales", "money"), Column("usual", "money")),
                tuple(
                    (Day(o.day, long=True), Money(o.net, currency), Money(o.usual, currency))
                    for o in odd
                ),
                shown=10,
            )
        )
    return Section(
        "records",
        tuple(sentences),
        tables=tuple(tables),
        figures={
            "best_day": {
                "day": best.isoformat(),
                "net_sales": Money(int(opened.at[best, "net_sales"]), currency),
            },
            "best_month": {
                "month": month_key(month),
                "net_sales": Money(history.totals[month].net_sales, currency),
                "partial": month in history.partial,
            },
            "longest_run": run,
            "odd_days": [
                {
                    "day": o.day.isoformat(),
                    "net_sales": Money(o.net, currency),
                    "usual": Money(o.usual, currency),
                }
                for o in odd
            ],
        },
    )


def longest_run(days: list[date]) -> tuple[int, date]:
    """Length and start of the longest run of consecutive days.

    The latest of equal ones.
    """
    best, start, length = (0, days[0]), days[0], 0
    for i, day in enumerate(days):
        if i and (day - days[i - 1]).days == 1:
            length += 1
        else:
            start, length = day, 1
        best = max(best, (length, start))
    return best


def _odd(history: History) -> list[Outlier]:
    months = list(history.tables)
    odd_days = []
    for i, month in enumerate(months[-ODD_MONTHS:], start=max(len(months) - ODD_MONTHS, 0)):
        before = history.tables[months[i - 1]]["days"] if i else None
        odd_days += outliers(history.tables[month]["days"], before)
    return sorted(odd_days, key=lambda o: -o.day.toordinal())
