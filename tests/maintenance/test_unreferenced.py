"""Leftovers of killed runs: told from foreign objects by their names, removed unless named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.load import BEFORE_HISTORY, MONTHLY, STAGING, Lake, fingerprint_of, open_storage
from pipeline.load.layout import file_key
from pipeline.maintenance.findings import LakeFinding
from pipeline.maintenance.unreferenced import (
    describe_unnamed,
    is_of_a_run,
    named_keys,
    remove_unreferenced,
)

DAY, MONTH = "2026-10-05", "2026-10"
FINGERPRINT = fingerprint_of(1, {}, [])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", publish_wait=0)
    lake.publish(STAGING, DAY, FINGERPRINT, {"day": b"1"}, {}, expected_manifest=None)
    return lake


def finding(lake: Lake, key: str, dataset: str, partition: str) -> LakeFinding | None:
    return describe_unnamed(lake, lake.storage.head(key), dataset, partition)


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("report.html", True),
        ("versions/000002.0123456789abcdef.zip", True),
        ("charts/days.svg", True),
        ("versions/2.0123456789abcdef.zip", False),
        ("notes.txt", False),
    ],
)
def test_a_file_of_a_report_is_known_by_its_name(lake: Lake, name: str, is_ours: bool) -> None:
    key = f"{MONTHLY}/{MONTH}/{name}"
    assert is_of_a_run(key, MONTHLY, MONTH) is is_ours
    lake.storage.put(key, b"1")
    result = finding(lake, key, MONTHLY, MONTH)
    assert (result.is_wrong, result.unreferenced_key) == ((False, key) if is_ours else (True, ""))
    assert (result.remedy.partition(":")[0] == "if it is not yours, move it away") is not is_ours


def test_an_unreferenced_file_is_removed_and_what_a_manifest_names_stays(lake: Lake) -> None:
    named = file_key(STAGING, DAY, "day")
    assert is_of_a_run(file_key(BEFORE_HISTORY, MONTH, "outside"), BEFORE_HISTORY, MONTH)
    left = file_key(STAGING, "2026-10-06", "day")
    lake.storage.put(left, b"2")
    assert named_keys(lake, STAGING, DAY) == {named}
    assert named_keys(lake, STAGING, "2026-10-06") == set()
    findings = [finding(lake, left, STAGING, "2026-10-06"), finding(lake, named, STAGING, DAY)]
    assert remove_unreferenced(lake, findings) == [left]
    assert lake.storage.head(left) is None and lake.storage.get(named) == b"1"
    assert remove_unreferenced(lake, []) == []


def test_an_unreferenced_file_that_has_changed_or_gone_meanwhile_stays_as_it_is(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run in progress may replace it while the removal waits."""
    keys = [file_key(STAGING, day, "day") for day in ("2026-10-06", "2026-10-07")]
    for key in keys:
        lake.storage.put(key, b"2")
    findings = [finding(lake, key, STAGING, "2026-10-06") for key in keys]

    def meanwhile(_: float) -> None:
        lake.storage.put(keys[0], b"other")
        lake.storage.remove(keys[1])

    monkeypatch.setattr("pipeline.maintenance.unreferenced.time.sleep", meanwhile)
    assert remove_unreferenced(lake, findings) == []
    assert lake.storage.get(keys[0]) == b"other"
