"""Through a real luigid with two workers: the finished tasks stand in its API, and no secret does."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dag.conftest import Till


@pytest.fixture
def luigid(tmp_path: Path, till: Till) -> Iterator[str]:
    """The address of a central scheduler that knows the shipped configuration."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    till.luigi.command()
    log = (tmp_path / "luigid.log").open("wb")
    server = subprocess.Popen([str(Path(sys.executable).parent / "luigid"), "--address", "127.0.0.1", "--port", str(port),
                               "--state-path", str(tmp_path / "state.pickle")], cwd=tmp_path, env=till.luigi.env(), stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(address + "/api/task_list?data=%7B%7D", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)
        log.close()


def ask(address: str, method: str, **data: object) -> dict:
    query = urllib.request.quote(json.dumps(data))
    with urllib.request.urlopen(f"{address}/api/{method}?data={query}", timeout=5) as answer:
        return json.load(answer)["response"]


def test_two_workers_through_luigid(till: Till, luigid: str) -> None:
    till.luigi("MonthlyReport", "--month", "2026-10", "--scheduler-url", luigid, "--workers", "2", scheduler="")
    tasks = ask(luigid, "task_list", status="DONE", upstream_status="")
    families = {task["name"] for task in tasks.values()}
    assert {"RawCatalog", "DailySales", "MonthlySales", "MonthlySummary", "MonthlyReport"} <= families
    report = next(task for task in tasks.values() if task["name"] == "MonthlyReport")
    assert report["tracking_url"].endswith("report.html") and report["progress_percentage"] == 100
    assert all("receipts" in task["status_message"] for task in tasks.values() if task["name"] == "DailySales")
    assert till.luigi.environment["LOYVERSE_TOKEN"] not in json.dumps(tasks)
    assert "Did not run any tasks" in till.luigi("MonthlyReport", "--month", "2026-10", "--scheduler-url", luigid, "--workers", "2", scheduler="")
