"""The warnings of an extraction, and when each is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.extract.warnings import gap_warning, history_limit_warning, skew_warning
from tests.extract.small_shop import NOW


@pytest.mark.parametrize(
    "days, told",
    [
        (0, None),
        (2.9, None),
        (3, "in 28 days"),
        (6.9, "warning at 3"),
        (7, "warning at 7"),
        (14, "warning at 14"),
        (21, "warning at 21"),
        (30.9, "in 1 days"),
        (31, "no longer"),
        (40, "the first 9 of these days"),
    ],
)
def test_a_gap_is_warned_of_at_3_7_14_and_21_days(days: float, told: str | None) -> None:
    warning = gap_warning(NOW - timedelta(days=days), NOW, limited=True)
    assert warning is None if told is None else told in (warning or "")
    assert gap_warning(NOW - timedelta(days=days), NOW, limited=False) is None


def test_each_step_of_a_gap_reads_differently() -> None:
    shown = [
        gap_warning(NOW - timedelta(days=days), NOW, limited=True) for days in (3, 7, 14, 21, 31)
    ]
    assert len(set(shown)) == 5 and all(shown)


@pytest.mark.parametrize(
    "seconds, told",
    [
        (0, None),
        (119, None),
        (-119, None),
        (600, "10 min 0 s behind"),
        (-605, "10 min 5 s ahead of"),
    ],
)
def test_clocks_that_differ_are_reported(seconds: int, told: str | None) -> None:
    warning = skew_warning(timedelta(seconds=seconds))
    assert warning is None if told is None else told in (warning or "")


def test_a_server_that_sends_no_time_is_reported() -> None:
    assert "no Date header" in (skew_warning(None) or "")


def test_the_warning_of_a_history_limit_says_what_it_costs() -> None:
    assert "truncated at 2026-10-31 12:00 UTC" in history_limit_warning(
        NOW
    ) and "Unlimited sales history" in history_limit_warning(NOW)


def test_a_run_that_has_waited_is_not_warned_of_its_clock() -> None:
    waited = timedelta(minutes=9)
    assert skew_warning(timedelta(minutes=10), waited) is None and "behind" in skew_warning(
        timedelta(minutes=12), waited
    )
    assert "ahead of" in skew_warning(-timedelta(minutes=3), waited) and "behind" in skew_warning(
        timedelta(minutes=3)
    )
