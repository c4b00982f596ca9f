"""What a sweep adds: a span is read again whatever has been extracted, and compared with what raw
holds.

In: the records of a walk, and the newest `updated_at` that raw holds of each receipt. Out: what is
new or newer. Nothing is ever taken away because a sweep did not see it. What it finds, the windows
have missed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from pipeline.extract.fetch import Records, sort_dates
from pipeline.pos.source import Record

_NEVER = datetime.min.replace(tzinfo=UTC)


class Missed(NamedTuple):
    """A record that raw lacks; `held` is the `updated_at` of the version that it has, None if it
    has none.
    """

    sold: date | None
    record: Record
    held: datetime | None


def key(record: Record) -> str:
    """What names a receipt: its number, or the digest of a record in which none can be read."""
    return record.number or f"sha256:{hashlib.sha256(record.body).hexdigest()[:32]}"


def held_versions(ndjson: Iterable[bytes], parse: Callable[[bytes], Record]) -> dict[str, datetime]:
    """The newest `updated_at` of each receipt in raw objects."""
    held: dict[str, datetime] = {}
    for record in map(parse, (line for lines in ndjson for line in lines.splitlines())):
        name = key(record)
        held[name] = max(held.get(name, _NEVER), record.updated_at or _NEVER)
    return held


def recording_numbers(
    numbers: set[str], start: datetime, end: datetime, parse: Callable[[bytes], Record]
) -> Callable[[bytes], Record]:
    """`parse` that also collects the numbers of receipts sold in [start, end)."""

    def read(body: bytes) -> Record:
        record = parse(body)
        if record.number and record.sold_at and start <= record.sold_at < end:
            numbers.add(record.number)
        return record

    return read


def is_before(record: Record, start: datetime) -> bool:
    """Whether a receipt was both sold and last changed before `start`, as far as it says when."""
    moments = [moment for moment in (record.sold_at, record.updated_at) if moment]
    return bool(moments) and max(moments) < start


def find_missed(records: Records, held: Mapping[str, datetime]) -> list[Missed]:
    """Records of a walk that raw does not hold, or holds in an older version only."""
    return [
        Missed(sold, record, held.get(key(record)))
        for sold in records
        for record in records[sold]
        if key(record) not in held or held[key(record)] < (record.updated_at or _NEVER)
    ]


def by_date(missed: Iterable[Missed]) -> Records:
    """The missed records as a batch of their own."""
    found: dict[date | None, list[Record]] = defaultdict(list)
    for one in missed:
        found[one.sold].append(one.record)
    return {sold: found[sold] for sold in sort_dates(found)}
