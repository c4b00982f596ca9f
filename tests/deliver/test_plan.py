"""Which versions are due: no flood at the start, nothing forgotten, nothing twice."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver import Issued, find_due, has_visible_changes, same_figures

MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025, 2026) for month in range(1, 13)]


def issue(months: list[str], version: int = 1) -> list[Issued]:
    return [Issued("monthly", month, f"{version:06d}.{'a' * 16}") for month in months]


def had(issued: list[Issued]) -> set[tuple[str, str, str]]:
    return set(map(tuple, issued))


def closed(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def due(
    issued: list[Issued], received: set, month: str = "2026-11", **options: object
) -> list[tuple[str, str]]:
    found = find_due(issued, received, closed=closed(month), **{"open_months": False, **options})
    return [(one.issued.kind, one.issued.month) for one in found]


def through(month: str, version: int = 1) -> Issued:
    return Issued("cumulative", month, f"{version:06d}.{'b' * 16}")


def test_a_first_run_on_three_years_sends_the_closed_month_and_the_cumulative_through_it() -> None:
    every = [*issue(MONTHS), through("2026-11"), through("2026-12")]
    assert due(every, set()) == [
        ("cumulative", "2026-11"),
        ("monthly", "2026-11"),
    ], "and of the month under way nothing"
    assert due(every, set(), open_months=True) == [
        ("cumulative", "2026-12"),
        ("monthly", "2026-11"),
        ("monthly", "2026-12"),
    ]


def test_the_open_month_is_sent_only_if_asked_for() -> None:
    received = had(issue(["2026-11"]))
    assert due(issue(MONTHS), received) == []
    assert due(issue(MONTHS), received, open_months=True) == [("monthly", "2026-12")]


def test_months_that_closed_while_nothing_ran_are_not_lost() -> None:
    assert due(issue(MONTHS), had(issue(["2026-07", "2026-08"]))) == [
        ("monthly", m) for m in ("2026-09", "2026-10", "2026-11")
    ]


def test_a_month_whose_mail_failed_is_not_lost_behind_the_next_one() -> None:
    every, begun = issue(["2026-10", "2026-11"]), {("monthly", "2026-10")}
    assert due(every, had(issue(["2026-09", "2026-11"])), unfinished=begun) == [
        ("monthly", "2026-10")
    ]
    assert due(every, set(), unfinished=begun) == [
        ("monthly", "2026-10"),
        ("monthly", "2026-11"),
    ], "also the first one of a new reader"


def test_a_month_that_was_received_is_sent_again_when_it_changes_with_what_it_replaces() -> None:
    received = had(issue(["2026-02", "2026-11"]))
    now = [*issue(MONTHS[:25]), *issue(["2026-02"], 3), *issue(MONTHS[26:])]
    (found,) = find_due(now, received, closed=closed("2026-11"), open_months=False)
    assert (found.issued.month, found.before) == ("2026-02", f"000001.{'a' * 16}")


def test_the_cumulative_goes_once_for_each_closed_month() -> None:
    assert due([through("2026-11"), through("2026-12")], {("cumulative", "2026-10", "x")}) == [
        ("cumulative", "2026-11")
    ]
    assert due([through("2026-11"), through("2026-12", 2)], had([through("2026-11")])) == []
    assert due([through("2026-12", 2)], had([through("2026-12")]), open_months=True) == [
        ("cumulative", "2026-12")
    ]
    assert due([through("2026-12", 9)], had([through("2026-12")]), "2026-12") == [
        ("cumulative", "2026-12")
    ], "was it whole? is_worth_telling"
    assert due([through("2026-11")], had([through("2026-12")])) == [], (
        "who has read further is not sent back"
    )


@given(st.integers(0, 35), st.sets(st.sampled_from(MONTHS)), st.sets(st.sampled_from(MONTHS)))
def test_of_a_month_under_way_nothing_is_sent_unasked(
    at: int, monthly: set[str], cumulative: set[str]
) -> None:
    received = {("monthly", month, "x") for month in monthly} | {
        ("cumulative", month, "x") for month in cumulative
    }
    found = due([*issue(MONTHS), *map(through, MONTHS)], received, MONTHS[at])
    assert (
        all(month <= MONTHS[at] for _, month in found)
        and [kind for kind, _ in found].count("cumulative") <= 1
    )


def test_a_cumulative_report_received_in_mid_month_is_sent_complete_and_then_no_more() -> None:
    def figures(net: str, day: str | None) -> bytes:
        return json.dumps(
            {
                "currencies": {"MXN": {"bridge": net}},
                "general": {},
                "through": day,
                "month": "2026-11",
            }
        ).encode()

    half, whole, late = figures("1.00", "2026-11-22"), figures("2.00", None), figures("3.00", None)
    assert has_visible_changes("cumulative", half, whole, is_closed=True)
    assert not has_visible_changes("cumulative", whole, late, is_closed=True), (
        "the month's own report tells it"
    )
    assert has_visible_changes("monthly", whole, late, is_closed=True) and not has_visible_changes(
        "monthly", late, late, is_closed=True
    )


@given(st.lists(st.tuples(st.integers(0, 35), st.booleans()), max_size=12))
def test_in_every_history_each_version_is_sent_once_and_each_month_that_closed(
    history: list[tuple[int, bool]],
) -> None:
    """Runs in any order of months that close; on some, a month that was sent before has changed."""
    received: set[tuple[str, str, str]] = set()
    versions = dict.fromkeys(MONTHS, 1)
    last = 0
    started = None
    for step, changes in history:
        last = max(last, step)
        if changes:
            versions[MONTHS[step]] += 1
        started = last if started is None else started
        now = [
            Issued("monthly", month, f"{versions[month]:06d}.{'a' * 16}")
            for month in MONTHS[: last + 2]
        ]
        found = find_due(now, received, closed=closed(MONTHS[last]), open_months=False)
        sent = [tuple(one.issued) for one in found]
        assert not set(sent) & received and len(set(sent)) == len(sent)
        received |= set(sent)
        assert find_due(now, received, closed=closed(MONTHS[last]), open_months=False) == []
        assert {month for _, month, _ in received} == set(MONTHS[started : last + 1])


def test_a_version_with_equal_figures_is_the_same_to_a_recipient() -> None:
    def figures(net: str, version: str) -> bytes:
        return json.dumps(
            {
                "currencies": {"MXN": {"bridge": {"net": net}, "changes": {"changed": [version]}}},
                "general": {},
                "through": None,
                "month": "2026-10",
                "lineage": {"version": version},
            }
        ).encode()

    assert same_figures(figures("1.00", "1"), figures("1.00", "2"))
    assert not same_figures(figures("1.00", "1"), figures("1.01", "2"))
