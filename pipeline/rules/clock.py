"""Time zones, and the bounds of a store's business days.

A business day of a store begins at the first instant at which its clock reaches `day_starts_at` of
that date, and ends when the next one begins. So every instant is in exactly one day, even if a
clock change repeats or skips `day_starts_at`. A date that a zone left out (Samoa, 2011-12-30) is an
empty day. Zones are those of the package tzdata, never of the system, so that equal versions give
equal days on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # it has no types

from pipeline.rules.stores import Store

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_ZONE = re.compile(r"[\w+-]+(/[\w+-]+)*", re.ASCII)


def tz_version() -> str:
    """Version of the time zone data, part of the fingerprints that depend on it."""
    return str(tzdata.__version__)


@cache
def time_zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises ValueError where there is none."""
    unknown = f"{name!r} is not a time zone of tzdata {tz_version()}"
    if not _ZONE.fullmatch(name):
        raise ValueError(unknown)
    try:
        with Path(tzdata.__file__).with_name("zoneinfo").joinpath(name).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError) as error:
        raise ValueError(unknown) from error


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - UNIX_EPOCH) // timedelta(microseconds=1)


def _offset(zone: ZoneInfo, second: int) -> int:
    """Seconds that the zone's clock is ahead of UTC at a Unix time."""
    return ((UNIX_EPOCH + second * _SECOND).astimezone(zone).utcoffset() or timedelta()) // _SECOND


def _first(low: int, high: int, reached: Callable[[int], bool]) -> int:
    """The first second in (low, high] at which `reached` holds."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


@lru_cache(maxsize=4096)
def clock_changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """(Unix seconds, offset from then on): begin of a year, each clock change."""
    info, step = time_zone(zone), 43_200
    begin, end = (
        int((datetime(y, 1, 1, tzinfo=UTC) - UNIX_EPOCH).total_seconds()) for y in (year, year + 1)
    )
    changes = [(begin, _offset(info, begin))]
    for second in range(begin + step, end + 1, step):
        last = min(second, end - 1)
        offset = _offset(info, last)
        if offset != changes[-1][1]:

            def is_changed(instant: int, new: int = offset) -> bool:
                return _offset(info, instant) == new

            changes.append((_first(second - step, last, is_changed), offset))
    return tuple(changes)


@lru_cache(maxsize=16384)
def day_start(day: date, zone: str, starts_at: time) -> int:
    """Unix time, in seconds, at which the business day begins."""
    info, start = time_zone(zone), datetime.combine(day, starts_at)
    guess = [
        int((start.replace(tzinfo=info, fold=fold).astimezone(UTC) - UNIX_EPOCH).total_seconds())
        for fold in (0, 1)
    ]
    target = int((start.replace(tzinfo=UTC) - UNIX_EPOCH).total_seconds())
    if guess[0] + _offset(info, guess[0]) == target:
        return guess[0]
    return _first(min(guess) - 1, max(guess), lambda s: s + _offset(info, s) >= target)


def day_bounds(day: date, store: Store) -> tuple[datetime, datetime]:
    """[start, end) of a business day, UTC."""
    start, end = (
        UNIX_EPOCH + day_start(d, store.timezone, store.day_starts_at) * _SECOND
        for d in (day, day + timedelta(days=1))
    )
    return start, end
