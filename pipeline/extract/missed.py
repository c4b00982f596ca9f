"""Records that a reconciliation scan adds: those of a span that raw lacks.

In: the records of the span, read again, and the newest `updated_at` of each receipt in raw. Out:
the new and newer records, which the windows have missed. A scan never removes anything.
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
    """A record that raw lacks; `held`: `updated_at` of raw's newest version, or None."""

    sold: date | None
    record: Record
    held: datetime | None


def key(record: Record) -> str:
    """Key of a receipt: its number, or the digest of a record without a readable one."""
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
    """Whether the readable instants of a receipt lie before `start`."""
    moments = [moment for moment in (record.sold_at, record.updated_at) if moment]
    return bool(moments) and max(moments) < start


def find_missed(records: Records, held: Mapping[str, datetime]) -> list[Missed]:
    """Records that raw does not hold, or holds only in an older version."""
    return [
        Missed(sold, record, held.get(key(record)))
        for sold in records
        for record in records[sold]
        if key(record) not in held or held[key(record)] < (record.updated_at or _NEVER)
    ]


def by_date(missed: Iterable[Missed]) -> Records:
    """The missed records by date of sale, as a partition."""
    records: dict[date | None, list[Record]] = defaultdict(list)
    for sold, record, _ in missed:
        records[sold].append(record)
    return {sold: records[sold] for sold in sort_dates(records)}
