"""Labour that the owner gives for a store that the POS does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dag.in_process import FIRST, InProcessRun, local


def test_labour_of_an_unknown_store_fails_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    rows = f"date,store,hours,wages\n{FIRST},Nowhere,10,1000.00\n"
    shop.storage().put("inputs/labour.csv", rows.encode())
    assert not shop.run_nightly()
    assert "inputs/labour.csv: line 2: no store is named 'Nowhere'; write one of " in caplog.text
