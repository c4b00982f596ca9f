"""Next month by day: a plain method, held against the seasonal naive one on the shop's own past.

What is known ends with `origin`: the last day of the history, in mid-month where the last month is
open. Method: a day's net sales = the mean of the last WEEKS same weekdays up to the origin (closed
days count as 0) × the seasonal index of its month ÷ the mean index of the months that those
weekdays lie in, where 24 months allow an index. Naive: the last same weekday. Both are tried on
each of the last TRIALS whole months, from the same day of the month before it and with nothing
younger, the index included; the error is the sum of |actual - forecast| over days ÷ the sum of
actual. Interval of a day: from the 10th to the 90th percentile of actual ÷ forecast of the tried
days; of the month: the least and the greatest actual ÷ forecast of the tried months; both contain
the forecast. In: a `History`. Out: integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from reports.figures.calendar import days_of, month_before, next_month, same_day
from reports.figures.growth import seasonality
from reports.figures.history import History
from reports.figures.money import PERCENT_BASE
from reports.values import divide

WEEKS, TRIALS, FEWEST_TRIALS = 8, 6, 3
DAY = timedelta(days=1)


class Forecast(NamedTuple):
    """Days with (low, middle, high), the month with the same, and the errors (part, whole) of the
    method and of naive.
    """

    month: date
    days: dict[date, tuple[int, int, int]]
    total: tuple[int, int, int]
    error: tuple[int, int]
    naive: tuple[int, int]
    trials: int


class Declined(NamedTuple):
    """Why there is no forecast: history too short; next to nothing sold in the trials.

    Or naive misses no more (both errors).
    """

    reason: Literal["short", "idle", "worse"]
    error: tuple[int, int] = (0, 0)
    naive: tuple[int, int] = (0, 0)
    trials: int = 0


def forecast(history: History) -> Forecast | Declined:
    """The month after the last one of `history`."""
    if not history.tables:
        return Declined("short")
    frame = history.stacked("days")
    net = {day: int(v) for day, v in frame.groupby("business_day")["net_sales"].sum().items()}
    monthly = {month: history.totals[month].net_sales for month in history.whole}
    trials = [
        m for m in history.whole if (_origin(m, history.through) - min(net)).days >= 7 * WEEKS - 1
    ][-TRIALS:]
    if len(trials) < FEWEST_TRIALS:
        return Declined("short")
    miss, miss_naive, total_sum, ratios, totals = 0, 0, 0, [], []
    for month in trials:
        origin = _origin(month, history.through)
        named = {day: v for day, v in net.items() if day <= origin}
        guess = guess_month(
            named,
            month,
            origin,
            seasonality({m: v for m, v in monthly.items() if next_month(m) - DAY <= origin}),
        )
        actual = {day: net.get(day, 0) for day in guess}
        miss += sum(abs(actual[d] - guess[d]) for d in guess)
        miss_naive += sum(abs(actual[d] - named.get(last_weekday(d, origin), 0)) for d in guess)
        total_sum += sum(actual.values())
        ratios += [Fraction(actual[d], guess[d]) for d in guess if guess[d] > 0]
        totals.append((sum(actual.values()), sum(guess.values())))
    receipts = history.sum_of(trials).receipts
    if (
        receipts < PERCENT_BASE
        or total_sum <= 0
        or not ratios
        or any(guessed <= 0 for _, guessed in totals)
    ):
        return Declined("idle")
    if miss >= miss_naive:
        return Declined("worse", (miss, total_sum), (miss_naive, total_sum), len(trials))
    ratios.sort()
    month, origin = next_month(history.last), _origin(next_month(history.last), history.through)
    days = {
        day: _around(middle, ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10])
        for day, middle in guess_month(net, month, origin, seasonality(monthly)).items()
    }
    bounds = [Fraction(*pair) for pair in totals]
    total = _around(sum(middle for _, middle, _ in days.values()), min(bounds), max(bounds))
    return Forecast(month, days, total, (miss, total_sum), (miss_naive, total_sum), len(trials))


def guess_month(
    net: Mapping[date, int], month: date, origin: date, index: Mapping[int, Fraction]
) -> dict[date, int]:
    """The method for each day of `month`, from `net` up to `origin`."""
    matches = {}
    for day in days_of(month):
        last = last_weekday(day, origin)
        past = [last - 7 * k * DAY for k in range(WEEKS)]
        scale = (
            index[month.month] / sum(index[p.month] for p in past) if index else Fraction(1, WEEKS)
        )
        middle = sum(net.get(p, 0) for p in past) * scale
        matches[day] = divide(middle.numerator, middle.denominator)
    return matches


def last_weekday(day: date, origin: date) -> date:
    """The last day up to `origin` that is the same weekday as `day`."""
    return day - 7 * -(-(day - origin).days // 7) * DAY


def _origin(month: date, through: date | None) -> date:
    """The last day that is known when `month` is forecast: as far into the month before as
    `through` is into its own.
    """
    return same_day(month_before(month), through) if through else month - DAY


def _around(middle: int, low: Fraction, high: Fraction) -> tuple[int, int, int]:
    lower, upper = middle * min(low, Fraction(1)), middle * max(high, Fraction(1))
    return (
        divide(lower.numerator, lower.denominator),
        middle,
        divide(upper.numerator, upper.denominator),
    )
