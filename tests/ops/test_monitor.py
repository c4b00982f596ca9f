"""A failed run pings the failure address and leaves metrics; a success is in test_wheel.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.cli.monitor import count_quarantined, format_metrics
from pipeline.status.read import Status
from tests.ops.monitored import monitor
from tests.support.runner import Runner


def values(path: Path) -> dict[str, float]:
    """Samples without labels, read as Prometheus reads them."""
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {s.name: s.value for family in families for s in family.samples if not s.labels}


@pytest.mark.parametrize("own_address", [False, True])
def test_a_failed_run_is_reported(luigi: Runner, own_address: bool) -> None:
    luigi.configure("pos", history_starts="2027-01-01")  # refused before anything is read
    metrics = luigi.folder / "pos.prom"
    metrics.write_text("pos_run_success_seconds 17.0\n")
    luigi.configure("monitor", metrics_file=metrics)
    with monitor() as (url, received):
        luigi.environment["PING_URL"] = url
        if own_address:
            luigi.environment["PING_FAILURE_URL"] = url.replace("/ping/1", "/down")
        code, text = luigi.pos("run")
    assert code == 2 and url not in text
    assert received == [("/down" if own_address else "/ping/1/fail", {"code": 2})]
    written = values(metrics)
    assert written["pos_run_exit_code"] == 2
    assert written["pos_run_success_seconds"] == 17, "the last success is kept"
    assert [path.name for path in luigi.folder.glob(".pos.prom*")] == []


def test_a_monitor_that_does_not_answer_changes_no_exit_code(luigi: Runner) -> None:
    luigi.configure("pos", history_starts="2027-01-01")
    luigi.configure("monitor", metrics_file=luigi.folder / "missing" / "pos.prom")
    luigi.environment["PING_URL"] = "ftp://127.0.0.1/secret-word"
    code, text = luigi.pos("run")
    assert code == 2 and "PING_FAILURE_URL is not an https address" in text
    assert "pos.prom cannot be written" in text and "secret-word" not in text


def test_a_metrics_file_that_is_a_folder_leaves_nothing_behind(luigi: Runner) -> None:
    luigi.configure("pos", history_starts="2027-01-01")
    (luigi.folder / "metrics").mkdir()
    luigi.configure("monitor", metrics_file=luigi.folder / "metrics")
    code, text = luigi.pos("run")
    assert code == 2 and "metrics cannot be written: Is a directory" in text
    assert not list(luigi.folder.glob(".metrics*"))


def test_a_month_without_quarantine_has_a_sample_too() -> None:
    """Else a rule sees nothing where it should see zero."""
    status = Status(
        months={"2026-09": 1, "2026-10": 4},
        quarantined_records=[{"business_day": "2026-10-30"}, {"business_day": "2026-10-31"}],
    )
    assert count_quarantined(status) == {'{month="2026-09"}': 0, '{month="2026-10"}': 2}


def test_labels_stand_in_braces(tmp_path: Path) -> None:
    text = format_metrics({"pos_run_partitions": {'{dataset="sales"}': 3}, "pos_lake_gaps": {}})
    (family,) = text_string_to_metric_families(text)
    assert family.type == "gauge" and family.documentation
    assert [(s.labels, s.value) for s in family.samples] == [({"dataset": "sales"}, 3.0)]
