"""Through a real luigid with two workers: the finished tasks are in its API, no secret is, and a
backfill's batches are complete.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.simulator import Shop
from tests.support.book import Book
from tests.support.fake_pos import FakePos
from tests.support.runner import Runner
from tests.support.server import serve

MOST_A_FETCH = 2  # requests: its last page is seldom full, and it looks once at what has changed in the meantime


@pytest.fixture
def luigid(tmp_path: Path, luigi: Runner) -> Iterator[str]:
    """The address of a central scheduler that knows the shipped configuration."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    luigi.command()
    log = (tmp_path / "luigid.log").open("wb")
    server = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "luigid"),
            "--address",
            "127.0.0.1",
            "--port",
            str(port),
            "--state-path",
            str(tmp_path / "state.pickle"),
        ],
        cwd=tmp_path,
        env=luigi.env(),
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                urllib.request.urlopen(address + "/api/task_list?data=%7B%7D", timeout=8).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(40)
        log.close()


def ask(address: str, method: str, **data: object) -> dict:
    query = urllib.request.quote(json.dumps(data))
    with urllib.request.urlopen(f"{address}/api/{method}?data={query}", timeout=20) as answer:
        return json.load(answer)["response"]


def test_two_workers_through_luigid(fake_pos: FakePos, luigid: str) -> None:
    fake_pos.luigi(
        "MonthlyReport",
        "--month",
        "2026-10",
        "--scheduler-url",
        luigid,
        "--workers",
        "2",
        scheduler="",
    )
    tasks = ask(luigid, "task_list", status="DONE", upstream_status="")
    families = {task["name"] for task in tasks.values()}
    assert {
        "RawCatalog",
        "DailySales",
        "MonthlySales",
        "MonthlySummary",
        "MonthlyReport",
    } <= families
    report = next(task for task in tasks.values() if task["name"] == "MonthlyReport")
    assert report["tracking_url"].endswith("report.html") and report["progress_percentage"] == 100
    assert all(
        re.search(r"receipts|DailySales built", task["status_message"] or "")
        for task in tasks.values()
        if task["name"] == "DailySales"
    )
    assert fake_pos.luigi.environment["LOYVERSE_TOKEN"] not in json.dumps(tasks)
    assert "Did not run any tasks" in fake_pos.luigi(
        "MonthlyReport",
        "--month",
        "2026-10",
        "--scheduler-url",
        luigid,
        "--workers",
        "2",
        scheduler="",
    )


@pytest.fixture
def year_till(luigi: Runner) -> Iterator[FakePos]:
    """A shop that has been open for months."""
    with serve(Book(Shop(opened=date(2026, 7, 31), receipts_per_day=24))) as server:
        fake_pos = FakePos(server, server.source, luigi)
        luigi.configure("pos", history_starts="2026-08-01")
        yield fake_pos


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_backfill_of_months_costs_a_request_for_250_receipts_and_few_for_each_fetch(
    year_till: FakePos, luigid: str, workers: str
) -> None:
    fake_pos, first, last = year_till, date(2026, 8, 1), date(2026, 10, 30)
    log = fake_pos.luigi(
        "Backfill",
        "--first",
        str(first),
        "--last",
        str(last),
        "--scheduler-url",
        luigid,
        "--workers",
        workers,
        scheduler="",
    )
    fetches = re.findall(r"receipts of (\S+) to (\S+): ([\d,]+) records", log)
    months = {f"{first + timedelta(n):%Y-%m}" for n in range((last - first).days + 1)}
    assert len(fetches) == len(months), "one fetch a month"
    ends = sorted((date.fromisoformat(a), date.fromisoformat(b)) for a, b, _ in fetches)
    assert (
        ends[0][0] == first
        and ends[-1][1] == last
        and all(b + timedelta(1) == a for (_, b), (a, _) in pairwise(ends))
    )
    assert {f"{a:%Y-%m}" for a, _ in ends} == months, "calendar months"
    records = sum(int(count.replace(",", "")) for _, _, count in fetches)
    pages = -(-records // 250)
    of_receipts = [request for request in fake_pos.server.requests if request.path != "/shifts"]
    assert records > 2500 and pages <= len(of_receipts) <= pages + MOST_A_FETCH * len(fetches)
    assert len(fake_pos.server.requests) - len(of_receipts) <= len(fetches)
    if workers == "1":
        assert fetches[0][0] == str(first), "the oldest first"
