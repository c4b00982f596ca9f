"""What the check of the sums leaves to the next run."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.load import SUMMARY, Lake, fingerprint_of, open_storage
from pipeline.maintenance.reconcile import _check_summary

MONTH = "2026-10"


def test_a_summary_that_is_missing_invalidated_or_older_is_not_compared(tmp_path: Path) -> None:
    """It is built again from the month as it is."""
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", publish_wait=0)
    with duckdb.connect() as engine:
        assert list(_check_summary(lake, engine, MONTH, "digest")) == []
        inputs = {"inputs": {f"sales/{MONTH}": "another digest"}}
        fingerprint = fingerprint_of(1, {}, [])
        lake.publish(SUMMARY, MONTH, fingerprint, {"days": b"1"}, inputs, expected_manifest=None)
        assert list(_check_summary(lake, engine, MONTH, "digest")) == []
        lake.invalidate(SUMMARY, MONTH, "a test")
        assert list(_check_summary(lake, engine, MONTH, "another digest")) == []
