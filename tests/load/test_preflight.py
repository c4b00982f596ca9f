"""The probe of a store: what it costs, and that it costs nothing later."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.load import MONTH_DATASET, Lake, Storage, fingerprint_of
from tests.load.invariants import check
from tests.load.processes import together


def test_a_sound_store_passes_again_and_again(reopen: Callable[[], Storage]) -> None:
    storage = reopen()
    before = storage.requests.copy()
    storage.preflight()
    assert storage.requests - before == {"LIST": 1, "PUT": 4, "GET": 1, "HEAD": 1}
    storage.preflight()
    check(storage, quiet=True)


def test_runs_may_probe_at_the_same_time(reopen: Callable[[], Storage]) -> None:
    list(reopen().list())
    assert together(4, lambda _: reopen().preflight()) == [0] * 4


def test_a_lake_that_was_written_to_is_not_probed_again(storage: Storage) -> None:
    lake = Lake(storage)
    lake.preflight()
    lake.publish(
        MONTH_DATASET,
        "2026-10",
        fingerprint_of(1, {}, []),
        {"sales": b"1"},
        {},
        expected_manifest=lake.newest(MONTH_DATASET, "2026-10"),
    )
    before = storage.requests.copy()
    Lake(storage).preflight()
    assert storage.requests - before == {"LIST": 1}, "the listing that every run needs anyway"
    storage.preflight()
    assert storage.requests["PUT"] - before["PUT"] == 4
