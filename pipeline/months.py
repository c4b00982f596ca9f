"""Arithmetic of days and calendar months; a month is its first day."""

from __future__ import annotations

from datetime import date, timedelta


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months before `month`."""
    year, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, index + 1, 1)


def month_after(month: date) -> date:
    """The first day of the month after `month`."""
    return months_before(month, -1)


def closed_month(day: date) -> date:
    """The last month that has closed by the end of `day`."""
    return months_before(day + timedelta(days=1), 1)


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months from that of `first` to that of `last`."""
    count = (last.year - first.year) * 12 + last.month - first.month
    return [months_before(last, n) for n in range(count, -1, -1)]


def days_between(first: date, last: date) -> list[date]:
    """The days from `first` to `last`; none if `last` is earlier."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
