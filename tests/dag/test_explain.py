"""`pos explain` finds each receipt that raw has, and says of it what the tables say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.load import Lake
from pipeline.load.parquet import from_bytes
from tests.dag.in_process import InProcessRun, local

BROKEN = {
    "no date": {"receipt_date": "yesterday"},
    "no date at all": {"receipt_date": None},
    "a wrong clock": {"receipt_date": "1970-01-01T00:00:00.000Z"},
    "no date of change": {"updated_at": "later"},
    "no total": {"total_money": "many"},
    "no time": {"receipt_date": "2026-10-29"},
}


@pytest.mark.parametrize("options", [[], ["--month", "2026-10"]], ids=["all", "month"])
def test_each_receipt_is_found_also_without_a_readable_date(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)

    def run_night() -> None:
        for receipt, fields in zip(shop.receipts, BROKEN.values(), strict=False):
            receipt |= fields
        (shop.saved / "receipts.json").write_text(json.dumps({"receipts": shop.receipts}))
        assert shop.run_nightly()

    shop.prepare("broken", run_night)
    lake = Lake(shop.storage(), publish_wait=0)
    tables = lake.read("sales", "2026-10", ["receipts", "quarantine"])
    counted, rejected = (
        from_bytes(tables[name]).to_pylist() for name in ("receipts", "quarantine")
    )
    assert len(rejected) == len(BROKEN)
    assert {row["record"].split("/")[2] for row in rejected} > {"sold=unknown"}
    for row in rejected:
        with shop.process():
            assert main(["explain", row["receipt_number"], *options]) == 1
        text = f"{row['receipt_number']} is in quarantine: {row['reason']} at {row['pointer']} ("
        assert capsys.readouterr().out.startswith(text)
    for row in counted[:2]:
        with shop.process():
            assert main(["explain", row["receipt_number"], *options]) == 0
        assert f"{row['receipt_number']}, store" in capsys.readouterr().out
