"""Forecast of the next month by day, by the best of three methods.

Takes a `History`. Returns integers. A method knows the days up to `last_day`, the last day of the
data: in mid-month if the last month is open.

- usual: the mean of the last WEEKS same weekdays (a day without sales counts as 0) × the seasonal
  index of the month ÷ the mean index of the months of those weekdays, if 24 months allow an index.
- smoothed: a level × the share of the weekday, both smoothed exponentially over the last year
  (Holt and Winters, without trend).
- naive: the last same weekday.

The best method has the smallest error on the last TRIALS complete months, of those that foresaw
sales in each: the sum of |actual - forecast| over days ÷ the sum of actual. Each of these months
is forecast from the same day of the month before it, with nothing newer, the index included.

The interval of a day is the 10th to the 90th percentile of actual ÷ forecast of the tested days;
that of the month is the smallest to the largest of the tested months. Both contain the forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from reports.figures.calendar import dates_of_month, month_before, next_month, same_day
from reports.figures.growth import seasonality
from reports.figures.history import History
from reports.figures.money import MIN_FOR_PERCENT
from reports.values import divide, rounded

WEEKS, TRIALS, MIN_TRIALS = 8, 6, 3
MAX_ERROR = 2
"""There is no forecast whose error in the past is over 1/MAX_ERROR of net sales."""
REACH, BEGINNING = 364, 4
"""Days that are smoothed, and the weeks whose mean begins them."""
LEVEL_GAIN, SHARE_GAIN, SHARE = 10, 20, 1_000_000
"""A day changes the level by a tenth of its difference, its weekday's share by a twentieth; a share
is in units of 1 / SHARE.
"""
DAY = timedelta(days=1)


class Forecast(NamedTuple):
    """(low, middle, high) of each day and the month; the errors are (part, whole)."""

    month: date
    days: dict[date, tuple[int, int, int]]
    total: tuple[int, int, int]
    errors: Mapping[str, tuple[int, int]]
    trials: int
    method: str


class NoForecast(NamedTuple):
    """Why there is no forecast.

    Short history, hardly any sales in the trials, or a large error in them.
    """

    reason: Literal["short", "idle", "uncertain"]
    error: tuple[int, int] | None = None
    trials: int = 0


class Trial(NamedTuple):
    """Result of a method on the past: sum of errors, ratios by day, sums by month."""

    miss: int
    days: list[Fraction]
    months: list[tuple[int, int]]

    @property
    def sold(self) -> int:
        return sum(actual for actual, _ in self.months)

    @property
    def is_usable(self) -> bool:
        return bool(self.days) and all(guess > 0 for _, guess in self.months)


Method = Callable[[Mapping[date, int], date, date, Mapping[int, Fraction]], dict[date, int]]


def forecast(history: History) -> Forecast | NoForecast:
    """Forecast of the month after `history`, by the method with the smaller error."""
    if not history.lake_months:
        return NoForecast("short")
    net = {day: value for day, (value, _) in history.by_day.items()}
    monthly = {month: history.totals[month].net_sales for month in history.complete_months}
    months = [
        m
        for m in history.complete_months
        if (_last_day(m, history.through) - min(net)).days >= 7 * WEEKS - 1
    ][-TRIALS:]
    if len(months) < MIN_TRIALS:
        return NoForecast("short")
    trials = {
        name: _trial(method, months, net, monthly, history.through)
        for name, method in METHODS.items()
    }
    sold = trials["usual"].sold
    receipts = history.sum_of(months).receipts
    usable = [name for name, trial in trials.items() if trial.is_usable]
    if receipts < MIN_FOR_PERCENT or sold <= 0 or not usable:
        return NoForecast("idle")
    name = min(usable, key=lambda key: trials[key].miss)
    trial = trials[name]
    if trial.miss * MAX_ERROR > sold:
        return NoForecast("uncertain", (trial.miss, sold), len(months))
    ratios = sorted(trial.days)
    month, last_day = next_month(history.last), _last_day(next_month(history.last), history.through)
    days = {
        day: _around(middle, ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10])
        for day, middle in METHODS[name](net, month, last_day, seasonality(monthly)).items()
    }
    bounds = [Fraction(*pair) for pair in trial.months]
    total = _around(sum(middle for _, middle, _ in days.values()), min(bounds), max(bounds))
    errors = {key: (tried.miss, sold) for key, tried in trials.items()}
    return Forecast(month, days, total, errors, len(months), name)


def _trial(
    method: Method,
    months: Sequence[date],
    net: Mapping[date, int],
    monthly: Mapping[date, int],
    through: date | None,
) -> Trial:
    """Result of `method` on each of `months`, from the days up to its `last_day`."""
    miss, ratios, totals = 0, [], []
    for month in months:
        last_day = _last_day(month, through)
        until_last_day = {day: v for day, v in net.items() if day <= last_day}
        season = seasonality({m: v for m, v in monthly.items() if next_month(m) - DAY <= last_day})
        guess = method(until_last_day, month, last_day, season)
        actual = {day: net.get(day, 0) for day in guess}
        miss += sum(abs(actual[d] - guess[d]) for d in guess)
        ratios += [Fraction(actual[d], guess[d]) for d in guess if guess[d] > 0]
        totals.append((sum(actual.values()), sum(guess.values())))
    return Trial(miss, ratios, totals)


def repeat_weekday(
    net: Mapping[date, int], month: date, last_day: date, _index: Mapping[int, Fraction]
) -> dict[date, int]:
    """The last same weekday for each day of `month`."""
    return {day: net.get(last_weekday(day, last_day), 0) for day in dates_of_month(month)}


def mean_of_weekday(
    net: Mapping[date, int], month: date, last_day: date, index: Mapping[int, Fraction]
) -> dict[date, int]:
    """The mean of the last WEEKS same weekdays, times the season, for each day."""
    expected = {}
    for day in dates_of_month(month):
        last = last_weekday(day, last_day)
        past = [last - 7 * k * DAY for k in range(WEEKS)]
        scale = (
            index[month.month] / sum(index[p.month] for p in past) if index else Fraction(1, WEEKS)
        )
        expected[day] = rounded(sum(net.get(p, 0) for p in past) * scale)
    return expected


def smoothed_level(
    net: Mapping[date, int], month: date, last_day: date, _index: Mapping[int, Fraction]
) -> dict[date, int]:
    """The smoothed level × the smoothed share of the weekday, for each day of `month`."""
    first = max(min(net), last_day - (REACH - 1) * DAY)
    days = [first + n * DAY for n in range((last_day - first).days + 1)]
    start = days[: 7 * min(len(days) // 7, BEGINNING)]
    level = max(divide(sum(net.get(day, 0) for day in start), len(start)), 1)
    shares = [
        divide(SHARE * 7 * sum(net.get(day, 0) for day in same), len(start) * level)
        for same in ([day for day in start if day.weekday() == w] for w in range(7))
    ]
    for day in days:
        sold, share, before = net.get(day, 0), shares[day.weekday()], level
        if share * SHARE_GAIN > SHARE:  # a weekday almost without sales says no level
            level = max(before + divide(divide(sold * SHARE, share) - before, LEVEL_GAIN), 1)
        shares[day.weekday()] = share + divide(divide(sold * SHARE, before) - share, SHARE_GAIN)
    return {
        day: max(divide(level * shares[day.weekday()], SHARE), 0) for day in dates_of_month(month)
    }


METHODS: Mapping[str, Method] = {
    "usual": mean_of_weekday,
    "smoothed": smoothed_level,
    "naive": repeat_weekday,
}


def last_weekday(day: date, last_day: date) -> date:
    """The last day up to `last_day` that is the same weekday as `day`."""
    return day - 7 * -(-(day - last_day).days // 7) * DAY


def _last_day(month: date, through: date | None) -> date:
    """The last day of the data for `month`: as far into its month as `through`."""
    return same_day(month_before(month), through) if through else month - DAY


def _around(middle: int, low: Fraction, high: Fraction) -> tuple[int, int, int]:
    lower, upper = sorted((middle * min(low, Fraction(1)), middle * max(high, Fraction(1))))
    return rounded(lower), middle, rounded(upper)
