"""Rows of several tables in one order, piece by piece.

Takes the parts of a business day, each a stream of sorted pieces; a part has one dictionary for
each label, and rows that are equal in the order are of one part. Returns sorted pieces whose
dictionaries are those of the table as a single piece: the labels of all parts, in order. Memory:
some pieces of each part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.transform.columns import Ints, fixed, ints, texts, valid

HELD = 2048
_Key = tuple[Any, ...]


class _Part:
    """The next rows of a part, with the codes of common dictionaries, and their keys."""

    def __init__(self, pieces: Iterator[pa.Table], first: pa.Table, order: Sequence[str]) -> None:
        self.pieces, self._order, self._places = pieces, order, dict[str, Ints]()
        self._dictionaries: dict[str, pa.Array] = {}
        self.rows, self.is_read = first, False

    def values(self, name: str) -> list[str]:
        """The labels of a column."""
        return self.rows.column(name).chunk(0).dictionary.to_pylist()

    def start(
        self, places: Mapping[str, dict[str, int]], dictionaries: dict[str, pa.Array]
    ) -> None:
        """Begin with the first piece, given the place of each label."""
        self._dictionaries = dictionaries
        for name, place in places.items():
            self._places[name] = np.array([*map(place.__getitem__, self.values(name)), 0], "i4")
        self.rows = self._recode(self.rows)
        self._keys = _keys(self.rows, self._order)

    def _recode(self, piece: pa.Table) -> pa.Table:
        piece, columns = piece.combine_chunks(), []
        for name, column in zip(piece.column_names, piece.columns, strict=True):
            if name in self._places:
                codes = column.chunk(0).indices
                present = valid(codes)
                place = self._places[name][np.where(present, ints(codes, "i4"), -1)]
                indices = fixed(place, codes.type, present)
                column = pa.DictionaryArray.from_arrays(indices, self._dictionaries[name])
            columns.append(column)
        return pa.Table.from_arrays(columns, schema=piece.schema)

    def fill(self, held: int) -> None:
        """Read on where it holds less than `held` rows."""
        pieces = [self.rows]
        while not self.is_read and sum(map(len, pieces)) < held:
            piece = next(self.pieces, None)
            self.is_read = piece is None
            if piece is not None and piece.num_rows:
                pieces.append(self._recode(piece))
        if len(pieces) > 1:
            self.rows = pa.concat_tables(pieces)
            self._keys = _keys(self.rows, self._order)

    def key(self, row: int) -> _Key:
        """What a row is sorted by."""
        return tuple(column[row].as_py() for column in self._keys.columns)

    def take_until(self, bound: _Key | None) -> pa.Table:
        """Remove and return the rows up to `bound`; None: all."""
        count = (
            bisect_right(range(len(self.rows)), bound, key=self.key) if bound else len(self.rows)
        )
        taken, self.rows = self.rows.slice(0, count), self.rows.slice(count)
        self._keys = self._keys.slice(count)
        return taken


def merge(
    parts: Sequence[Iterable[pa.Table]], order: Sequence[str], held: int = HELD
) -> Iterator[pa.Table]:
    """The rows of all parts, each in order, in one order by the columns `order`.

    `held` rows of each part, at least, are in memory, so that many are sorted at once.
    """
    streams = [iter(part) for part in parts]
    firsts = [(stream, next((p for p in stream if p.num_rows), None)) for stream in streams]
    open_parts = [_Part(stream, first, order) for stream, first in firsts if first is not None]
    del firsts
    _unite_labels(open_parts)
    while open_parts:
        for part in open_parts:
            part.fill(held)
        # rows that are not read yet do not sort before the last row that is read
        bound = min((part.key(-1) for part in open_parts if not part.is_read), default=None)
        yield sort(pa.concat_tables([part.take_until(bound) for part in open_parts]), order)
        open_parts = [part for part in open_parts if len(part.rows) or not part.is_read]


def _unite_labels(parts: Sequence[_Part]) -> None:
    """Start the parts with the dictionaries of the labels of all."""
    schema = parts[0].rows.schema if parts else pa.schema([])
    places, dictionaries = {}, {}
    for field in schema:
        if pa.types.is_dictionary(field.type):
            values = sorted({value for part in parts for value in part.values(field.name)})
            places[field.name] = {text: place for place, text in enumerate(values)}
            dictionaries[field.name] = texts(values)
    for part in parts:
        part.start(places, dictionaries)


def sort(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in order (stable)."""
    rows = pc.sort_indices(_keys(table, order), sort_keys=[(name, "ascending") for name in order])
    return table.combine_chunks().take(rows)


def _keys(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """The columns that rows are sorted by, of types that Python compares alike."""
    columns = []
    for name in order:
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        elif pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        columns.append(column)
    return pa.Table.from_arrays(columns, list(order))
