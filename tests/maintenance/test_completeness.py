"""Which records are receipts that the lake must hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipeline.lakes.raw_source import RawSource
from pipeline.load import Lake, open_storage
from pipeline.load.parquet import to_bytes
from pipeline.maintenance.completeness import (
    ReceiptIndex,
    _is_receipt,
    check_completeness,
    objects_near,
)
from pipeline.pos.loyverse import reader as loyverse
from pipeline.pos.source import NotCanonicalError, Record
from pipeline.rules import Rules, Store, read_menu

Key = tuple[str | None, str]
SOLD = "2026-10-20T12:00:00.000Z"
RULES = Rules({}, Store("America/Mexico_City", time(5), "MXN", 2), read_menu("", "m"), 2)
RECORD = Record(b"{}", "1-1", None, None, None)


def refuse(_: bytes) -> list[bytes]:
    raise NotCanonicalError("unknown_value", "/state", "NEW")


@pytest.mark.parametrize(
    ("translate", "is_receipt"),
    [(lambda body: [body], True), (lambda _: [], False), (refuse, True)],
    ids=["receipt", "open ticket", "quarantined"],
)
def test_an_open_ticket_alone_makes_no_receipt(
    translate: Callable[[bytes], list[bytes]], is_receipt: bool
) -> None:
    reader = SimpleNamespace(translator=lambda _: translate)
    assert _is_receipt(RECORD, reader) is is_receipt
    assert _is_receipt(RECORD, SimpleNamespace(translator=None)) is True


def test_a_month_is_checked_with_what_was_sold_in_it_whenever_it_arrived(tmp_path: Path) -> None:
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", publish_wait=0)
    days = [date(2026, 9, 28), date(2026, 9, 30), date(2026, 10, 31), date(2026, 11, 3)]
    for partition in ("2026-10-20", "2026-12-20"):
        lake.commit_window(partition, {day: f"{partition} {day}\n".encode() for day in days}, {})
    near = {(entry.partition, entry.sold) for entry in objects_near(lake, date(2026, 10, 1))}
    late = {("2026-12-20", day) for day in (days[1], days[2])}
    assert near == {("2026-10-20", day) for day in days[:3]} | late


def test_a_record_without_a_date_is_sought_in_the_month_of_its_window() -> None:
    """A quarantined record that says no date stands where its window is."""
    months: set[str] = set()
    index = SimpleNamespace(
        add=months.update, holds=lambda *_: "2026-10" in months, before_history={}
    )
    raw = SimpleNamespace(
        lake=SimpleNamespace(read_raw_blocks=lambda _: [b"{}\n"]),
        reader=SimpleNamespace(
            read_record=lambda _: RECORD, translator=None, store_ids=lambda _: set()
        ),
        path_of=str,
        name=str,
    )
    window = SimpleNamespace(day=date(2026, 10, 20))
    entry = SimpleNamespace(sold=None, key="object", digest="abc", start=0, partition_name=window)
    span = (date(2026, 1, 1), date(2026, 12, 31))
    result = check_completeness(raw, [entry], lambda _: True, index, *span)
    assert result.findings == [] and result.checked == ["abc"]


def table(rows: list[Key]) -> pa.Table:
    """Receipts by store and number, with what `ReceiptIndex` and its messages read."""
    dates = [date(2026, 10, 2)] * len(rows)
    return pa.table(
        {
            "store_id": pa.array([store for store, _ in rows], pa.string()),
            "receipt_number": pa.array([number for _, number in rows], pa.string()),
            "record": pa.array([f"{row}#1" for row in rows], pa.string()),
            "business_day": dates,
            "reason": pa.nulls(len(rows), pa.string()),
            "total": [1] * len(rows),
            "currency": ["MXN"] * len(rows),
            "is_cancelled": [False] * len(rows),
        }
    )


def findings(
    raw: list[Key],
    counted: list[Key],
    quarantined: list[Key],
    before: list[Key],
    prefix: str = "",
) -> list[str]:
    """What is wrong with a lake whose raw data and tables have these receipts."""
    tables = {"receipts": to_bytes(table(counted)), "quarantine": to_bytes(table(quarantined))}
    index = ReceiptIndex(SimpleNamespace(read=lambda *_: tables), table(before))
    lines = [
        json.dumps({"receipt_number": number, "store_id": store, "receipt_date": SOLD}).encode()
        for store, number in raw
    ]
    lake = SimpleNamespace(read_raw_blocks=lambda _: [b"".join(line + b"\n" for line in lines)])
    source = RawSource("pos", lake, RULES, loyverse, prefix, prefix.rstrip(":"))
    window = SimpleNamespace(day=date(2026, 10, 20))
    entry = SimpleNamespace(sold=None, key="object", digest="abc", start=0, partition_name=window)
    span = (date(2026, 10, 1), date(2026, 12, 31))
    result = check_completeness(source, [entry], lambda _: True, index, *span)
    return [str(finding) for finding in result.findings]


def test_two_stores_may_share_a_number() -> None:
    """One before the history, one counted: neither lost nor twice."""
    a, b = ("A", "1-1"), ("B", "1-1")
    assert findings([a, b], [b], [], [a]) == []
    assert findings([a, b], [], [b], [a]) == []
    (lost,) = findings([a, b], [b], [], [])
    assert "receipt 1-1 (object#1) was read and is neither counted" in lost
    (lost,) = findings([a, b], [], [a], [])
    assert "receipt 1-1 (object#2)" in lost
    (twice,) = findings([a], [a], [], [a])
    assert "receipt 1-1 of 2026-10-02, MXN 1: it is before the history and is counted" in twice


def test_a_receipt_of_an_unreadable_store_is_sought_by_its_number() -> None:
    assert findings([(None, "1-1")], [("A", "1-1")], [], []) == []
    assert findings([("A", "1-1")], [], [(None, "1-1")], []) == []
    assert len(findings([(None, "1-1")], [("A", "1-2")], [], [])) == 1


def test_the_receipts_of_an_additional_source_have_its_prefix() -> None:
    assert findings([("A", "1-1")], [("second:A", "second:1-1")], [], [], "second:") == []
    (lost,) = findings([("A", "1-1")], [("A", "1-1")], [], [], "second:")
    assert "receipt second:1-1 (second/object#1)" in lost


def test_all_lost_receipts_are_counted_and_the_first_is_named() -> None:
    (lost,) = findings([("B", "1-2"), ("A", "1-1"), ("B", "1-1")], [], [], [])
    assert "receipt 1-1 (object#2)" in lost and "; and 2 more" in lost
