"""A receipt that was read and is in no table stops its month's report.

A receipt that has left the month, or is not due yet, does not stop it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest

from pipeline import transform
from pipeline.lakes.raw_source import RawSource
from pipeline.load import MONTHLY, RAW_RECEIPTS, Lake, RawObject
from pipeline.maintenance import completeness as conserving
from pipeline.maintenance.completeness import Completeness
from pipeline.tasks import MonthlyReport, monthly_report
from pipeline.transform import Raw
from tests.dag.in_process import NOW, InProcessRun, days_later, local

MONTH = date(2026, 10, 1)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    return InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)


def report(shop: InProcessRun) -> bool:
    return shop.run_nightly(make=lambda: MonthlyReport(month=MONTH))


def losing(number: str, build_days: Callable) -> Callable:
    """`build_days`, which does not see a receipt."""

    def blind(objects: object, raws: Iterable[Raw], *rest: object) -> object:
        kept = [raw._replace(ndjson=without(number, raw.ndjson)) for raw in raws]
        return build_days(objects, kept, *rest)

    return blind


def without(number: str, body: bytes) -> bytes:
    lines = body.splitlines(keepends=True)
    return b"".join(line for line in lines if json.loads(line)["receipt_number"] != number)


def test_a_month_that_lost_a_receipt_is_not_reported(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    number = shop.receipts[len(shop.receipts) // 2]["receipt_number"]
    with monkeypatch.context() as patch:
        patch.setattr(transform, "build_days", losing(number, transform.build_days))
        assert not report(shop)
        assert f"receipt {number} (" in caplog.text
        assert "neither counted, nor in quarantine, nor before the history" in caplog.text
        assert Lake(shop.storage()).newest(MONTHLY, "2026-10") is None
        assert not report(shop), "nor by the next run"


def test_a_record_without_a_number_is_looked_for_again_in_each_version(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless, cancelled = same_day(shop.receipts)
    nameless["receipt_number"] = None
    save(shop)
    assert report(shop)
    cancel(shop, cancelled)
    held: list[object] = []
    monkeypatch.setattr(
        monthly_report, "check_receipts_complete", lambda _, names: held.append(names) or []
    )
    assert report(shop.at(days_later(1)))
    assert held == [frozenset()]


@pytest.mark.parametrize(
    "sold", ["2026-09-15T18:00:00.000Z", "2026-11-01T11:30:00.000Z", "2026-10-29T18:00:00.000Z"]
)
def test_a_receipt_that_has_moved_is_not_lost(shop: InProcessRun, sold: str) -> None:
    """Before the history, into a day that has not closed, into another day."""
    assert report(shop)
    moved = shop.receipts[len(shop.receipts) // 2]
    moved |= {"receipt_date": sold, "updated_at": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z"}
    (shop.saved / "receipts.json").write_text(json.dumps({"receipts": shop.receipts}))
    assert report(shop.at(days_later(1)))
    assert Lake(shop.storage()).newest(MONTHLY, "2026-10").number == 2


def cancel(shop: InProcessRun, receipt: dict) -> None:
    receipt |= dict.fromkeys(("cancelled_at", "updated_at"), f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z")
    save(shop)


def save(shop: InProcessRun) -> None:
    (shop.saved / "receipts.json").write_text(json.dumps({"receipts": shop.receipts}))


def same_day(receipts: list[dict]) -> tuple[dict, dict]:
    """Two receipts of one day in the middle of the month."""
    middle = receipts[len(receipts) // 2]
    day = middle["receipt_date"][:10]
    return tuple(receipt for receipt in receipts if receipt["receipt_date"][:10] == day)[:2]


def test_what_a_later_build_of_the_same_raw_data_loses_stops_the_next_version(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert report(shop)
    cancelled, lost = same_day(shop.receipts)
    cancel(shop, cancelled)
    number = lost["receipt_number"]
    with monkeypatch.context() as patch:
        patch.setattr(transform, "build_days", losing(number, transform.build_days))
        assert not report(shop.at(days_later(1)))
    assert f"receipt {number} (" in caplog.text
    assert Lake(shop.storage()).newest(MONTHLY, "2026-10").number == 1


def test_a_later_version_reads_only_raw_objects_that_no_version_has_checked(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report(shop)
    cancelled, _ = same_day(shop.receipts)
    cancel(shop, cancelled)
    read: list[str] = []
    check_completeness = conserving.check_completeness

    def note(raw: RawSource, entries: list[RawObject], *rest: object) -> Completeness:
        read.extend(entry.partition for entry in entries)
        return check_completeness(raw, entries, *rest)

    monkeypatch.setattr(conserving, "check_completeness", note)
    assert report(shop.at(days_later(1)))
    newest = Lake(shop.storage()).newest(MONTHLY, "2026-10")
    assert newest.number == 2
    windows = set(Lake(shop.storage()).windows_and_rescans())
    assert read and set(read) < windows and max(read) == max(windows)
    held = Lake(shop.storage()).metadata(MONTHLY, "2026-10", newest)["checked"]
    assert len(held) > len(read)
