"""Versions of reports: the same lake gives the same bytes in any order of tasks, the version
history is complete, and "changes since the previous version" names what changed and nothing else.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.load import Lake
from pipeline.load.layout import manifest_of
from pipeline.schema import RECEIPT_FIGURES, arrow
from pipeline.tasks import MonthlyReport, monthly_report
from tests.support.fake_pos import FakePos

pytestmark = pytest.mark.timeout(1200)  # several runs each, also on a slow machine

LATER = datetime(2026, 11, 3, 12, tzinfo=UTC)


def files_of(lake: Path) -> dict[str, bytes]:
    """Every file of every report by its place in the lake; the index is derived from them."""
    return {
        str(path.relative_to(lake)): path.read_bytes()
        for path in sorted((lake / "reports").rglob("*"))
        if path.is_file()
    }


def drop_reports(lake: Path) -> None:
    """Take all reports out of the lake, and what was made of them."""
    for folder in ("reports", "_manifests/reports", "_commits/reports", "_manifests/nightly"):
        shutil.rmtree(lake / folder)
    shutil.rmtree(lake / "_commits/nightly")


def history_of(lake: Path) -> set[tuple[str, str, str]]:
    """(report, month, digest) of every version in the lake's log."""
    return {
        (f"reports/{path.parts[-3]}", path.parts[-2], path.stem.rpartition(".")[2])
        for path in (lake / "_manifests/reports").rglob("*.json")
    }


def listed(fake_pos: FakePos, month: str) -> list[dict]:
    return fake_pos.figures(month, "cumulative")["currencies"]["MXN"]["version_history"]["versions"]


def test_the_same_lake_gives_the_same_reports_in_any_order(quiet_pos: FakePos, tmp_path) -> None:
    fake_pos, lakes = quiet_pos, {}
    number = fake_pos.some_receipt(date(2026, 10, 29), hour=18)["receipt_number"]
    for workers in ("1", "2"):
        lakes[workers] = tmp_path / f"lake-{workers}"
        fake_pos.luigi.configure("lake", url=lakes[workers])
        fake_pos.set_clock(datetime(2026, 10, 31, 12, tzinfo=UTC)).run_nightly("--workers", workers)
        if workers == "1":
            fake_pos.book.cancel(number, datetime(2026, 10, 31, 18, tzinfo=UTC))
        fake_pos.set_clock(LATER).run_nightly("--workers", workers)
    first, second = (files_of(lake) for lake in lakes.values())
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []

    shutil.move(lakes["1"], tmp_path / "lake")  # where FakePos.figures looks
    rows = listed(fake_pos, "2026-11")
    assert {(row["report"], row["month"], row["digest"]) for row in rows if row["digest"]} == {
        entry
        for entry in history_of(tmp_path / "lake")
        if entry[:2] != ("reports/cumulative", "2026-11")
    }
    assert [row for row in rows if not row["digest"]] == [
        {
            "report": "reports/cumulative",
            "month": "2026-11",
            "version": "1",
            "digest": "",
            "change": "first",
        }
    ]

    fake_pos.luigi.configure("lake", url=tmp_path / "lake")
    drop_reports(tmp_path / "lake")
    for month in ("2026-10", "2026-11"):
        fake_pos.luigi("CumulativeReport", "--month", month)
    fake_pos.luigi.configure("lake", url=lakes["2"])
    drop_reports(lakes["2"])
    fake_pos.luigi("MonthlyReport", "--month", "2026-11")
    fake_pos.luigi("CumulativeReport", "--month", "2026-10", "--workers", "2")
    fake_pos.luigi("CumulativeReport", "--month", "2026-11", "--workers", "2")
    one, other = files_of(tmp_path / "lake"), files_of(lakes["2"])
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_only_receipts_that_moved_a_figure_are_named(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    fake_pos.set_clock(LATER).run_nightly()
    numbers = [
        fake_pos.some_receipt(date(2026, 10, day), hour=18)["receipt_number"] for day in (29, 30)
    ]
    changed = datetime(2026, 11, 3, 18, tzinfo=UTC)
    fake_pos.book.change(numbers[0], changed, receipt_date="2026-11-01T20:00:00.000Z")
    fake_pos.book.change(numbers[1], changed, note="only a note")
    fake_pos.set_clock(datetime(2026, 11, 4, 12, tzinfo=UTC)).run_nightly()
    report = fake_pos.luigi.folder / "lake/reports/monthly/2026-10/report.md"
    text = report.read_text()
    assert numbers[0] in text and numbers[1] not in text
    assert fake_pos.figures()["currencies"]["MXN"]["changes"]["cause"] == "data"

    settings = fake_pos.figures()["lineage"]["settings"]
    fake_pos.luigi.configure("report", locale="en_GB")
    fake_pos.run_nightly()
    figures = fake_pos.figures()
    assert figures["currencies"]["MXN"]["changes"] == {"cause": "settings", "changed": []}
    assert figures["lineage"]["settings"] != settings and figures["lineage"]["version"] == "3"
    text = report.read_text()
    assert "No figure changed" in text and "the data were not corrected" in text
    causes = [
        row["change"] for row in listed(fake_pos, "2026-11") if row["report"] == "reports/monthly"
    ]
    assert causes.count("data") == 1
    manifest = next(
        (fake_pos.luigi.folder / "lake/_manifests/reports/monthly/2026-10").glob("000003.*")
    )
    assert json.loads(manifest.read_text())["metadata"]["change"] == "settings"


@pytest.mark.parametrize(("version", "count"), [(RECEIPT_FIGURES.version, 1), (1, 0)])
def test_receipts_are_compared_with_digests_of_the_same_version_only(
    monkeypatch: pytest.MonkeyPatch, version: int, count: int
) -> None:
    row = {
        "store_id": "s",
        "receipt_number": "1-1",
        "state": "counted",
        "currency": "MXN",
        "receipt_type": "SALE",
        "business_day": date(2026, 10, 1),
        "is_late": False,
        "total": Decimal("10.00"),
        "figures": "a" * 16,
        "source": "a" * 16,
    }
    now = pa.Table.from_pylist([row], arrow(RECEIPT_FIGURES, 2))
    metadata = {**arrow(RECEIPT_FIGURES, 2).metadata, b"version": str(version).encode()}
    earlier = pa.Table.from_pylist(
        [row | {"figures": "b" * 16}], now.schema.with_metadata(metadata)
    )
    monkeypatch.setattr(monthly_report, "read_tables", lambda *_: {RECEIPT_FIGURES.name: now})
    monkeypatch.setattr(monthly_report, "read_table", lambda *_: earlier)
    monkeypatch.setattr(Lake, "read", lambda *_, **__: {"receipts.parquet": b""})
    report = MonthlyReport(month=date(2026, 10, 1))
    before = manifest_of("reports/monthly", "2026-10", 1, "0" * 16, "0" * 16)
    assert len(report.changed_since(before)) == count
