"""Several runs on one lake at the same time: nothing is lost or counted twice, each log stays
valid, and every run ends well or says why.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.load import INVALIDATED, Lake, Storage, open_storage
from tests.dag.in_process import FIRST, LAST, NOW, InProcessRun, content, local, save_shop
from tests.load.faults import FaultyStorage
from tests.load.invariants import check
from tests.load.processes import join, start, stop_here, together
from tests.load.test_races import once, stops
from tests.support.buckets import opener
from tests.support.inputs import tries
from tests.support.runner import Runner

DONE, FAILED = 0, 30


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """Its first run has ended, in a lake of its own."""
    return InProcessRun(tmp_path, local(tmp_path / "truth"), monkeypatch).after(1)


def settled(shop: InProcessRun, storage: Storage, truth: dict[str, str]) -> None:
    """One more run, and all is as if there had been one: the same content under every stable
    name. The logs may be longer.
    """
    final = check(storage)
    assert shop.run_nightly(storage)
    check(storage, final, quiet=True)
    found = content(storage)
    for key, digest in truth.items():
        assert key.startswith(("_", "reports/")) or found.get(key) == digest, key
    lake = Lake(storage)
    for dataset in ("raw/receipts", "raw/catalog"):
        for name in lake.partitions(dataset):
            assert len(lake.manifests_of(dataset, name)) == 1, "a window is committed once"


@pytest.mark.parametrize("kind", ["local", "seaweed"])
def test_four_runs_at_once(
    shop: InProcessRun, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each on a host of its own: nothing is shared but the lake."""
    truth, storage = content(shop.storage()), opener(kind, request)()
    list(storage.list())

    def run(mine: int) -> None:
        shop.options["pos"]["state_folder"] = str(tmp_path / f"host{mine}")
        os._exit(DONE if shop.run_nightly(storage) else FAILED)

    codes = together(4, run)
    assert codes == [DONE] * 4, "who was overtaken finds that what it wanted is there"
    settled(shop, storage, truth)


def test_four_luigis_at_once(luigi: Runner) -> None:
    """As cron on four machines would start them: no lock of Luigi's, no scheduler in common."""
    save_shop(luigi.folder / "saved", NOW)
    luigi.configure(
        "pos",
        source="files",
        folder=luigi.folder / "saved",
        history_starts=FIRST,
        allowed_lateness_days=1,
        now=NOW.isoformat(),
    )
    runs = []
    for host in range(4):
        luigi.configure("pos", state_folder=luigi.folder / f"host{host}")
        command = luigi.command("MonthlySales", "--month", "2026-10", "--no-lock")
        own = luigi.folder / f"host{host}.cfg"
        own.write_text((luigi.folder / "overrides.cfg").read_text())
        runs.append(
            subprocess.Popen(
                command,
                cwd=luigi.folder,
                env={**luigi.env(), "LUIGI_CONFIG_PATH": str(own)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    logs = [run.communicate(timeout=480)[0] for run in runs]
    assert {run.returncode for run in runs} <= {DONE, FAILED} and DONE in {
        run.returncode for run in runs
    }, logs
    for run, log in zip(runs, logs, strict=True):
        assert (
            run.returncode == DONE or "Conflict: " in log or "Stale: " in log or "Corrupt: " in log
        ), log
        assert "Traceback" not in log, log
    storage = open_storage(str(luigi.folder / "lake"))
    check(storage)
    luigi("MonthlySales", "--month", "2026-10")
    check(storage, quiet=True)
    lake = Lake(storage)
    assert {lake.windows()[str(day)].number for day in (FIRST, LAST)} == {1}


def alone(passing: Callable) -> Callable:
    """One request at a time: a process that is stopped while another of its threads holds a local
    lake's lock would keep it.
    """
    turn = threading.Lock()

    def passed(*request: object) -> object:
        with turn:
            return passing(*request)

    return passed


@pytest.mark.parametrize("at", tries((1, 44), (1, 12, 44, 60)))
def test_a_stalled_run_goes_on(shop: InProcessRun, tmp_path: Path, at: int) -> None:
    """A run stalls before a write (SIGSTOP), the next day's run goes by, the first one wakes:
    it cannot go back behind it.
    """
    storage = local(tmp_path / "lake")()
    stalling = FaultyStorage(storage, at, after=False, commands=("PUT",))
    stalling.strike = stop_here
    stalling._pass = alone(once(stalling, ("PUT",)))
    stalled = start(lambda: os._exit(DONE if shop.run_nightly(stalling) else FAILED))
    assert stops(stalled)
    check(storage)
    later = NOW + timedelta(hours=20)
    save_shop(shop.saved, later)
    assert shop.at(later).run_nightly(storage)
    final, newest = check(storage, quiet=True), numbers(storage)
    os.kill(stalled.pid, signal.SIGCONT)
    join(stalled)
    assert stalled.exitcode in (DONE, FAILED)
    check(storage, final)
    after = numbers(storage)
    assert all(after[name] >= number for name, number in newest.items()), "no log falls back"
    assert shop.run_nightly(storage)
    check(storage, final, quiet=True)
    lake = Lake(storage)
    assert not [
        name
        for dataset in ("staging", "sales", "summary")
        for name in lake.partitions(dataset)
        if lake.newest(dataset, name).fingerprint == INVALIDATED
    ]
    whole = local(tmp_path / "whole")()
    assert shop.run_nightly(whole)
    for key, digest in content(whole).items():
        assert (
            key.startswith(("_", "reports/", "raw/", "nightly"))
            or content(storage).get(key) == digest
        ), key


class Overtaken(FaultyStorage):
    """Just before this run commits its first window, another one commits it, and with other
    content.
    """

    def __init__(self, inner: Storage, shop: InProcessRun):
        super().__init__(inner, 1 << 30, after=False)
        self.truth, self.is_overtaken = Lake(shop.storage()), False

    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        is_first = key.startswith("_commits/raw/receipts/") and not self.is_overtaken
        if is_first:
            self.is_overtaken = True
            held = self.truth.raw_objects(FIRST, LAST + timedelta(days=1), None)
            objects = {
                one.sold: self.truth.read_raw(one).partition(b"\n")[0] + b"\n"
                for one in held
                if one.partition == str(FIRST)
            }
            Lake(self.inner, "other").commit_window(
                str(FIRST), objects, self.truth.window_metadata(str(FIRST))
            )
        return super()._write(key, data, if_absent, if_match)


def test_a_window_that_another_run_has_committed_stands(shop: InProcessRun, tmp_path: Path) -> None:
    storage = local(tmp_path / "lake")()
    assert shop.run_nightly(Overtaken(storage, shop))
    lake = Lake(storage)
    assert lake.body(lake.windows()[str(FIRST)])["run"] == "other"
    held = [lake.read_raw(entry) for entry in lake.raw_objects(FIRST, FIRST)]
    assert held and max(text.count(b"\n") for text in held) == 1, "nothing of this run's"
    check(storage, quiet=True)


def numbers(storage: Storage) -> dict[tuple[str, str], int]:
    lake = Lake(storage)
    return {
        (dataset, name): lake.newest(dataset, name).number
        for dataset in ("staging", "sales", "summary", "reports/monthly")
        for name in lake.partitions(dataset)
    }
