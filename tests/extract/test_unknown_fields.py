"""Fields that the API never had are kept verbatim and named once; those that it has are not."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.commit import commit_windows
from pipeline.extract.new_fields import read_fields, record_new_fields
from pipeline.load import Lake, open_storage
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.loyverse.unknown_fields import KNOWN, MAX_FIELDS, SAMPLES, find_unknown
from pipeline.pos.source import Record
from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from tests.extract.small_shop import START, fetch_first_windows, receipt, shop, windows
from tests.support.book import Book

FIXTURES = Path(__file__).parents[1] / "fixtures"
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
PATHS = [
    (),
    ("line_items",),
    ("line_items", "line_modifiers"),
    ("payments",),
    ("payments", "payment_details"),
    ("total_taxes",),
]


def records(*receipts: dict) -> list[Record]:
    return [read_receipt(json.dumps(entry).encode()) for entry in receipts]


def test_no_field_of_the_api_is_unknown() -> None:
    sold = Shop(opened=date(2026, 10, 1), receipts_per_day=60).receipts(
        millis(NOON), Query(created_min=0, created_max=millis(NOON))
    )
    recorded = json.loads((FIXTURES / "receipts_page.json").read_text())["receipts"]
    page = [*(read_receipt(entry.read()) for entry in sold), *records(*recorded)]
    assert find_unknown(page, is_first=True) == {}


@given(
    st.sampled_from(PATHS),
    st.text(min_size=1, max_size=30),
    st.sampled_from([None, 1, [], {}, {"deep": {"er": 1}}, [{"x": 1}]]),
    st.booleans(),
)
def test_a_field_is_unknown_wherever_it_stands(
    path: tuple[str, ...], name: str, value: object, in_list: bool
) -> None:
    present = KNOWN
    for step in path:
        present = present[step]
    body: object = {name: value}
    for step in reversed(path):
        body = {step: [body] if in_list else body}
    result = find_unknown(records({"receipt_number": "1-1", **body}), is_first=True)
    assert len(result) == (name not in present) and set(result.values()) <= {"1-1"}
    assert all(
        output.startswith("".join(f"{step}." for step in path)) and output.isprintable()
        for output in result
    )


def test_what_is_no_receipt_bears_no_field_and_a_map_of_data_does_not_flood() -> None:
    unreadable = [
        Record(body, None, None, None, None)
        for body in (b"{", b"[" * 100_000, b'{"a":"\xff"}', b"[1]", b"null")
    ]
    assert find_unknown(unreadable, is_first=True) == {}
    many = records({f"key {n}": 1 for n in range(1000)})
    assert len(find_unknown(many, is_first=True)) == MAX_FIELDS


@given(st.integers(0, 1000))
def test_of_later_pages_some_are_looked_at(count: int) -> None:
    page = records(*({"receipt_number": f"1-{n}", f"field {n}": 1} for n in range(count)))
    later = find_unknown(page, is_first=False)
    assert len(find_unknown(page, is_first=True)) == min(count, MAX_FIELDS)
    assert len(later) <= 2 * SAMPLES and bool(later) == bool(count)


def drifted(count: int) -> Book:
    book = shop(count)
    book.add(
        receipt("1-9000", START, loyalty={"tier": "gold"}, line_items=[{"id": "1", "weight": 2}]),
        START,
    )
    return book


def test_a_field_is_named_once_and_kept(
    start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Lake(open_storage(f"{tmp_path}/lake"))
    _, source = start(drifted(10))
    for run in range(2):
        result = fetch_first_windows(source, 1, tmp_path / f"state{run}")
        if not run:
            commit_windows(lake, result, windows(1))
        record_new_fields(result, START.date(), lake)
    assert (
        caplog.text.count(
            "fields that this version does not know: line_items.weight (receipt 1-9000), loyalty"
            " (receipt 1-9000)"
        )
        == 1
    )
    assert read_fields(lake) == {
        path: {"since": "2026-10-01", "receipt": "1-9000"}
        for path in ("line_items.weight", "loyalty")
    }
    assert any(
        b'"loyalty":{"tier":"gold"}' in lake.read_raw(entry).replace(b" ", b"")
        for entry in lake.raw_objects(START.date(), START.date())
    )


def test_a_shop_without_new_fields_costs_no_request(
    start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Lake(open_storage(f"{tmp_path}/lake"))
    _, source = start(shop(10))
    with caplog.at_level(logging.INFO):
        record_new_fields(fetch_first_windows(source, 1, tmp_path / "state"), START.date(), lake)
    assert not lake.storage.requests and "fields" not in caplog.text and read_fields(lake) == {}


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"loyalty": 1}', b"\xff"])
def test_notes_that_cannot_be_read_are_made_again(body: bytes, start, tmp_path: Path) -> None:
    lake = Lake(open_storage(f"{tmp_path}/lake"))
    lake.put_state("fields.json", body)
    assert read_fields(lake) == {}
    _, source = start(drifted(3))
    record_new_fields(fetch_first_windows(source, 1, tmp_path / "state"), START.date(), lake)
    assert set(read_fields(lake)) == {"line_items.weight", "loyalty"}


def test_a_receipt_that_is_nested_without_end_does_not_stop_the_fetch() -> None:
    for depth in (100, 900, 1_500, 100_000):
        deep = Record(
            b'{"line_items": ' + b"[" * depth + b"]" * depth + b"}", "1-1", None, None, None
        )
        assert find_unknown([deep], is_first=True) == {}
