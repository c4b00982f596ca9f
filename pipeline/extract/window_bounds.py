"""Bounds of extraction windows, without gaps or overlaps if the settings change.

A window is one business day of `updated_at`, [start, end) in UTC. It begins where the window of the
day before ended. If that window is missing, it begins when its own business day begins, but never
before the end of an earlier window and never after the start of a later one. The same holds for its
end. So committed windows are in the order of their days and do not overlap, and windows of missing
days fill the time between them, whatever time zone and start of the day were set at each commit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta

from pipeline.load import Lake
from pipeline.pos.source import Window

DAY = timedelta(days=1)
DayBounds = Callable[[date], tuple[datetime, datetime]]
"""The instants at which a business day begins and ends."""


def consecutive_days(
    days: Iterable[date], first_day: Callable[[date], date] = lambda day: day
) -> Iterator[list[date]]:
    """`days` in lists of consecutive days.

    A day may stand for the period that ends with it and begins on `first_day` of it.
    """
    group: list[date] = []
    for day in sorted(days):
        if group and first_day(day) != group[-1] + DAY:
            yield group
            group = []
        group.append(day)
    if group:
        yield group


def consecutive_windows(days: list[date], lake: Lake, day_bounds: DayBounds) -> Iterator[Window]:
    """Windows for consecutive `days`, between the nearest committed windows.

    They adjoin a committed window of the day before or after. If days between are missing, no bound
    crosses that window: time zone or start of the day may have changed since it was committed, so
    a missing day may be shorter or longer than a day, or empty, but no time belongs to two windows.
    """
    before, after = neighbours(days, lake)
    start = day_bounds(days[0])[0]
    if before:
        start = before.end if before.date == days[0] - DAY else max(start, before.end)
    if after:
        start = min(start, after.start)
    for day in days:
        end = max(start, day_bounds(day)[1])
        if after:
            touches = day == days[-1] and after.date == day + DAY
            end = after.start if touches else min(end, after.start)
        yield Window(day, start, end)
        start = end


def neighbours(days: list[date], lake: Lake) -> tuple[Window | None, Window | None]:
    """The nearest committed windows before and after consecutive `days`, or None."""
    names = list(lake.windows())
    low, high = bisect_left(names, str(days[0])), bisect_right(names, str(days[-1]))
    before, after = names[low - 1] if low else None, (*names[high:], None)[0]
    return (
        window_of(date.fromisoformat(before), lake) if before else None,
        window_of(date.fromisoformat(after), lake) if after else None,
    )


def window_of(day: date, lake: Lake) -> Window:
    """The window of `day` as it was committed."""
    metadata = lake.window_metadata(str(day))
    return Window(
        day, datetime.fromisoformat(metadata["start"]), datetime.fromisoformat(metadata["end"])
    )
