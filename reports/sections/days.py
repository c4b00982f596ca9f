"""Which days: net sales of every day, days without sales, holidays and outliers."""

from __future__ import annotations

from datetime import date, timedelta

from reports.document import Chart, Finding, Section
from reports.figures import Figures
from reports.figures.expected_total import net_by_day
from reports.figures.money import by_day
from reports.figures.outliers import Outlier, outliers, sold_by_day
from reports.sections.comparison import enough, too_few
from reports.sections.names import first_of
from reports.values import Count, Day, Money, Month, Series, Text, amounts, text

MIN_OPEN_DAYS = 5
"""Fewer open days than this make no chart."""
LISTED, UNUSUAL = 8, 4
"""Days without sales and unusual days that a sentence names; then it counts the others."""


def days(figures: Figures) -> Section:
    """Daily totals as business days of the stores."""
    currency, calendar = figures.currency, figures.calendar
    sold = by_day(figures.now["days"])
    net = {day: units for day, (units, _) in sold.items()}
    opened = figures.now.open_days
    if not opened:
        return Section("days", (text("days.empty"),))
    ranked = [day for day in opened if net[day] > 0] if enough(figures.total.receipts) else []
    best = max(ranked, key=lambda d: (net[d], d), default=None)
    worst = min(ranked, key=lambda d: (net[d], d), default=None)
    without_sales = [day for day in calendar if day not in set(opened)]
    notes = figures.special_days
    earlier = sold_by_day(figures.before["days"]) if figures.before else {}
    unusual = outliers(sold_by_day(figures.now["days"]), earlier)
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
    if without_sales:
        sentences.append(_listed("days.closed", without_sales))
    if unusual:
        named_unusual = [_unusual(figures, o) for o in unusual]
        sentences.append(text("days.unusual", days=first_of(named_unusual, UNUSUAL)))
    unusual_days = {o.day for o in unusual[:UNUSUAL]}
    named_days = [day for day in sorted(notes) if day not in unusual_days]
    if named_days:
        named = [
            text(
                "days.special_day",
                day=Day(day, short=True),
                name=Series(tuple(notes[day])),
                net=Money(int(net[day]), currency) if net.get(day) else None,
            )
            for day in named_days
        ]
        sentences.append(text("days.special_days", days=first_of(named, LISTED)))
    charts = []
    if len(opened) >= MIN_OPEN_DAYS:
        charts.append(_chart(figures, calendar, net, set(without_sales), best, worst))
    figures_out = {
        "days": {
            day.isoformat(): {"net_sales": Money(units, currency), "receipts": Count(count)}
            for day in calendar
            for units, count in [sold.get(day, (0, 0))]
        },
        "open_days": Count(len(opened)),
    }
    findings = _findings(figures, unusual)
    return Section("days", sentences, charts=charts, findings=findings, figures=figures_out)


def _findings(figures: Figures, unusual: list[Outlier]) -> list[Finding]:
    """Days that sold much less than usual, and have no note."""
    findings = []
    for o in unusual:
        if o.net < o.usual and o.day not in figures.special_days:
            values = amounts(figures.currency, net=o.net, usual=o.usual)
            sentence = text("days.finding", day=Day(o.day, long=True), **values)
            findings.append(Finding(sentence, o.usual - o.net, "days"))
    return findings


def _listed(key: str, days: list[date]) -> Text:
    """How many days, the first of them by name, and how many more."""
    named = [Day(day, short=True) for day in days]
    return text(key, n=Count(len(days)), days=first_of(named, LISTED))


def _unusual(figures: Figures, unusual: Outlier) -> Text:
    """A day that does not fit, with its reason where one is known."""
    reasons = figures.special_days.get(unusual.day)
    return text(
        "days.unusual_day",
        day=Day(unusual.day, long=True, short=True),
        reason=Series(tuple(reasons)) if reasons else None,
        **amounts(figures.currency, net=unusual.net, usual=unusual.usual),
    )


def _chart(
    figures: Figures,
    calendar: list[date],
    net: dict[date, int],
    without_sales: set[date],
    best: date | None,
    worst: date | None,
) -> Chart:
    past = net_by_day(figures) if figures.before else {}
    before = [past.get(day - timedelta(days=28)) for day in calendar]
    ticks = [i for i, day in enumerate(calendar) if day.weekday() == 0]
    count, currency = Count(len(calendar) - len(without_sales)), figures.currency
    alt, marks, notes = text("days.alt_plain", n=count), [], figures.special_days
    positive = sum(net.get(day, 0) > 0 for day in calendar if day not in without_sales)
    if best is not None:
        marks = [(calendar.index(best), Money(net[best], currency, compact=True))]
    if best is not None and worst is not None:
        ends = {"best": Day(best, long=True), "worst": Day(worst, long=True)}
        ranked = Count(positive) if positive < count.number else None
        bounds = amounts(currency, high=net[best], low=net[worst])
        alt = text("days.alt", n=count, ranked=ranked, **ends, **bounds)
    data = {
        "labels": [Day(day, short=True) for day in calendar],
        "ticks": ticks,
        "values": [int(net.get(day, 0)) for day in calendar],
        "before": before,
        "name": Month(figures.month, short=True),
        "before_name": text("days.weeks_before"),
        "without_sales": [day in without_sales for day in calendar],
        "without_sales_name": text("days.closed_sign"),
        "partial": [False] * len(calendar),
        "notes": [Series(tuple(notes[day])) if day in notes else None for day in calendar],
        "currency": currency,
        "marks": marks,
    }
    return Chart("days", "days", text("days.chart"), alt, data)
