"""Where the versions of a receipt are kept, so that the day that it left sees that it left.

Raw keeps a record under the UTC date of its sale. An edit may move a receipt to another date; the
day that it left reads its own dates only, and would go on counting the old version. A record's
place is its date of sale or, where that is unknown, the date of its `updated_at`, as the day of its
window counts it. The law:

    every version of a receipt stands in its own place and in the places of all earlier versions;
    and one that is not the first, or was not sold on the day of its arrival, also in its home: the
    date of `created_at`, which never changes.

So whoever reads a place where a receipt ever stood finds its newest version there, and a home is
enough to learn those places. A record in a place other than its own is there to supersede and
counts nothing itself. The law holds as long as the versions of a receipt are committed in the
server's order, as windows that follow each other are.
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


class Places(set[date]):
    """The dates under which versions of a receipt stand; `sold` are their instants of sale under
    each, None where unknown.
    """

    def __init__(self, sold: Mapping[date, set[datetime | None]]) -> None:
        super().__init__(sold)
        self.sold = sold


Earlier = Callable[[str, datetime], Places]


def copy_moved_versions(
    records: Records, earlier: Earlier, partition_dates: Mapping[str, set[date]] | None = None
) -> Records:
    """`records` of one batch, arranged, with the copies that the law demands. `earlier(number,
    created_at)` tells the places of the versions committed so far; it is asked about updates only
    (`updated_at` after `created_at`). `places` are those of the batch.
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
        assert record.number and record.created_at  # as all that were chosen above
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
    """Where the versions of each receipt count."""
    partition_dates: dict[str, set[date]] = defaultdict(set)
    for sold in records:
        for record in records[sold]:
            if record.number and (
                place := sold or (record.updated_at and record.updated_at.date())
            ):
                partition_dates[record.number].add(place)
    return partition_dates


def with_pending(earlier: Earlier, waiting: Iterable[Mapping[str, set[date]]]) -> Earlier:
    """`earlier`, and the places in batches that wait to be committed, at unknown instants."""
    return lambda number, created_at: Places(
        {
            **earlier(number, created_at).sold,
            **{
                place: {None}
                for partition_dates in waiting
                for place in partition_dates.get(number, ())
            },
        }
    )


def partition_date_of(record: Record) -> date | None:
    """Where a record counts; None where no instant of it can be read."""
    return sold_date(record) or (record.updated_at.date() if record.updated_at else None)


def is_update(record: Record) -> bool:
    """Whether the server has changed the receipt since it received it."""
    return (
        record.updated_at is not None
        and record.created_at is not None
        and record.updated_at > record.created_at
    )


def earlier_places(
    read: Callable[[date], Iterable[bytes]], parse: Callable[[bytes], Record]
) -> Earlier:
    """`earlier`, answered from raw: `read(day)` gives the NDJSON of every committed object of that
    date. Under each place stand the instants at which its versions there were sold.

    A home is read once; make a new one for each batch.
    """
    homes: dict[date, list[bytes]] = {}

    def earlier(number: str, created_at: datetime) -> Places:
        home = created_at.date()
        if home not in homes:
            homes[home] = list(read(home))
        # A plain number is spelled in JSON as it is, so only lines that hold it are read.
        spelled = number.encode() if _PLAIN.fullmatch(number) else b""
        found = (
            parse(line)
            for ndjson in homes[home]
            if spelled in ndjson
            for line in ndjson.splitlines()
            if spelled in line
        )
        partition_dates: dict[date, set[datetime | None]] = {}
        for record in found:
            if record.number == number and (place := partition_date_of(record)):
                partition_dates.setdefault(place, set()).add(record.sold_at)
        return Places(partition_dates)

    return earlier
