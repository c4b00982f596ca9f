"""A fetch: every record in its window once, whatever the order of pages, and no page fetched twice
after a kill.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, SourceFatal, SourceRetriable
from pipeline.extract.fetch import FetchedPages, fetch_pages, pack, sort_records
from pipeline.extract.read_ahead import AHEAD
from pipeline.pos.loyverse import reader as loyverse_reader
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import ApiPage, FetchProgress, Record, Window
from tests.extract.small_shop import (
    DAY,
    NOW,
    START,
    fetch_first_windows,
    gather,
    numbers,
    receipt,
    shop,
    windows,
)
from tests.support.book import Book
from tests.support.faults import Fault, on_page
from tests.support.other_order import OtherOrder


class Recorded:
    """A source that gives the same pages to everyone, and counts."""

    connection_id, server_time, reader = "recorded", None, loyverse_reader

    def __init__(self, pages: list[list[Record]], truncated_at: datetime | None = None):
        self.given, self.truncated_at, self.requests = pages, truncated_at, 0

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        for position in range(int(cursor or 0), len(self.given)):
            self.requests += 1
            is_last = position == len(self.given) - 1
            yield ApiPage(
                self.given[position],
                None if is_last else str(position + 1),
                self.truncated_at if is_last else None,
            )


def record(
    number: str | None, updated: datetime | None, sold: datetime | None = None, body: bytes = b"{}"
) -> Record:
    return Record(body + (number or "").encode(), number, updated, updated, sold or updated)


@pytest.mark.parametrize("bounded", [False, True])
def test_every_receipt_is_in_its_window_once(start, tmp_path: Path, bounded: bool) -> None:
    server, source = start(shop(500), limit=50)
    result = fetch_pages(
        source, windows(5, START + DAY), bounded=bounded, state_folder=tmp_path, now=NOW
    )
    handed = gather(result)
    assert list(handed) == [window.date for window in windows(5, START + DAY)]
    for window in windows(5, START + DAY):
        rows = [row for records in handed[window.date].values() for row in records]
        assert len(rows) == 48 and all(window.start <= row.updated_at < window.end for row in rows)
        assert all(
            row.sold_at.date() == sold
            for sold, records in handed[window.date].items()
            for row in records
        )
        assert list(handed[window.date]) == sorted(handed[window.date])
    assert result.records == 240 + result.other_windows and result.duplicates == 0
    assert ("updated_at_max" in server.requests[0].params) == bounded
    assert result.requests == result.pages + bounded == len(server.requests), (
        "and one that asks what has changed during a bounded fetch"
    )


def test_an_empty_window_is_handed_out_too(start, tmp_path: Path) -> None:
    _, source = start(Book())
    assert gather(fetch_first_windows(source, 3, tmp_path)) == {
        window.date: {} for window in windows(3)
    }


@given(seed=st.integers(0, 10_000))
def test_neither_order_nor_duplicates_of_records_and_pages_matter(
    tmp_path_factory, seed: int
) -> None:
    rng = Random(seed)

    def hour(first: int) -> datetime:
        return START + timedelta(hours=rng.randrange(first, 60))

    rows = [record(f"1-{n}", hour(-5), hour(-40)) for n in range(40)]
    rows += [record(None, None, body=b"%d" % n) for n in range(3)] + [
        record("x", START, START - 3650 * DAY * 2)
    ]
    shuffled = rng.sample(rows, len(rows)) + rng.choices(rows, k=20)
    result = []
    for pages in (
        [rows],
        [shuffled[position : position + 7] for position in range(0, len(shuffled), 7)],
    ):
        done = fetch_pages(
            Recorded(pages),
            windows(2),
            bounded=False,
            state_folder=tmp_path_factory.mktemp("state_folder"),
            now=NOW,
        )
        handed = {
            day: {sold: bytes(text) for sold, text in pack(records).items()}
            for day, records in gather(done).items()
        }
        result.append(handed)
        kept = sum(len(text.splitlines()) for sold in handed.values() for text in sold.values())
        assert done.records == kept + done.other_windows + done.duplicates
    # What has no order of its own, unreadable records, keeps that of its coming; as a set it is the
    # same.
    for handed in result:
        for sold in handed.values():
            sold[None] = b"".join(sorted(sold.get(None, b"").splitlines(keepends=True)))
    assert result[0] == result[1]


def test_duplicates_within_and_between_pages_are_counted_and_kept_once(
    start, tmp_path: Path
) -> None:
    again: list[bytes] = []
    repeat = Fault(
        "rows",
        act=lambda rows: (again.extend(rows[:3]), rows)[1] if not again else [*rows, *again],
        times=None,
    )
    _, source = start(shop(48), limit=10, faults=[Fault("duplicate", times=2), repeat])
    result = fetch_first_windows(source, 1, tmp_path)
    assert len(numbers(result)) == 48 and result.duplicates == result.records - 48 > 12


def test_of_two_revisions_with_one_time_the_one_fetched_last_stands_last() -> None:
    first, second = record("1-1", START, body=b"old"), record("1-1", START, body=b"new")
    assert sort_records([first, second]) == [first, second] and sort_records([second, first]) == [
        second,
        first,
    ]
    assert sort_records([first, second, first]) == [second, first]


def test_what_cannot_be_placed_is_in_the_last_window_under_no_date(start, tmp_path: Path) -> None:
    book = shop(2)
    for n, fields in enumerate(
        [
            b'"updated_at":"garbage","receipt_date":"2026-10-01T12:00:00Z"',
            b'"updated_at":null',
            b'"x":1',
        ]
    ):
        book.plant(b'{"receipt_number":"9-%d",%s}' % (n, fields), f"9-{n}", START, START)
    book.add(receipt("9-3", "1970-01-01T00:00:00.000Z"), START)
    book.add(receipt("9-4", "2099-01-01T00:00:00.000Z"), START + DAY)
    book.add(receipt("9-5", START - 9 * DAY), START + DAY)
    _, source = start(book)
    handed = gather(fetch_first_windows(source, 3, tmp_path))
    placed = {
        row.number: (day, sold)
        for day, records in handed.items()
        for sold, rows in records.items()
        for row in rows
    }
    last = date(2026, 10, 3)
    assert {n: placed[f"9-{n}"] for n in range(6)} == {
        0: (last, None),
        1: (last, None),
        2: (last, None),
        3: (date(2026, 10, 1), None),
        4: (date(2026, 10, 2), None),
        5: (date(2026, 10, 2), date(2026, 9, 22)),
    }
    assert list(handed[last]) == [None]


def test_windows_that_do_not_tile_time_are_refused(tmp_path: Path) -> None:
    first, second, third = windows(3)
    for wrong in ([], [first, third], [second, first]):
        with pytest.raises(ValueError, match="consecutive windows"):
            fetch_pages(Recorded([[]]), wrong, bounded=True, state_folder=tmp_path, now=NOW)


def test_objects_are_lines_of_verbatim_json(start, tmp_path: Path) -> None:
    book = Book()
    body = (
        b'{\r\n "receipt_number": "1-1",\n'
        b' "updated_at":"2026-10-01T12:00:00Z","created_at":"2026-10-01T12:00:00Z"}'
    )
    book.plant(body, "1-1", START + DAY / 24, START + DAY / 24)
    _, source = start(book)
    _, records = next(fetch_first_windows(source, 1, tmp_path).windows)
    [text] = pack(records).values()
    assert text == body.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"


# What changes while a fetch is under way


@pytest.mark.parametrize("order", ["created_desc", "updated_desc", "updated_asc"])
@pytest.mark.parametrize("offsets", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_changes_between_pages_is_neither_lost_nor_doubled(
    start, tmp_path: Path, order: str, offsets: bool, seed: int
) -> None:
    """Sales, edits and cancellations before each page of two runs: after a quiet third, the
    newest version of every receipt is held.

    Were the API to page by offset and oldest change first, a row could slip away; then a rescan
    finds it. No other order needs one.
    """
    rng, clock, book = (
        Random(seed),
        [NOW],
        shop(60, NOW - 20 * timedelta(hours=1), timedelta(minutes=15)),
    )

    def disturb(exchange: object) -> None:
        for _ in range(rng.randrange(12)):
            clock[0] += timedelta(seconds=1)
            number = f"1-{1000 + rng.randrange(60)}"
            if rng.random() < 0.4:
                book.add(receipt(f"2-{len(book._versions)}", clock[0]), clock[0])
            elif rng.random() < 0.5:
                book.change(number, clock[0], note=str(clock[0]))
            else:
                book.cancel(number, clock[0])

    server, source = start(OtherOrder(book, order, offsets), limit=7, now=lambda: clock[0])
    held: dict[str, Record] = {}

    def night(first: datetime, last: datetime, is_quiet: bool) -> None:
        server.faults[:] = [] if is_quiet else [Fault("call", act=disturb, times=14)]
        clock[0] = max(clock[0], last + timedelta(minutes=30))
        result = fetch_pages(
            source,
            [Window(first.date(), first, last)],
            bounded=False,
            state_folder=tmp_path,
            now=clock[0],
        )
        for row in (
            row for records in gather(result).values() for rows in records.values() for row in rows
        ):
            if row.number not in held or held[row.number].updated_at <= row.updated_at:
                held[row.number] = row

    night(NOW - DAY, NOW - DAY / 48, False)
    night(NOW - DAY / 48, NOW + DAY, False)
    night(NOW + DAY, NOW + 3 * DAY, True)
    if offsets and order == "updated_asc":
        night(NOW - DAY, NOW + 3 * DAY, True)
    truth = {
        row.number: row.body
        for page in source.receipts(NOW - 9 * DAY, None)
        for row in page.records
    }
    assert {number: row.body for number, row in held.items()} == truth


# Clocks, size, progress


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_off_skips_nothing_and_is_reported(
    start, tmp_path: Path, minutes: int
) -> None:
    _, source = start(shop(48), faults=[Fault("date", skew=timedelta(minutes=minutes), times=None)])
    result = fetch_first_windows(source, 1, tmp_path)
    assert result.skew == timedelta(minutes=minutes) and len(numbers(result)) == 48


def test_a_server_without_a_clock(start, tmp_path: Path) -> None:
    _, source = start(shop(48), faults=[Fault("date", skew=None, times=None)])
    result = fetch_first_windows(source, 1, tmp_path)
    assert result.skew is None and len(numbers(result)) == 48


def test_a_window_that_is_open_by_the_servers_clock_is_not_kept(start, tmp_path: Path) -> None:
    """Our clock is a day ahead: the window seems closed and may still gain receipts."""
    server, source = start(shop(48), now=lambda: START + timedelta(hours=23))
    with pytest.raises(SourceRetriable, match="has not closed"):
        fetch_first_windows(source, 1, tmp_path, now=START + 2 * DAY)
    server.now = lambda: START + 2 * DAY
    assert len(numbers(fetch_first_windows(source, 1, tmp_path, now=START + 2 * DAY))) == 48


def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times the pages need no more memory; each page is 1 MB."""
    import tracemalloc

    class Endless(Recorded):
        def receipts(
            self, since: datetime, until: datetime | None, cursor: str | None = None
        ) -> Iterator[ApiPage]:
            count = len(self.given)
            for position in range(count):
                moment = START + position * 20 * DAY / count
                rows = [
                    record(f"{position}-{n}", moment, body=os.urandom(1 << 10) * 10)
                    for n in range(100)
                ]
                yield ApiPage(rows, str(position) if position < count - 1 else None)

    monkeypatch.setattr("pipeline.extract.page_journal.IN_MEMORY", 2 << 20)
    peaks = []
    for count in (10, 50):
        tracemalloc.start()
        result = fetch_pages(
            Endless([[]] * count), windows(20), bounded=False, state_folder=tmp_path, now=NOW
        )
        kept = sum(
            len(text.splitlines())
            for _, records in result.windows
            for text in pack(records).values()
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert kept > 0 and result.records == count * 100
    assert peaks[1] < peaks[0] + (8 << 20), "one window of fifty pages is 2.5 MB, the fetch 50"


def test_progress_shows_pages_records_and_how_far_back(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20)
    steps = []
    fetch_first_windows(source, 2, tmp_path, progress=steps.append)
    assert [(step.pages, step.records) for step in steps] == [
        (n, min(20 * n, 96)) for n in range(1, 6)
    ]
    assert all(0 <= step.requests - step.pages <= AHEAD for step in steps)
    assert [step.oldest for step in steps] == sorted(
        (step.oldest for step in steps), reverse=True
    ) and steps[-1].oldest == START


def test_a_fetch_that_fails_hands_out_nothing(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20, faults=[Fault("loop", on=on_page(3), times=None)])
    with pytest.raises(SourceFatal):
        fetch_first_windows(source, 2, tmp_path)


def test_numbers_are_read_from_what_was_served(start, tmp_path: Path) -> None:
    _, source = start(shop(5))
    for rows in gather(fetch_first_windows(source, 1, tmp_path)).values():
        assert all(read_receipt(row.body) == row for records in rows.values() for row in records)


@pytest.mark.parametrize(
    ("order", "moves"), [("created_desc", "1-1040"), ("updated_asc", "1-1003")]
)
def test_a_bounded_fetch_out_of_which_a_receipt_moves_is_read_again(
    start, tmp_path: Path, order: str, moves: str
) -> None:
    """The API counts its rows: when a receipt already read leaves the span, the first of the next
    page moves up, unread.
    """
    book, once = shop(96), iter([moves])
    server, source = start(OtherOrder(book, order, offsets=True), limit=20)
    server.faults.append(
        Fault(
            "empty",
            on=lambda requested: (
                requested.page == 2 and any(book.cancel(number, NOW) for number in once)
            ),
        )
    )
    result = fetch_pages(source, windows(1), bounded=True, state_folder=tmp_path, now=NOW)
    assert len(server.requests) == result.requests == 3 + 1 + 3 + 1
    assert set(numbers(result)) == {f"1-{n + 1000}" for n in range(48)}, (
        "the version that was read before it moved is a version too"
    )


def test_a_span_that_never_comes_to_rest_is_read_openly_at_last(start, tmp_path: Path) -> None:
    book, turns = shop(96), iter(range(1047, 1000, -1))
    server, source = start(OtherOrder(book, offsets=True), limit=20)
    server.faults.append(
        Fault(
            "empty",
            times=None,
            on=lambda request: request.page == 2 and book.cancel(f"1-{next(turns)}", NOW),
        )
    )
    result = fetch_pages(source, windows(1), bounded=True, state_folder=tmp_path, now=NOW)
    assert [request.page for request in server.requests if "updated_at_max" not in request.params][
        -5:
    ] == [1, 2, 3, 4, 5], "all of both days"
    assert set(numbers(result)) == {f"1-{n + 1000}" for n in range(48)}


@pytest.mark.parametrize("die", [3, 4, 6])
def test_a_killed_fetch_still_needs_its_second_pass(start, tmp_path: Path, die: int) -> None:
    """Killed when its first pass is done, at the look, and within the second pass: the next run
    makes good what slipped.
    """
    book, once = shop(96), iter(["1-1040"])
    server, source = start(OtherOrder(book, offsets=True), limit=20)
    server.faults.append(
        Fault(
            "empty",
            on=lambda requested: (
                requested.page == 2 and any(book.cancel(number, NOW) for number in once)
            ),
        )
    )
    server.faults.append(
        Fault("status", status=400, code="INVALID_VALUE", on=lambda _: len(server.requests) == die)
    )
    with pytest.raises(SourceFatal):
        fetch_pages(source, windows(1), bounded=True, state_folder=tmp_path, now=NOW)
    result = fetch_pages(
        source, windows(1), bounded=True, state_folder=tmp_path, now=NOW + timedelta(minutes=30)
    )
    assert (
        set(numbers(result)) == {f"1-{n + 1000}" for n in range(48)}
        and list(tmp_path.glob("pages.*")) == []
    )


@pytest.mark.parametrize("page", [1, 3])
def test_a_page_that_cannot_be_sorted_fails_the_fetch(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """The last one too: the next one is already under way."""
    pages, add = iter(range(1, 9)), FetchedPages.add

    def full(result: FetchedPages, entry: ApiPage) -> FetchProgress:
        if next(pages) == page:
            raise ConfigError("the disk is full")
        return add(result, entry)

    monkeypatch.setattr(FetchedPages, "add", full)
    _, source = start(shop(48), limit=20)
    with pytest.raises(ConfigError, match="disk is full"):
        fetch_first_windows(source, 1, tmp_path)
