"""Windows are committed in a row: in order, whole, and each knowing of those that still wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.extract.fetch import fetch_pages
from pipeline.extract.windows import commit_windows
from pipeline.load import RECEIPTS, Lake, open_storage
from pipeline.load.raw import RawZone
from pipeline.pos.loyverse import reader as loyverse_reader
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import Page, Record, Window
from pipeline.simulator.source import encode
from tests.extract.small_shop import DAY, NOW, START, receipt, windows
from tests.load.faults import FaultyStorage, Killed


class Recorded:
    """A source that gives these records in one page."""

    identity, server_time, requests = "recorded", None, 0
    reader = loyverse_reader

    def __init__(self, records: list[Record]):
        self._records = records

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[Page]:
        yield Page(self._records, None)


def version(number: str, sold: datetime, updated: datetime) -> Record:
    """A receipt received at START, as it stood from `updated` on."""
    stamps = {
        name: at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, at in (("created_at", START), ("updated_at", updated))
    }
    return read_receipt(encode(receipt(number, sold, **stamps)))


def commit(lake: Lake, records: list[Record], asked: list[Window], folder: Path) -> None:
    commit_windows(
        lake,
        fetch_pages(Recorded(records), asked, bounded=False, spool=folder / "spool", now=NOW),
        asked,
    )


def test_a_window_knows_where_a_receipt_stood_in_one_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receipt moves from one date to a third, between two windows of one walk, neither its home."""
    store = RawZone.store
    monkeypatch.setattr(
        RawZone, "store", lambda *args, **named: (time.sleep(0.05), store(*args, **named))[1]
    )
    lake = Lake(open_storage(f"{tmp_path}/lake"))
    old, new = (
        version("1-1", START - 5 * DAY, START + timedelta(hours=1)),
        version("1-1", START - 9 * DAY, START + DAY),
    )
    commit(lake, [new, old], windows(2), tmp_path)
    left = (START - 5 * DAY).date()
    assert [lake.read_raw(found) for found in lake.raw_objects(left, left)] == [
        old.body + b"\n",
        new.body + b"\n",
    ]


@pytest.mark.parametrize("at", range(1, 26, 2))
def test_a_kill_leaves_the_first_windows_whole_and_the_others_unborn(
    tmp_path: Path, at: int
) -> None:
    records = [version(f"1-{n}", START - n * DAY, START + n * DAY / 2) for n in range(12)]
    asked, inner = windows(6), open_storage(f"{tmp_path}/lake")
    faulty = FaultyStorage(inner, at, after=bool(at % 4 == 1), commands=("PUT",))
    try:
        commit(Lake(faulty, max_retry_wait=0), records, asked, tmp_path)
    except Killed:
        kept = Lake(inner).partitions(RECEIPTS)
        assert kept == [str(window.date) for window in asked[: len(kept)]] and len(kept) < 6
        rest = asked[len(kept) :]
        commit(Lake(inner, max_retry_wait=0), records, rest, tmp_path)
    lake = Lake(inner, max_retry_wait=0)
    held = [
        line
        for found in lake.raw_objects(date(2026, 9, 1), NOW.date())
        for line in lake.read_raw(found).splitlines()
    ]
    assert set(held) == {record.body for record in records} and len(lake.partitions(RECEIPTS)) == 6


def test_a_batch_larger_than_what_may_wait_goes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.load.commits.IN_MEMORY", 300)
    records = [version(f"1-{n}", START, START + n * DAY / 2) for n in range(24)]
    lake = Lake(open_storage(f"{tmp_path}/lake"))
    commit(lake, records, windows(12), tmp_path)
    assert len(lake.partitions(RECEIPTS)) == 12 and not list((tmp_path / "spool").glob("walk.*"))
