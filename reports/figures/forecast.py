"""Next month by day: a plain method, held against the seasonal naive one on the shop's own past.

Method: a day's net sales = the mean of the last WEEKS same weekdays (closed days count as 0) × the ratio of the month's
seasonal index to that of the months the weekdays came from, where the history has an index. Naive: the same weekday
of the last week before. Both are tried on each of the last TRIALS whole months from what was known when it began; the error is
the sum of |actual - forecast| over days ÷ the sum of actual. Interval: the 10th and 90th percentile of actual ÷ forecast
of the tried days; of the month, its lowest and highest actual ÷ forecast. In: a `History`. Out: integers.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from reports.figures.calendar import days_of, next_month
from reports.figures.growth import seasonality
from reports.figures.history import History
from reports.values import divide

WEEKS, TRIALS, FEWEST_TRIALS = 8, 6, 3


class Forecast(NamedTuple):
    """Days with (low, middle, high), the month with the same, and the errors (part, whole) of the method and of naive."""

    month: date
    days: dict[date, tuple[int, int, int]]
    total: tuple[int, int, int]
    error: tuple[int, int]
    naive: tuple[int, int]
    trials: int


def forecast(history: History) -> Forecast | None:
    """None where the history is short, or where the method does not beat the naive one."""
    if not history.whole or history.partial - {history.months[0]}:
        return None
    frame = history.stacked("days")
    net = {day: int(v) for day, v in frame.groupby("business_day")["net_sales"].sum().items()}
    index = seasonality(history)
    first = min(net)
    trials = [m for m in history.whole if (m - first).days >= 7 * WEEKS][-TRIALS:]
    if len(trials) < FEWEST_TRIALS:
        return None
    miss, miss_naive, whole, ratios, totals = 0, 0, 0, [], []
    for month in trials:
        guess, naive = _guess(net, month, index), _naive(net, month)
        actual = {day: net.get(day, 0) for day in guess}
        miss += sum(abs(actual[d] - guess[d]) for d in guess)
        miss_naive += sum(abs(actual[d] - naive[d]) for d in naive)
        whole += sum(actual.values())
        ratios += [(actual[d], guess[d]) for d in guess if guess[d] > 0]
        totals.append((sum(actual.values()), sum(guess.values())))
    if whole <= 0 or miss >= miss_naive or not ratios or any(t[1] <= 0 for t in totals):
        return None
    ordered = sorted(1000 * a // g for a, g in ratios)
    low, high = ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]
    month = next_month(history.last)
    days = {day: (divide(v * low, 1000), v, divide(v * high, 1000)) for day, v in _guess(net, month, index).items()}
    middle = sum(v for _, v, _ in days.values())
    bounds = sorted(1000 * a // g for a, g in totals)
    return Forecast(
        month,
        days,
        (divide(middle * bounds[0], 1000), middle, divide(middle * bounds[-1], 1000)),
        (miss, whole),
        (miss_naive, whole),
        len(trials),
    )


def _guess(net: dict[date, int], month: date, index: dict[int, tuple[int, int]]) -> dict[date, int]:
    """Mean of the last WEEKS same weekdays before `month`, scaled by the season."""
    found = {}
    for day in days_of(month):
        back = (day - month).days // 7 + 1
        past = [day - timedelta(days=7 * (back + k)) for k in range(WEEKS)]
        if not index:
            found[day] = divide(sum(net.get(p, 0) for p in past), WEEKS)
            continue
        part, whole = index[month.month]
        base = sum(index[p.month][0] * 1000 // index[p.month][1] for p in past)
        found[day] = divide(sum(net.get(p, 0) for p in past) * part * 1000, whole * base) if base else 0
    return found


def _naive(net: dict[date, int], month: date) -> dict[date, int]:
    return {day: net.get(day - timedelta(days=7 * ((day - month).days // 7 + 1)), 0) for day in days_of(month)}
