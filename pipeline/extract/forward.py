"""Where the versions of a receipt are kept, so that the day that it left sees that it left.

Raw keeps a record under the UTC date of its sale. An edit may move a receipt to another date; the day that it
left reads its own dates only, and would go on counting the old version. The law:

    every version of a receipt stands under its own date of sale, under its home, which is the UTC date of its
    `created_at` and never changes, and under every date of sale that an earlier version had.

So whoever reads any date under which a receipt ever stood finds its newest version there; and to learn those
dates, its home is enough. A version whose date is unknown goes to the dates of earlier versions and to no home.
A copy in a foreign date is there to supersede: it counts nothing itself. It holds as long as the versions of a
receipt are committed in the order in which the server made them, which windows that follow each other are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime

from pipeline.extract.envelope import read_receipt
from pipeline.extract.lazily import Lazily
from pipeline.extract.source import Record, sold_date
from pipeline.extract.walk import Records, arrange, sort_dates

Earlier = Callable[[str, datetime], Collection[date]]


def forward(records: Records, earlier: Earlier) -> Records:
    """`records` of one batch with the copies that the law demands. `earlier(number, created_at)` tells the dates of
    sale of the versions committed so far; it is asked about updates only (`updated_at` after `created_at`)."""
    dates: dict[str, set[date]] = defaultdict(set)
    moved: list[tuple[date | None, Record]] = []
    for sold in records:
        for record in records[sold]:
            if record.number and sold:
                dates[record.number].add(sold)
            if record.created_at and (is_update(record) or sold not in (None, record.created_at.date())):
                moved.append((sold, record))
    copies: dict[date | None, list[Record]] = defaultdict(list)
    for sold, record in moved:
        places = {record.created_at.date()} if sold else set()
        if record.number and is_update(record):
            places |= {*earlier(record.number, record.created_at), *dates[record.number]}
        for place in places - {sold}:
            copies[place].append(record)
    return Lazily(sort_dates({**dict.fromkeys(records), **copies}), lambda sold: arrange([*records.get(sold, ()), *copies.get(sold, ())]))


def is_update(record: Record) -> bool:
    """Whether the server has changed the receipt since it received it."""
    return record.updated_at is not None and record.created_at is not None and record.updated_at > record.created_at


def recall(read: Callable[[date], Iterable[bytes]], parse: Callable[[bytes], Record] = read_receipt) -> Earlier:
    """`earlier`, answered from raw: `read(day)` gives the NDJSON of every committed object sold on that date.

    A home is read once; make a new one for each batch.
    """
    homes: dict[date, dict[str, set[date]]] = {}

    def earlier(number: str, created_at: datetime) -> Collection[date]:
        home = created_at.date()
        if home not in homes:
            homes[home] = defaultdict(set)
            for record in map(parse, (line for ndjson in read(home) for line in ndjson.splitlines())):
                if record.number and (sold := sold_date(record)):
                    homes[home][record.number].add(sold)
        return homes[home].get(number, ())

    return earlier
