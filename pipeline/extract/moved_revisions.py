"""Copies of receipts that moved to another date, for the dates that they left.

Raw keeps a record under the UTC date of its sale. An edit may move a receipt to another date. The
day that the receipt left reads only its own dates, and would still count the old revision. So raw
keeps copies. The partition date of a record is its date of sale, or the date of its `updated_at` if
the date of sale is unknown. Where raw keeps it:

    every revision of a receipt is kept under its own partition date and those of all earlier
    revisions. A revision that is not the first, or was not sold on the day of its arrival, is also
    kept under its arrival: the date of `created_at`, which never changes.

So a reader of any date under which a receipt ever was finds its newest revision there, and the
arrival date of a receipt is enough to find these dates. A record under another date than its own
only supersedes older revisions; it is not counted there. This holds if the revisions of a receipt
are committed in the server's order, as consecutive windows are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import date, datetime

from pipeline.extract.fetch import RecordsByDate, sort_dates, sort_records
from pipeline.pos.source import Record, sold_date

_PLAIN = re.compile(r"[0-9A-Za-z_-]+")


Sales = dict[date, set[datetime | None]]
"""The dates under which raw keeps revisions of a receipt, with their instants of sale."""
Earlier = Callable[[str, datetime], Sales]


def copy_moved_revisions(
    records: RecordsByDate, earlier: Earlier, sales: Mapping[str, Sales] | None = None
) -> dict[date | None, list[Record]]:
    """`records` of a partition, arranged, with the copies that are needed.

    `earlier(number, created_at)` returns the dates of the revisions committed so far; it is called
    for updates only (`updated_at` after `created_at`). `sales` are those of the partition.
    """
    sales = sales_of(records) if sales is None else sales
    moved: list[tuple[date | None, Record]] = []
    for sold in records:
        for record in records[sold]:
            updated, created = record.updated_at, record.created_at
            if not (record.number and created and updated):
                continue
            if record.is_update or (sold or updated.date()) != created.date():
                moved.append((sold, record))
    copies: dict[date | None, list[Record]] = defaultdict(list)
    for sold, record in moved:
        assert record.number  # as all that were chosen above
        assert record.created_at
        others = {record.created_at.date()}
        if record.is_update:
            others |= {*earlier(record.number, record.created_at), *sales[record.number]}
        for other in others - {sold}:
            copies[other].append(record)
    return {
        sold: sort_records([*records.get(sold, ()), *copies[sold]])
        if sold in copies
        else records[sold]
        for sold in sort_dates({**dict.fromkeys(records), **copies})
    }


def sales_of(records: RecordsByDate, numbers: Container[str] | None = None) -> dict[str, Sales]:
    """Partition dates and instants of sale of each receipt (of those with `numbers`)."""
    sales: dict[str, Sales] = defaultdict(dict)
    for sold in records:
        for record in records[sold]:
            if not record.number or (numbers is not None and record.number not in numbers):
                continue
            if day := sold or (record.updated_at and record.updated_at.date()):
                sales[record.number].setdefault(day, set()).add(record.sold_at)
    return sales


def with_pending(earlier: Earlier, waiting: Iterable[Mapping[str, Sales]]) -> Earlier:
    """`earlier` with the sales in windows that are not committed yet."""

    def earlier_or_pending(number: str, created_at: datetime) -> Sales:
        sales = earlier(number, created_at)
        for pending in waiting:
            for day, instants in pending.get(number, {}).items():
                sales.setdefault(day, set()).update(instants)
        return sales

    return earlier_or_pending


def partition_date_of(record: Record) -> date | None:
    """The partition date of a record; None if neither instant is readable."""
    return sold_date(record) or (record.updated_at.date() if record.updated_at else None)


def earlier_dates(
    read: Callable[[date], Iterable[bytes]], parse: Callable[[bytes], Record]
) -> Earlier:
    """`earlier` for `copy_moved_revisions`, from raw.

    `read(day)` returns the NDJSON of every committed object of that date. Each arrival date is read
    once: call this again for each partition.
    """
    by_arrival: dict[date, list[bytes]] = {}

    def earlier(number: str, created_at: datetime) -> Sales:
        arrival = created_at.date()
        if arrival not in by_arrival:
            by_arrival[arrival] = list(read(arrival))
        # JSON spells a plain number as it is, so only lines that contain it are parsed.
        spelled = number.encode() if _PLAIN.fullmatch(number) else b""
        candidates = (
            parse(line)
            for ndjson in by_arrival[arrival]
            if spelled in ndjson
            for line in ndjson.splitlines()
            if spelled in line
        )
        sales: Sales = {}
        for record in candidates:
            if record.number == number and (day := partition_date_of(record)):
                sales.setdefault(day, set()).add(record.sold_at)
        return sales

    return earlier
