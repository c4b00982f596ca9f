"""Packs of months save requests, and never change what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.load import CUSTOMERS, Lake, open_storage
from pipeline.load.archive import pack, unpack
from pipeline.load.month_packs import MAX_MISSING, pack_key
from pipeline.maintenance.erase import remove_old_derived

MONTHS = [f"2026-{number:02d}" for number in range(1, 13)]
KEY = pack_key(CUSTOMERS)


def publish(folder: Path, month: str, data: bytes) -> None:
    lake = Lake(open_storage(str(folder)))
    files = {"customers": data}
    expected = lake.newest(CUSTOMERS, month)
    lake.publish(CUSTOMERS, month, "0" * 16, files, {}, expected_manifest=expected)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lake with a year of customers."""
    for month in MONTHS:
        publish(tmp_path, month, f"customers of {month}".encode())
    return tmp_path


def read(folder: Path) -> tuple[list[bytes], int]:
    """The customers of each month as a new process reads them, and its GET requests."""
    lake = Lake(open_storage(str(folder)))
    lake.prefetch(CUSTOMERS, MONTHS)
    files = [lake.read(CUSTOMERS, month)["customers"] for month in MONTHS]
    return files, lake.storage.requests["GET"]


def test_a_second_reader_gets_all_months_with_one_request(folder: Path) -> None:
    before, requests = read(folder)
    assert before == [f"customers of {month}".encode() for month in MONTHS]
    assert requests > len(MONTHS)
    assert read(folder) == (before, 1)


def test_months_that_have_changed_are_read_alone_until_they_are_many(folder: Path) -> None:
    read(folder)
    for count, month in enumerate(MONTHS[: MAX_MISSING + 1], 1):
        publish(folder, month, f"changed in {month}".encode())
        written = (folder / KEY).stat().st_mtime_ns
        files, requests = read(folder)
        assert files[count - 1] == f"changed in {month}".encode()
        assert files[count:] == [f"customers of {later}".encode() for later in MONTHS[count:]]
        assert requests == 1 + count
        assert ((folder / KEY).stat().st_mtime_ns != written) == (count > MAX_MISSING)
    files, requests = read(folder)
    assert requests == 1
    assert len(unpack((folder / KEY).read_bytes(), KEY)) == len(MONTHS), "without what is replaced"


@pytest.mark.parametrize("change", ["lost", "torn", "altered", "swapped"])
def test_a_pack_that_is_not_what_it_was_changes_nothing(folder: Path, change: str) -> None:
    before, _ = read(folder)
    months = unpack((folder / KEY).read_bytes(), KEY)
    if change == "lost":
        (folder / KEY).unlink()
    elif change == "torn":
        (folder / KEY).write_bytes((folder / KEY).read_bytes()[:-30])
    elif change == "altered":
        (folder / KEY).write_bytes(pack(dict.fromkeys(months, b"other bytes")))
    else:
        (folder / KEY).write_bytes(pack(dict(zip(months, [*months.values()][::-1], strict=True))))
    assert read(folder)[0] == before


def test_an_erasure_removes_the_pack(folder: Path) -> None:
    before, _ = read(folder)
    remove_old_derived(open_storage(str(folder)))
    assert not (folder / KEY).exists()
    assert read(folder)[0] == before
