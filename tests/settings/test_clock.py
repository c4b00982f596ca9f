"""The last business day and month that have closed, against plain arithmetic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.settings.clock import default_month, last_day, now, window_bounds
from tests.dag.in_process import configured, forget

OFFSETS = {"America/Mexico_City": -6, "UTC": 0, "Asia/Tokyo": 9, "Pacific/Kiritimati": 14}
"""Hours from UTC in 2026, without summer time."""


@contextmanager
def clock(
    instant: str, zone: str = "UTC", starts: str = "00:00", settle: int = 0
) -> Iterator[None]:
    forget()
    options = {
        "pos": {"now": instant, "close_delay_minutes": str(settle)},
        "shop": {"timezone": zone, "day_starts_at": starts},
    }
    with configured(options):
        try:
            yield
        finally:
            forget()


@hypothesis(max_examples=60)
@given(
    instant=st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30)),  # noqa: DTZ001
    zone=st.sampled_from(sorted(OFFSETS)),
    starts=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    settle=st.integers(0, 3000),
)
def test_the_last_day_has_closed_and_settled_and_the_next_one_has_not(
    instant: datetime, zone: str, starts: time, settle: int
) -> None:
    with clock(f"{instant.isoformat()}Z", zone, f"{starts:%H:%M}", settle):
        day = last_day()
    until = datetime.combine(day + timedelta(days=1), starts) - timedelta(hours=OFFSETS[zone])
    settled = until + timedelta(minutes=settle)
    assert settled <= instant < settled + timedelta(days=1)


@pytest.mark.parametrize(
    ("instant", "settle", "day"),
    [
        ("2026-10-31T05:59:59Z", 0, date(2026, 10, 29)),
        ("2026-10-31T06:00:00Z", 0, date(2026, 10, 30)),
        ("2026-10-31T06:00:00Z", 1, date(2026, 10, 29)),
        ("2026-10-31T06:01:00Z", 1, date(2026, 10, 30)),
    ],
)
def test_a_day_closes_when_the_next_begins_and_settles(
    instant: str, settle: int, day: date
) -> None:
    with clock(instant, starts="06:00", settle=settle):
        assert last_day() == day


@pytest.mark.parametrize(
    ("instant", "month"),
    [
        ("2026-11-01T00:00:00Z", date(2026, 10, 1)),
        ("2026-10-31T23:59:59Z", date(2026, 9, 1)),
        ("2026-11-30T12:00:00Z", date(2026, 10, 1)),
        ("2026-01-15T12:00:00Z", date(2025, 12, 1)),
    ],
)
def test_the_default_month_has_closed_whole(instant: str, month: date) -> None:
    with clock(instant):
        assert default_month() == month


def test_an_instant_has_a_zone_and_a_wrong_one_is_an_error() -> None:
    with clock("2026-10-31T06:00:00+02:00"):
        assert now() == datetime(2026, 10, 31, 4, tzinfo=UTC)
    for text in ("2026-10-31T06:00:00", "tomorrow"):
        with clock(text), pytest.raises(ConfigError, match="is not an ISO 8601 instant"):
            settings.now()


@pytest.mark.parametrize(
    ("own", "start", "end"),
    [
        ({}, "10-01T11:00", "10-02T11:00"),
        ({"day_starts_at": "04:00"}, "10-01T10:00", "10-02T11:00"),
        ({"day_starts_at": "06:00"}, "10-01T11:00", "10-02T12:00"),
        ({"timezone": "Pacific/Auckland"}, "09-30T16:00", "10-02T11:00"),
        ({"timezone": "America/Tijuana"}, "10-01T11:00", "10-02T12:00"),
    ],
)
def test_a_window_has_the_business_day_of_every_store(
    own: dict[str, str], start: str, end: str
) -> None:
    """Else a month would count as closed while a store still sells."""
    shop = {"timezone": "America/Mexico_City", "day_starts_at": "05:00"}
    start, end = (f"2026-{text}:00+00:00" for text in (start, end))
    closed = datetime.fromisoformat(end)
    options = {"shop": {**shop, "stores": json.dumps({"s1": own})}}
    days = {}
    for seconds in (-1, 0):
        instant = (closed + timedelta(seconds=seconds)).isoformat()
        forget()
        with configured({"pos": {"now": instant, "close_delay_minutes": "0"}, **options}):
            days[seconds] = last_day()
            bounds = window_bounds(date(2026, 10, 1))
            forget()
    assert bounds == (datetime.fromisoformat(start), closed)
    assert days == {-1: date(2026, 9, 30), 0: date(2026, 10, 1)}
