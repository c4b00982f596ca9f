"""luigid as docker/luigid.sh starts it: on loopback, with history and metrics, and no one can pause
it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

HAS_HISTORY = importlib.util.find_spec("sqlalchemy") is not None and sys.version_info < (3, 13)
PROBE = """
import luigi

class Probe(luigi.Task):
    done = False

    def complete(self):
        return Probe.done

    def run(self):
        Probe.done = True
"""


@pytest.fixture(scope="module")
def luigid(
    tmp_path_factory: pytest.TempPathFactory, root: Path
) -> Iterator[tuple[str, Path, subprocess.Popen]]:
    """Address, state folder and process of a running luigid."""
    state = tmp_path_factory.mktemp("luigid") / "state"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "LUIGID_STATE": str(state), "LUIGID_PORT": str(port)}
    with (state.parent / "log").open("w") as log:
        process = subprocess.Popen(
            ["sh", root / "docker/luigid.sh"], env=env, stderr=subprocess.STDOUT, stdout=log
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=4).close()
            break
        except urllib.error.URLError:
            assert process.poll() is None, (state.parent / "log").read_text()
            time.sleep(0.1)
    yield address, state, process
    process.terminate()
    assert process.wait(40) == 0
    assert (state / "state.pickle").exists(), "its state is kept over a restart"
    assert "Scheduler starting up" in (state.parent / "log").read_text()


def ask(address: str, path: str) -> str:
    with urllib.request.urlopen(f"{address}/{path}", timeout=20) as answer:
        return answer.read().decode()


def test_it_listens_on_loopback_only(luigid) -> None:
    address, _, process = luigid
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False)
    if listening.returncode == 0:
        lines = [line for line in listening.stdout.splitlines() if f"pid={process.pid}," in line]
        assert lines and all("127.0.0.1:" in line for line in lines)
    port = int(address.rpartition(":")[2])
    with socket.socket() as elsewhere, pytest.raises(ConnectionRefusedError):
        elsewhere.connect(("127.0.0.2", port))


def test_nobody_can_pause_it(luigid) -> None:
    ask(luigid[0], "api/pause")
    assert json.loads(ask(luigid[0], "api/is_paused"))["response"] == {"paused": False}


def test_its_folder_is_its_own(luigid) -> None:
    assert stat.S_IMODE(luigid[1].stat().st_mode) == 0o700


def test_a_finished_task_is_in_the_metrics_and_in_the_history(luigid, tmp_path: Path) -> None:
    (tmp_path / "ops_probe.py").write_text(PROBE)
    command = [
        sys.executable,
        "-m",
        "luigi",
        "--module",
        "ops_probe",
        "Probe",
        "--scheduler-url",
        luigid[0],
        "--no-lock",
    ]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 'luigi_task_done_total{family="Probe"} 1.0' in ask(luigid[0], "metrics")
    if HAS_HISTORY:
        assert "Probe" in ask(luigid[0], "history")
