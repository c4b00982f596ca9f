"""A walk: every record in its window once, whatever the order of pages, and no page fetched twice after a kill."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, SourceFatal, SourceRetriable
from pipeline.extract import Page, Record, Window, pack, walk
from pipeline.extract.envelope import read_receipt
from pipeline.extract.walk import arrange
from simulator import Book, Fault, on_page
from tests.extract.small_shop import DAY, NOW, START, gather, make_walk, numbers, receipt, shop, windows


class Recorded:
    """A source that gives the same pages to everyone, and counts."""

    identity, server_time = "recorded", None

    def __init__(self, pages: list[list[Record]], truncated_at: datetime | None = None):
        self.given, self.truncated_at, self.requests = pages, truncated_at, 0

    def receipts(self, since: datetime, until: datetime | None, cursor: str | None = None) -> Iterator[Page]:
        for at in range(int(cursor or 0), len(self.given)):
            self.requests += 1
            is_last = at == len(self.given) - 1
            yield Page(self.given[at], None if is_last else str(at + 1), self.truncated_at if is_last else None)


def record(number: str | None, updated: datetime | None, sold: datetime | None = None, body: bytes = b"{}") -> Record:
    return Record(body + (number or "").encode(), number, updated, updated, sold or updated)


@pytest.mark.parametrize("bounded", [False, True])
def test_every_receipt_is_in_its_window_once(start, tmp_path: Path, bounded: bool) -> None:
    server, source = start(shop(500), limit=50)
    found = walk(source, windows(5, START + DAY), bounded=bounded, spool=tmp_path, now=NOW)
    handed = gather(found)
    assert list(handed) == [window.date for window in windows(5, START + DAY)]
    for window in windows(5, START + DAY):
        rows = [row for records in handed[window.date].values() for row in records]
        assert len(rows) == 48 and all(window.start <= row.updated_at < window.end for row in rows)
        assert all(row.sold_at.date() == sold for sold, records in handed[window.date].items() for row in records)
        assert list(handed[window.date]) == sorted(handed[window.date])
    assert found.records == 240 + found.outside and found.duplicates == 0
    assert ("updated_at_max" in server.requests[0].params) == bounded
    assert found.requests == found.pages == len(server.requests)


def test_an_empty_window_is_handed_out_too(start, tmp_path: Path) -> None:
    _, source = start(Book())
    assert gather(make_walk(source, 3, tmp_path)) == {window.date: {} for window in windows(3)}


@given(seed=st.integers(0, 10_000))
def test_neither_order_nor_duplicates_of_records_and_pages_matter(tmp_path_factory, seed: int) -> None:
    rng = Random(seed)
    def hour(first: int) -> datetime:
        return START + timedelta(hours=rng.randrange(first, 60))

    rows = [record(f"1-{n}", hour(-5), hour(-40)) for n in range(40)]
    rows += [record(None, None, body=b"%d" % n) for n in range(3)] + [record("x", START, START - 3650 * DAY * 2)]
    shuffled = rng.sample(rows, len(rows)) + rng.choices(rows, k=20)
    found = []
    for pages in ([rows], [shuffled[at:at + 7] for at in range(0, len(shuffled), 7)]):
        done = walk(Recorded(pages), windows(2), bounded=False, spool=tmp_path_factory.mktemp("spool"), now=NOW)
        handed = {day: {sold: bytes(text) for sold, text in pack(records).items()} for day, records in gather(done).items()}
        found.append(handed)
        kept = sum(len(text.splitlines()) for sold in handed.values() for text in sold.values())
        assert done.records == kept + done.outside + done.duplicates
    # What has no order of its own, unreadable records, keeps that of its coming; as a set it is the same.
    for handed in found:
        for sold in handed.values():
            sold[None] = b"".join(sorted(sold.get(None, b"").splitlines(keepends=True)))
    assert found[0] == found[1]


def test_duplicates_within_and_between_pages_are_counted_and_kept_once(start, tmp_path: Path) -> None:
    again: list[bytes] = []
    repeat = Fault("rows", act=lambda rows: (again.extend(rows[:3]), rows)[1] if not again else [*rows, *again], times=None)
    _, source = start(shop(48), limit=10, faults=[Fault("duplicate", times=2), repeat])
    found = make_walk(source, 1, tmp_path)
    assert len(numbers(found)) == 48 and found.duplicates == found.records - 48 > 12


def test_of_two_versions_with_one_time_the_one_fetched_last_stands_last() -> None:
    first, second = record("1-1", START, body=b"old"), record("1-1", START, body=b"new")
    assert arrange([first, second]) == [first, second] and arrange([second, first]) == [second, first]
    assert arrange([first, second, first]) == [second, first]


def test_what_cannot_be_placed_is_in_the_last_window_under_no_date(start, tmp_path: Path) -> None:
    book = shop(2)
    for n, fields in enumerate([b'"updated_at":"garbage","receipt_date":"2026-10-01T12:00:00Z"', b'"updated_at":null', b'"x":1']):
        book.plant(b'{"receipt_number":"9-%d",%s}' % (n, fields), f"9-{n}", START, START)
    book.add(receipt("9-3", "1970-01-01T00:00:00.000Z"), START)
    book.add(receipt("9-4", "2099-01-01T00:00:00.000Z"), START + DAY)
    book.add(receipt("9-5", START - 9 * DAY), START + DAY)
    _, source = start(book)
    handed = gather(make_walk(source, 3, tmp_path))
    placed = {row.number: (day, sold) for day, records in handed.items() for sold, rows in records.items() for row in rows}
    last = date(2026, 10, 3)
    assert {n: placed[f"9-{n}"] for n in range(6)} == {
        0: (last, None), 1: (last, None), 2: (last, None), 3: (date(2026, 10, 1), None), 4: (date(2026, 10, 2), None),
        5: (date(2026, 10, 2), date(2026, 9, 22))}
    assert list(handed[last]) == [None]


def test_windows_that_do_not_tile_time_are_refused(tmp_path: Path) -> None:
    first, second, third = windows(3)
    for wrong in ([], [first, third], [second, first]):
        with pytest.raises(ValueError, match="tile time"):
            walk(Recorded([[]]), wrong, bounded=True, spool=tmp_path, now=NOW)


def test_objects_are_lines_of_verbatim_json(start, tmp_path: Path) -> None:
    book = Book()
    body = b'{\r\n "receipt_number": "1-1",\n "updated_at":"2026-10-01T12:00:00Z","created_at":"2026-10-01T12:00:00Z"}'
    book.plant(body, "1-1", START + DAY / 24, START + DAY / 24)
    _, source = start(book)
    _, records = next(make_walk(source, 1, tmp_path).windows)
    [text] = pack(records).values()
    assert text == body.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"


# What changes while a walk is under way

@pytest.mark.parametrize("order", ["created_desc", "updated_desc", "updated_asc"])
@pytest.mark.parametrize("offsets", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_changes_between_pages_is_neither_lost_nor_doubled(start, tmp_path: Path, order: str, offsets: bool, seed: int) -> None:
    """Sales, edits and cancellations before each page of two nights: after a quiet third, the newest version of every receipt is held.

    Were the API to page by offset and oldest change first, a row could slip away; then a sweep finds it. No other order needs one.
    """
    rng, clock, book = Random(seed), [NOW], shop(60, NOW - 20 * timedelta(hours=1), timedelta(minutes=15))

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

    server, source = start(book, limit=7, now=lambda: clock[0], order=order, offsets=offsets)
    held: dict[str, Record] = {}

    def night(first: datetime, last: datetime, is_quiet: bool) -> None:
        server.faults[:] = [] if is_quiet else [Fault("call", act=disturb, times=14)]
        clock[0] = max(clock[0], last + timedelta(minutes=30))
        found = walk(source, [Window(first.date(), first, last)], bounded=False, spool=tmp_path, now=clock[0])
        for row in (row for records in gather(found).values() for rows in records.values() for row in rows):
            if row.number not in held or held[row.number].updated_at <= row.updated_at:
                held[row.number] = row

    night(NOW - DAY, NOW - DAY / 48, False)
    night(NOW - DAY / 48, NOW + DAY, False)
    night(NOW + DAY, NOW + 3 * DAY, True)
    if offsets and order == "updated_asc":
        night(NOW - DAY, NOW + 3 * DAY, True)
    truth = {row.number: row.body for page in source.receipts(NOW - 9 * DAY, None) for row in page.records}
    assert {number: row.body for number, row in held.items()} == truth


# Kill and resume

def killed_walk(source: object, folder: Path, days: int, die: int, where: str) -> None:
    """A child process walks and kills itself at its `die`-th page: "kept" after it was kept, "before" that, or while it hands out."""
    child = os.fork()
    if child:
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        return
    seen = 0

    def strike() -> None:
        nonlocal seen
        seen += 1
        if seen == die:
            os.kill(os.getpid(), signal.SIGKILL)

    if where == "before":
        inner = source.receipts
        source.receipts = lambda *args: ((strike(), page)[1] for page in inner(*args))
    found = make_walk(source, days, folder, progress=lambda step: strike() if where == "kept" else None)
    for _ in found.windows:
        strike()
    os._exit(1)


@pytest.mark.parametrize("die", range(1, 6))
@pytest.mark.parametrize("where", ["kept", "before"])
def test_a_page_once_fetched_is_not_fetched_again(start, tmp_path: Path, die: int, where: str) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, die, where)
    found = make_walk(source, 2, tmp_path)
    assert sorted(numbers(found)) == [f"1-{n + 1000}" for n in range(96)] and found.duplicates == 0
    assert len(server.requests) == 5 + (where == "before"), "at most the page under way"
    assert found.requests == 5 - die + (where == "before")
    assert list(tmp_path.iterdir()) == [], "emptied when done"


@pytest.mark.parametrize("die", [1, 2, 3])
def test_windows_not_yet_handed_out_are_not_fetched_again(start, tmp_path: Path, die: int) -> None:
    """Killed while the windows are committed: the next run asks for the rest only, and finds it on its disk."""
    server, source = start(shop(144), limit=20)
    killed_walk(source, tmp_path, 3, die, "handing out")
    rest = windows(3)[die - 1:]
    found = walk(source, rest, bounded=False, spool=tmp_path, now=NOW + timedelta(hours=1))
    assert sorted(numbers(found)) == [f"1-{n + 1000}" for n in range(48 * (die - 1), 144)]
    assert len(server.requests) == 8 and found.requests == 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "flip", "tail", "nothing but a tail"])
def test_a_damaged_tail_is_dropped(start, tmp_path: Path, damage: str) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    [journal] = tmp_path.glob("walk.*/journal")
    body = journal.read_bytes()
    journal.write_bytes({"cut": body[:-9], "flip": body[:-9] + bytes([body[-9] ^ 1]) + body[-8:], "tail": body + os.urandom(99),
                         "nothing but a tail": os.urandom(99)}[damage])
    found = make_walk(source, 2, tmp_path)
    assert sorted(numbers(found)) == [f"1-{n + 1000}" for n in range(96)]
    assert len(server.requests) == {"cut": 6, "flip": 6, "tail": 5, "nothing but a tail": 8}[damage]


def test_a_cursor_forgotten_in_the_meantime_only_costs_time(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    server.faults.append(Fault("status", status=400, code="INVALID_CURSOR", on=on_page(4)))
    found = make_walk(source, 2, tmp_path)
    assert sorted(set(numbers(found))) == [f"1-{n + 1000}" for n in range(96)] and found.duplicates == 60


@pytest.mark.parametrize("other", ["source", "earlier", "later", "bounded", "old", "clock set back"])
def test_a_spool_of_another_walk_is_not_continued(start, tmp_path: Path, other: str) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    asked, now, bounded = windows(2), NOW, other == "bounded"
    if other == "source":
        source.identity = "somebody else's"
    elif other == "earlier":
        asked = windows(3, START - DAY)
    elif other == "later":
        asked = windows(3)
    elif other == "old":
        now += timedelta(days=1)
    elif other == "clock set back":
        now -= timedelta(hours=1)
        server.now = lambda: now
    found = walk(source, asked, bounded=bounded, spool=tmp_path, now=now)
    assert found.requests == 5 and len(server.requests) == 8 and len(numbers(found)) == 96
    left = len(list(tmp_path.iterdir()))
    assert left == (0 if other in ("old", "clock set back") else 1), "an old one is removed, another's is left to it"


def test_nothing_but_walks_is_removed_from_the_spool_folder(start, tmp_path: Path) -> None:
    for name in ("walk.txt", "walk.a.b.c", "walk.x.on.1.2.3.foo.bar", "mine"):
        (tmp_path / name).mkdir()
    _, source = start(shop(3))
    make_walk(source, 1, tmp_path).windows.close()
    assert {"walk.txt", "walk.a.b.c", "walk.x.on.1.2.3.foo.bar", "mine"} <= {path.name for path in tmp_path.iterdir()}


def test_two_at_once_do_not_share_a_spool(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20)
    first, second = make_walk(source, 2, tmp_path), make_walk(source, 2, tmp_path)
    assert len(server.requests) == 10 and len(list(tmp_path.iterdir())) == 2
    assert numbers(first) == numbers(second) and list(tmp_path.iterdir()) == []


def test_a_spool_that_its_owner_has_just_finished_is_not_taken_over(start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the opening of its journal and the lock the folder goes away."""
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    lock, [folder] = fcntl.flock, tmp_path.iterdir()
    monkeypatch.setattr(fcntl, "flock", lambda *args: (shutil.rmtree(folder, ignore_errors=True), lock(*args)))
    assert len(numbers(make_walk(source, 2, tmp_path))) == 96 and len(server.requests) == 3 + 5


def test_many_at_once_take_over_and_finish_each_others_spools(start, tmp_path: Path) -> None:
    _, source = start(shop(48), limit=20)
    found: list[int] = []

    def work(worker: int) -> None:
        for turn in range(6):
            handed = make_walk(source, 1, tmp_path).windows
            if (worker + turn) % 3:
                found.append(sum(len(rows) for _, records in handed for rows in records.values()))
            else:
                handed.close()  # gives up half-way

    threads = [Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [48] * 20
    for _ in range(30):
        if list(tmp_path.iterdir()):
            numbers(make_walk(source, 1, tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_walks_run_in_parallel(start, tmp_path: Path) -> None:
    server, source = start(shop(48 * 6), limit=20)
    found: dict[int, list[str]] = {}

    def work(n: int) -> None:
        found[n] = numbers(walk(source, windows(2, START + 2 * n * DAY), bounded=True, spool=tmp_path, now=NOW))

    threads = [Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for rows in found.values() for number in rows) == [f"1-{n + 1000}" for n in range(48 * 6)]
    assert len(server.requests) == 15 and list(tmp_path.iterdir()) == []


def test_the_spool_is_private(start, tmp_path: Path) -> None:
    _, source = start(shop(3))
    found = make_walk(source, 1, tmp_path / "new")
    next(found.windows)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    [folder] = (tmp_path / "new").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700 and (folder / "journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("room", [12_000, -1], ids=["early", "in the last byte"])
def test_a_full_disk_is_said_and_what_was_fetched_is_kept(start, tmp_path: Path, room: int) -> None:
    _, source = start(shop(96), limit=20)
    measured = make_walk(source, 2, tmp_path / "measured")
    [journal] = (tmp_path / "measured").glob("walk.*/journal")
    limit = journal.stat().st_size - 1 if room < 0 else room
    child = os.fork()
    if child == 0:
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            make_walk(source, 2, tmp_path / "spool")
        except ConfigError as error:
            os._exit(7 if "free space" in str(error) and str(tmp_path) in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    found = make_walk(source, 2, tmp_path / "spool")
    assert len(numbers(found)) == measured.records == 96 and found.requests == (1 if room < 0 else 3)


def test_a_disk_that_loses_pages_is_noticed(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20)
    found = make_walk(source, 2, tmp_path)
    [journal] = tmp_path.glob("walk.*/journal")
    os.truncate(journal, journal.stat().st_size - 1)
    with pytest.raises(ConfigError, match="4 of 5 pages"):
        numbers(found)


def test_nothing_of_a_dropped_tail_comes_back(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    [journal] = tmp_path.glob("walk.*/journal")
    body = journal.read_bytes()
    journal.write_bytes(body[:30] + bytes([body[30] ^ 1]) + body[31:])  # the first page is damaged, the others are whole
    killed_walk(source, tmp_path, 2, 1, "kept")
    found = make_walk(source, 2, tmp_path)
    assert len(numbers(found)) == 96 and found.requests == 4 and len(server.requests) == 3 + 1 + 4


def test_a_failure_keeps_the_pages_for_the_next_run(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20, faults=[Fault("status", status=500, times=8, on=on_page(4))])
    with pytest.raises(SourceRetriable):
        make_walk(source, 2, tmp_path)
    found = make_walk(source, 2, tmp_path)
    assert found.requests == 2 and len(numbers(found)) == 96
    assert len(server.requests) == 3 + 8 + 2


def test_a_truncated_walk_is_truncated_after_a_kill_too(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20, faults=[
        Fault("status", status=402, times=None, on=lambda e: e.page >= 3 and "created_at_min" not in e.params)])
    killed_walk(source, tmp_path, 2, 3, "kept")
    found = make_walk(source, 2, tmp_path)
    assert found.truncated_at is not None and len(numbers(found)) == 40 and found.requests == 0
    assert server.requests


# Clocks, size, progress

@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_off_skips_nothing_and_is_told(start, tmp_path: Path, minutes: int) -> None:
    _, source = start(shop(48), faults=[Fault("date", skew=timedelta(minutes=minutes), times=None)])
    found = make_walk(source, 1, tmp_path)
    assert found.skew == timedelta(minutes=minutes) and len(numbers(found)) == 48


def test_a_server_without_a_clock(start, tmp_path: Path) -> None:
    _, source = start(shop(48), faults=[Fault("date", skew=None, times=None)])
    found = make_walk(source, 1, tmp_path)
    assert found.skew is None and len(numbers(found)) == 48


def test_a_window_that_is_open_by_the_servers_clock_is_not_kept(start, tmp_path: Path) -> None:
    """Our clock is a day ahead: the window seems closed and may still gain receipts."""
    server, source = start(shop(48), now=lambda: START + timedelta(hours=23))
    with pytest.raises(SourceRetriable, match="has not closed"):
        make_walk(source, 1, tmp_path, now=START + 2 * DAY)
    server.now = lambda: START + 2 * DAY
    assert len(numbers(make_walk(source, 1, tmp_path, now=START + 2 * DAY))) == 48


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Ten times the pages need no more memory; each page is 2 MB."""
    import tracemalloc

    class Endless(Recorded):
        def receipts(self, since: datetime, until: datetime | None, cursor: str | None = None) -> Iterator[Page]:
            count = len(self.given)
            for at in range(count):
                moment = START + at * 20 * DAY / count
                rows = [record(f"{at}-{n}", moment, body=os.urandom(1 << 10) * 20) for n in range(100)]
                yield Page(rows, str(at) if at < count - 1 else None)

    peaks = []
    for count in (20, 100):
        tracemalloc.start()
        found = walk(Endless([[]] * count), windows(20), bounded=False, spool=tmp_path, now=NOW)
        kept = sum(len(text.splitlines()) for _, records in found.windows for text in pack(records).values())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert kept > 0 and found.records == count * 100
    assert peaks[1] < peaks[0] + (25 << 20), "one window of a hundred pages is 10 MB, the whole walk 200"


def test_progress_tells_pages_records_and_how_far_back(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20)
    steps = []
    make_walk(source, 2, tmp_path, progress=steps.append)
    assert [(step.pages, step.records, step.requests) for step in steps] == [(n, min(20 * n, 96), n) for n in range(1, 6)]
    assert [step.oldest for step in steps] == sorted((step.oldest for step in steps), reverse=True) and steps[-1].oldest == START


def test_a_walk_that_fails_hands_out_nothing(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20, faults=[Fault("loop", on=on_page(3), times=None)])
    with pytest.raises(SourceFatal):
        make_walk(source, 2, tmp_path)


def test_numbers_are_read_from_what_was_served(start, tmp_path: Path) -> None:
    _, source = start(shop(5))
    for rows in gather(make_walk(source, 1, tmp_path)).values():
        assert all(read_receipt(row.body) == row for records in rows.values() for row in records)
