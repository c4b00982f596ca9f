"""Labels and comparisons of the cumulative report state what they are: spans by their months,
"usual" only on two observations, segments only of twelve whole months, seasons like with like.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures.calendar import month_before, next_month
from reports.figures.changed_figures import changed_figures
from reports.figures.growth import observed_seasons
from reports.figures.history import History
from reports.figures.outliers import outliers, sold_by_day
from reports.sections.choices_over_time import choices_over_time
from reports.sections.lifecycle import spans_of
from reports.sections.loyalty import loyalty
from reports.sections.pairs_over_time import pairs_over_time
from reports.sections.payments_over_time import payments_over_time
from reports.sections.summary import summary
from reports.values import Month, text

START = date(2024, 11, 1)


def run_of(start: date, count: int) -> list[date]:
    months = [start]
    while len(months) < count:
        months.append(next_month(months[-1]))
    return months


@pytest.fixture(scope="module")
def history_of(shop, make_summaries):
    built = make_summaries(replace(shop(), receipts=2, customers=40), run_of(START, 13))

    def history(count: int) -> History:
        months = run_of(START, count)
        return History(months[-1], None, "MXN", {month: built[month] for month in months})

    return history


def spans_in(section, name: str) -> list[tuple[date, date]]:
    """Spans that head the columns of a table."""
    (table,) = (table for table in section.tables if table.name == name)
    return [
        (column.values["start"].first, column.values["end"].first)
        for column in table.columns
        if column.key in ("months", "lift_in")
    ]


def test_spans_are_labelled_by_their_months(history_of) -> None:
    history = history_of(13)
    months = history.complete_months
    assert spans_in(payments_over_time(history), "tender-shares") == [
        (months[0], months[5]),
        (months[-6], months[-1]),
    ]
    assert spans_in(choices_over_time(history), "options") == [
        (months[0], months[5]),
        (months[-6], months[-1]),
    ]
    assert spans_in(pairs_over_time(history), "pairs") in (
        [],
        [(months[0], months[5]), (months[6], months[-1])],
    )


def test_a_history_of_one_month_has_no_best_month(history_of) -> None:
    one, two = summary(history_of(1)), summary(history_of(2))
    assert "summary.best" not in [sentence.key for sentence in one.sentences]
    assert "summary.best" in [sentence.key for sentence in two.sentences]
    only = (text("summary.month", month=Month(START)),)
    assert all(tile.notes == only for tile in one.tiles)


def test_segments_of_twelve_months_need_twelve_months(history_of) -> None:
    few, year = loyalty(history_of(11)), loyalty(history_of(12))
    assert "segments" not in few.figures and "segments" in year.figures
    assert "loyalty.no_year" in [sentence.key for sentence in few.sentences]
    assert "loyalty.no_year" not in [sentence.key for sentence in year.sentences]
    assert few.notes == () and [note.key for note in year.notes] == ["loyalty.rfm"] * bool(
        year.tables
    ), "segments are explained where they are shown"


@given(
    st.dates(date(2020, 1, 1), date(2024, 1, 1)), st.integers(6, 60), st.sets(st.integers(0, 59))
)
def test_items_are_compared_over_equal_seasons_where_history_has_them(day, count, gaps) -> None:
    months = [m for i, m in enumerate(run_of(day.replace(day=1), count)) if i not in gaps]
    if len(months) < 6:
        return
    early, late = spans_of(months)
    assert late == months[-3:] and len(early) == 3 and early[-1] < late[0]
    earlier = [
        {month_before(month, 12 * years) for month in late} for years in range(1, count // 12 + 1)
    ]
    is_possible = any(span <= set(months) for span in earlier)
    assert ([m.month for m in early] == [m.month for m in late]) or not is_possible


@given(st.integers(24, 48))
def test_a_season_counts_the_years_that_it_was_observed_in(count: int) -> None:
    months = run_of(date(2022, 1, 1), count)
    observed = observed_seasons(dict.fromkeys(months, 100))
    assert sum(map(len, observed.values())) == count - 12
    assert (min(map(len, observed.values())) >= 2) == (count >= 36)


def test_no_day_is_unusual_against_fewer_than_two_others_of_its_weekday() -> None:
    days = [day for day in pd.date_range("2025-09-01", "2025-10-31").date if day.weekday() < 6]
    sundays = [date(2025, 10, 5), date(2025, 10, 12), date(2025, 10, 19)]

    def odd(opened: list[date]) -> list[date]:
        net = {day: 1000 + day.day for day in days} | dict.fromkeys(opened, 2000)
        net[opened[-1]] = 90_000
        frame = pd.DataFrame(
            [{"business_day": day, "net_sales": n, "receipts": 20} for day, n in net.items()]
        )
        return [entry.day for entry in outliers(sold_by_day(frame), {})]

    assert odd(sundays[:2]) == [] and odd(sundays) == [sundays[-1]]


FIGURES = st.recursive(
    st.one_of(st.integers(0, 3), st.sampled_from(["1.00", "2.00"]), st.none()),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["bridge", "hours", "weekdays"]), FIGURES), st.data())
def test_every_figure_that_moved_is_named_and_no_other(now: dict, data) -> None:
    before = data.draw(st.one_of(st.just(now), st.dictionaries(st.just("hours"), FIGURES)))
    changed = changed_figures(now, before)
    assert bool(changed) == (stripped(now) != stripped(before))
    assert all(entry.was != entry.now for entry in changed)
    months_before = {
        (entry.path, repr(entry.now), repr(entry.was)) for entry in changed_figures(before, now)
    }
    assert months_before == {(entry.path, repr(entry.was), repr(entry.now)) for entry in changed}


def stripped(value: object) -> object:
    """Figures without empty parts and without those that are not known."""
    if not isinstance(value, dict):
        return value
    parts = {key: stripped(inner) for key, inner in value.items()}
    return {key: inner for key, inner in parts.items() if inner not in (None, {})}


def test_a_row_is_known_by_its_name_and_not_by_its_place() -> None:
    rows = [{"item": "Tea", "category": None, "net": "1.00"}, {"item": "Pie", "net": "2.00"}]
    before, now = ({"items": {"items": part}} for part in (rows, rows[::-1]))
    assert changed_figures(now, before) == []
    now["items"]["items"] = [{"item": "Pie", "net": "3.00"}, rows[0]]
    (changed,) = changed_figures(now, before)
    assert changed == (("items", "items", "Pie", "net"), "2.00", "3.00")


def test_the_months_of_a_heading_are_values_of_the_page() -> None:
    from reports.sections.axis import span_column

    column = span_column(run_of(START, 2))
    assert column.values == {
        "start": Month(START, short=True),
        "end": Month(date(2024, 12, 1), short=True),
    }
