"""Copies of receipts that moved to another date, for the dates that they left.

Raw keeps a record under the UTC date of its sale. An edit may move a receipt to another date. The
day that the receipt left reads only its own dates, and would still count the old revision. So raw
keeps copies. The partition date of a record is its date of sale, or the date of its `updated_at` if
the date of sale is unknown. The rule:

    every revision of a receipt is kept under its own partition date and those of all earlier
    revisions. A revision that is not the first, or was not sold on the day of its arrival, is also
    kept under its home: the date of `created_at`, which never changes.

So a reader of any date under which a receipt ever was finds its newest revision there, and the home
of a receipt is enough to find these dates. A record under another date than its own only supersedes
older revisions; it is not counted there. The rule holds if the revisions of a receipt are committed
in the server's order, as consecutive windows are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from pipeline.extract.fetch import Records, arrange, sort_dates
from pipeline.extract.lazy_mapping import LazyMapping
from pipeline.pos.source import Record, sold_date

_PLAIN = re.compile(r"[0-9A-Za-z_-]+")


class SaleDates(set[date]):
    """The dates under which raw keeps revisions of a receipt.

    `sold` has their instants of sale under each date, None where unknown.
    """

    def __init__(self, sold: Mapping[date, set[datetime | None]]) -> None:
        super().__init__(sold)
        self.sold = sold


Earlier = Callable[[str, datetime], SaleDates]


def copy_moved_revisions(
    records: Records, earlier: Earlier, partition_dates: Mapping[str, set[date]] | None = None
) -> Records:
    """`records` of a partition, arranged, with the copies that the rule requires.

    `earlier(number, created_at)` returns the dates of the revisions committed so far; it is called
    for updates only (`updated_at` after `created_at`). `partition_dates` are those of the
    partition.
    """
    partition_dates = partition_dates_of(records) if partition_dates is None else partition_dates
    moved: list[tuple[date | None, Record]] = []
    for sold in records:
        for record in records[sold]:
            number, updated_at, created_at = record.number, record.updated_at, record.created_at
            if (
                number
                and created_at
                and updated_at
                and (updated_at > created_at or (sold or updated_at.date()) != created_at.date())
            ):
                moved.append((sold, record))
    copies: dict[date | None, list[Record]] = defaultdict(list)
    for sold, record in moved:
        assert record.number  # as all that were chosen above
        assert record.created_at
        others = {record.created_at.date()}
        if is_update(record):
            others |= {*earlier(record.number, record.created_at), *partition_dates[record.number]}
        for other in others - {sold}:
            copies[other].append(record)
    return LazyMapping(
        sort_dates({**dict.fromkeys(records), **copies}),
        lambda sold: (
            arrange([*records.get(sold, ()), *copies[sold]]) if sold in copies else records[sold]
        ),
    )


def partition_dates_of(records: Records) -> dict[str, set[date]]:
    """The partition dates of each receipt of a partition, by number."""
    partition_dates: dict[str, set[date]] = defaultdict(set)
    for sold in records:
        for record in records[sold]:
            if record.number and (day := sold or (record.updated_at and record.updated_at.date())):
                partition_dates[record.number].add(day)
    return partition_dates


def with_pending(earlier: Earlier, waiting: Iterable[Mapping[str, set[date]]]) -> Earlier:
    """`earlier` with the dates in partitions not committed yet, at unknown instants."""
    return lambda number, created_at: SaleDates(
        {
            **earlier(number, created_at).sold,
            **{
                day: {None}
                for partition_dates in waiting
                for day in partition_dates.get(number, ())
            },
        }
    )


def partition_date_of(record: Record) -> date | None:
    """The partition date of a record; None if neither instant is readable."""
    return sold_date(record) or (record.updated_at.date() if record.updated_at else None)


def is_update(record: Record) -> bool:
    """Whether the server has changed the receipt since it received it."""
    return (
        record.updated_at is not None
        and record.created_at is not None
        and record.updated_at > record.created_at
    )


def earlier_dates(
    read: Callable[[date], Iterable[bytes]], parse: Callable[[bytes], Record]
) -> Earlier:
    """`earlier` for `copy_moved_revisions`, from raw.

    `read(day)` returns the NDJSON of every committed object of that date. Each home is read once:
    call this again for each partition.
    """
    homes: dict[date, list[bytes]] = {}

    def earlier(number: str, created_at: datetime) -> SaleDates:
        home = created_at.date()
        if home not in homes:
            homes[home] = list(read(home))
        # JSON spells a plain number as it is, so only lines that contain it are parsed.
        spelled = number.encode() if _PLAIN.fullmatch(number) else b""
        candidates = (
            parse(line)
            for ndjson in homes[home]
            if spelled in ndjson
            for line in ndjson.splitlines()
            if spelled in line
        )
        partition_dates: dict[date, set[datetime | None]] = {}
        for record in candidates:
            if record.number == number and (day := partition_date_of(record)):
                partition_dates.setdefault(day, set()).add(record.sold_at)
        return SaleDates(partition_dates)

    return earlier
