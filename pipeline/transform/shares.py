"""A business day too large for one process, cleaned in shares and united to the very rows, in the
same order.

In: the raw objects of the day. A share holds all records of some receipt numbers: which version
counts is decided among the records of one number, also where their store cannot be read, and rows
that the lake's order leaves equal are of one number too. So no share needs another (a split by
store would: "1-1001" of an unreadable store competes with every store's), a store of any size is
split as well, and the tables of the shares, put together and sorted, are the tables of the whole.
Conserved: each record is in one share; the counts of the shares add up; a quarantined record keeps
its place in its object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
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
    """The receipt number that the rules would read from a record; empty where they read none, which
    is then nobody's rival.
    """
    if line.count(_KEY) == 1 and not _SPELT.search(line):
        found = _PLAIN.search(line)
        if found:
            return found[1]
    try:
        record = json.loads(line.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError):
        return b""
    number = record.get("receipt_number") if isinstance(record, dict) else None
    return number.encode("utf-8", "surrogatepass") if isinstance(number, str) else b""


def share_of(raw: Raw, share: int, shares: int) -> tuple[Raw, list[int]]:
    """The records of `raw` that are in `share` of `shares`, and the position that each has in the
    whole object.
    """
    lines, positions = [], []
    for position, line in enumerate(raw.ndjson.split(b"\n"), 1):
        if line.strip() and crc32(number_of(line)) % shares == share:
            lines.append(line)
            positions.append(position)
    return raw._replace(ndjson=b"".join(line + b"\n" for line in lines)), positions


def clean_share(
    day: date, raws: Iterable[Raw], catalog: Catalog, rules: Rules, share: int, shares: int
) -> Cleaned:
    """`clean` of one share; memory: the share, and one raw object."""
    decimals: dict[str, list[int]] = {}

    def mine() -> Iterator[Raw]:
        for raw in raws:
            part, decimals[raw.name] = share_of(raw, share, shares)
            yield part

    made = clean(day, mine(), catalog, rules)
    at = made.quarantine.schema.get_field_index("record")
    records = []
    for record in made.quarantine.column("record").to_pylist():
        name, _, position = record.rpartition("#")
        records.append(f"{name}#{decimals[name][int(position) - 1]}")
    quarantine = made.quarantine.set_column(at, made.quarantine.schema.field(at), texts(records))
    return Cleaned(made.receipts, made.sales, made.payments, quarantine, made.metadata)


def unite(parts: Sequence[Cleaned]) -> Cleaned:
    """The day that its shares make together. Rows stand share by share: whoever writes them sorts
    them, and equal ones are of one share.
    """
    tables = {
        dataset.name: (
            pa.concat_tables([getattr(part, dataset.name) for part in parts]).unify_dictionaries()
        )
        for dataset in LAKE
    }
    metadata = {name: sum(part.metadata[name] for part in parts) for name in parts[0].metadata}
    return Cleaned(**tables, metadata=metadata)
