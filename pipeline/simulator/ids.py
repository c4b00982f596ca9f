"""Identifiers and instants in Loyverse's format.

Ids are derived from names, so a shop has the same ids for every seed. Instants are UTC
milliseconds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import md5
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = 719_163
"""The ordinal of 1970-01-01: days of a shop are ordinals."""
_DAY_ZERO = date(1970, 1, 1)
_ONE_DAY = timedelta(days=1)
_OPENING = 10 * 3_600_000


@lru_cache(maxsize=1 << 16)
def id_of(kind: str, key: object) -> str:
    """UUID of the object `key` of `kind`."""
    return str(UUID(bytes=md5(f"{kind}/{key}".encode(), usedforsecurity=False).digest(), version=4))


def stamp(milliseconds: int) -> str:
    """Timestamp as Loyverse writes it: `2020-03-30T18:30:00.000Z`."""
    day, remainder = divmod(milliseconds, 86_400_000)
    minutes, remainder = divmod(remainder, 60_000)
    return f"{_midnight(day)}{_clock(minutes)}{remainder // 1000:02d}.{remainder % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _midnight(day: int) -> str:
    return f"{_DAY_ZERO + timedelta(days=day)}T"


@lru_cache(maxsize=1440)
def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}:"


def parse_stamp(text: str) -> int:
    """Milliseconds of an ISO timestamp; ValueError if invalid or without zone."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return millis(moment)


def millis(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def opening(day: date) -> int:
    """Millisecond at which the catalog's changes of `day` take effect: 10:00 UTC.

    That is hours before the first sale of the day and after the last sale of the day before.
    """
    return (day - _DAY_ZERO).days * 86_400_000 + _OPENING


def day_in_effect(now: int) -> date:
    """The last day whose changes have taken effect at `now`: the inverse of `opening`."""
    return _DAY_ZERO + timedelta(milliseconds=now - _OPENING) // _ONE_DAY * _ONE_DAY
