"""The law of moved receipts: a reader of any date under which a receipt ever was sees its newest
revision there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.fetch import pack
from pipeline.extract.moved_revisions import copy_moved_revisions, earlier_dates, partition_date_of
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.pages import write_instant
from pipeline.pos.source import Record, sold_date
from tests.extract.small_shop import START

DAY = timedelta(days=1)


def version(number: str, created: datetime, updated: datetime, sold: datetime | None) -> Record:
    fields = {
        "receipt_number": number,
        "created_at": write_instant(created),
        "updated_at": write_instant(updated),
    }
    return read_receipt(
        json.dumps({**fields, "receipt_date": write_instant(sold) if sold else "garbage"}).encode()
    )


class Raw:
    """What a lake holds of raw: NDJSON objects by date of sale, committed partition after partition."""

    def __init__(self) -> None:
        self.objects: dict[date | None, list[bytes]] = defaultdict(list)

    def commit(self, partition: list[Record]) -> None:
        by_date: dict[date | None, list[Record]] = defaultdict(list)
        for record in partition:
            by_date[sold_date(record)].append(record)
        for sold, ndjson in pack(
            copy_moved_revisions(
                by_date, earlier_dates(lambda day: self.objects[day], read_receipt)
            )
        ).items():
            self.objects[sold].append(ndjson)

    def versions(self, place: date) -> dict[str, Record]:
        """The newest version of every receipt seen from a place: what stands there, and what of
        unknown date counts there.
        """
        newest: dict[str, Record] = {}
        for sold in (None, place):  # (updated_at, partition, position)
            for record in (
                read_receipt(line) for ndjson in self.objects[sold] for line in ndjson.splitlines()
            ):
                is_seen = sold is not None or partition_date_of(record) == place
                if is_seen and (
                    record.number not in newest
                    or newest[record.number].updated_at <= record.updated_at
                ):
                    newest[record.number] = record
        return newest


# A history: partitions of (receipt, days that its date of sale lies before its arrival; None:
# unreadable), each a day after the other.
MOVE = st.tuples(st.integers(0, 4), st.none() | st.integers(0, 12))
HISTORIES = st.lists(st.lists(MOVE, max_size=5), min_size=1, max_size=8)


def play(history: list) -> tuple[Raw, dict[str, Record], dict[str, set[date]]]:
    raw, newest, partition_dates = Raw(), {}, defaultdict(set)
    created: dict[int, datetime] = {}
    for day, moves in enumerate(history):
        partition = []
        for second, (receipt, months_before) in enumerate(moves):
            moment = START + day * DAY + timedelta(seconds=second)
            created.setdefault(receipt, moment)
            record = version(
                f"1-{receipt}",
                created[receipt],
                moment,
                None if months_before is None else created[receipt] - months_before * DAY,
            )
            newest[record.number] = record
            partition_dates[record.number].add(partition_date_of(record))
            partition.append(record)
        raw.commit(partition)
    return raw, newest, partition_dates


@given(HISTORIES)
def test_every_date_that_ever_held_a_receipt_sees_its_newest_revision(history: list) -> None:
    raw, newest, partition_dates = play(history)
    for number, record in newest.items():
        for place in partition_dates[number]:
            assert raw.versions(place)[number] == record, f"{number} in {place}"


@given(HISTORIES)
def test_dates_that_keep_the_newest_revision_of_theirs_count_each_receipt_once(
    history: list,
) -> None:
    """As DailySales does, with readable and unreadable dates: a place keeps a receipt if the newest
    version seen there is its own.
    """
    raw, newest, partition_dates = play(history)
    everywhere = {place for entry in partition_dates.values() for place in entry} | {
        sold for sold in raw.objects if sold
    }
    counted = [
        record
        for place in everywhere
        for record in raw.versions(place).values()
        if partition_date_of(record) == place
    ]
    assert sorted(counted) == sorted(newest.values())


@given(HISTORIES)
def test_what_stands_is_what_came_and_copies_of_it(history: list) -> None:
    raw, _, partition_dates = play(history)
    for sold, objects in raw.objects.items():
        for record in (read_receipt(line) for ndjson in objects for line in ndjson.splitlines()):
            assert sold is None or sold in partition_dates[record.number] | {
                record.created_at.date()
            }, "nothing is copied further than the law says"
            assert sold is not None or sold_date(record) is None, (
                "nothing readable is put under the unknown"
            )


def test_a_chain_of_moves() -> None:
    raw = Raw()
    v1, v2, v3 = (
        version("1-1", START, START + n * DAY, START - months_before * DAY)
        for n, months_before in enumerate((0, 3, 7))
    )
    for record in (v1, v2, v3):
        raw.commit([record])
        assert {
            raw.versions(sold_date(v))["1-1"] for v in (v1, v2, v3) if sold_date(v) in raw.objects
        } == {record}


def test_a_receipt_that_nobody_changed_and_nobody_sold_late_is_not_copied() -> None:
    requested = []
    record = version("1-1", START, START, START)
    result = copy_moved_revisions(
        {START.date(): [record]}, lambda *args: requested.append(args) or ()
    )
    assert dict(result) == {START.date(): [record]} and requested == []


def test_a_first_revision_seen_late_is_found_again() -> None:
    """The first version that extraction saw was an edit already: its home is the date of its
    arrival all the same.
    """
    raw = Raw()
    seen = version("1-1", START, START + 5 * DAY, START - 20 * DAY)
    moved = version("1-1", START, START + 9 * DAY, START - 2 * DAY)
    raw.commit([seen])
    raw.commit([moved])
    assert raw.versions((START - 20 * DAY).date())["1-1"] == moved


def test_two_revisions_in_one_partition() -> None:
    raw = Raw()
    v1, v2 = (
        version("1-1", START, START, START),
        version("1-1", START, START + DAY, START - 5 * DAY),
    )
    raw.commit([v2, v1])
    assert raw.versions(START.date())["1-1"] == raw.versions((START - 5 * DAY).date())["1-1"] == v2


def test_a_revision_of_unknown_date_goes_to_the_dates_of_earlier_ones_and_is_found_when_it_is_corrected() -> (
    None
):
    raw = Raw()
    v1, v2 = version("1-1", START, START, START), version("1-1", START, START + DAY, None)
    v3 = version("1-1", START, START + 4 * DAY, START - DAY)
    raw.commit([v1])
    raw.commit([v2])
    assert raw.versions(START.date())["1-1"] == raw.versions((START + DAY).date())["1-1"] == v2
    raw.commit([v3])
    assert {raw.versions(partition_date_of(v))["1-1"] for v in (v1, v2, v3)} == {v3}


def test_records_without_number_or_arrival_stay_where_they_are() -> None:
    odd = [
        Record(b"{}", None, START + DAY, START, START),
        Record(b"[]", "1-1", START, None, START),
        Record(b"7", None, None, None, None),
    ]
    for record in odd:
        place = sold_date(record)
        assert dict(copy_moved_revisions({place: [record]}, lambda *_: {START.date() - DAY})) == {
            place: [record]
        }


def test_a_number_within_a_number_is_another_receipt() -> None:
    raw = Raw()
    raw.commit(
        [version("1-10", START, START + DAY, START - 9 * DAY), version("1-1", START, START, START)]
    )
    earlier = earlier_dates(lambda day: raw.objects[day], read_receipt)
    assert (
        set(earlier("1-1", START)) == {START.date()}
        and set(earlier("1-10", START)) == {(START - 9 * DAY).date()}
        and not earlier("1", START)
    )


def test_a_number_with_odd_letters_is_found() -> None:
    raw = Raw()
    raw.commit([version('ñ/"1', START, START, START)])
    earlier = earlier_dates(lambda day: raw.objects[day], read_receipt)
    assert set(earlier('ñ/"1', START)) == {START.date()}


def test_home_is_read_once_for_a_partition() -> None:
    raw, reads = Raw(), []
    raw.commit([version(f"1-{n}", START, START, START) for n in range(5)])
    earlier = earlier_dates(lambda day: reads.append(day) or raw.objects[day], read_receipt)
    by_date = {
        (START - DAY).date(): [version(f"1-{n}", START, START + DAY, START - DAY) for n in range(5)]
    }
    assert len(dict(copy_moved_revisions(by_date, earlier))[START.date()]) == 5 and reads == [
        START.date()
    ]
