"""Year over year: the same months, comparable days, and seasonality."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from reports.columns import columns_of
from reports.document import Chart, LinesData, Section, Table
from reports.figures.calendar import month_before
from reports.figures.growth import by_store_day, observed_seasons, on_comparable_days, seasonality
from reports.figures.history import History
from reports.sections.axis import month_key
from reports.sections.comparison import enough, growth, net_growth
from reports.values import Count, Money, Month, MonthName, Name, Percent, Value, amounts, text

SHOWN = 13
MIN_YEARS = 2
"""Years in which a month was observed, before something is usual for it."""


def years(history: History) -> Section:
    """Complete months and those a year before, as they are and on comparable days."""
    currency = history.currency
    pairs = [
        (m, month_before(m, 12))
        for m in history.complete_months
        if month_before(m, 12) in history.complete_months
    ]
    if not pairs:
        return Section("years", (text("years.few"),))
    sold = by_store_day(history.stacked("days"))
    by_month: dict[date, dict[tuple[str, date], tuple[int, int]]] = {}
    for (store, day), sums in sold.items():
        by_month.setdefault(day.replace(day=1), {})[store, day] = sums
    comparable = {m: on_comparable_days(by_month.get(m, {}), sold) for m, _ in pairs}
    last, past = pairs[-1]
    now, base = history.totals[last], history.totals[past]
    sentences = []
    change = net_growth(now, base)
    if change is not None:
        values = amounts(currency, net=now.net_sales, base=base.net_sales)
        sentences.append(text("years.lead", month=Month(last), change=change, **values))
    change = growth(
        (comparable[last].now, 1), (comparable[last].base, 1), comparable[last].receipts
    )
    if change is not None:
        sentences.append(
            text(
                "years.comparable_days",
                change=change,
                n=Count(comparable[last].days),
                base=Money(comparable[last].base, currency),
            )
        )
    net = {
        m: history.totals[m].net_sales
        for m in history.complete_months
        if enough(history.totals[m].receipts)
    }
    observed = observed_seasons(net)
    index = {m: value.as_integer_ratio() for m, value in seasonality(net).items()}
    if index:
        best = max(index, key=lambda m: (Fraction(*index[m]), -m))
        worst = min(index, key=lambda m: (Fraction(*index[m]), m))
        sentences.append(
            text(
                "years.season"
                if min(len(observed[best]), len(observed[worst])) >= MIN_YEARS
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
        a, b, c = history.totals[month], history.totals[before], comparable[month]
        changes = (net_growth(a, b), growth((c.now, 1), (c.base, 1), c.receipts))
        rows.append((Month(month, short=True), a.net_sales, b.net_sales, *changes, c.days))
    columns = columns_of(
        "month", "net_sales", "year_before", "change", "comparable_change", "comparable_days"
    )
    table = Table.from_rows("years", text("years.table"), columns, rows, currency, shown=SHOWN)
    figures_out = {
        "months": {
            month_key(m): amounts(
                currency,
                net_sales=history.totals[m].net_sales,
                base=history.totals[b].net_sales,
                comparable_days=comparable[m].now,
                comparable_days_base=comparable[m].base,
            )
            | {"days": comparable[m].days}
            for m, b in pairs
        },
        "seasonality": {f"{m:02d}": Percent(*pair) for m, pair in index.items()},
    }
    return Section(
        "years",
        sentences,
        charts=_chart(history, last, change),
        tables=(table,),
        figures=figures_out,
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
                    if date(year, m, 1) in history.complete_months
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
    data = LinesData(
        labels=[MonthName(m, short=True) for m in range(1, 13)],
        ticks=[0, 3, 6, 9],
        tick_names=[MonthName(m + 1, short=True) for m in (0, 3, 6, 9)],
        lines=lines,
        unit="money",
        currency=history.currency,
    )
    title = text(
        "years.side" if change is None else "years.chart", month=Month(last), change=change
    )
    alt = text("years.alt", n=Count(len(lines)))
    return (Chart("lines", "years", title, alt, data),)
