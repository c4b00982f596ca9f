"""Forecast of the next month by day, with an interval and its error in the past."""

from __future__ import annotations

from reports.columns import columns_of
from reports.document import Chart, Section, Table
from reports.figures.forecast import MIN_TRIALS, WEEKS, NoForecast, forecast
from reports.figures.history import History
from reports.sections.axis import month_key
from reports.values import Count, Day, Money, Month, Percent, amounts, text

BOUNDS = ("low", "expected", "high")


def outlook(history: History) -> Section:
    """Forecast of the next month by the best method, or the reason for none."""
    outcome = forecast(history)
    if isinstance(outcome, NoForecast):
        sentence = text(
            f"outlook.{outcome.reason}",
            n=Count(outcome.trials or MIN_TRIALS),
            weeks=Count(WEEKS),
            error=Percent(*outcome.error, decimals=0) if outcome.error else None,
        )
        return Section("outlook", (sentence,), figures={"reason": outcome.reason})
    currency, days = history.currency, list(outcome.days)
    low, middle, high = (Money(v, currency, rounded=True) for v in outcome.total)
    sentences = (
        text("outlook.lead", month=Month(outcome.month), net=middle, low=low, high=high),
        text(
            "outlook.error_naive" if outcome.method == "naive" else "outlook.error",
            error=Percent(*outcome.errors[outcome.method]),
            naive=Percent(*outcome.errors["naive"]),
            n=Count(outcome.trials),
        ),
    )
    best = max(days, key=lambda d: (outcome.days[d][1], d))
    data = {
        "labels": [Day(d, short=True) for d in days],
        "ticks": [i for i, d in enumerate(days) if d.weekday() == 0],
        "values": [outcome.days[d][1] for d in days],
        "before": [None] * len(days),
        "name": text("outlook.expected"),
        "before_name": None,
        "without_sales": [outcome.days[d][1] == 0 for d in days],
        "without_sales_name": text("days.closed_sign"),
        "partial": [True] * len(days),
        "spans": [(outcome.days[d][0], outcome.days[d][2]) for d in days],
        "currency": currency,
        "marks": [(days.index(best), Money(outcome.days[best][1], currency, compact=True))],
    }
    alt = text("outlook.alt", month=Month(outcome.month))
    chart = Chart(
        "days", "outlook", text("outlook.chart", net=middle, month=Month(outcome.month)), alt, data
    )
    rows = [(Day(d, long=True), *outcome.days[d]) for d in days]
    columns, title = columns_of("day", *BOUNDS), text("outlook.table")
    table = Table.from_rows("outlook", title, columns, rows, currency, shown=0)
    figures_out = {
        "month": month_key(outcome.month),
        **_bounds(currency, outcome.total),
        "error": Percent(*outcome.errors[outcome.method]),
        "errors": {name: Percent(*error) for name, error in outcome.errors.items()},
        "trials": outcome.trials,
        "method": outcome.method,
        "days": {d.isoformat(): _bounds(currency, outcome.days[d]) for d in days},
    }
    return Section(
        "outlook",
        sentences,
        charts=(chart,),
        tables=(table,),
        notes=(text(f"outlook.method_{outcome.method}"),),
        figures=figures_out,
    )


def _bounds(currency: str, units: tuple[int, int, int]) -> dict[str, Money]:
    return amounts(currency, **dict(zip(BOUNDS, units, strict=True)))
