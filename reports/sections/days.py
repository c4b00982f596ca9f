"""Which days.

Net sales of every day, the compared month behind, closed days, holidays and outliers.
"""

from __future__ import annotations

from datetime import date, timedelta

from reports.figures import Figures, SummaryTables
from reports.figures.outliers import Outlier, outliers
from reports.page import Chart, Finding, Section
from reports.sections.comparison import enough, too_few
from reports.sections.names import first_of
from reports.values import Count, Day, Money, Month, Series, Text, text

FEW = 5
"""Fewer open days than this make no chart."""
LISTED, ODD = 8, 4
"""Days without sales and odd days that a sentence names; then it says how many more there are."""


def days(figures: Figures) -> Section:
    """Daily totals as business days of the stores."""
    currency, frame = figures.currency, figures.now["days"]
    calendar = figures.calendar
    net = frame.groupby("business_day")["net_sales"].sum().to_dict()
    receipts = frame.groupby("business_day")["receipts"].sum().to_dict()
    opened = figures.now.open_days
    if not opened:
        return Section("days", (text("days.empty"),))
    ranked = [day for day in opened if net[day] > 0] if enough(figures.total.receipts) else []
    best = max(ranked, key=lambda d: (net[d], d), default=None)
    worst = min(ranked, key=lambda d: (net[d], d), default=None)
    closed = [day for day in calendar if day not in set(opened)]
    notes = figures.occasions
    odd = outliers(figures.now["days"], figures.before["days"] if figures.before else None)
    sentences = []
    if best is not None and worst is not None:
        sentences.append(
            text(
                "days.best" if len(ranked) > 1 else "days.only",
                day=Day(best, long=True),
                net=Money(net[best], currency),
                worst=Day(worst, long=True),
                low=Money(net[worst], currency),
                n=Count(len(ranked)),
            )
        )
    elif not enough(figures.total.receipts):
        sentences.append(too_few())
    negative = [day for day in calendar if net.get(day, 0) < 0]
    if negative:
        sentences.append(_listed("days.negative", negative))
    if closed:
        sentences.append(_listed("days.closed", closed))
    if odd:
        sentences.append(text("days.odd", days=first_of([_odd(figures, o) for o in odd], ODD)))
    odd_days = {o.day for o in odd[:ODD]}
    named_days = [day for day in sorted(notes) if day not in odd_days]
    if named_days:
        named = [
            text(
                "days.occasion",
                day=Day(day, short=True),
                name=Series(tuple(notes[day])),
                net=Money(int(net[day]), currency) if net.get(day) else None,
            )
            for day in named_days
        ]
        sentences.append(text("days.occasions", days=first_of(named, LISTED)))
    findings = tuple(
        Finding(
            text(
                "days.finding",
                day=Day(o.day, long=True),
                net=Money(o.net, currency),
                usual=Money(o.usual, currency),
            ),
            abs(o.net - o.usual),
            "days",
        )
        for o in odd
        if o.net < o.usual and o.day not in notes
    )
    charts = (
        (_chart(figures, calendar, net, set(closed), best, worst),) if len(opened) >= FEW else ()
    )
    return Section(
        "days",
        tuple(sentences),
        charts=charts,
        findings=findings,
        figures={
            "days": {
                day.isoformat(): {
                    "net_sales": Money(net.get(day, 0), currency),
                    "receipts": Count(int(receipts.get(day, 0))),
                }
                for day in calendar
            },
            "open_days": Count(len(opened)),
        },
    )


def _listed(key: str, days: list[date]) -> Text:
    """How many days, the first of them by name, and how many more."""
    named = [Day(day, short=True) for day in days]
    return text(key, n=Count(len(days)), days=first_of(named, LISTED))


def _odd(figures: Figures, odd: Outlier) -> Text:
    """A day that does not fit, with its reason where one is known."""
    return text(
        "days.odd_day",
        day=Day(odd.day, long=True, short=True),
        net=Money(odd.net, figures.currency),
        usual=Money(odd.usual, figures.currency),
        reason=Series(tuple(figures.occasions.get(odd.day, ())))
        if odd.day in figures.occasions
        else None,
    )


def _chart(
    figures: Figures,
    calendar: list[date],
    net: dict[date, int],
    closed: set[date],
    best: date | None,
    worst: date | None,
) -> Chart:
    past: dict[date, int] = {}
    if figures.before:
        past = _before(figures) | {day: int(value) for day, value in net.items()}
    before = [past.get(day - timedelta(days=28)) for day in calendar]
    ticks = [i for i, day in enumerate(calendar) if day.weekday() == 0]
    count, currency = Count(len(calendar) - len(closed)), figures.currency
    alt = text("days.alt_plain", n=count)
    if best is not None and worst is not None:
        alt = text(
            "days.alt",
            n=count,
            best=Day(best, long=True),
            high=Money(net[best], currency),
            worst=Day(worst, long=True),
            low=Money(net[worst], currency),
        )
    return Chart(
        "days",
        "days",
        text("days.chart"),
        alt,
        {
            "labels": [Day(day, short=True) for day in calendar],
            "ticks": ticks,
            "values": [int(net.get(day, 0)) for day in calendar],
            "before": before,
            "name": Month(figures.month, short=True),
            "before_name": text("days.weeks_before"),
            "closed": [day in closed for day in calendar],
            "closed_name": text("days.closed_sign"),
            "partial": [False] * len(calendar),
            "notes": [
                Series(tuple(figures.occasions[day])) if day in figures.occasions else None
                for day in calendar
            ],
            "currency": currency,
            "marks": (
                [(calendar.index(best), Money(net[best], currency, compact=True))] if best else []
            ),
        },
    )


def _before(figures: Figures) -> dict[date, int]:
    """Days of the month before, for the comparison with the day four weeks earlier.

    All of them, even if this month is open.
    """
    assert figures.before is not None  # else there is nothing to compare with
    total_sum = SummaryTables(figures.before.first, figures.before.source, figures.currency)["days"]
    return {
        day: int(value)
        for day, value in total_sum.groupby("business_day")["net_sales"].sum().items()
    }
