"""Records that a rescan adds: those of a period that raw does not have.

Compares the records of the period, read again, with the newest `updated_at` of each receipt in raw,
and returns the new and newer records, which the windows have missed. A rescan never removes
anything.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from pipeline.extract.fetch import RecordsByDate, sort_dates
from pipeline.pos.source import Record

_NEVER = datetime.min.replace(tzinfo=UTC)


class Missed(NamedTuple):
    """A record that raw does not have.

    `in_raw` is the newest `updated_at` of its receipt in raw; None if raw has no such receipt.
    """

    sold: date | None
    record: Record
    in_raw: datetime | None


def receipt_key(record: Record) -> str:
    """Key of a receipt: its number, or the digest of a record without a readable one."""
    return record.number or f"sha256:{hashlib.sha256(record.body).hexdigest()[:32]}"


def newest_in_raw(ndjson: Iterable[bytes], parse: Callable[[bytes], Record]) -> dict[str, datetime]:
    """The newest `updated_at` of each receipt in raw objects."""
    in_raw: dict[str, datetime] = {}
    for record in map(parse, (line for lines in ndjson for line in lines.splitlines())):
        name = receipt_key(record)
        in_raw[name] = max(in_raw.get(name, _NEVER), record.updated_at or _NEVER)
    return in_raw


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
    """Whether the readable instants of a receipt are before `start`."""
    moments = [moment for moment in (record.sold_at, record.updated_at) if moment]
    return bool(moments) and max(moments) < start


def find_missed(records: RecordsByDate, in_raw: Mapping[str, datetime]) -> list[Missed]:
    """Records that raw does not hold, or holds only in an older revision."""
    return [
        Missed(sold, record, in_raw.get(receipt_key(record)))
        for sold in records
        for record in records[sold]
        if receipt_key(record) not in in_raw
        or in_raw[receipt_key(record)] < (record.updated_at or _NEVER)
    ]


def by_date(missed: Iterable[Missed]) -> RecordsByDate:
    """The missed records by date of sale, as a partition."""
    records: dict[date | None, list[Record]] = defaultdict(list)
    for sold, record, _ in missed:
        records[sold].append(record)
    return {sold: records[sold] for sold in sort_dates(records)}
