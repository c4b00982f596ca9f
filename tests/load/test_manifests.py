"""The log of a partition: what a name tells, who takes a number, what a damaged log means."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Conflict, Corrupt
from pipeline.load import STAGING, SUMMARY, Lake, Storage, fingerprint_of
from pipeline.load.commit_records import CommitEntry
from pipeline.load.layout import commit_key
from pipeline.load.manifests import ManifestLog

DAY = "2026-10-05"
FINGERPRINT = fingerprint_of(1, {}, [])
DIGESTS = [f"{number:016x}" for number in range(20)]


def log_of(storage: Storage, length: int) -> ManifestLog:
    log = ManifestLog(storage)
    for number in range(length):
        log.append(
            CommitEntry(
                STAGING, DAY, log.newest(STAGING, DAY), FINGERPRINT, DIGESTS[number], {"files": {}}
            )
        )
    return log


def folder_of(storage: Storage) -> Path:
    return storage.root / "_manifests" / STAGING / DAY


@given(
    st.integers(0, 9) | st.text(max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5, unique=True),
    st.randoms(),
)
def test_a_fingerprint_depends_on_its_inputs_and_not_on_their_order(
    version, settings, inputs, random
) -> None:
    fingerprint = fingerprint_of(version, settings, inputs)
    shuffled = list(inputs)
    random.shuffle(shuffled)
    assert fingerprint == fingerprint_of(version, dict(reversed(settings.items())), shuffled)
    assert len(fingerprint) == 16
    assert fingerprint != fingerprint_of(f"{version}+", settings, inputs)
    assert fingerprint != fingerprint_of(version, {**settings, "another": 1}, inputs)
    assert fingerprint != fingerprint_of(version, settings, [*inputs, ("an input", "more")])


def test_fields_do_not_run_together() -> None:
    assert fingerprint_of(1, {}, [("a", "bc")]) != fingerprint_of(1, {}, [("ab", "c")])
    assert fingerprint_of(1, {"a": 1, "b": 2}, []) != fingerprint_of(1, {"a": "1,b=2"}, [])


def test_numbers_rise_and_the_newest_decides(reopen: Callable[[], Storage]) -> None:
    log_of(reopen(), 3)
    log = ManifestLog(reopen())
    assert [item.number for item in log.manifests_of(STAGING, DAY)] == [1, 2, 3]
    assert log.newest(STAGING, DAY).digest == DIGESTS[2]
    assert log.read(log.newest(STAGING, DAY))["number"] == 3
    assert log.newest(STAGING, "2026-10-06") is None
    assert log.partitions(STAGING) == [DAY]
    assert log.partitions(SUMMARY) == []


def test_one_listing_serves_every_question(storage: Storage) -> None:
    log_of(storage, 2)
    before = storage.requests.copy()
    lake = Lake(storage)
    lake.refresh()
    for day in range(1, 29):
        lake.newest(STAGING, f"2026-10-{day:02d}")
        lake.newest(SUMMARY, "2026-10")
    assert storage.requests - before == {"LIST": 1}
    lake.refresh(STAGING, "2026-10")
    assert storage.requests - before == {"LIST": 2}
    assert len(lake.manifests_of(STAGING, DAY)) == 2


def test_a_part_is_listed_where_only_a_part_is_asked(folder: Storage) -> None:
    log_of(folder, 1)
    lake = Lake(folder)
    lake.refresh(STAGING, "2026-10")
    before = folder.requests.copy()
    assert lake.newest(STAGING, DAY)
    assert lake.newest(STAGING, "2026-10-31") is None
    assert folder.requests == before
    assert lake.newest(STAGING, "2026-11-01") is None
    assert folder.requests - before == {"LIST": 1}


def test_a_number_is_taken_once_whatever_the_names_say(reopen: Callable[[], Storage]) -> None:
    item, two = log_of(reopen(), 1), ManifestLog(reopen())
    expected_manifest = two.newest(STAGING, DAY)
    item.append(CommitEntry(STAGING, DAY, expected_manifest, FINGERPRINT, DIGESTS[5], {}))
    with pytest.raises(Conflict, match=r"number 2"):
        two.append(CommitEntry(STAGING, DAY, expected_manifest, FINGERPRINT, DIGESTS[6], {}))
    assert two.newest(STAGING, DAY).digest == DIGESTS[5]


def test_a_listing_that_hides_the_newest_cannot_mislead(folder: Storage) -> None:
    """S3-alikes may list late: the commit record decides, not the listing."""
    log = log_of(folder, 2)
    first = log.manifests_of(STAGING, DAY)[0]
    with pytest.raises(Conflict):
        log.append(CommitEntry(STAGING, DAY, first, FINGERPRINT, DIGESTS[7], {}))
    with pytest.raises(Conflict):
        log.append(CommitEntry(STAGING, DAY, None, FINGERPRINT, DIGESTS[7], {}))


def test_a_run_killed_after_its_commit_record_is_completed_by_the_next(folder: Storage) -> None:
    log = log_of(folder, 2)
    newest = log.newest(STAGING, DAY)
    (folder.root / newest.key).unlink()
    log = ManifestLog(folder)
    assert log.newest(STAGING, DAY).number == 1
    with pytest.raises(Conflict):
        log.append(CommitEntry(STAGING, DAY, log.newest(STAGING, DAY), FINGERPRINT, DIGESTS[9], {}))
    assert log.newest(STAGING, DAY) == newest == ManifestLog(folder).newest(STAGING, DAY)


def test_a_missing_number_stops_publication_and_says_which(folder: Storage) -> None:
    log = log_of(folder, 4)
    lost, last = log.manifests_of(STAGING, DAY)[1], log.newest(STAGING, DAY)
    kept = (folder.root / lost.key).read_bytes()
    (folder.root / lost.key).unlink()
    log = ManifestLog(folder)
    assert log.newest(STAGING, DAY) == last, "readers go on"
    with pytest.raises(
        Corrupt,
        match=r"manifest 000002 is missing below 000004.*_commits/staging/2026-10-05/000002.json",
    ):
        log.append(CommitEntry(STAGING, DAY, last, FINGERPRINT, DIGESTS[9], {}))
    (folder.root / lost.key).write_bytes((folder.root / commit_key(STAGING, DAY, 2)).read_bytes())
    assert (folder.root / lost.key).read_bytes() == kept
    ManifestLog(folder).append(CommitEntry(STAGING, DAY, last, FINGERPRINT, DIGESTS[9], {}))


def test_a_planted_number_stops_publication_and_misleads_nobody(folder: Storage) -> None:
    last = log_of(folder, 2).newest(STAGING, DAY)
    for number in (2, 3, 9):
        planted = folder_of(folder) / f"{number:06d}.{fingerprint_of(9, {}, [])}.{DIGESTS[8]}.json"
        planted.write_bytes(b"{}")
        log = ManifestLog(folder)
        if number == 3:  # in sequence, but it has no commit record: its body is not a manifest's
            with pytest.raises(Corrupt, match=r"000003.*not a manifest"):
                log.read(log.newest(STAGING, DAY))
        else:
            assert log.newest(STAGING, DAY) == last
            with pytest.raises(
                Corrupt, match=r"taken twice" if number == 2 else "000003 is missing"
            ):
                log.append(CommitEntry(STAGING, DAY, last, FINGERPRINT, DIGESTS[9], {}))
        planted.unlink()


@pytest.mark.parametrize(
    "name",
    [
        "000002.json",
        "2.0000000000000000.0000000000000000.json",
        "000002.xyz.0000000000000000.json",
        "copy of 000001.json",
        "0000002.0000000000000000.0000000000000000.json",
        "000001.0000000000000000.0000000000000000.json.bak",
    ],
)
def test_a_malformed_name_stops_publication_and_misleads_nobody(folder: Storage, name: str) -> None:
    last = log_of(folder, 1).newest(STAGING, DAY)
    (folder_of(folder) / name).write_bytes(b"{}")
    log = ManifestLog(folder)
    assert log.newest(STAGING, DAY) == last
    assert log.partitions(STAGING) == [DAY]
    with pytest.raises(Corrupt, match=r"is not a manifest of the lake; move it away"):
        log.append(CommitEntry(STAGING, DAY, last, FINGERPRINT, DIGESTS[9], {}))
    log.append(CommitEntry(STAGING, "2026-10-06", None, FINGERPRINT, DIGESTS[9], {}))


def test_foreign_files_elsewhere_do_not_matter(folder: Storage) -> None:
    log_of(folder, 1)
    for key in (
        "_manifests/readme.txt",
        "_manifests/staging/readme.txt",
        "_manifests/other/2026-10-05/000001.json",
    ):
        folder.put(key, b"")
    log = ManifestLog(folder)
    log.append(CommitEntry(STAGING, DAY, log.newest(STAGING, DAY), FINGERPRINT, DIGESTS[9], {}))
    assert log.partitions(STAGING) == [DAY]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"number": "x"}'])
def test_a_manifest_that_does_not_say_its_name_is_named(folder: Storage, body: bytes) -> None:
    newest = log_of(folder, 1).newest(STAGING, DAY)
    (folder.root / newest.key).write_bytes(body)
    with pytest.raises(Corrupt, match=rf"{newest.key} is not a manifest"):
        ManifestLog(folder).read(newest)
    text = json.loads((folder.root / commit_key(STAGING, DAY, 1)).read_bytes())
    (folder.root / newest.key).write_bytes(json.dumps({**text, "digest": DIGESTS[3]}).encode())
    with pytest.raises(Corrupt, match=r"content and name differ"):
        ManifestLog(folder).read(newest)


def test_a_foreign_commit_record_is_named(folder: Storage) -> None:
    folder.put(commit_key(STAGING, DAY, 1), b'{"dataset":"staging"}')
    with pytest.raises(Corrupt, match=r"_commits/staging/2026-10-05/000001.json is not a manifest"):
        ManifestLog(folder).append(CommitEntry(STAGING, DAY, None, FINGERPRINT, DIGESTS[0], {}))


def test_bodies_are_kept_and_bounded(folder: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.load.manifest_listing._CACHED_BODIES", 2)
    log = log_of(folder, 3)
    fresh = ManifestLog(folder)
    for manifest in fresh.manifests_of(STAGING, DAY):
        fresh.read(manifest)
    before = folder.requests.copy()
    fresh.read(log.newest(STAGING, DAY))
    assert folder.requests == before
    assert len(fresh._bodies) == 2


def test_what_another_process_has_published_is_known_without_a_request(folder: Storage) -> None:
    worker, driver = log_of(folder, 1), ManifestLog(folder)
    first = driver.newest(STAGING, DAY)
    second, third = (
        worker.append(
            CommitEntry(STAGING, DAY, worker.newest(STAGING, DAY), FINGERPRINT, digest, {})
        )
        for digest in DIGESTS[1:3]
    )
    bodies = {manifest: worker.read(manifest) for manifest in (second, third)}
    before, generation = folder.requests.copy(), driver.generations[STAGING]
    assert not driver.add_published(third, bodies[third]), "a listing has to show what is between"
    assert driver.newest(STAGING, DAY) == first
    for manifest, body in bodies.items():
        assert driver.add_published(manifest, body)
        assert driver.newest(STAGING, DAY) == manifest and driver.read(manifest) == body
    assert folder.requests == before and driver.generations[STAGING] == generation + 2


def test_a_child_knows_the_foreign_names_that_its_parent_has_listed(folder: Storage) -> None:
    last = log_of(folder, 1).newest(STAGING, DAY)
    (folder_of(folder) / "copy of 000001.json").write_bytes(b"{}")
    child = ManifestLog(folder)
    child.load_snapshot(ManifestLog(folder).snapshot())
    assert child.newest(STAGING, DAY) == last
    with pytest.raises(Corrupt, match=r"is not a manifest of the lake; move it away"):
        child.append(CommitEntry(STAGING, DAY, last, FINGERPRINT, DIGESTS[9], {}))


def test_a_commit_record_without_its_manifest_is_pending_until_it_has_one(folder: Storage) -> None:
    log = log_of(folder, 2)
    assert log.pending(STAGING, DAY) == []
    newest = log.newest(STAGING, DAY)
    body = log.read(newest)
    (folder.root / newest.key).unlink()
    assert ManifestLog(folder).pending(STAGING, DAY) == [body]
    ManifestLog(folder).complete_commits(STAGING)
    assert ManifestLog(folder).newest(STAGING, DAY) == newest
    assert ManifestLog(folder).pending(STAGING, DAY) == []


def test_a_commit_record_of_another_partition_is_named_and_the_sound_ones_are_completed(
    folder: Storage,
) -> None:
    newest = log_of(folder, 2).newest(STAGING, DAY)
    (folder.root / newest.key).unlink()
    commit = folder.get(commit_key(STAGING, DAY, 2))
    folder.put(commit_key(STAGING, "2026-10-06", 1), commit)
    with pytest.raises(
        Corrupt, match=r"2026-10-06/000001.json is the commit record of .*; move it away"
    ):
        ManifestLog(folder).complete_commits(STAGING)
    assert (folder.root / newest.key).read_bytes() == commit


def test_a_manifest_that_is_not_its_commit_record_is_named_when_another_run_completes_it(
    folder: Storage,
) -> None:
    late = ManifestLog(folder)
    assert late.newest(STAGING, DAY) is None
    newest = log_of(folder, 1).newest(STAGING, DAY)
    (folder.root / newest.key).write_bytes(b"{}")
    with pytest.raises(
        Corrupt, match=r"differs from its commit record .*000001.json; move it away"
    ):
        late.append(CommitEntry(STAGING, DAY, None, FINGERPRINT, DIGESTS[0], {"files": {}}))
