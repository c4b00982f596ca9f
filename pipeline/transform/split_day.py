"""A business day too large for one process: cleaned in shares, which are united.

A share holds all records of some receipt numbers. Versions compete among the records of one number,
also where the store is unreadable, and rows that the lake's order leaves equal are of one number.
So shares are independent (by store they would not be: "1-1001" of an unreadable store competes with
every store's), and the tables of the shares, put together and sorted, are the tables of the day.
Conserved: each record is in one share, the counts of the shares add up, a rejected record keeps its
position in its object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from zlib import crc32

import pyarrow as pa

from pipeline.schema import LAKE
from pipeline.transform import Catalog, Cleaned, Raw, Rules, clean
from pipeline.transform.columns import texts

_KEY = b'"receipt_number"'
_PLAIN = re.compile(rb'"receipt_number"[ \t\r]*:[ \t\r]*"([^"\\]*)"')
_SPELT = re.compile(rb"\\u00(?:5[fF]|[67])")  # a letter of the key may be written as its code


def number_of(line: bytes) -> bytes:
    """The receipt number that the rules would read from a canonical record, or empty."""
    if line.count(_KEY) == 1 and not _SPELT.search(line):
        match = _PLAIN.search(line)
        if match:
            return match[1]
    try:
        record = json.loads(line.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError):
        return b""
    number = record.get("receipt_number") if isinstance(record, dict) else None
    return number.encode("utf-8", "surrogatepass") if isinstance(number, str) else b""


def share_of(
    raw: Raw, share: int, shares: int, read_number: Callable[[bytes], bytes] = number_of
) -> tuple[Raw, list[int]]:
    """The records of `raw` in a share, and the position of each in the object."""
    lines, positions = [], []
    for position, line in enumerate(raw.ndjson.split(b"\n"), 1):
        if line.strip() and crc32(read_number(line)) % shares == share:
            lines.append(line)
            positions.append(position)
    return raw._replace(ndjson=b"".join(line + b"\n" for line in lines)), positions


def clean_share(
    day: date, raws: Iterable[Raw], catalog: Catalog, rules: Rules, share: int, shares: int
) -> Cleaned:
    """`clean` of one share; memory: the share, and one raw object."""
    positions: dict[str, list[int]] = {}

    def mine() -> Iterator[Raw]:
        for raw in raws:
            part, positions[raw.name] = share_of(raw, share, shares, rules.number_of or number_of)
            yield part

    cleaned = clean(day, mine(), catalog, rules)
    schema = cleaned.quarantine.schema
    records = []
    for record in cleaned.quarantine.column("record").to_pylist():
        name, _, position = record.rpartition("#")
        records.append(f"{name}#{positions[name][int(position) - 1]}")
    index = schema.get_field_index("record")
    quarantine = cleaned.quarantine.set_column(index, schema.field(index), texts(records))
    return replace(cleaned, quarantine=quarantine)


def unite(parts: Sequence[Cleaned]) -> Cleaned:
    """The day of the shares `parts`; rows are not sorted until they are written."""
    tables = {
        dataset.name: (
            pa.concat_tables([getattr(part, dataset.name) for part in parts]).unify_dictionaries()
        )
        for dataset in LAKE
    }
    metadata = {name: sum(part.metadata[name] for part in parts) for name in parts[0].metadata}
    return Cleaned(**tables, metadata=metadata)
