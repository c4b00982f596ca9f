"""Weekdays against weekends. Net sales per open day of each, month by month."""

from __future__ import annotations

from reports.document import Section
from reports.figures.history import History
from reports.figures.money import DaySums, sums_by
from reports.sections.axis import lines_chart, month_key
from reports.sections.comparison import growth
from reports.values import Count, Money, Series, Weekday, amounts, divide, mean, text

MIN_MONTHS = 2
Kind = tuple[int, int, int]


def weekend(history: History) -> Section:
    """Per open day; the history says which weekdays are the weekend."""
    days_off = history.weekend
    if not history.lake_months:
        return Section("weekend", (text("weekend.empty"),))
    by_month = history.by_month(history.by_day)
    months = {m: split(by_month[m], days_off) for m in history.complete_months}
    (week, receipts, week_days), (end, _, end_days) = split(history.by_day, days_off)
    if not week_days or not end_days:
        return Section("weekend", (text("weekend.one"),))
    averages = amounts(
        history.currency, weekend=divide(end, end_days), week=divide(week, week_days)
    )
    sentence = text(
        "weekend.lead",
        **averages,
        n=Count(end_days),
        m=Count(week_days),
        change=growth((end, end_days), (week, week_days), receipts),
    )
    charts = []
    if len(months) >= MIN_MONTHS:
        lines = [
            (text("weekend.end"), lambda m: _per_day(months.get(m), 1)),
            (text("weekend.week"), lambda m: _per_day(months.get(m), 0)),
        ]
        title, alt = text("weekend.chart", **averages), text("weekend.alt")
        charts.append(lines_chart(history, "weekend", title, alt, min(months), lines))
    figures_out = {
        "all": {
            "week": averages["week"],
            "week_days": week_days,
            "weekend": averages["weekend"],
            "weekend_days": end_days,
        },
        "months": {
            month_key(m): {
                name: Money(divide(net, opened), history.currency) if opened else None
                for name, (net, _, opened) in zip(("week", "weekend"), kinds, strict=True)
            }
            for m, kinds in months.items()
        },
    }
    note = text("weekend.note", days=Series(tuple(map(Weekday, days_off))))
    return Section("weekend", (sentence,), charts=charts, notes=(note,), figures=figures_out)


def split(days: DaySums, days_off: tuple[int, ...]) -> tuple[Kind, Kind]:
    """(net sales, receipts, open days) of the week and of the weekend."""
    sums = sums_by(days, lambda day: day.weekday() in days_off)
    return sums.get(False, (0, 0, 0)), sums.get(True, (0, 0, 0))


def _per_day(kinds: tuple[Kind, Kind] | None, kind: int) -> int | None:
    net, _, opened = kinds[kind] if kinds else (0, 0, 0)
    return mean(net, opened)
