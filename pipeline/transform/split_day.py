"""A business day too large for one process: cleaned in chunks, which are united.

A chunk holds all records of some receipt numbers. Revisions compete among the records of one
number, also where the store is unreadable, and rows that the lake's order leaves equal are of one
number. So chunks are independent (by store they would not be: "1-1001" of an unreadable store
competes with every store's), and the tables of the chunks, put together and sorted, are the tables
of the day. Conserved: each record is in one chunk, the counts of the chunks add up, a rejected
record keeps its position in its object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import LAKE
from pipeline.transform import Catalog, Cleaned, Raw, Rules, clean
from pipeline.transform.columns import Labels, texts

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


def chunk_of(
    raw: Raw,
    chunk: int,
    chunks: int,
    read_number: Callable[[bytes], bytes] = number_of,
    first: int = 1,
) -> tuple[Raw, list[int]]:
    """The records of `raw` in a chunk, and their positions, from `first`."""
    lines, positions = [], []
    for position, line in enumerate(raw.ndjson.split(b"\n"), first):
        if line.strip() and crc32(read_number(line)) % chunks == chunk:
            lines.append(line)
            positions.append(position)
    return raw._replace(ndjson=b"".join(line + b"\n" for line in lines)), positions


def clean_chunk(
    day: date, raws: Iterable[Raw], catalog: Catalog, rules: Rules, chunk: int, chunks: int
) -> Cleaned:
    """`clean` of one chunk; an object may come in several blocks of lines.

    Memory: the chunk, and one block.
    """
    positions: dict[str, list[int]] = {}

    def records_of_chunk() -> Iterator[Raw]:
        for name, blocks in groupby(raws, key=lambda raw: raw.name):
            parts, first = list[Raw](), 1
            for block in blocks:
                part, lines = chunk_of(block, chunk, chunks, rules.number_of or number_of, first)
                positions.setdefault(name, []).extend(lines)
                first += block.ndjson.count(b"\n")
                parts.append(part)
            yield part._replace(ndjson=b"".join(part.ndjson for part in parts))

    cleaned = clean(day, records_of_chunk(), catalog, rules)
    schema = cleaned.quarantine.schema
    records = []
    for record in cleaned.quarantine.column("record").to_pylist():
        name, _, position = record.rpartition("#")
        records.append(f"{name}#{positions[name][int(position) - 1]}")
    index = schema.get_field_index("record")
    quarantine = cleaned.quarantine.set_column(index, schema.field(index), texts(records))
    return replace(cleaned, quarantine=quarantine)


def unite(parts: Sequence[Cleaned]) -> Cleaned:
    """The day of the chunks `parts`, in the same order of time as in one pass."""
    tables = {
        dataset.name: _join([getattr(part, dataset.name) for part in parts], dataset.order)
        for dataset in LAKE
    }
    metadata = {name: sum(part.metadata[name] for part in parts) for name in parts[0].metadata}
    return Cleaned(**tables, metadata=metadata)


def _join(parts: Sequence[pa.Table], order: Sequence[str]) -> pa.Table:
    """The rows of `parts`, sorted by `order`, with labels as `clean` writes them."""
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    if not table.num_rows:
        return parts[0]
    plain = {name: table.column(name) for name in order}
    for name, column in plain.items():
        if pa.types.is_dictionary(column.type):
            plain[name] = column.cast(column.type.value_type)
    keys = pa.Table.from_arrays(list(plain.values()), list(plain))
    rows = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in order])
    table = table.take(rows).combine_chunks()
    arrays = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            values = column.combine_chunks().cast(column.type.value_type)
            column = Labels.read(values).column(column.type)
        arrays.append(column)
    return pa.Table.from_arrays(arrays, schema=table.schema)
