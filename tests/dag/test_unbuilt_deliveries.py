"""`pos deliveries` names a report that the next run builds and then sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.tasks.cumulative_report import CumulativeReport
from pipeline.tasks.monthly_report import MonthlyReport
from tests.dag.in_process import LAST, InProcessRun, local

pytestmark = pytest.mark.slow
MONTH = LAST.replace(day=1)


def test_a_report_that_is_not_built_is_listed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    shop.options["mail"] = {
        "host": "localhost",
        "sender": "reports@example.com",
        "to": "owner@example.com",
        "open_months": "true",
    }
    assert shop.run_nightly(make=lambda: MonthlyReport(month=MONTH))

    def listed() -> list[str]:
        with shop.process():
            assert main(["deliveries"]) == 1
        return capsys.readouterr().out.splitlines()

    unbuilt = "cumulative  2026-10  not built yet: the next run builds it  to recipient 1 of 1"
    assert listed() == [unbuilt, "monthly     2026-10  version 000001  to recipient 1 of 1"]
    assert shop.run_nightly(make=lambda: CumulativeReport(month=MONTH))
    assert [line.split("  to ")[0] for line in listed()] == [
        "cumulative  2026-10  version 000001",
        "monthly     2026-10  version 000001",
    ]
