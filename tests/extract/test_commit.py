"""Windows are committed in order, complete, and each with those that are not committed yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.extract.commit import commit_windows
from pipeline.extract.fetch import fetch_pages
from pipeline.extract.windows import extract
from pipeline.load import RAW_RECEIPTS, Lake, open_storage
from pipeline.pos.loyverse import reader as loyverse_reader
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import ApiPage, Record, Window
from pipeline.simulator.source import encode
from tests.extract.small_shop import DAY, NOW, START, receipt, windows
from tests.load.faults import FaultyStorage, Killed


class Recorded:
    """A source that gives these records in one page."""

    connection_id, server_time, requests = "recorded", None, 0
    reader = loyverse_reader

    def __init__(self, records: list[Record]):
        self._records = records

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        self.requests += 1
        yield ApiPage(self._records, None)


def version(number: str, sold: datetime, updated: datetime) -> Record:
    """A receipt received at START, as it stood from `updated` on."""
    stamps = {
        name: moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, moment in (("created_at", START), ("updated_at", updated))
    }
    return read_receipt(encode(receipt(number, sold, **stamps)))


def commit(lake: Lake, records: list[Record], requested: list[Window], folder: Path) -> None:
    commit_windows(
        lake,
        fetch_pages(
            Recorded(records), requested, bounded=False, state_folder=folder / "state", now=NOW
        ),
        requested,
    )


def test_a_window_knows_where_a_receipt_stood_in_one_that_waits(tmp_path: Path) -> None:
    """A receipt moves from one date to a third, between two windows of one fetch, neither its home."""
    lake = Lake(open_storage(f"{tmp_path}/lake"))
    old, new = (
        version("1-1", START - 5 * DAY, START + timedelta(hours=1)),
        version("1-1", START - 9 * DAY, START + DAY),
    )
    commit(lake, [new, old], windows(2), tmp_path)
    left = (START - 5 * DAY).date()
    assert [lake.read_raw(entry) for entry in lake.raw_objects(left, left)] == [
        old.body + b"\n",
        new.body + b"\n",
    ]


def test_a_window_that_waits_tells_the_same_as_one_that_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of objects have the times of their sales: no other day depends on them."""
    records = [
        version(f"1-{n}", START + n * DAY / 24, START + n * DAY / 6 + more)
        for n in range(24)
        for more in (timedelta(0), timedelta(hours=n % 3))
    ]
    names = []
    for most in (1, 31):
        monkeypatch.setattr("pipeline.load.commit_queue.MAX_WINDOWS", most)
        lake = Lake(open_storage(f"{tmp_path}/{most}"))
        commit(lake, records, windows(5), tmp_path)
        entries = lake.raw_objects(date(2026, 9, 1), NOW.date())
        names.append([(entry.partition, entry.sold, entry.times) for entry in entries])
        assert len(lake.partitions(RAW_RECEIPTS)) == (5 if most == 1 else 1)
    assert names[0] == names[1]


@pytest.mark.parametrize("at", range(1, 26, 2))
def test_a_kill_leaves_the_first_windows_whole_and_the_others_unborn(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.load.commit_queue.MAX_WINDOWS", 2)
    records = [version(f"1-{n}", START - n * DAY, START + n * DAY / 2) for n in range(12)]
    requested, inner = windows(6), open_storage(f"{tmp_path}/lake")
    faulty = FaultyStorage(inner, at, after=bool(at % 4 == 1), commands=("PUT",))
    try:
        commit(Lake(faulty, publish_wait=0), records, requested, tmp_path)
    except Killed:
        kept = list(Lake(inner).windows())
        assert kept == [str(window.date) for window in requested[: len(kept)]]
        assert len(kept) in (0, 2, 4, 6)
        Lake(inner).complete_raw_commits()
        rest = requested[len(Lake(inner).windows()) :]
        if rest:
            commit(Lake(inner, publish_wait=0), records, rest, tmp_path)
    lake = Lake(inner, publish_wait=0)
    held = [
        line
        for entry in lake.raw_objects(date(2026, 9, 1), NOW.date())
        for line in lake.read_raw(entry).splitlines()
    ]
    assert set(held) == {record.body for record in records} and len(lake.windows()) == 6


@pytest.mark.parametrize(("minutes", "side"), [(-5, "ahead of"), (0, None), (5, "behind")])
def test_a_run_says_that_the_clocks_differ(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    minutes: int,
    side: str | None,
) -> None:
    monkeypatch.setattr("pipeline.extract.windows._STARTED", time.monotonic())
    source = Recorded([version("1-1", START, START)])
    source.server_time = NOW + timedelta(minutes=minutes)
    days = [window.date for window in windows(1)]
    extract(
        days,
        Lake(open_storage(f"{tmp_path}/lake")),
        source,
        lambda day: (START, START + DAY),
        last=days[0],
        now=NOW,
        state_folder=tmp_path / "state",
        on_progress=lambda *_: None,
    )
    warnings = [text for text in caplog.messages if "the POS's server" in text]
    assert [f"is 5 min 0 s {side}" in text for text in warnings] == ([True] if side else [])


def test_progress_counts_the_requests_of_this_extraction_alone(tmp_path: Path) -> None:
    """A source serves several extractions of a run."""
    source, steps = Recorded([version("1-1", START, START)]), []
    source.requests = 7
    extracted = fetch_pages(
        source, windows(1), bounded=False, state_folder=tmp_path, now=NOW, progress=steps.append
    )
    assert [(step.records, step.requests) for step in steps] == [(1, 1)]
    assert extracted.requests == 1
