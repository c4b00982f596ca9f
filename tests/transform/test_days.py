"""Time: every instant of every zone is in exactly one business day, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

import numpy as np
import pytest
import tzdata
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules.clock import micros, time_zone, tz_version
from pipeline.transform import Store, business_day, day_bounds
from pipeline.transform.days import business_days_by_store, local
from tests.support.inputs import tries

ZONES = sorted(available_timezones() - {"Factory"})
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2035, 12, 31, tzinfo=UTC)
INSTANTS = st.integers(micros(FIRST), micros(LAST))
CUTS = st.sampled_from(
    [
        time(0),
        time(0, 30),
        time(1, 30),
        time(2),
        time(2, 30),
        time(4),
        time(5),
        time(12),
        time(23, 45),
    ]
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days_at(store: Store, *instants: datetime) -> list[date]:
    days = business_day(np.array([micros(instant) for instant in instants]), store)
    return [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]


def mxn(zone: str, starts_at: time) -> Store:
    return Store(zone, starts_at, "MXN", 2)


@settings(max_examples=tries(50, 300), deadline=None)
@given(st.sampled_from(ZONES), CUTS, st.lists(INSTANTS, min_size=1, max_size=5))
def test_an_instant_lies_within_the_bounds_of_its_day_and_of_no_other(zone, cut, instants):
    store = mxn(zone, cut)
    for instant, number in zip(
        instants, business_day(np.array(instants), store).tolist(), strict=True
    ):
        day = date(1970, 1, 1) + timedelta(days=number)
        for near in (day - timedelta(days=1), day, day + timedelta(days=1)):
            start, end = map(micros, day_bounds(near, store))
            assert (start <= instant < end) == (near == day)


@settings(max_examples=tries(50, 200), deadline=None)
@given(st.sampled_from(ZONES), CUTS, st.dates(date(2000, 1, 1), date(2035, 12, 30)))
def test_days_follow_each_other_without_gap_and_begin_when_the_clock_says_so(zone, cut, day):
    store, info = mxn(zone, cut), ZoneInfo(zone)
    start, end = day_bounds(day, store)
    assert end == day_bounds(day + timedelta(days=1), store)[0]
    expected = datetime.combine(day, cut)
    assert start.astimezone(info).replace(tzinfo=None) >= expected
    assert (start - timedelta(seconds=1)).astimezone(info).replace(tzinfo=None) < expected
    assert timedelta(0) <= end - start <= timedelta(hours=49)


@settings(max_examples=tries(50, 300), deadline=None)
@given(st.sampled_from(ZONES), st.lists(INSTANTS, min_size=1, max_size=20))
def test_local_time_is_what_zoneinfo_says(zone, instants):
    shown = [
        EPOCH.replace(tzinfo=None) + timedelta(microseconds=int(t))
        for t in local(np.array(instants), zone)
    ]
    assert shown == [
        (EPOCH + timedelta(microseconds=t)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for t in instants
    ]


@pytest.mark.parametrize(
    ("zone", "cut", "day", "hours"),
    [
        ("America/New_York", time(0), date(2024, 3, 10), 23),
        ("America/New_York", time(0), date(2024, 11, 3), 25),
        ("America/New_York", time(5), date(2024, 3, 9), 23),
        ("Australia/Lord_Howe", time(0), date(2024, 10, 6), 23.5),
        ("Australia/Lord_Howe", time(0), date(2024, 4, 7), 24.5),
        ("America/Santiago", time(0), date(2024, 9, 8), 23),
        ("Africa/Cairo", time(0), date(2024, 4, 26), 23),
        ("Asia/Beirut", time(0), date(2024, 3, 31), 23),
        ("America/Santiago", time(23, 30), date(2024, 4, 6), 25),
        ("Europe/Madrid", time(2, 30), date(2024, 10, 27), 25),
        ("Pacific/Apia", time(0), date(2011, 12, 30), 0),
        ("America/Mexico_City", time(5), date(2024, 7, 1), 24),
    ],
)
def test_days_have_the_length_that_the_clock_gives_them(zone, cut, day, hours):
    start, end = day_bounds(day, mxn(zone, cut))
    assert end - start == timedelta(hours=hours)


def test_a_sale_after_midnight_belongs_to_the_evening_before():
    store = mxn("America/Mexico_City", time(5))
    tick = timedelta(microseconds=1)
    opening = datetime(2024, 7, 2, 11, tzinfo=UTC)
    assert days_at(
        store,
        opening - timedelta(hours=4),
        opening - tick,
        opening,
        opening + timedelta(days=1) - tick,
    ) == [
        date(2024, 7, 1),
        date(2024, 7, 1),
        date(2024, 7, 2),
        date(2024, 7, 2),
    ]


def test_months_and_leap_days_lose_no_instant():
    store = mxn("UTC", time(0))
    tick = timedelta(milliseconds=1)
    for first in (date(2024, 3, 1), date(2025, 1, 1), date(2025, 3, 1)):
        midnight = datetime.combine(first, time(), UTC)
        assert days_at(store, midnight - tick, midnight, midnight + tick) == [
            first - timedelta(days=1),
            first,
            first,
        ]


def test_each_store_has_its_own_clock():
    stores = [mxn("America/Mexico_City", time(5)), mxn("Asia/Tokyo", time(0))]
    instant = micros(datetime(2024, 7, 2, 3, tzinfo=UTC))
    days, clocks = business_days_by_store(stores, np.array([0, 1, 0]), np.array([instant] * 3))
    assert (days - days[0]).tolist() == [0, 1, 0]
    assert (clocks[1] - clocks[0]) == 15 * 3_600_000_000


def test_days_follow_the_zones_of_the_package_and_not_those_of_the_system(tmp_path):
    """Two versions of the zones on one machine: the digest names the package's, so the days must be
    its own.
    """
    other = tmp_path / "America" / "Mexico_City"
    other.parent.mkdir()
    other.write_bytes((Path(tzdata.__file__).parent / "zoneinfo" / "Asia" / "Tokyo").read_bytes())
    reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    time_zone.cache_clear()
    july, instant = (
        date(2041, 7, 1),
        datetime(2041, 7, 1, 11, tzinfo=UTC),
    )  # a year that nothing has asked for
    try:
        assert instant.astimezone(ZoneInfo("America/Mexico_City")).hour == 20
        assert day_bounds(july, mxn("America/Mexico_City", time(5)))[0] == instant
        assert (
            local(np.array([micros(instant)]), "America/Mexico_City") - micros(instant)
            == -6 * 3_600_000_000
        )
    finally:
        reset_tzpath(to=())
        ZoneInfo.clear_cache()
    assert tz_version() == tzdata.__version__


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "America",
        "America/",
        "../zones",
        "/etc/localtime",
        "America/../UTC",
        "Nowhere/City",
        "zone.tab",
        "a\0b",
    ],
)
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="is not a time zone of tzdata"):
        time_zone(name)
