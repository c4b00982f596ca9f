"""Which records are receipts that the lake must hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.load import Lake, open_storage
from pipeline.maintenance.completeness import (
    _is_receipt,
    check_completeness,
    objects_near,
)
from pipeline.pos.source import NotCanonicalError, Record

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
        reader=SimpleNamespace(read_record=lambda _: RECORD, translator=None),
        path_of=str,
        name=str,
    )
    window = SimpleNamespace(day=date(2026, 10, 20))
    entry = SimpleNamespace(sold=None, key="object", digest="abc", start=0, partition_name=window)
    span = (date(2026, 1, 1), date(2026, 12, 31))
    result = check_completeness(raw, [entry], lambda _: True, index, *span)
    assert result.findings == [] and result.checked == ["abc"]
