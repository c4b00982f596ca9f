"""A run that is killed at any request of a publication leaves nothing wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest

from pipeline.errors import Corrupt
from pipeline.load import MONTH_DATASET, Storage, fingerprint_of
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check
from tests.load.partitions import MONTH, NEW, fill, lake, settle
from tests.load.processes import start
from tests.support.buckets import opener


@pytest.mark.parametrize("kind", ["local", "seaweed"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_every_request_of_a_publication(
    kind: str, after: bool, request: pytest.FixtureRequest, stride: Callable[[int], int]
) -> None:
    """Readers see the old or the new or are told; the next run completes; the invariants hold.
    Request by request until one survives; on S3 every third one, before it and after it by turns,
    but in the scheduled job.
    """
    step = stride(3) if kind == "seaweed" else 1
    for position in range(1 + after * (step - 1), 40, step):
        reopen = opener(kind, request, str(position))
        fill(reopen())
        final = check(reopen(), quiet=True)
        faulty = FaultyStorage(reopen(), position, after=after)
        with suppress(Killed):
            fill(faulty, "new", NEW)
        final = check(reopen(), final)
        try:
            files = lake(reopen()).read(MONTH_DATASET, MONTH)
            assert set(files.values()) in (
                {f"{name} {text}".encode() for name in files} for text in ("old", "new")
            ), "a mix was read"
            assert {text.split()[1] for text in files.values()} == {
                lake(reopen()).metadata(MONTH_DATASET, MONTH)["text"].encode()
            }
        except Corrupt as error:
            assert "half-published" in str(error)
        settle(reopen, "newest", fingerprint_of(3, {}, []))
        assert lake(reopen()).read(MONTH_DATASET, MONTH)["sales"] == b"sales newest"
        check(reopen(), final, quiet=True)
        if not faulty.is_spent:
            assert position > 6
            return
    raise AssertionError("the publication never survived")


def test_killed_for_good_at_every_request(folder: Storage) -> None:
    """The same with SIGKILL, so that no line of clean-up runs."""
    fill(folder)
    final = check(folder, quiet=True)
    for position in range(1, 40):
        child = start(
            fill,
            FaultyStorage(
                folder,
                position,
                after=position % 2 == 0,
                strike=lambda _: os.kill(os.getpid(), signal.SIGKILL),
            ),
            str(position),
            NEW,
        )
        child.join()
        final = check(folder, final)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert position > 8
    settle(lambda: folder, "newest", fingerprint_of(3, {}, []))
    check(folder, final, quiet=True)
