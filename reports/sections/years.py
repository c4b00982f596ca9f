"""Year over year: the same months, like for like, and seasonality."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from reports.columns import columns_of
from reports.figures.calendar import month_before
from reports.figures.growth import by_store_day, like_for_like, observed_seasons, seasonality
from reports.figures.history import History
from reports.page import Chart, Section, Table
from reports.sections.axis import month_key
from reports.sections.comparison import enough, growth, net_growth
from reports.values import Count, Money, Month, MonthName, Name, Percent, Value, amounts, text

SHOWN = 13
USUAL = 2
"""Years in which a month was observed, before something is usual for it."""


def years(history: History) -> Section:
    """Complete months and those a year before, as they are and like for like."""
    currency = history.currency
    pairs = [
        (m, month_before(m, 12))
        for m in history.whole_months
        if month_before(m, 12) in history.whole_months
    ]
    if not pairs:
        return Section("years", (text("years.few"),))
    sold = by_store_day(history.stacked("days"))
    by_month: dict[date, dict[tuple[str, date], tuple[int, int]]] = {}
    for (store, day), sums in sold.items():
        by_month.setdefault(day.replace(day=1), {})[store, day] = sums
    fair = {m: like_for_like(by_month.get(m, {}), sold) for m, _ in pairs}
    last, past = pairs[-1]
    now, base = history.totals[last], history.totals[past]
    sentences = []
    change = net_growth(now, base)
    if change is not None:
        values = amounts(currency, net=now.net_sales, base=base.net_sales)
        sentences.append(text("years.lead", month=Month(last), change=change, **values))
    fair_change = growth((fair[last].now, 1), (fair[last].base, 1), fair[last].receipts)
    if fair_change is not None:
        sentences.append(
            text(
                "years.fair",
                change=fair_change,
                n=Count(fair[last].days),
                base=Money(fair[last].base, currency),
            )
        )
    net = {
        m: history.totals[m].net_sales
        for m in history.whole_months
        if enough(history.totals[m].receipts)
    }
    observed = observed_seasons(net)
    index = {m: value.as_integer_ratio() for m, value in seasonality(net).items()}
    if index:
        best, worst = (
            max(index, key=lambda m: (Fraction(*index[m]), -m)),
            min(index, key=lambda m: (Fraction(*index[m]), m)),
        )
        sentences.append(
            text(
                "years.season"
                if min(len(observed[best]), len(observed[worst])) >= USUAL
                else "years.season_once",
                best=MonthName(best),
                high=_percent(index[best]),
                worst=MonthName(worst),
                low=_percent(index[worst]),
            )
        )
    else:
        sentences.append(text("years.no_season"))
    rows = []
    for month, before in reversed(pairs):
        a, b, c = history.totals[month], history.totals[before], fair[month]
        changes = (net_growth(a, b), growth((c.now, 1), (c.base, 1), c.receipts))
        rows.append((Month(month, short=True), a.net_sales, b.net_sales, *changes, c.days))
    columns = columns_of(
        "month", "net_sales", "year_before", "change", "like_for_like", "comparable_days"
    )
    table = Table.from_rows("years", text("years.table"), columns, rows, currency, shown=SHOWN)
    stated = {
        "months": {
            month_key(m): amounts(
                currency,
                net_sales=history.totals[m].net_sales,
                base=history.totals[b].net_sales,
                like_for_like=fair[m].now,
                like_for_like_base=fair[m].base,
            )
            | {"days": fair[m].days}
            for m, b in pairs
        },
        "seasonality": {f"{m:02d}": Percent(*pair) for m, pair in index.items()},
    }
    return Section(
        "years", sentences, charts=_chart(history, last, change), tables=(table,), figures=stated
    )


def _percent(pair: tuple[int, int]) -> Percent:
    return Percent(*pair, decimals=0)


def _chart(history: History, last: date, change: Value) -> tuple[Chart, ...]:
    """A line a calendar year, at most the last three that have data."""
    recent = sorted({m.year for m in history.lake_months})[-3:]
    lines = [
        (
            Name(str(year)),
            [
                (
                    history.totals[date(year, m, 1)].net_sales
                    if date(year, m, 1) in history.whole_months
                    else None
                )
                for m in range(1, 13)
            ],
        )
        for year in recent
    ]
    lines = [(text_, values) for text_, values in lines if sum(v is not None for v in values) > 1]
    if len(lines) < 2:
        return ()
    data = {
        "labels": [MonthName(m, short=True) for m in range(1, 13)],
        "ticks": [0, 3, 6, 9],
        "tick_names": [MonthName(m + 1, short=True) for m in (0, 3, 6, 9)],
        "lines": lines,
        "currency": history.currency,
        "index": False,
    }
    title = text(
        "years.side" if change is None else "years.chart", month=Month(last), change=change
    )
    alt = text("years.alt", n=Count(len(lines)))
    return (Chart("lines", "years", title, alt, data),)
