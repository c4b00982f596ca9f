"""A business day too large for one process, built in chunks, which are merged.

A chunk holds all records of some receipt numbers. Revisions compete among the records of one
number, also where the store is unreadable, and rows that the lake's order leaves equal are of one
number. So chunks are independent (by store they would not be: "1-1001" of an unreadable store
competes with every store's), and the tables of the chunks, put together and sorted, are the tables
of the day. Always true: each record is in one chunk, the counts of the chunks add up, a rejected
record keeps its position in its object.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import NamedTuple
from zlib import crc32

import pyarrow as pa

from pipeline import schema
from pipeline.transform import BuiltDay, Catalog, Raw, Rules, build_day
from pipeline.transform.columns import texts
from pipeline.transform.menu_lookup import MenuLookup
from pipeline.transform.merge import merge, sort

PORTION = 32 << 20
_BUCKETS = 16  # a chunk's portions are made of these
_CODEC = "zstd"
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


class _Block(NamedTuple):
    """Compressed records of a bucket from a block of an object, with positions."""

    raw: Raw
    text: bytes
    size: int
    positions: array[int]


def divide(
    raw: Raw,
    chunk: int,
    chunks: int,
    read_number: Callable[[bytes], bytes] = number_of,
    first: int = 1,
    buckets: int = 1,
) -> list[tuple[Raw, array[int]]]:
    """The records of `raw` in a chunk, by bucket, and their positions, from `first`."""
    lines: list[list[bytes]] = [[] for _ in range(buckets)]
    positions = [array("Q") for _ in range(buckets)]
    for position, line in enumerate(raw.ndjson.split(b"\n"), first):
        if line.strip():
            bucket, of_chunk = divmod(crc32(read_number(line)) % (chunks * buckets), chunks)
            if of_chunk == chunk:
                lines[bucket].append(line)
                positions[bucket].append(position)
    return [
        (raw._replace(ndjson=b"".join(line + b"\n" for line in each)), places)
        for each, places in zip(lines, positions, strict=True)
    ]


def build_chunk(
    day: date,
    raws: Iterable[Raw],
    catalog: Catalog,
    rules: Rules,
    chunk: int,
    chunks: int,
    portion: int = PORTION,
) -> Iterator[BuiltDay]:
    """`build_day` of one chunk, in portions of about so many bytes of text.

    An object may come in several blocks of lines. Memory: one block, one portion, and the text of
    the chunk, compressed.
    """
    lookup = MenuLookup(rules.menu, catalog)
    for blocks in _portions(_buckets(raws, rules, chunk, chunks), portion):
        yield _build_portion(day, blocks, lookup, rules)


def _buckets(raws: Iterable[Raw], rules: Rules, chunk: int, chunks: int) -> list[list[_Block]]:
    """The records of a chunk, each number's in one bucket."""
    buckets: list[list[_Block]] = [[] for _ in range(_BUCKETS)]
    for _, blocks in groupby(raws, key=lambda raw: raw.name):
        first = 1
        for block in blocks:
            read_number = rules.number_of or number_of
            parts = divide(block, chunk, chunks, read_number, first, _BUCKETS)
            for bucket, (part, positions) in zip(buckets, parts, strict=True):
                text = pa.compress(part.ndjson, _CODEC, asbytes=True)
                size = len(part.ndjson)
                bucket.append(_Block(block._replace(ndjson=b""), text, size, positions))
            first += block.ndjson.count(b"\n")
    return buckets


def _portions(buckets: Sequence[list[_Block]], portion: int) -> Iterator[list[_Block]]:
    """The blocks of as many buckets as make a portion, and those of the next ones."""
    blocks: list[_Block] = []
    for bucket in buckets:
        if blocks and sum(block.size for block in [*blocks, *bucket]) > portion:
            yield blocks
            blocks = []
        blocks += bucket
    yield blocks


def _build_portion(
    day: date, blocks: Sequence[_Block], lookup: MenuLookup, rules: Rules
) -> BuiltDay:
    """`build_day` of some buckets; rejected records keep their positions in objects."""
    positions: dict[str, array[int]] = {}

    def objects() -> Iterator[Raw]:
        ordered = sorted(blocks, key=lambda block: block.raw.name)
        for name, of_object in groupby(ordered, key=lambda block: block.raw.name):
            parts, positions[name] = [], array("Q")
            for block in of_object:
                parts.append(pa.decompress(block.text, block.size, _CODEC, asbytes=True))
                positions[name].extend(block.positions)
            yield block.raw._replace(ndjson=b"".join(parts))

    built = build_day(day, objects(), lookup.catalog, rules, [lookup])
    table_schema = built.quarantine.schema
    records = []
    for record in built.quarantine.column("record").to_pylist():
        name, _, position = record.rpartition("#")
        records.append(f"{name}#{positions[name][int(position) - 1]}")
    index = table_schema.get_field_index("record")
    quarantine = built.quarantine.set_column(index, table_schema.field(index), texts(records))
    return replace(built, quarantine=quarantine)


def merge_parts(parts: Sequence[BuiltDay]) -> BuiltDay:
    """The tables of `parts` of a day as one, in the order of the lake."""
    tables = {
        dataset.name: _join([getattr(part, dataset.name) for part in parts], dataset.order)
        for dataset in schema.MONTH_TABLES
    }
    return BuiltDay(**tables, metadata=add_counts([part.metadata for part in parts]))


def add_counts(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The counts of a day, from those of its parts."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def _join(parts: Sequence[pa.Table], order: Sequence[str]) -> pa.Table:
    pieces = list(merge([[sort(part, order)] for part in parts], order))
    return pa.concat_tables(pieces).combine_chunks() if pieces else parts[0]
