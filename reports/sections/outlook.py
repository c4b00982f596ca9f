"""Cumulative 17 (beyond the sixteen). What to expect? Next month by day, with an interval and its
error in the past.
"""

from __future__ import annotations

from reports.figures.forecast import FEWEST_TRIALS, WEEKS, Declined, forecast
from reports.figures.history import History
from reports.page import Chart, Column, Section, Table
from reports.values import Count, Day, Money, Month, Percent, text


def outlook(history: History) -> Section:
    """Left out, with its reason, where history is short, nothing was sold, or the naive guess was
    as good.
    """
    found = forecast(history)
    if isinstance(found, Declined):
        tried = (
            {"error": Percent(*found.error), "naive": Percent(*found.naive)} if found.trials else {}
        )
        said = text(
            f"outlook.{found.reason}",
            n=Count(found.trials or FEWEST_TRIALS),
            weeks=Count(WEEKS),
            **tried,
        )
        figures = {
            "left_out": found.reason,
            **({"error": tried["error"], "naive_error": tried["naive"]} if tried else {}),
        }
        return Section("outlook", (said,), figures=figures)
    currency, days = history.currency, list(found.days)
    low, middle, high = (Money(v, currency) for v in found.total)
    said = (
        text("outlook.lead", month=Month(found.month), net=middle, low=low, high=high),
        text(
            "outlook.error",
            error=Percent(*found.error),
            naive=Percent(*found.naive),
            n=Count(found.trials),
        ),
    )
    best = max(days, key=lambda d: (found.days[d][1], d))
    chart = Chart(
        "days",
        "outlook",
        text("outlook.chart", net=middle, month=Month(found.month)),
        text("outlook.alt", month=Month(found.month)),
        {
            "labels": [Day(d, short=True) for d in days],
            "ticks": [i for i, d in enumerate(days) if d.weekday() == 0],
            "values": [found.days[d][1] for d in days],
            "before": [None] * len(days),
            "name": text("outlook.expected"),
            "before_name": None,
            "closed": [found.days[d][1] == 0 for d in days],
            "closed_name": text("days.closed_sign"),
            "partial": [True] * len(days),
            "spans": [(found.days[d][0], found.days[d][2]) for d in days],
            "currency": currency,
            "marks": [(days.index(best), Money(found.days[best][1], currency, compact=True))],
        },
    )
    table = Table(
        "outlook",
        text("outlook.table"),
        (
            Column("day", "date"),
            Column("low", "money"),
            Column("expected", "money"),
            Column("high", "money"),
        ),
        tuple((Day(d, long=True), *(Money(v, currency) for v in found.days[d])) for d in days),
        shown=0,
    )
    return Section(
        "outlook",
        said,
        charts=(chart,),
        tables=(table,),
        notes=(text("outlook.method"),),
        figures={
            "month": found.month.isoformat()[:7],
            "low": low,
            "expected": middle,
            "high": high,
            "error": Percent(*found.error),
            "naive_error": Percent(*found.naive),
            "trials": found.trials,
            "days": {
                d.isoformat(): {
                    n: Money(v, currency)
                    for n, v in zip(("low", "expected", "high"), found.days[d], strict=True)
                }
                for d in days
            },
        },
    )
