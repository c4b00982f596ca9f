"""What a run has just read or written is not requested again, and always equals what its manifest
says.
"""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.errors import Corrupt
from pipeline.load import CUSTOMERS, MONTH_DATASET, Lake, Storage, fingerprint_of
from pipeline.load.recent_bytes import RecentBytes

FINGERPRINT, MONTH = fingerprint_of(1, {}, []), "2026-10"


def test_the_longest_unused_goes_first_and_the_limit_holds() -> None:
    recent = RecentBytes(80)
    for name in "abcdefgh":
        recent.keep(name, name.encode() * 10)
    assert recent.find("a") == b"a" * 10
    recent.keep("i", b"i" * 10)
    assert recent.find("b") is None
    assert recent.find("a")
    assert recent.find("i")
    recent.keep("i", b"i" * 5)
    recent.keep("large", b"x" * 11)
    assert recent.find("large") is None, "one large object does not push out all others"
    assert sum(len(recent.find(name) or b"") for name in "abcdefghi") <= 80


def test_the_latest_are_as_many_as_the_limit_allows() -> None:
    recent = RecentBytes(800)
    for name in "abcdefghi":
        recent.keep(name, name.encode() * 10)
    recent.keep("large", b"x" * 11)
    recent.find("b")
    assert list(recent.latest(800)) == [*"acdefghi", "large", "b"], "those used last at the end"
    assert recent.latest(80) == {name: name.encode() * 10 for name in "cdefghib"}
    assert recent.latest(0) == {}


def test_a_process_of_a_pool_does_not_read_what_its_driver_has_just_written(
    folder: Storage,
) -> None:
    driver, worker = Lake(folder, memory=1 << 20), Lake(folder, memory=1 << 20)
    for dataset, files in ((MONTH_DATASET, {"sales": b"s"}), (CUSTOMERS, {"customers": b"c"})):
        driver.publish(dataset, MONTH, FINGERPRINT, files, {}, expected_manifest=None)
    driver.put_state("run.json", b'{"day": 1}')
    before = Counter(folder.requests)
    worker.load_snapshot(driver.snapshot())
    assert worker.read(MONTH_DATASET, MONTH) == {"sales": b"s"}
    assert worker.read(CUSTOMERS, MONTH) == {"customers": b"c"}
    assert worker.read_state("run.json") == {"day": 1}
    assert folder.requests == before


def test_nothing_is_held_unless_it_is_asked_for() -> None:
    recent = RecentBytes()
    recent.keep("a", b"1")
    assert recent.find("a") is None


def test_what_was_published_or_read_is_not_read_again(folder: Storage) -> None:
    writer, reader = Lake(folder, memory=1 << 20), Lake(folder, memory=1 << 20)
    writer.publish(
        MONTH_DATASET,
        MONTH,
        FINGERPRINT,
        {"sales": b"s", "receipts": b"r"},
        {},
        expected_manifest=None,
    )
    before = folder.requests.copy()
    assert writer.read(MONTH_DATASET, MONTH) == {"sales": b"s", "receipts": b"r"}
    assert folder.requests == before
    assert (
        reader.read(MONTH_DATASET, MONTH) == reader.read(MONTH_DATASET, MONTH)
        and (folder.requests - before)["GET"] == 1 + 2
    ), "a manifest, two members"


def test_other_content_is_read_and_altered_content_is_found_by_a_new_process(
    folder: Storage,
) -> None:
    item, two = Lake(folder, publish_wait=0, memory=1 << 20), Lake(folder, publish_wait=0)
    expected_manifest = item.publish(
        MONTH_DATASET, MONTH, FINGERPRINT, {"sales": b"s"}, {}, expected_manifest=None
    )
    two.publish(
        MONTH_DATASET,
        MONTH,
        fingerprint_of(2, {}, []),
        {"sales": b"new"},
        {},
        expected_manifest=expected_manifest,
    )
    item.refresh(MONTH_DATASET)
    assert item.read(MONTH_DATASET, MONTH) == {"sales": b"new"}
    (folder.root / "sales/year=2026/month=10/sales.parquet").write_bytes(b"bad")
    assert item.read(MONTH_DATASET, MONTH) == {"sales": b"new"}
    with pytest.raises(Corrupt, match=r"sales\.parquet is not what manifest 000002"):
        item.read(MONTH_DATASET, MONTH, afresh=True)
