"""Arithmetic of months, against the calendar; `reports` has its own, which is the same."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.maintenance.retain import kept_since
from pipeline.months import closed_month, days_between, month_after, months_before, months_between
from reports.figures import calendar

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@given(DAYS, st.integers(0, 240))
def test_months_before_are_a_walk_back(day: date, count: int) -> None:
    month = day.replace(day=1)
    for _ in range(count):
        month = (month - timedelta(days=1)).replace(day=1)
    assert months_before(day, count) == calendar.month_before(day, count) == month
    assert months_between(month, day)[0] == month and len(months_between(month, day)) == count + 1


@given(DAYS)
def test_the_month_after_begins_after_the_last_day(day: date) -> None:
    assert month_after(day) == calendar.next_month(day)
    last = month_after(day) - timedelta(days=1)
    assert (last.year, last.month) == (day.year, day.month)


@given(DAYS)
def test_a_month_has_closed_with_its_last_day(day: date) -> None:
    month = closed_month(day)
    last = month_after(month) - timedelta(days=1)
    assert last <= day < month_after(month_after(month)) - timedelta(days=1)


def test_nothing_is_before_the_first_year() -> None:
    assert kept_since(date(2026, 11, 30), 1_000_000) == "0001-11"


@given(DAYS, st.integers(-3, 400))
def test_days_between_two_days_follow_each_other(first: date, count: int) -> None:
    days = days_between(first, first + timedelta(days=count - 1))
    assert len(days) == max(count, 0) and days[:1] == [first] * (count > 0)
    assert all(later - day == timedelta(days=1) for day, later in pairwise(days))
