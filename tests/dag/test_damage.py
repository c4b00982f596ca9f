"""Damage by hand: it is found before any figure is computed from it, and repaired where possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.load import MONTH_DATASET, STAGING, SUMMARY, Lake, month_packs
from tests.dag.in_process import FIRST, InProcessRun, days_later, local, save_shop


def flip(path: Path) -> bytes:
    """Flip one bit in the middle of a file, and return what was there."""
    body = path.read_bytes()
    path.write_bytes(
        body[: len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1 :]
    )
    return body


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """A lake of two runs."""
    return InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch).after(2)


def run_at(shop: InProcessRun, days: int) -> bool:
    """Whether a run so many days later ends well, over what the shop shows then."""
    save_shop(shop.saved, days_later(days))
    return shop.at(days_later(days)).run_nightly()


def test_a_flipped_byte_in_staging_is_found_and_repaired(
    shop: InProcessRun, caplog: pytest.LogCaptureFixture
) -> None:
    broken = shop.folder / f"lake/staging/day={FIRST}/day.arrow.zst"
    sound = flip(broken)
    Lake(shop.storage()).invalidate(MONTH_DATASET, "2026-10", "to be made of all its days")
    assert run_at(shop, 2)
    assert "it is rebuilt" in caplog.text
    assert caplog.text.count("requirements") <= 3, "tasks are started again and again"
    assert broken.read_bytes() == sound


def test_a_flipped_byte_in_a_month_that_only_the_status_reads_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    assert shop.run_nightly() and shop.at(days_later(2)).run_nightly()
    broken = tmp_path / "lake/receipts/year=2026/month=10/receipts.parquet"
    sound = flip(broken)
    assert shop.at(days_later(3)).run_nightly()
    assert broken.read_bytes() == sound


def test_a_flipped_byte_in_a_summary_that_all_reports_share_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run reads the months of a long history once, before the reports that have one rebuilt."""
    monkeypatch.setattr(month_packs, "MAX_MISSING", 0)
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    assert shop.run_nightly() and shop.at(days_later(2)).run_nightly()
    broken = tmp_path / "lake/summary/_tables/year=2026/month=10/tables.arrow.zst"
    sound = flip(broken)
    shop.storage().remove(month_packs.pack_key(SUMMARY))
    assert shop.at(days_later(3)).run_nightly()
    assert broken.read_bytes() == sound


def test_a_flipped_byte_in_raw_stops_the_run_and_names_the_object(
    shop: InProcessRun, caplog: pytest.LogCaptureFixture
) -> None:
    broken = next((shop.folder / f"lake/raw/receipts/sold={FIRST}").glob("*.zst"))
    sound = flip(broken)
    Lake(shop.storage()).invalidate(STAGING, str(FIRST), "to be read again from raw")
    assert not run_at(shop, 2)
    assert f"{broken.name} was altered after it was committed" in caplog.text
    broken.write_bytes(sound)
    assert run_at(shop, 2)
