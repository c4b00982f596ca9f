"""Missing data are stated, and never shown as zero: months and stores without receipts, receipts
before the history, unknown amounts.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reports
from pipeline import schema
from reports.figures.silent_stores import MIN_DAYS, find_silent_stores

pytestmark = pytest.mark.usefixtures("undrawn")
FIRST, LAST = date(2025, 10, 1), date(2025, 10, 31)
DAY = timedelta(days=1)


def traded(days: dict[str, set[int]]) -> pd.DataFrame:
    rows = [(store, FIRST + n * DAY) for store, seen in days.items() for n in sorted(seen)]
    return pd.DataFrame(rows, columns=["store_id", "business_day"])


@given(st.dictionaries(st.sampled_from("abc"), st.sets(st.integers(0, 30), min_size=1)))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_store_is_silent_when_its_last_break_is_its_longest(days) -> None:
    quiet = {entry.store_id: entry for entry in find_silent_stores([traded(days)], LAST)}
    for store, seen in days.items():
        ordered = sorted(seen)
        passed = 30 - ordered[-1]
        breaks = [b - a - 1 for a, b in pairwise(ordered)]
        is_silent = passed >= MIN_DAYS and all(passed > length for length in breaks)
        assert (store in quiet) == is_silent
        if is_silent:
            assert quiet[store] == (store, FIRST + ordered[-1] * DAY, passed)


def emptied(month: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """A month with stores and without any receipt, as the summary of one is."""
    kept = {"stores", "employees"}
    return {name: table if name in kept else table.slice(0, 0) for name, table in month.items()}


def figures(built: dict[str, bytes]) -> dict:
    return json.loads(built["figures.json"])["currencies"]["MXN"]


@pytest.fixture(scope="module")
def months(make_summaries, shop) -> dict[date, dict[str, pa.Table]]:
    return make_summaries(shop(), [date(2025, 9, 1), FIRST])


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
def test_a_month_without_receipts_is_not_green(months, locale: str) -> None:
    empty = {FIRST: emptied(months[FIRST])}
    built = reports.monthly(FIRST, empty, lake_decimals=2, lineage={}, locale=locale)
    assert figures(built)["attention"]["light"] == "red"
    keys = [entry["key"] for entry in figures(built)["attention"]["findings"]]
    assert keys[0] == "lineage.no_receipts"


def test_a_month_without_stores_or_receipts_has_a_light_too(months) -> None:
    empty = {name: table.slice(0, 0) for name, table in months[FIRST].items()}
    built = reports.monthly(
        FIRST, {FIRST: empty}, lake_decimals=2, lineage={}, locale="en_US", currency="MXN"
    )
    assert figures(built)["attention"]["light"] == "red"


def test_a_store_that_stopped_sending_is_named(months) -> None:
    cut = dict(months[FIRST])
    rows = [
        row["store_id"] != "s2" or row["business_day"] < FIRST + 20 * DAY
        for row in cut["days"].to_pylist()
    ]
    cut["days"] = cut["days"].filter(pa.array(rows))
    state = figures(
        reports.monthly(FIRST, months | {FIRST: cut}, lake_decimals=2, lineage={}, locale="en_US")
    )
    assert state["lineage"]["silent"] == {"s2": {"days": 11, "last_seen": "2025-10-20"}}
    assert state["attention"]["light"] != "green"
    total = figures(reports.monthly(FIRST, months, lake_decimals=2, lineage={}, locale="en_US"))
    assert total["lineage"]["silent"] == {}


def gone(month: dict[str, pa.Table], store: str) -> dict[str, pa.Table]:
    """A month in which a store sent nothing; the POS still lists it."""

    def kept(name: str, table: pa.Table) -> pa.Table:
        if name == "stores" or "store_id" not in table.column_names:
            return table
        return table.filter(pa.array([row != store for row in table["store_id"].to_pylist()]))

    return {name: kept(name, table) for name, table in month.items()}


@pytest.fixture(scope="module")
def long_silence(make_summaries, shop) -> dict[date, dict[str, pa.Table]]:
    """A year and two months; the last receipt of s2 is of 31 July."""
    spans = [date(2024, n, 1) for n in range(9, 13)] + [date(2025, n, 1) for n in range(1, 11)]
    months = make_summaries(shop(receipts=3), spans)
    return {m: gone(each, "s2") if m > date(2025, 7, 1) else each for m, each in months.items()}


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
def test_a_store_that_was_silent_for_months_is_still_named(long_silence, locale: str) -> None:
    inputs = {"lake_decimals": 2, "lineage": {}, "locale": locale}
    state = figures(reports.cumulative(FIRST, long_silence, **inputs))["lineage"]
    assert state["silent"] == {"s2": {"days": 92, "last_seen": "2025-07-31"}}
    names = {date(2025, 9, 1), FIRST, date(2024, 10, 1)}
    as_read = {m: each for m, each in long_silence.items() if m in names}
    built = reports.monthly(FIRST, as_read, **inputs)
    state = figures(built)
    assert state["lineage"]["silent"] == {"s2": {"days": 61, "last_seen": None}}, "at least"
    assert state["attention"]["light"] == "amber" or state["attention"]["light"] == "red"
    keys = [entry["key"] for entry in state["attention"]["findings"]]
    assert "lineage.silent_longer" in keys
    assert re.search(r"Roma Norte .* 61 (days or longer|días o más)", built["report.md"].decode())


def test_customers_show_that_a_young_store_used_to_send(long_silence) -> None:
    months = {date(2025, 9, 1): long_silence[date(2025, 9, 1)], FIRST: long_silence[FIRST]}
    inputs = {"lake_decimals": 2, "lineage": {}, "locale": "en_US"}
    assert figures(reports.monthly(FIRST, months, **inputs))["lineage"]["silent"] == {}
    july = date(2025, 7, 1)
    months[july] = {"customers": long_silence[july]["customers"]}
    silent = figures(reports.monthly(FIRST, months, **inputs))["lineage"]["silent"]
    assert silent == {"s2": {"days": 61, "last_seen": None}}


def test_a_store_that_is_silent_for_a_year_or_not_listed_has_closed(long_silence) -> None:
    inputs = {"lake_decimals": 2, "lineage": {}, "locale": "en_US"}
    year = {
        m: gone(each, "s2") if m > date(2024, 10, 1) else each for m, each in long_silence.items()
    }
    assert "s2" in figures(reports.cumulative(FIRST, year, **inputs))["lineage"]["silent"]
    year[date(2024, 10, 1)] = gone(year[date(2024, 10, 1)], "s2")
    assert figures(reports.cumulative(FIRST, year, **inputs))["lineage"]["silent"] == {}
    stores = long_silence[FIRST]["stores"]
    listed = stores.filter(pa.array([row != "s2" for row in stores["store_id"].to_pylist()]))
    unlisted = long_silence | {FIRST: long_silence[FIRST] | {"stores": listed}}
    assert figures(reports.cumulative(FIRST, unlisted, **inputs))["lineage"]["silent"] == {}


def with_unread(month: dict[str, pa.Table], count: int, unknown: int, amount: str | None):
    rows = month["quality"].to_pylist()
    row = {
        "store_id": "s1",
        "currency": "MXN",
        "check": "quarantined",
        "subject": "not_a_number",
        "count": count,
        "unknown": unknown,
        "amount": amount and Decimal(amount),
        "seconds": None,
    }
    kept = [other for other in rows if other["check"] != "quarantined"]
    return month | {
        "quality": pa.Table.from_pylist([*kept, row], schema=schema.arrow(schema.QUALITY, 2))
    }


@pytest.mark.parametrize(
    ("count", "unknown", "amount", "said", "exact"),
    [
        (1, 1, None, "1 receipt is in quarantine, unknown amount", None),
        (
            3,
            1,
            "50.00",
            r"3 receipts are in quarantine, \$50.00 and 1 receipt of unknown amount",
            "50.00",
        ),
        (2, 0, "0.00", r"2 receipts are in quarantine, \$0.00", "0.00"),
    ],
)
def test_an_unknown_amount_is_never_zero(months, count, unknown, amount, said, exact) -> None:
    month = with_unread(months[FIRST], count, unknown, amount)
    built = reports.monthly(FIRST, {FIRST: month}, lake_decimals=2, lineage={}, locale="en_US")
    assert said in built["report.md"].decode()
    check = figures(built)["lineage"]["checks"]["quarantined"]
    assert check == {"count": count, "amount": exact, "unknown": unknown}


@pytest.mark.parametrize(("locale", "heading"), [("en_US", "Day"), ("es_MX", "Fecha")])
def test_the_day_of_a_record_in_quarantine_is_its_business_day(months, locale, heading) -> None:
    row = dict.fromkeys(schema.QUARANTINE.names()) | {
        "business_day": FIRST + 3 * DAY,
        "receipt_number": "1-4712",
        "reason": "totals_differ",
        "pointer": "/total_money",
        "detail": "1.00",
        "record": "raw#2",
    }
    built = reports.monthly(
        FIRST,
        {FIRST: with_unread(months[FIRST], 1, 0, "1.00")},
        lake_decimals=2,
        lineage={},
        locale=locale,
        quarantine=pa.Table.from_pylist([row], schema=schema.arrow(schema.QUARANTINE, 2)),
    )
    lines = built["report.md"].decode().splitlines()
    (line,) = (i for i, text in enumerate(lines) if text.startswith("| 1-4712 |"))
    cells = [[cell.strip() for cell in lines[i].split("|")[1:3]] for i in (line - 2, line)]
    assert cells[0][1] == heading and "4" in cells[1][1]


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
def test_receipts_outside_history_are_named_with_money_and_setting(months, locale: str) -> None:
    rows = [
        {
            "received": FIRST + 8 * DAY,
            "business_day": date(2025, 8, 30),
            "store_id": "s1",
            "receipt_number": "1-4711",
            "receipt_type": "SALE",
            "is_cancelled": False,
            "reason": None,
            "total": Decimal("777.00"),
            "currency": "MXN",
            "raw_partition": "2025-10-09",
            "record": "raw#1",
        }
    ]
    table = pa.Table.from_pylist(rows, schema=schema.arrow(schema.BEFORE_HISTORY, 2))
    built = reports.monthly(
        FIRST,
        {FIRST: months[FIRST]},
        lake_decimals=2,
        lineage={},
        locale=locale,
        outside=table,
        history_starts=date(2025, 9, 1),
    )
    text = built["report.md"].decode()
    assert "1-4711" in text and "777.00" in text and "2025-08-30" in text
    assert figures(built)["lineage"]["checks"]["outside"]["amount"] == "777.00"
    assert "1-4711" in built["report.md"].decode()


def test_receipts_of_another_currency_are_not_missing(make_summaries, shop) -> None:
    two = shop(stores=(("s1", "Centro", "MXN"), ("s2", "Madrid", "EUR")), receipts=3)
    summaries = make_summaries(two, [date(2025, 9, 1), FIRST])
    monthly, cumulative = (
        build(FIRST, summaries, lake_decimals=2, lineage={}, locale="en_US")
        for build in (reports.monthly, reports.cumulative)
    )
    for built in (monthly, cumulative):
        stated = json.loads(built["figures.json"])["currencies"]
        for currency in ("EUR", "MXN"):
            counts = {
                name: check["count"]
                for name, check in stated[currency]["lineage"]["checks"].items()
            }
            assert counts["received"] == counts["counted"] > 0
        assert "Receipts do not add up" not in built["report.md"].decode()


def test_a_lost_receipt_is_missing_in_each_currency_and_red(make_summaries, shop) -> None:
    two = shop(stores=(("s1", "Centro", "MXN"), ("s2", "Madrid", "EUR")), receipts=3)
    month = dict(make_summaries(two, [FIRST])[FIRST])
    rows = month["quality"].to_pylist()
    for row in rows:
        row["count"] += row["check"] == "received"
    month["quality"] = pa.Table.from_pylist(rows, schema=month["quality"].schema)
    built = reports.monthly(FIRST, {FIRST: month}, lake_decimals=2, lineage={}, locale="en_US")
    for told in json.loads(built["figures.json"])["currencies"].values():
        assert told["attention"]["light"] == "red"
        assert told["attention"]["findings"][0]["key"] == "lineage.not_reconciled"
