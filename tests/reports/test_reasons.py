"""A sentence that says why something is not shown: the reason holds in each case of the sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from reports.document import Section
from reports.figures.calendar import next_month
from reports.figures.history import History
from reports.sections.busy_hours import busy_hours
from reports.values import Text
from tests.reports.shop import MENU, Shop, summaries

START = date(2024, 1, 1)
SMALL = Shop(stores=Shop().stores[:1], menu=MENU[:4], combo=None, customers=0, refunds=0.0)


def months_of(count: int) -> list[date]:
    months = [START]
    while len(months) < count:
        months.append(next_month(months[-1]))
    return months


def history_of(shop: Shop, count: int, through: date | None = None) -> History:
    months = months_of(count)
    return History(months[-1], through, "MXN", summaries(shop, months))


def sentence(section: Section, key: str) -> Text:
    """The one sentence `key` of the section."""
    (chosen,) = (text for text in section.sentences if text.key == key)
    return chosen


def days_only(*closed: range) -> Callable[[date], bool]:
    """Closed but on the first day in the months (1 = January 2024) of `closed`."""

    def is_closed(day: date) -> bool:
        number = 12 * (day.year - START.year) + day.month
        return any(number in months for months in closed) and day.day > 1

    return is_closed


def test_one_map_of_busy_hours_says_which_months_it_shows() -> None:
    def keys(section: Section) -> list[str]:
        return [text.key for text in section.sentences]

    shop = replace(SMALL, receipts=3)
    few_then = replace(shop, closed=days_only(range(1, 7)))
    none_now = replace(shop, closed=lambda day: day.month > 6)
    assert keys(busy_hours(history_of(shop, 12)))[1] in ("busy_hours.same", "busy_hours.moved")
    assert keys(busy_hours(history_of(shop, 11))) == ["busy_hours.peak", "busy_hours.few"]
    section = busy_hours(history_of(few_then, 12))
    assert keys(section) == ["busy_hours.peak", "busy_hours.few_then"]
    values = sentence(section, "busy_hours.few_then").values
    assert [values[name].first.month for name in ("first", "last", "start", "end")] == [1, 6, 7, 12]
    assert sum(section.figures["latest"][cell]["receipts"] for cell in section.figures["latest"])
    assert keys(busy_hours(history_of(none_now, 12))) == ["busy_hours.none_now"]
