"""Windows share no instant and leave none out, whatever zone or start of the day each was committed
under.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.window_bounds import (
    consecutive_days,
    consecutive_windows,
    window_of,
)
from pipeline.load import RAW_RECEIPTS, Lake, open_storage
from pipeline.tasks.shifts import start_of_half
from pipeline.transform import Store, day_bounds

FIRST = date(2026, 10, 20)  # clocks are turned back in Europe on the 25th, in America on 1 November
ZONES = (
    "America/Mexico_City",
    "Asia/Tokyo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Europe/Rome",
)
STORES = st.builds(
    lambda zone, hour: Store(timezone=zone, day_starts_at=time(hour), currency="MXN", decimals=2),
    st.sampled_from(ZONES),
    st.integers(0, 23),
)
DAYS = st.sets(st.integers(0, 16), min_size=1, max_size=6)


def fill(lake: Lake, store: Store, numbers: set[int]) -> None:
    """Commit the windows of those days that the lake lacks, as a run under that store does."""
    missing = {FIRST + timedelta(days=n) for n in numbers} - {
        date.fromisoformat(name) for name in lake.windows()
    }
    for span in consecutive_days(missing):
        for window in consecutive_windows(span, lake, lambda day: day_bounds(day, store)):
            bounds = {"start": window.start.isoformat(), "end": window.end.isoformat()}
            lake.commit_window(str(window.date), {}, bounds)


def test_consecutive_days_are_grouped_also_where_a_day_stands_for_a_span() -> None:
    days = [FIRST + timedelta(days=n) for n in (3, 0, 1, 6)]
    assert [len(group) for group in consecutive_days(days)] == [2, 1, 1]
    halves = [date(2026, 9, 15), date(2026, 9, 30), date(2026, 10, 20), date(2026, 11, 15)]
    groups = consecutive_days(halves, start_of_half)
    assert list(groups) == [halves[:2], [halves[2]], [halves[3]]]


@given(st.lists(st.tuples(STORES, DAYS), min_size=1, max_size=6), STORES)
def test_windows_tile_time_under_any_change_of_zone_and_start_of_day(
    runs: list[tuple[Store, set[int]]], final: Store
) -> None:
    with TemporaryDirectory() as folder:
        lake = Lake(open_storage(folder))
        for store, numbers in runs:
            fill(lake, store, numbers)
            windows = [window_of(date.fromisoformat(name), lake) for name in lake.windows()]
            assert all(window.start <= window.end for window in windows)
            assert all(before.end <= after.start for before, after in pairwise(windows))
        fill(lake, final, set(range(17)))
        windows = [window_of(date.fromisoformat(name), lake) for name in lake.windows()]
        assert len(windows) == 17
        assert all(before.end == after.start for before, after in pairwise(windows))


def test_one_zone_and_start_of_day_give_business_days(tmp_path: Path) -> None:
    lake = Lake(open_storage(f"{tmp_path}"))
    store = Store(timezone="Europe/Rome", day_starts_at=time(4), currency="EUR", decimals=2)
    for numbers in ({3}, {9, 10}, set(range(17))):
        fill(lake, store, numbers)
    for name in lake.windows():
        window = window_of(date.fromisoformat(name), lake)
        assert (window.start, window.end) == day_bounds(window.date, store)


def test_an_invalidated_window_bounds_nothing_and_is_filled_again(tmp_path: Path) -> None:
    lake = Lake(open_storage(f"{tmp_path}"))
    store = Store(timezone="Europe/Rome", day_starts_at=time(4), currency="EUR", decimals=2)
    fill(lake, store, {0, 1, 2})
    before = [window_of(FIRST + timedelta(days=n), lake) for n in range(3)]
    lake.invalidate(RAW_RECEIPTS, str(FIRST + timedelta(days=1)), "a test")
    fill(lake, store, {1, 3})
    assert [window_of(FIRST + timedelta(days=n), lake) for n in range(3)] == before
