"""Partitions that are published together: each keeps what it would have alone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.errors import Conflict, Corrupt
from pipeline.load import MONTH_DATASET, STAGING, Manifest, Storage, local
from pipeline.load.publication import Content
from pipeline.load.storage import Write
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check
from tests.load.partitions import NEW, OLD, lake

DAYS = ["2026-10-05", "2026-10-06", "2026-10-07"]


def publish(storage: Storage, text: str, fingerprint: str, days: list[str] = DAYS) -> list:
    item = lake(storage)
    return item.publish_all(
        [
            Content(
                STAGING,
                day,
                fingerprint,
                {"day": f"{day} {text}".encode(), "more": f"{day} more {text}".encode()},
                {"text": text},
                item.newest(STAGING, day),
            )
            for day in days
        ]
    )


def test_partitions_together_are_as_each_alone(folder: Storage, tmp_path: Path) -> None:
    publish(folder, "old", OLD)
    together = check(folder, quiet=True)
    alone = type(folder)(tmp_path / "alone")
    for day in DAYS:
        publish(alone, "old", OLD, [day])
    assert check(alone, quiet=True).keys() == together.keys()
    assert lake(folder).read(STAGING, DAYS[1])["day"] == b"2026-10-06 old"


def test_data_goes_before_commit_records_and_these_before_manifests(folder: Storage) -> None:
    storage = FaultyStorage(folder, 1 << 60, after=False, commands=("PUT",))
    publish(storage, "old", OLD)
    kinds = [line.split(" ", 1)[1].split("/")[0] for line in storage.made if "PUT" in line]
    assert kinds == ["staging"] * 6 + ["_commits"] * 3 + ["_manifests"] * 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_every_write_no_partition_is_mixed_or_lost(
    folder: Storage, tmp_path: Path, after: bool
) -> None:
    for position in range(1, 40):
        place = type(folder)(tmp_path / str(position))
        publish(place, "old", OLD)
        final = check(place, quiet=True)
        faulty = FaultyStorage(place, position, after=after, commands=("PUT",))
        with suppress(Killed):
            publish(faulty, "new", NEW)
        final = check(place, final)
        for day in DAYS:
            try:
                files = lake(place).read(STAGING, day)
            except Corrupt as error:
                assert "half-published" in str(error)
                continue
            text = lake(place).metadata(STAGING, day)["text"]
            assert files == {
                "day": f"{day} {text}".encode(),
                "more": f"{day} more {text}".encode(),
            }
        assert all(isinstance(result, Manifest) for result in publish(place, "new", NEW))
        check(place, final, quiet=True)
        if not faulty.is_spent:
            assert position == 13, "six files, three commit records, three manifests"
            return
    raise AssertionError("the publication never survived")


def test_a_conflict_of_one_partition_stops_no_other(folder: Storage) -> None:
    publish(folder, "old", OLD)
    item, other = lake(folder), lake(folder)
    contents = [
        Content(STAGING, day, NEW, {"day": b"new " + day.encode()}, {}, item.newest(STAGING, day))
        for day in DAYS
    ]
    newest = other.newest(STAGING, DAYS[1])
    other.publish(STAGING, DAYS[1], "f" * 16, {"day": b"other"}, {}, expected_manifest=newest)
    first, second, third = item.publish_all(contents)
    assert isinstance(first, Manifest) and isinstance(third, Manifest)
    assert isinstance(second, Conflict)
    assert lake(folder).read(STAGING, DAYS[1]) == {"day": b"other"}
    assert lake(folder).read(STAGING, DAYS[2]) == {"day": b"new 2026-10-07"}
    check(folder, quiet=True)


def test_writes_together_are_on_the_disk_before_they_have_a_name(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, move = local.sync_file_system, Path.replace
    monkeypatch.setattr(local, "_MAX_SINGLE_SYNCS", 0)
    monkeypatch.setattr(local, "sync_file_system", lambda root: steps.append("sync") or sync(root))

    def replace(path: Path, target: Path) -> Path:
        steps.append(f"move to {target.relative_to(folder.root)}")
        return move(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    etag, again = folder.put_all([Write("a/k", b"1", True), Write("b/k", b"2", True)])
    assert steps == ["sync", "move to a/k", "move to b/k"], "one sync, then the names"
    folder.sync()
    folder.sync()
    assert steps[3:] == ["sync"], "the names, once"
    (refused,) = folder.put_all([Write("a/k", b"other", True)])
    assert folder.get("a/k") == b"1" and folder.head("b/k").etag == again
    assert isinstance(refused, Conflict)
    assert folder.put_all([Write("a/k", b"1", True)]) == [etag], "its own bytes are no conflict"
    monkeypatch.setattr(local, "_MAX_SINGLE_SYNCS", 6)
    steps.clear()
    folder.put_all([Write("c/k", b"3", True)])
    assert steps == ["sync", "move to c/k"], "a few wait for the many before them"
    assert [*(folder.root / ".writing").iterdir()] == [folder.root / ".writing" / "lock"]


def test_what_is_acknowledged_is_on_the_disk(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of the manifests too, which are moved last."""
    steps: list[str] = []
    sync, move = local.sync_file_system, Path.replace
    monkeypatch.setattr(local, "_MAX_SINGLE_SYNCS", 0)
    monkeypatch.setattr(local, "sync_file_system", lambda root: steps.append("sync") or sync(root))

    def replace(path: Path, target: Path) -> Path:
        steps.append(str(target.relative_to(folder.root)))
        return move(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    publish(folder, "old", OLD)
    assert [step.split("/")[0] for step in steps[-4:]] == ["_manifests"] * 3 + ["sync"]


@pytest.mark.parametrize("names", ["abc", "cab", "bca"])
def test_every_run_puts_the_same_file_first(folder: Storage, names: str) -> None:
    """All runs compete for it, and the one that loses it has changed no other."""
    storage = FaultyStorage(folder, 1 << 60, after=False, commands=("PUT",))
    files = {name: name.encode() for name in names}
    lake(storage).publish(MONTH_DATASET, "2026-10", OLD, files, {}, expected_manifest=None)
    written = [line.rpartition("/")[2] for line in storage.made if " _" not in line]
    assert written[0].startswith("a.")
