"""The clock: the instant of a run, and the days and months closed by then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pipeline.errors import ConfigError
from pipeline.months import closed_month
from pipeline.rules import day_bounds
from pipeline.settings.run_context import once_per_run
from pipeline.settings.sections import pos
from pipeline.settings.strict import parse_instant
from pipeline.settings.transform import default_store, stores


@once_per_run
def now() -> datetime:
    """The instant of this run, UTC; read once, so that the run has one today."""
    text = pos().now
    if not text:
        return datetime.now(UTC)
    try:
        return parse_instant(text)
    except ValueError as error:
        raise ConfigError(
            f"[pos] now = {text!r} is not an ISO 8601 instant such as 2026-11-01T12:00:00Z"
        ) from error


@once_per_run
def last_day() -> date:
    """The last business day whose window closed at least `close_delay_minutes` ago."""
    instant = now() - timedelta(minutes=pos().close_delay_minutes)
    day = instant.date() + timedelta(days=1)
    while window_bounds(day)[1] > instant:
        day -= timedelta(days=1)
    return day


def window_bounds(day: date) -> tuple[datetime, datetime]:
    """Start and end of the window of a business day, where no other window adjoins it.

    From the first instant of that day at any store to its last: when the window has closed, the day
    is over in every store, and the first day of the history is complete.
    """
    bounds = [day_bounds(day, store) for store in {default_store(), *stores().values()}]
    return min(start for start, _ in bounds), max(end for _, end in bounds)


def default_month() -> date:
    """The last month whose windows have all closed, or the first of the history."""
    return max(closed_month(last_day()), pos().history_starts.replace(day=1))
