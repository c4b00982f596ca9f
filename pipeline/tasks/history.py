"""The business days of the lake and of a month; results kept until raw changes."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import additional_generations
from pipeline.load import RECEIPTS
from pipeline.settings.run_context import once_per_run
from pipeline.targets import lake

P = ParamSpec("P")
T = TypeVar("T")


class HistorySpan(NamedTuple):
    """First and last business day of the lake, and the windows that a day waits for."""

    first: dt.date
    last: dt.date
    allowed_lateness_days: int

    @property
    def first_month(self) -> dt.date:
        """The first day of the first month."""
        return self.first.replace(day=1)


@once_per_run
def history_span() -> HistorySpan:
    """The history of the settings; reading a section for each day takes seconds."""
    section = settings.pos()
    return HistorySpan(section.history_starts, settings.last_day(), section.allowed_lateness_days)


@once_per_run
def days_of(month: dt.date) -> tuple[dt.date, ...]:
    """The closed business days of `month` within the shop's history, at least one."""
    first, last, _ = history_span()
    days = tuple(
        day
        for day in (month + n * DAY for n in range(31))
        if day.month == month.month and first <= day <= last
    )
    if not days:
        raise ConfigError(
            f"month {month:%Y-%m}: none of its business days has closed within the shop's history"
            f" ({first} to {last}); ask for another month, or change [pos] history_starts"
        )
    return days


@once_per_run
def _kept_by_state() -> dict[tuple[int, ...], dict[Hashable, Any]]:
    return {}


def raw_state() -> tuple[int, ...]:
    """Numbers that change whenever the known raw receipts of a source change."""
    generations = (*lake().generation_of((RECEIPTS,)), *additional_generations((RECEIPTS,)))
    return os.getpid(), *generations


def until_raw_changes(function: Callable[P, T]) -> Callable[P, T]:
    """Keep the results of `function` in a run until the known raw receipts change."""

    @wraps(function)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        kept, key = _kept_by_state(), (function, args, *sorted(kwargs.items()))
        state = raw_state()
        if key not in kept.get(state, ()):
            value = function(*args, **kwargs)
            state = raw_state()  # reading may have refreshed it
            if state not in kept:
                kept.clear()
                kept[state] = {}
            kept[state][key] = value
        return kept[state][key]

    return read
