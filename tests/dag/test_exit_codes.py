"""Every documented exit code, provoked with the shipped configuration."""

from __future__ import annotations

import re
import secrets
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.support.fake_pos import FakePos
from tests.support.runner import ROOT, Runner

OUTSIDE = """
import luigi

class Invoice(luigi.ExternalTask):
    def output(self):
        return luigi.LocalTarget("never.csv")
"""
BROKEN = """
import luigi

class Nothing(luigi.Task):
    def output(self):
        return luigi.LocalTarget("never.csv")

class Crash(luigi.Task):
    def complete(self):
        raise RuntimeError("the disk is on fire")
"""
PAGES = [(ROOT / "README.md").read_text(), (ROOT / "docs" / "runbook.md").read_text()]


@pytest.mark.parametrize("code", [0, 10, 20, 25, 30, 35, 40])
def test_every_code_stands_in_readme_and_runbook(code: int) -> None:
    assert all(re.search(rf"^\| {code} \|", page, re.MULTILINE) for page in PAGES)


def test_10_the_same_command_runs_already(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    locks = fake_pos.luigi.folder / "locks"
    first = fake_pos.luigi.start("Nightly")
    try:
        for _ in range(3000):
            if any(locks.rglob("*.pid")):
                break
            time.sleep(0.02)
        first.send_signal(
            signal.SIGSTOP
        )  # so that it holds the lock for as long as the second looks
        text = fake_pos.luigi("Nightly", code=10)
        assert (
            f"running already on the lake {fake_pos.luigi.folder / 'lake'} (process {first.pid}"
            in text
        )
    finally:
        first.kill()
        first.communicate()


@pytest.mark.parametrize(
    ("source", "task", "code", "said"),
    [
        (OUTSIDE, "Invoice", 20, "missing external dependencies"),
        (BROKEN, "Nothing", 30, "failed"),
        (BROKEN, "Crash", 35, "the disk is on fire"),
    ],
)
def test_what_luigi_itself_finds(
    luigi: Runner, source: str, task: str, code: int, said: str
) -> None:
    (luigi.folder / "outside.py").write_text("import pipeline\n" + source)
    assert said in luigi("--module", "outside", task, code=code)


def test_25_the_scheduler_does_not_run_a_task(luigi: Runner) -> None:
    luigi.configure("resources", pos_api=0)
    assert "not granted run permission" in luigi("RawCatalog", code=25)


def test_30_a_task_fails_and_says_why_without_the_token(quiet_pos: FakePos) -> None:
    wrong = quiet_pos.luigi.environment["LOYVERSE_TOKEN"] = secrets.token_hex(16)
    log = quiet_pos.run_nightly(code=30)
    assert "401" in log and "Access tokens" in log and wrong not in log
    quiet_pos.luigi.environment["LOYVERSE_TOKEN"] = quiet_pos.server.token
    quiet_pos.luigi("RawCatalog")


def test_35_an_invalid_month(luigi: Runner) -> None:
    log = luigi("MonthlyReport", "--month", "2019-01", code=35)
    assert "none of its business days has closed within the shop's history" in log


def test_40_a_parameter_that_cannot_be_read(luigi: Runner) -> None:
    assert "2026-13 is not a month; write it as 2026-10" in luigi(
        "MonthlyReport", "--month", "2026-13", code=40
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_40_a_scheduler_that_is_not_there(luigi: Runner, workers: str) -> None:
    """Said at once, without any of Luigi's waits of half a minute, and before anything is planned."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        log = luigi(
            "RawCatalog", "--scheduler-url", address, "--workers", workers, code=40, scheduler=""
        )
    assert "no scheduler answers at [core] scheduler_url: start one" in log
    assert "Connection refused" in log and "Wait for" not in log and "Traceback" not in log
    assert not (luigi.folder / "lake").exists()


def test_40_a_scheduler_that_never_answers(luigi: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        log = luigi("RawCatalog", "--scheduler-url", address, code=40, scheduler="")
    assert "no scheduler answers" in log and "timed out" in log and "Wait for" not in log


def test_2_a_setting_that_is_wrong(luigi: Runner) -> None:
    luigi.configure("shop", timezone="America/Nowhere")
    code, text = luigi.pos("status")
    assert code == 2 and "is not an IANA time zone" in text and "Traceback" not in text


def test_a_run_that_is_told_to_end_ends_and_the_next_one_goes_on(quiet_pos: FakePos) -> None:
    first = quiet_pos.luigi.start("Nightly")
    log = quiet_pos.luigi.folder / "lake"
    for _ in range(2400):
        if any(Path(log).glob("_manifests/raw/receipts/*")):
            break
        time.sleep(0.05)
    assert first.poll() is None, "it has ended before it was told to"
    first.terminate()
    first.communicate(timeout=240)
    assert first.returncode not in (0, None)
    quiet_pos.run_nightly()
    assert "Did not run any tasks" in quiet_pos.run_nightly()


def test_pos_run_hands_the_code_of_luigi_back(luigi: Runner) -> None:
    assert luigi.pos("run", "--no-such-option")[0] == 2
