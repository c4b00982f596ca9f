"""`pos run` and its luigi end together; a killed one has a message, a code and an alert."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.child_process import _forwarding_signals
from pipeline.cli import main, run_log
from pipeline.deliver import Alert, explain_code
from tests.support.fake_pos import FakePos
from tests.support.runner import ROOT, Runner

CHILD = str(ROOT / "pipeline/child_process.py")
SLEEPER = """
import multiprocessing, os, pathlib, time
import runpy

runpy.run_path(CHILD)["exit_with_parent"]()
def worker():
    pathlib.Path("worker").write_text(str(os.getpid()))
    time.sleep(60)

child = multiprocessing.get_context("fork").Process(target=worker)
child.start()
while not pathlib.Path("worker").exists():
    time.sleep(0.02)
pathlib.Path("luigi").write_text(str(os.getpid()))
ENDING
"""


def has_ended(pid: int, seconds: float = 40.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def start(folder: Path, ending: str = "time.sleep(60)") -> tuple[subprocess.Popen, int, int]:
    """A parent that runs a stand-in for luigi with one worker; waits until all three live."""
    (folder / "luigi.py").write_text(
        SLEEPER.replace("ENDING", ending).replace("CHILD", repr(CHILD))
    )
    # by its path: the package imports the real luigi, which the stand-in hides
    code = f"import runpy; raise SystemExit(runpy.run_path({CHILD!r})['run_luigi']('Nightly'))"
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    found = []
    for name in ("luigi", "worker"):
        for _ in range(6000):
            if (folder / name).exists() and (text := (folder / name).read_text()):
                break
            time.sleep(0.02)
        found.append(int(text))
    return parent, *found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_luigi_and_its_workers_end_with_their_parent(
    tmp_path: Path, number: signal.Signals
) -> None:
    parent, luigi, worker = start(tmp_path)
    parent.send_signal(number)
    said = parent.communicate(timeout=120)[1]
    assert has_ended(luigi) and has_ended(worker)
    if number == signal.SIGKILL:
        assert parent.returncode == -number
    else:
        assert parent.returncode == 128 + number and f"ended by {number.name}" in said


def test_a_killed_luigi_is_reported_and_its_worker_ended(tmp_path: Path) -> None:
    parent, _, worker = start(tmp_path, "os.kill(os.getpid(), 9)")
    said = parent.communicate(timeout=120)[1]
    assert (
        parent.returncode == 137
        and "killed by signal 9 (SIGKILL): out of memory?" in said
        and "What to do" in said
    )
    assert has_ended(worker)


def test_codes_beyond_128_are_explained() -> None:
    assert "out of memory?" in explain_code(137)[0] and "SIGSEGV" in explain_code(139)[0]
    alert = Alert(__import__("datetime").date(2026, 11, 1), 137)
    assert "killed by signal 9" in alert.text and "fewer --workers" in alert.text
    assert "outside of the pipeline" in explain_code(128)[0]


def test_a_run_that_is_killed_or_terminated_sends_an_alert_unless_by_ctrl_c(
    luigi: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipeline import settings
    from pipeline.cli import run as run_command

    alerts: list[int] = []
    monkeypatch.setattr(settings, "lake_state_folder", lambda: tmp_path / "state")
    monkeypatch.setattr(run_command, "send_alert", lambda code, _: alerts.append(code))
    monkeypatch.setattr(run_command, "_run_nightly", lambda *_: 137)
    assert main(["run"]) == 137 and alerts == [137]

    def end(*_: object) -> int:
        raise SystemExit(143)

    monkeypatch.setattr(run_command, "_run_nightly", end)
    with pytest.raises(SystemExit) as ended:
        main(["run"])
    assert ended.value.code == 143 and alerts == [137, 143]
    (log,) = run_log.find_logs(tmp_path / "state")
    assert "ended with exit code 143" in log.read_text()

    monkeypatch.setattr(
        run_command, "_run_nightly", lambda *_: (_ for _ in ()).throw(SystemExit(130))
    )
    with pytest.raises(SystemExit):
        main(["run"])
    monkeypatch.setattr(
        run_command, "_run_nightly", lambda *_: (_ for _ in ()).throw(OSError("no space"))
    )
    with pytest.raises(OSError, match="no space"):
        main(["run"])
    assert alerts == [137, 143, 1], "no alert for Ctrl-C, one for an unexpected error"


def test_a_run_ends_with_its_own_code_where_its_log_cannot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with run_log.keep(tmp_path / "state", datetime(2026, 11, 2, tzinfo=UTC)) as log:
        log.code = 30
        shutil.rmtree(tmp_path / "state")
    assert "the end of the run cannot be logged" in caplog.text


def test_the_log_of_a_dead_run_is_not_running_when_another_user_has_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(process: int, number: int) -> None:
        raise PermissionError

    (tmp_path / "run.4711.log").write_text("--- process 4711")
    monkeypatch.setattr("os.kill", kill)
    assert run_log.find_logs(tmp_path) and not run_log.is_running(tmp_path / "run.4711.log")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """nohup: luigi ignores SIGHUP too, and a parent that handled it would have it killed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(0.3)"], process_group=0
        )
        with _forwarding_signals(child) as received:
            os.kill(os.getpid(), signal.SIGHUP)
            assert child.wait() == 0 and not received
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_tail_reads_the_last_run_and_follows_one_that_runs(
    quiet_pos: FakePos,
) -> None:
    runner = quiet_pos.luigi
    code, said = runner.pos("tail")
    assert code == 1 and "`pos run` starts one" in said
    state = runner.folder / "state"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner.run_module, "pipeline", "run")
        for _ in range(6000):
            if folders := [path.parent for path in state.glob("*/run.*.log")]:
                break
            time.sleep(0.02)
        tail = runner.run_module("pipeline", "tail")
        assert running.result(200).returncode == 0
    code, said = tail.returncode, tail.stdout
    assert (
        code == 0
        and "done     Nightly(date=2026-10-30)" in said
        and said.rstrip().endswith("ended with exit code 0")
    )
    assert quiet_pos.luigi.environment["LOYVERSE_TOKEN"] not in said
    code, said = runner.pos("tail", "--lines", "1")
    assert code == 0 and said == "--- ended with exit code 0\n"
    for log in run_log.find_logs(folders[0]):
        log.unlink()
    code, said = runner.pos("tail")
    assert code == 0 and "the last one in" in said and "windows        3 new" in said


def test_the_log_of_a_killed_run_has_no_end(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f"run.{gone.pid}.log").write_text("--- process\nline\n")
    assert not run_log.is_running(tmp_path / f"run.{gone.pid}.log") and not run_log.has_ended(
        tmp_path / f"run.{gone.pid}.log"
    )
