"""Where sales are heading: every month and the 12-month average."""

from __future__ import annotations

from datetime import date

from reports.columns import columns_of
from reports.document import Chart, Section, Table
from reports.figures.calendar import month_before
from reports.figures.history import History
from reports.figures.tables import group_sums, rows_of
from reports.sections.axis import month_key, months_axis
from reports.sections.bridge import as_figures
from reports.sections.comparison import growth
from reports.sections.names import best_month, month_name
from reports.values import Count, Money, Month, Series, Text, amounts, divide, mean, text

MIN_MONTHS = 2


def trend(history: History) -> Section:
    """One bar a month. A month without data is a gap, never a zero."""
    months, currency = history.months, history.currency
    if not months:
        return Section("trend", (text("trend.few", n=Count(0)),))
    columns = columns_of(
        "month", "net_sales", "receipts", "average_receipt", "open_days", "per_day"
    )
    rows = [_row(history, month) for month in reversed(months) if month in history.totals]
    table = Table.from_rows("months", text("trend.table"), columns, rows, currency, shown=13)
    days = history.stacked("days")
    sums = group_sums({key: days[key] for key in ("store_id", "month")}, days, ["net_sales"])
    figures = {
        "months": {month_key(m): as_figures(t, currency) for m, t in history.totals.items()},
        "stores": {
            store: {month_key(m): Money(net, currency) for s, m, net in rows_of(sums) if s == store}
            for store in history.stores
        },
        "partial": sorted(month_key(m) for m in history.partial),
        "open": month_key(history.last) if history.through else None,
    }
    if len(months) < MIN_MONTHS:
        few = text("trend.few", n=Count(len(months)))
        return Section("trend", (few,), tables=(table,), figures=figures)
    sentences = []
    if history.complete_months:
        last = history.complete_months[-1]
        net = Money(history.totals[last].net_sales, currency)
        sentences.append(text("trend.last", month=Month(last), net=net))
        if last in history.average:
            sentences.append(_average(history, last))
    if history.partial:
        partial = Series(tuple(map(Month, sorted(history.partial))))
        sentences.append(text("trend.partial", n=Count(len(history.partial)), months=partial))
    best = best_month(history)
    span = {"first": Month(months[0]), "last": Month(months[-1])}
    title, alt, marks = text("trend.chart_plain", **span), text("trend.alt_plain", **span), []
    if best is not None:
        units = history.totals[best].net_sales
        net, month = Money(units, currency), month_name(history, best)
        title = text("trend.chart", month=month, net=net)
        alt = text("trend.alt", **span, month=month, net=net)
        marks = [(months.index(best), Money(units, currency, compact=True))]
    _, axis = months_axis(history, months[0])
    data = {
        **axis,
        "values": [history.totals[m].net_sales if m in history.totals else 0 for m in months],
        "average": [divide(*history.average[m]) if m in history.average else None for m in months],
        "name": text("trend.net"),
        "average_name": text("trend.average"),
        "partial": [m in history.partial for m in months],
        "partial_name": text("trend.partial_sign"),
        "currency": currency,
        "marks": marks,
    }
    chart = Chart("trend", "trend", title, alt, data)
    return Section("trend", tuple(sentences), charts=(chart,), tables=(table,), figures=figures)


def _average(history: History, last: date) -> Text:
    average, base = history.average[last], history.average.get(month_before(last, 12))
    year = history.year_to(month_before(last, 12))
    change = base and year and growth(average, base, history.sum_of(year).receipts)
    if base and change:
        values = amounts(history.currency, average=divide(*average), base=divide(*base))
        return text("trend.up", change=change, **values)
    return text("trend.level", **amounts(history.currency, average=divide(*average)))


def _row(history: History, month: date) -> tuple[object, ...]:
    total, opened = history.totals[month], len(history.open_days[month])
    shown = Month(month, short=True)
    return (
        text("page.partial_month", month=shown) if month in history.partial else shown,
        total.net_sales,
        total.receipts,
        mean(*total.average_receipt),
        opened,
        mean(total.net_sales, opened),
    )
