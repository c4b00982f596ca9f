"""Missing receipt numbers: requested one by one, up to a limit, a few times; what the POS knows
comes into raw.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import HistoryLimit, SourceFatal, SourceRetriable, Unauthorized
from pipeline.extract.commit import commit_windows
from pipeline.extract.fetch import fetch_pages
from pipeline.extract.missed import is_before
from pipeline.extract.missing_numbers import (
    TRIES,
    choose_numbers,
    find_missing_numbers,
    request_numbers,
)
from pipeline.extract.rescan import numbers_tried, rescan
from pipeline.load import RAW_RECEIPTS, Lake, open_storage
from pipeline.maintenance.erase import ErasingSource, erased_entry
from pipeline.pos.source import Record
from pipeline.simulator.source import Entry
from pipeline.status.problems import still_unknown
from tests.extract.small_shop import (
    DAY,
    NOW,
    START,
    FakeClock,
    connect,
    fetch_first_windows,
    receipt,
    shop,
    windows,
)
from tests.support.book import Book
from tests.support.server import serve

NUMBERS = st.sets(st.integers(1, 60), min_size=1)


@given(
    NUMBERS,
    st.sets(st.integers(1, 60)),
    st.dictionaries(st.integers(1, 60), st.integers(0, 5)),
    st.integers(0, 12),
)
def test_only_what_is_missing_is_requested_and_what_was_given_up_is_not(
    seen: set[int],
    elsewhere: set[int],
    tried: dict[int, int],
    max_numbers: int,
) -> None:
    holes = find_missing_numbers(f"2-{n}" for n in seen)
    chosen = choose_numbers(
        holes,
        (f"2-{n}" for n in elsewhere),
        {f"2-{n}": times for n, times in tried.items()},
        max_numbers,
    )
    partition_dates = [int(number.removeprefix("2-")) for number in chosen]
    assert len(partition_dates) == len(set(partition_dates)) and not set(partition_dates) & (
        seen | elsewhere
    )
    assert all(min(seen) < n < max(seen) and tried.get(n, 0) < TRIES for n in partition_dates)
    missing = {
        n
        for hole in holes.get("2", ())
        if hole[1] - hole[0] < max_numbers
        for n in range(hole[0], hole[1] + 1)
    }
    assert set(partition_dates) == {n for n in missing - elsewhere if tried.get(n, 0) < TRIES}


def test_small_gaps_come_first_and_a_series_that_began_anew_is_none() -> None:
    holes = find_missing_numbers(
        ["3-1", "3-3", "3-9000", "3-9004", "1-5", "1-7", "x", "-", "1-²", "1-" + "9" * 5000]
    )
    assert holes == {"1": [(6, 6)], "3": [(2, 2), (4, 8999), (9001, 9003)]}
    assert choose_numbers(holes, (), {}, 50) == ["1-6", "3-2", "3-9001", "3-9002", "3-9003"]


class Clerk:
    """A source that is asked for one receipt after the other."""

    def __init__(self, oldest: str = "", error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._oldest, self._error = oldest, error or HistoryLimit("too old")

    def receipt(self, number: str) -> object:
        self.asked.append(number)
        if number == self._oldest:
            raise self._error
        return None


def test_no_more_are_requested_than_allowed_and_none_beyond_the_history_limit() -> None:
    few, walled = Clerk(), Clerk("1-2")
    assert request_numbers(few, ["1-1", "1-2", "1-3"], 2) == (
        [],
        ["1-1", "1-2"],
        1,
    ) and few.asked == [
        "1-1",
        "1-2",
    ]
    assert request_numbers(walled, ["1-1", "1-2", "1-3"], 9) == (
        [],
        ["1-1"],
        2,
    ) and walled.asked == [
        "1-1",
        "1-2",
    ]
    assert request_numbers(object(), ["1-1"], 9) == ([], [], 0), "saved files cannot be asked"


def test_one_number_that_cannot_be_answered_does_not_stop_the_rescan() -> None:
    for error in (SourceRetriable("busy"), SourceFatal("bears another number")):
        assert request_numbers(Clerk("1-2", error), ["1-1", "1-2", "1-3"], 9) == ([], ["1-1"], 2)
    with pytest.raises(Unauthorized):
        request_numbers(Clerk("1-2", Unauthorized("revoked")), ["1-1", "1-2"], 9)


def test_a_device_that_writes_zeros_before_its_numbers_is_not_asked() -> None:
    assert find_missing_numbers(["1-0009", "1-0011", "2-9", "2-11"]) == {"2": [(10, 10)]}


class Hiding(Book):
    """A shop whose lists leave out some receipts, which it shows to anyone who asks for their number."""

    hidden: frozenset[str] = frozenset()

    def receipts(self, *asked: object) -> Iterator[Entry]:
        return (entry for entry in super().receipts(*asked) if entry.key not in self.hidden)


def hiding(hidden: set[str], gone: set[str]) -> Hiding:
    book = Hiding()
    for n in range(96):
        if f"1-{n + 1000}" not in gone:
            book.add(receipt(f"1-{n + 1000}", START + n * DAY / 48), START + n * DAY / 48)
    book.hidden = frozenset(hidden)
    return book


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(open_storage(f"{tmp_path}/lake"))


def commit(lake: Lake, source: object, folder: Path) -> None:
    """The two windows, as a run extracts them."""
    commit_windows(lake, fetch_first_windows(source, 2, folder / "state"), windows(2))


def swept(lake: Lake, source: object, folder: Path, batch: str) -> list[str | None]:
    return [
        item.record.number
        for item in rescan(
            windows(2),
            f"2026-10-02-rescan-{batch}",
            lake,
            source,
            now=NOW,
            state_folder=folder / "state",
            max_numbers=50,
            on_progress=lambda *_: None,
        )
    ]


def test_a_rescan_requests_what_the_lists_leave_out(
    start, lake: Lake, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, source = start(hiding({"1-1010", "1-1050", "1-1051"}, {"1-1020"}))
    commit(lake, source, tmp_path)
    with caplog.at_level(logging.INFO):
        assert sorted(swept(lake, source, tmp_path, "1")) == ["1-1010", "1-1050", "1-1051"]
    assert "the windows have missed receipt 1-1010" in caplog.text
    assert (
        "4 missing receipt numbers were requested, 1 of them are unknown to the POS" in caplog.text
    )
    metadata = lake.metadata(RAW_RECEIPTS, "2026-10-02-rescan-1")
    assert (metadata["asked"], metadata["answered"], metadata["unknown"], metadata["records"]) == (
        4,
        3,
        {"1-1020": 1},
        3,
    )
    raw = b"".join(
        lake.read_raw(item) for item in lake.raw_objects(START.date(), (START + 2 * DAY).date())
    )
    assert all(raw.count(f'"1-{n + 1000}"'.encode()) == (n != 20) for n in range(96)), (
        "verbatim, once"
    )
    assert still_unknown({"1": [(1015, 1025)]}, numbers_tried(lake, START.date())) == ["1-1020"]


def test_an_invalidated_rescan_is_ignored(start, lake: Lake, tmp_path: Path) -> None:
    _, source = start(hiding({"1-1010"}, {"1-1020"}))
    commit(lake, source, tmp_path)
    assert swept(lake, source, tmp_path, "1") == ["1-1010"]
    lake.invalidate(RAW_RECEIPTS, "2026-10-02-rescan-1", "to be fetched again")
    assert numbers_tried(lake, START.date()) == {} and swept(lake, source, tmp_path, "1") == [
        "1-1010"
    ]


def test_what_the_shop_does_not_know_is_given_up(start, lake: Lake, tmp_path: Path) -> None:
    server, source = start(hiding(set(), {"1-1020", "1-1021"}))
    commit(lake, source, tmp_path)
    requested = []
    for batch in range(TRIES + 2):
        assert swept(lake, source, tmp_path, str(batch)) == []
        requested.append(sum("/receipts/" in item.path for item in server.requests))
    assert requested == [2, 4, 6, 6, 6]


def test_a_receipt_of_a_later_window_is_left_to_it(start, lake: Lake, tmp_path: Path) -> None:
    """A POS that was offline delivers its receipt after the span: it comes with the window that it
    belongs to.
    """
    book = hiding(set(), {"1-1020"})
    book.add(receipt("1-1020", START + 20 * DAY / 48), START + 3 * DAY)
    _, source = start(book)
    commit(lake, source, tmp_path)
    assert swept(lake, source, tmp_path, "1") == []
    assert lake.metadata(RAW_RECEIPTS, "2026-10-02-rescan-1")["answered"] == 1


@settings(max_examples=20)
@given(
    st.integers(-12, 14).filter(bool),
    st.integers(1, 47),
    st.booleans(),
)
def test_a_scan_begins_where_the_windows_begin(zone: int, late: int, is_ahead: bool) -> None:
    """Receipts of before the first window are not missed by it, whatever its time of day (UTC), also
    where one of them changed later and so is in raw.
    """
    start_of_windows = START.replace(hour=zone % 24)
    spans = windows(2, start_of_windows)
    book = Book()
    for n in range(-48, 96):
        sold = start_of_windows + n * DAY / 48
        changed = sold + DAY if n in (-late, -late - 3) else sold
        stamp = start_of_windows + timedelta(minutes=1) if is_ahead and n == -late else sold
        book.add(receipt(f"1-{n + 1000}", stamp), changed)
    with TemporaryDirectory() as folder, serve(book, now=lambda: NOW) as server:
        lake, source = Lake(open_storage(f"{folder}/lake")), connect(server, FakeClock())
        options = {"state_folder": Path(folder) / "state", "now": NOW}
        commit_windows(lake, fetch_pages(source, spans, bounded=False, **options), spans)
        missed = rescan(
            spans,
            "2026-10-02-rescan-1",
            lake,
            source,
            max_numbers=50,
            on_progress=lambda *_: None,
            **options,
        )
        requested = lake.metadata(RAW_RECEIPTS, "2026-10-02-rescan-1")["asked"]
    assert missed == []
    assert requested == 0 or is_ahead, "numbers of before the windows are not asked for"


def test_an_answer_about_another_receipt_is_refused(start) -> None:
    book = shop(2)
    book.plant(b'{"receipt_number": "1-9"}', "1-1", START, START)
    _, source = start(book)
    assert source.receipt("1-1000").number == "1-1000" and source.receipt("7-7") is None
    with pytest.raises(SourceFatal, match="another receipt"):
        source.receipt("1-1")


def test_a_customer_who_was_erased_stays_out_of_what_is_requested(start, token: str) -> None:
    book = shop(1)
    book.add(receipt("1-2000", START, customer_id="c-1"), START)
    _, source = start(book)
    key = token.encode()
    without = ErasingSource(source, frozenset([erased_entry("c-1", key)]), key)
    assert (
        b'"customer_id": null' in without.receipt("1-2000").body.replace(b":null", b": null")
        and without.receipt("9-9") is None
    )
    assert b"c-1" in source.receipt("1-2000").body
    assert getattr(ErasingSource(object(), frozenset(), key), "receipt", None) is None, (
        "what saved files lack, they lack"
    )


@pytest.mark.parametrize(
    ("sold", "updated", "is_old"),
    [
        (-1, -1, True),
        (-1, 0, False),
        (0, -1, False),
        (None, -1, True),
        (-1, None, True),
        (None, None, False),
        (None, 0, False),
    ],
)
def test_a_receipt_is_before_a_span_by_the_instants_that_can_be_read(
    sold: int | None, updated: int | None, is_old: bool
) -> None:
    moments = [None if days is None else START + days * DAY for days in (sold, updated)]
    record = Record(b"{}", "1-1", moments[1], START, moments[0])
    assert is_before(record, START) is is_old
