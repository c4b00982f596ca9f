"""Which records are receipts that the lake must hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.load import Lake, open_storage
from pipeline.maintenance.conserve import _is_receipt, objects_near
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
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", max_retry_wait=0)
    days = [date(2026, 9, 28), date(2026, 9, 30), date(2026, 10, 31), date(2026, 11, 3)]
    for batch in ("2026-10-20", "2026-12-20"):
        lake.commit_window(batch, {day: f"{batch} {day}\n".encode() for day in days}, {})
    near = {(entry.batch, entry.sold) for entry in objects_near(lake, date(2026, 10, 1))}
    late = {("2026-12-20", day) for day in (days[1], days[2])}
    assert near == {("2026-10-20", day) for day in days[:3]} | late
