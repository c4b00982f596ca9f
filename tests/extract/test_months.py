"""Months are fetched ahead, each as if alone, and committed in order; a failed one is left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.errors import SourceFatal
from pipeline.extract.fetch import LOOK_BACK
from pipeline.extract.windows import extract, months_of, progress_callbacks
from pipeline.load import Lake, Storage, open_storage
from pipeline.pos.loyverse import reader as loyverse_reader
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import ApiPage, FetchProgress, Record
from pipeline.progress import Progress
from pipeline.simulator.source import encode
from tests.extract.small_shop import DAY, NOW, receipt, windows
from tests.load.faults import FaultyStorage, Killed

FIRST = datetime(2026, 7, 25, 11, tzinfo=UTC)
DAYS = [(FIRST + n * DAY).date() for n in range(80)]  # of July to October


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def records() -> list[Record]:
    """Two receipts a day; every fifth is changed after 40 days, and sold on another day then."""
    sold = [FIRST + n * DAY / 2 for n in range(2 * len(DAYS) - 1)]
    rows = [
        receipt(f"1-{n}", moment, created_at=stamp(moment), updated_at=stamp(moment))
        for n, moment in enumerate(sold)
    ]
    for n, moment in enumerate(sold[::5]):
        changed = {"created_at": stamp(moment), "updated_at": stamp(moment + 40 * DAY)}
        if moment + 40 * DAY < sold[-1]:
            rows.append(receipt(f"1-{5 * n}", moment - 3 * DAY, **changed))
    return [read_receipt(encode(row)) for row in rows]


class Recorded:
    """Serves the records that changed in a span, in pages of 20; counts the lists in progress."""

    connection_id, server_time, requests = "recorded", None, 0
    reader = loyverse_reader

    def __init__(self, fails_before: datetime | None = None) -> None:
        self._records, self._fails_before = records(), fails_before
        self.lists: list[datetime] = []
        self.running = self.largest = 0
        self._lock = threading.Lock()

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        with self._lock:
            self.lists.append(since)
            self.running += 1
            self.largest = max(self.largest, self.running)
        try:
            if self._fails_before and since < self._fails_before:
                raise SourceFatal("the API refuses it")
            rows = [r for r in self._records if since <= r.updated_at < (until or NOW)]
            starts = range(int(cursor or 0), max(len(rows), 1), 20)
            for start in starts:
                is_last = start == starts[-1]
                yield ApiPage(rows[start : start + 20], None if is_last else str(start + 20))
        finally:
            with self._lock:
                self.running -= 1


def run(
    storage: Storage,
    source: Recorded,
    folder: Path,
    days: list[date],
    on_progress: Callable[[str, int | None], None] = lambda *_: None,
) -> None:
    held = set(Lake(storage).windows())
    extract(
        [day for day in days if str(day) not in held],
        Lake(storage, publish_wait=0),
        source,
        lambda day: (FIRST + (day - DAYS[0]), FIRST + (day - DAYS[0]) + DAY),
        last=DAYS[-1],
        now=NOW,
        state_folder=folder / "state",
        on_progress=on_progress,
    )


def objects(storage: Storage) -> list[tuple[str, bytes]]:
    """The raw objects that count."""
    lake = Lake(storage)
    entries = lake.raw_objects(DAYS[0] - 60 * DAY, NOW.date())
    return [(entry.key, lake.read_raw(entry)) for entry in entries]


@pytest.fixture
def expected(tmp_path: Path) -> list[tuple[str, bytes]]:
    """What runs of one month each commit."""
    storage = open_storage(f"{tmp_path}/one-by-one")
    for month in {day.month: None for day in DAYS}:
        run(storage, Recorded(), tmp_path, [day for day in DAYS if day.month == month])
    return objects(storage)


def test_months_fetched_ahead_equal_months_one_by_one(tmp_path: Path, expected: list) -> None:
    storage, source = open_storage(f"{tmp_path}/lake"), Recorded()
    run(storage, source, tmp_path, DAYS)
    assert objects(storage) == expected
    assert len(Lake(storage).partitions("raw/receipts")) == 4, "a month is one partition"
    assert source.largest <= 2
    starts = [DAYS.index(date(2026, month, 1)) for month in (8, 9, 10)]
    looks = [NOW - LOOK_BACK] * 3  # for receipts that have moved out of a bounded month
    assert sorted(source.lists) == [FIRST, *(FIRST + n * DAY for n in starts), *looks]


def test_the_last_progress_is_the_result(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shown: list[tuple[str, int | None]] = []
    caplog.set_level("INFO")
    run(
        open_storage(f"{tmp_path}/lake"),
        Recorded(),
        tmp_path,
        DAYS[:1],
        lambda *args: shown.append(args),
    )
    assert shown[-1] == ("receipts of 2026-07-25: 2 records", 100)
    assert "receipts of 2026-07-25: 2 records in 1 page" in caplog.messages


class Meeting(Recorded):
    """Serves two spans only once both are requested."""

    def __init__(self, first: list[datetime]) -> None:
        super().__init__()
        self._first = first
        self._meeting = threading.Barrier(2, timeout=10)

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        if since in self._first:
            self._first.remove(since)
            self._meeting.wait()
        yield from super().receipts(since, until, cursor)


def test_days_apart_are_fetched_together_and_equal_one_by_one(tmp_path: Path) -> None:
    """A report asks for its month and for that of a year before: neither waits for the other."""
    apart = [DAYS[:5], DAYS[25:31], DAYS[60:66]]
    together, alone = (open_storage(f"{tmp_path}/{name}") for name in ("together", "alone"))
    for days in apart:
        run(alone, Recorded(), tmp_path, days)
    source = Meeting([FIRST, FIRST + 25 * DAY])
    run(together, source, tmp_path, [day for days in apart for day in days])
    assert objects(together) == objects(alone)


def test_a_month_that_fails_does_not_lose_the_others(tmp_path: Path, expected: list) -> None:
    storage = open_storage(f"{tmp_path}/lake")
    with pytest.raises(SourceFatal, match="refuses"):
        run(storage, Recorded(fails_before=FIRST + DAY), tmp_path, DAYS)
    assert list(Lake(storage).windows()) == [str(day) for day in DAYS if day.month > 7]
    run(storage, Recorded(), tmp_path, DAYS)
    assert sorted(content for _, content in objects(storage)) == sorted(
        content for _, content in expected
    )


@pytest.mark.parametrize("at", range(1, 100, 24))
@pytest.mark.parametrize("after", [False, True])
def test_a_kill_loses_nothing_that_was_committed(
    tmp_path: Path, expected: list, at: int, after: bool
) -> None:
    inner = open_storage(f"{tmp_path}/lake")
    with pytest.raises(Killed):
        run(FaultyStorage(inner, at, after=after, commands=("PUT",)), Recorded(), tmp_path, DAYS)
    Lake(inner).complete_raw_commits()
    held = list(Lake(inner).windows())
    assert held == [str(day) for day in DAYS[: len(held)]]
    run(inner, Recorded(), tmp_path, DAYS)
    assert objects(inner) == expected


def test_progress_adds_up_over_months() -> None:
    """Two months of a day, one read by half: a quarter of all."""
    report: list[tuple[str, int | None]] = []
    months = [[window] for window in windows(2)]
    bar = Progress("x", "receipts", on_progress=lambda *shown: report.append(shown), seconds=0)
    first, second = progress_callbacks(bar, months, NOW, Recorded())
    second(FetchProgress(1, 10, 1, months[1][0].start + DAY / 2))
    first(FetchProgress(1, 5, 1, months[0][0].start))
    assert [percent for _, percent in report] == [25, 75] and bar.done == 15


def test_months_are_those_of_the_days() -> None:
    months = months_of(windows(40))
    assert [len(month) for month in months] == [31, 9]
    assert [window for month in months for window in month] == windows(40)
