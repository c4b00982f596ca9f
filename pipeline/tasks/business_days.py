"""The business days of the lake, and those of a month."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.extract.window_bounds import DAY
from pipeline.months import days_between
from pipeline.settings.run_context import once_per_run


class HistoryPeriod(NamedTuple):
    """First and last closed business day, and the windows that a day waits for."""

    first: dt.date
    last: dt.date
    allowed_lateness_days: int

    @property
    def first_month(self) -> dt.date:
        """The first day of the first month."""
        return self.first.replace(day=1)


@once_per_run
def history_period() -> HistoryPeriod:
    """The history by the settings, read once: reading them for each day takes seconds."""
    section = settings.pos()
    return HistoryPeriod(section.history_starts, settings.last_day(), section.allowed_lateness_days)


@once_per_run
def days_of(month: dt.date) -> tuple[dt.date, ...]:
    """The closed business days of `month` within the shop's history, at least one."""
    first, last, _ = history_period()
    closed = days_between(max(first, month), min(last, month + 30 * DAY))
    days = tuple(day for day in closed if day.month == month.month)
    if not days:
        raise ConfigError(
            f"month {month:%Y-%m}: none of its business days has closed within the shop's history"
            f" ({first} to {last}); choose another month, or change [pos] history_starts"
        )
    return days
