"""Several runs on one lake at once: one winner for each number, and all end with the same content."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from pipeline.errors import Conflict, Corrupt
from pipeline.load import (
    INVALIDATED,
    MONTH_DATASET,
    MONTHLY,
    RAW_RECEIPTS,
    Lake,
    Storage,
    fingerprint_of,
)
from tests.load.faults import FaultyStorage
from tests.load.invariants import check
from tests.load.processes import join, start, stop_here, together
from tests.support.buckets import opener

MONTH = "2026-10"


def bring(
    storage: Storage,
    run: str,
    fingerprint: str,
    files: dict[str, bytes],
    dataset: str = MONTH_DATASET,
) -> None:
    """What a task does: look, build, publish; start again when another was first; heal what is
    broken.
    """
    for _ in range(100):
        lake = Lake(storage, run, publish_wait=1.0)
        newest = lake.newest(dataset, MONTH)
        try:
            if newest and newest.fingerprint == fingerprint:
                assert lake.read(dataset, MONTH).keys() == files.keys()
                return
            lake.publish(dataset, MONTH, fingerprint, files, {"run": run}, expected_manifest=newest)
        except Conflict:
            continue
        except Corrupt:
            if Lake(storage).newest(dataset, MONTH) == newest:
                try:
                    lake.invalidate(dataset, MONTH, "found by a reader")
                except Conflict:
                    continue
    raise AssertionError(f"{run} came to no end")


@pytest.fixture
def place(reopen: Callable[[], Storage]) -> Storage:
    """What is loaded before the fork need not be loaded by every child."""
    list(reopen().list())
    return reopen()


@pytest.mark.parametrize("dataset", [MONTH_DATASET, MONTHLY])
def test_runs_that_build_the_same_agree_on_one_manifest(place: Storage, dataset: str) -> None:
    fingerprint = fingerprint_of(1, {}, [])
    files = {name: name.encode() * 100 for name in ("receipts", "sales", "payments")}
    assert (
        together(8, lambda run: bring(place, f"run{run}", fingerprint, files, dataset)) == [0] * 8
    )
    assert [item.fingerprint for item in Lake(place).manifests_of(dataset, MONTH)] == [fingerprint]
    check(place, quiet=True)


def test_runs_that_build_differently_take_turns_and_end_consistent(place: Storage) -> None:
    """Eight runs with eight contents: each number has one winner, and the last manifest is true to
    what stands there.
    """

    def work(run: int) -> None:
        bring(
            place,
            f"run{run}",
            fingerprint_of(run, {}, []),
            {name: f"{name}{run}".encode() for name in ("receipts", "sales")},
        )

    assert together(8, work) == [0] * 8
    lake = Lake(place, publish_wait=0)
    assert {item.fingerprint for item in lake.manifests_of(MONTH_DATASET, MONTH)} - {
        INVALIDATED
    } == {fingerprint_of(run, {}, []) for run in range(8)}
    if lake.newest(MONTH_DATASET, MONTH).fingerprint == INVALIDATED:
        bring(place, "last", fingerprint_of(9, {}, []), {"receipts": b"r", "sales": b"s"})
    files = Lake(place, publish_wait=0).read(MONTH_DATASET, MONTH)
    assert len({data.strip(b"receiptsal") for data in files.values()}) == 1, (
        "both members are of one run"
    )
    check(place, quiet=True)


def test_runs_that_fetch_the_same_window_leave_one_partition(place: Storage) -> None:
    def work(run: int) -> None:
        with suppress(Conflict):
            Lake(place, f"run{run}").commit_window(
                "2026-10-05", {date(2026, 10, 5): b"%d\n" % (run % 4), None: b"x\n"}, {}
            )

    assert together(8, work) == [0] * 8
    lake = Lake(place)
    assert len(lake.manifests_of(RAW_RECEIPTS, "2026-10-05")) == 1
    texts = [
        lake.read_raw(item)
        for item in lake.raw_objects(date(2026, 10, 5), date(2026, 10, 5), "2026-10-05")
    ]
    assert texts[0] in {b"%d\n" % run for run in range(4)}
    assert texts[1:] == [b"x\n"]
    check(place, quiet=True)


@pytest.mark.parametrize("kind", ["local", "seaweed"])
def test_a_run_stalled_before_each_request_cannot_undo_what_was_published(
    kind: str, request: pytest.FixtureRequest, stride: Callable[[int], int]
) -> None:
    """A run stalls (SIGSTOP), another publishes newer content, the first wakes: the newer stays, or
    is invalidated and built again. On S3 every third request but in the scheduled job.
    """
    old, own, other = (fingerprint_of(number, {}, []) for number in range(3))
    for position in range(1, 30, stride(3) if kind == "seaweed" else 1):
        storage = opener(kind, request, str(position))()
        bring(storage, "first", old, {"receipts": b"r0", "sales": b"s0"})
        final = check(storage, quiet=True)
        stalling = FaultyStorage(storage, position, after=False, strike=stop_here)
        stalling._pass = once(stalling)

        def publish(run: Storage = stalling) -> None:
            lake = Lake(run, "stalled", publish_wait=0)
            try:
                lake.publish(
                    MONTH_DATASET,
                    MONTH,
                    own,
                    {"receipts": b"r1", "sales": b"s1"},
                    {},
                    expected_manifest=lake.newest(MONTH_DATASET, MONTH),
                )
            except Conflict:
                os._exit(3)

        stalled = start(publish)
        stopped = stops(stalled)
        if stopped:
            bring(storage, "second", other, {"receipts": b"r2", "sales": b"s0"})
            os.kill(stalled.pid, signal.SIGCONT)
        join(stalled)
        final = check(storage, final)
        newest = Lake(storage).newest(MONTH_DATASET, MONTH)
        if not stopped:
            assert stalled.exitcode == 0
            assert newest.fingerprint == own
            assert position > 6
            return
        assert stalled.exitcode in (0, 3)
        if (
            stalled.exitcode == 0
        ):  # it had not looked yet when it was stopped, or had taken its number already
            assert position == 1 or newest.fingerprint == other
        else:
            assert newest.fingerprint in (other, INVALIDATED)
        bring(storage, "third", other, {"receipts": b"r2", "sales": b"s0"})
        assert Lake(storage).read(MONTH_DATASET, MONTH) == {"receipts": b"r2", "sales": b"s0"}
        check(storage, final, quiet=True)
    raise AssertionError("the stalled never ran to its end")


def once(
    faulty: FaultyStorage, commands: tuple[str, ...] = ("LIST", "HEAD", "GET", "PUT")
) -> Callable:
    """Strikes at request `at` alone: a stopped process goes on when it is woken."""

    def passing(command_name: str, key: str, request: Callable) -> object:
        with faulty._turn:
            if command_name not in commands:
                return request()
            faulty.made.append(key)
            if len(faulty.made) == faulty.at:
                faulty.strike(key)
        return request()

    return passing


def stops(child: BaseProcess) -> bool:
    """Whether the child came to a stop before it ended; one that does neither is killed."""
    for _ in range(6000):
        if not child.is_alive():
            return False
        if (
            Path(f"/proc/{child.pid}/stat")
            .read_text(encoding="ascii")
            .rpartition(")")[2]
            .split()[0]
            == "T"
        ):
            return True
        time.sleep(0.01)
    child.kill()
    raise AssertionError(f"{child.name} neither stopped nor ended in a minute")
