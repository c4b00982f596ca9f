"""The cumulative report: versions, weekends, small segments, open months and stores, with months in
any order.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

import reports
from reports.document import Section
from reports.figures.loyalty import fold_small
from reports.sections.changes import changes
from reports.sections.data_state import DataState
from reports.sections.version_history import version_history
from reports.values import Money, Name
from reports.version_context import VersionContext

pytestmark = pytest.mark.usefixtures("undrawn")
MONTHS = [date(2025, n, 1) for n in range(1, 8)]
OPEN = date(2025, 7, 20)


@pytest.fixture(scope="module")
def told(shop, make_summaries):
    built = make_summaries(replace(shop(), receipts=4), MONTHS)

    def tell(months=MONTHS, **changed) -> tuple[dict, str]:
        files = reports.cumulative(
            max(months),
            {m: {n: built[m][n] for n in reports.CUMULATIVE_TABLES} for m in months},
            lake_decimals=2,
            lineage={"version": 1},
            locale="en_US",
            **changed,
        )
        return json.loads(files["figures.json"]), files["report.md"].decode()

    return tell


def test_months_come_in_any_order_and_only_the_named_tables_are_read(told):
    assert told() == told(MONTHS[::-1])


def test_the_weekend_is_whose_days_are_named(told):
    figures, text = told(weekend=(5, 6))
    assert "Weekend: Saturday and Sunday." in text
    assert figures["currencies"]["MXN"]["weekend"] != told()[0]["currencies"]["MXN"]["weekend"]


def test_a_month_under_way_has_not_moved_and_a_closed_one_has(told):
    before, _ = told(through=OPEN)
    first = before["currencies"]["MXN"]["trend"]["months"]
    first["2025-02"]["net_sales"], first["2025-07"]["net_sales"] = "1.00", "2.00"
    for through in (OPEN, None):
        _, text = told(through=through, previous_figures=before)
        assert (
            "1 month changed since the previous version" in text
            and "| February 2025 | \\$1.00 |" in text
        )


def test_a_record_of_a_month_that_is_not_whole_is_marked(told):
    open_, open_text = told(MONTHS[:5], through=date(2025, 5, 20))
    total, whole_text = told(MONTHS[:5])
    assert open_["currencies"]["MXN"]["records"]["best_month"]["month"] == "2025-05", (
        "the month under way is the best one so far"
    )
    assert [
        entry["currencies"]["MXN"]["records"]["best_month"]["partial"] for entry in (open_, total)
    ] == [True, False]
    assert (
        open_text.count("May 2025 (incomplete month)") == 5
        and "incomplete month)" not in whole_text
    )


def test_the_version_history_names_reports_by_their_folder():
    from reports.figures.history import History

    entries = [
        {"report": f"reports/{kind}", "month": "2025-07", "version": 1, "digest": "d"}
        for kind in ("monthly", "cumulative")
    ]
    context = VersionContext({"version": 2}, 2, {}, DataState({}), versions=entries)
    section = version_history(History(MONTHS[-1], None, "MXN", {}), context, [])
    assert [(row[0].key, row[2].number) for row in section.tables[0].rows] == [
        ("version_history.monthly", 1),
        ("version_history.cumulative", 2),
        ("version_history.cumulative", 1),
    ]


def test_a_forecast_stands_in_mid_month_and_says_why_where_it_does_not(told):
    figures, text = told(MONTHS[:3])
    assert (
        figures["currencies"]["MXN"]["outlook"] == {"reason": "short"} and "No forecast yet" in text
    )
    outlook = told(through=OPEN)[0]["currencies"]["MXN"]["outlook"]
    assert "reason" in outlook or outlook["month"] == "2025-08"


def test_a_segment_that_is_too_small_cannot_be_distinguished_from_the_others():
    named = {"loyal": (30, 300), "lost": (9, 9), "new": (6, 6), "at_risk": (2, 50)}
    assert fold_small(named) == {"loyal": (30, 300), "lost": (9, 9), "others": (8, 56)}
    assert fold_small({"loyal": (30, 1), "lost": (6, 1), "others": (7, 2)}) == {
        "loyal": (30, 1),
        "lost": (6, 1),
        "others": (7, 2),
    }
    assert fold_small({}) == {}


def test_a_store_that_moved_goes_by_its_name():
    def stores(net: object) -> dict:
        return {"bridge": {"stores": {"s-1": {"net_sales": net}}}}

    was = {"currencies": {"MXN": stores("1.00")}}
    bridge = Section("bridge", figures=stores(Money(200, "MXN"))["bridge"])
    figures = SimpleNamespace(currency="MXN", compared_stores={"s-1": "Centro"}, through=None)
    section = changes(figures, VersionContext({}, 2, {}, DataState({}), was), [bridge])
    (row,) = section.tables[0].rows
    assert row[0].values["store"] == Name("Centro") and row[1:] == (
        Money(100, "MXN"),
        Money(200, "MXN"),
    )
