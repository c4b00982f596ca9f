"""Weekdays against weekends. Net sales per open day of each, month by month."""

from __future__ import annotations

from reports.figures.history import History
from reports.figures.money import DaySums
from reports.page import Chart, Section
from reports.sections.axis import lines_chart, month_key
from reports.sections.comparison import growth
from reports.values import Count, Money, Series, Weekday, amounts, divide, text

FEW = 2
Kind = tuple[int, int, int]


def weekend(history: History) -> Section:
    """Per open day; the history says which weekdays are the weekend."""
    days_off = history.weekend
    if not history.lake_months:
        return Section("weekend", (text("weekend.empty"),))
    by_month = history.by_month(history.by_day)
    months = {m: split(by_month[m], days_off) for m in history.whole_months}
    (week, week_days, receipts), (end, end_days, _) = split(history.by_day, days_off)
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
    charts: tuple[Chart, ...] = ()
    if len(months) >= FEW:
        charts = (
            lines_chart(
                history,
                "weekend",
                text("weekend.chart", **averages),
                text("weekend.alt"),
                min(months),
                [
                    (text("weekend.end"), lambda m: _per_day(months.get(m), 1)),
                    (text("weekend.week"), lambda m: _per_day(months.get(m), 0)),
                ],
            ),
        )
    stated = {
        "all": {
            "week": averages["week"],
            "week_days": week_days,
            "weekend": averages["weekend"],
            "weekend_days": end_days,
        },
        "months": {
            month_key(m): {
                name: Money(divide(net, opened), history.currency) if opened else None
                for name, (net, opened, _) in zip(("week", "weekend"), kinds, strict=True)
            }
            for m, kinds in months.items()
        },
    }
    return Section(
        "weekend",
        (sentence,),
        charts=charts,
        notes=(text("weekend.note", days=Series(tuple(map(Weekday, days_off)))),),
        figures=stated,
    )


def split(days: DaySums, days_off: tuple[int, ...]) -> tuple[Kind, Kind]:
    """(net sales, open days, receipts) of the week and of the weekend."""
    sums = ([0, 0, 0], [0, 0, 0])
    for day, (net, receipts) in days.items():
        kind = sums[day.weekday() in days_off]
        kind[0] += net
        kind[1] += receipts > 0
        kind[2] += receipts
    (week, rest) = ((net, opened, receipts) for net, opened, receipts in sums)
    return week, rest


def _per_day(kinds: tuple[Kind, Kind] | None, kind: int) -> int | None:
    return divide(*kinds[kind][:2]) if kinds and kinds[kind][1] else None
