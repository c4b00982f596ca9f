"""Partitions that the tests of publishing fill and settle."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import Conflict
from pipeline.load import MONTH_DATASET, Lake, Storage, fingerprint_of

OLD, NEW = fingerprint_of(1, {}, []), fingerprint_of(2, {}, [])
MONTH = "2026-10"


def lake(storage: Storage, run: str = "run") -> Lake:
    return Lake(storage, run, publish_wait=0)


def fill(
    storage: Storage, text: str = "old", fingerprint: str = OLD, dataset: str = MONTH_DATASET
) -> None:
    item = lake(storage)
    files = {
        name: f"{name} {text}".encode() for name in ("receipts", "sales", "payments", "quarantine")
    }
    item.publish(
        dataset,
        MONTH,
        fingerprint,
        files,
        {"text": text},
        expected_manifest=item.newest(dataset, MONTH),
    )


def settle(reopen: Callable[[], Storage], text: str, fingerprint: str) -> None:
    """Fill a partition; after a Conflict, start again, at most twice."""
    for _ in range(2):
        try:
            return fill(reopen(), text, fingerprint)
        except Conflict:
            continue
    return fill(reopen(), text, fingerprint)
