"""A rescan adds what raw lacks, says what that was, and takes nothing away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.fetch import fetch_pages, pack
from pipeline.extract.missed import by_date, find_missed, newest_in_raw, receipt_key
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import Record, sold_date
from tests.extract.small_shop import DAY, NOW, START, fetch_first_windows, shop, windows
from tests.support.faults import Fault


def test_a_rescan_of_a_complete_period_finds_nothing(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20)
    in_raw = newest_in_raw(
        (
            text
            for _, records in fetch_first_windows(source, 2, tmp_path).windows
            for text in pack(records).values()
        ),
        read_receipt,
    )
    assert len(in_raw) == 96
    assert [
        find_missed(records, in_raw)
        for _, records in fetch_first_windows(source, 2, tmp_path).windows
    ] == [[], []]


def test_a_rescan_finds_what_appeared_after_its_window_had_closed(start, tmp_path: Path) -> None:
    """A record that could be seen only two days after the instant that it bears, and an edit that
    raw has not seen.
    """
    book = shop(48)
    book.plant(
        b'{"receipt_number":"late","updated_at":"2026-10-01T12:30:00Z","created_at":"2026-10-01T12:30:00Z",'
        b'"receipt_date":"2026-10-01T12:30:00Z"}',
        "late",
        START + DAY / 16,
        START + DAY / 16,
        visible=START + 3 * DAY,
    )
    clock = [START + 2 * DAY]
    server, source = start(book, now=lambda: clock[0])
    in_raw = newest_in_raw(
        (
            text
            for _, records in fetch_first_windows(source, 1, tmp_path, now=clock[0]).windows
            for text in pack(records).values()
        ),
        read_receipt,
    )
    assert "late" not in in_raw
    clock[0] = START + 5 * DAY
    book.change("1-1003", START + 4 * DAY, note="edited")
    result = [
        entry
        for _, records in fetch_pages(
            source, windows(5), bounded=False, state_folder=tmp_path, now=clock[0]
        ).windows
        for entry in find_missed(records, in_raw)
    ]
    assert {(entry.record.number, entry.in_raw) for entry in result} == {
        ("late", None),
        ("1-1003", START + timedelta(hours=1.5)),
    }
    assert {sold: [r.number for r in rows] for sold, rows in by_date(result).items()} == {
        START.date(): ["late", "1-1003"]
    }
    assert server.requests


def test_a_shop_that_suddenly_shows_less_takes_nothing_away(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20)
    in_raw = newest_in_raw(
        (
            text
            for _, records in fetch_first_windows(source, 2, tmp_path).windows
            for text in pack(records).values()
        ),
        read_receipt,
    )
    before = dict(in_raw)
    server.faults.append(Fault("shrink", since=START + DAY, times=None))
    result = fetch_first_windows(source, 2, tmp_path)
    assert [find_missed(records, in_raw) for _, records in result.windows] == [[], []]
    assert in_raw == before and result.records == 48, (
        "the number that has shrunk is there for an alarm"
    )


MOMENTS = st.integers(0, 5).map(lambda n: NOW + timedelta(seconds=n))
RECORDS = st.builds(
    lambda n, u, body: Record(b"%d" % body, f"1-{n}" if n else None, u, u, u),
    st.integers(0, 3),
    st.none() | MOMENTS,
    st.integers(0, 3),
)


@given(st.lists(RECORDS, max_size=12), st.lists(RECORDS, max_size=6))
def test_what_is_held_afterwards_is_the_newest_of_both(
    read_again: list[Record], known: list[Record]
) -> None:
    in_raw: dict = {}
    for record in known:
        in_raw[receipt_key(record)] = max(
            in_raw.get(receipt_key(record), NOW - DAY), record.updated_at or NOW - DAY
        )
    missed = find_missed({None: read_again}, in_raw)
    for record in read_again:
        has = record.updated_at or NOW - DAY
        added = [
            m.record.updated_at or NOW - DAY
            for m in missed
            if receipt_key(m.record) == receipt_key(record)
        ]
        assert max([in_raw.get(receipt_key(record), NOW - 2 * DAY), *added]) >= has
    assert all(m.in_raw is None or m.in_raw < m.record.updated_at for m in missed)
    assert sorted(map(id, (r for rows in by_date(missed).values() for r in rows))) == sorted(
        id(m.record) for m in missed
    )
    assert (
        find_missed({None: read_again}, in_raw | {receipt_key(r): NOW + DAY for r in read_again})
        == []
    )


def test_an_unreadable_record_is_known_again_by_its_bytes(start, tmp_path: Path) -> None:
    book = shop(1)
    book.plant(b'{"garbage":\n1}', "x", START, START)
    _, source = start(book)
    in_raw = newest_in_raw(
        (
            text
            for _, records in fetch_first_windows(source, 1, tmp_path).windows
            for text in pack(records).values()
        ),
        read_receipt,
    )
    again = fetch_first_windows(source, 1, tmp_path)
    assert len(in_raw) == 2 and [find_missed(records, in_raw) for _, records in again.windows] == [
        []
    ]
    assert sold_date(Record(b"{}", None, None, None, None)) is None
