"""Rows of several tables in one order, piece by piece.

In: the parts of a business day, each a stream of sorted pieces; a part has one dictionary for each
label, and rows that are equal in the order are of one part. Out: sorted pieces whose dictionaries
are those of the table as a single piece: the labels of all parts, in order. Memory: one piece of
each part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.transform.columns import Ints, fixed, ints, texts, valid

_Key = tuple[Any, ...]


class _Part:
    """A part's current piece: its rows under the common dictionaries, and their keys."""

    def __init__(self, pieces: Iterator[pa.Table], first: pa.Table, order: Sequence[str]) -> None:
        self._pieces, self._order = pieces, order
        self._places: dict[str, Ints] = {}
        self._dictionaries: dict[str, pa.Array] = {}
        self.rows = first.combine_chunks()

    def values(self, name: str) -> list[str]:
        """The labels of a column."""
        labels: list[str] = self.rows.column(name).chunk(0).dictionary.to_pylist()
        return labels

    def start(self, places: dict[str, dict[str, int]], dictionaries: dict[str, pa.Array]) -> None:
        """Begin with the first piece, given the common dictionaries."""
        self._dictionaries = dictionaries
        for name, place in places.items():
            self._places[name] = np.array([*map(place.__getitem__, self.values(name)), 0], "i4")
        self._show(self.rows)

    def _show(self, piece: pa.Table) -> None:
        columns = [
            self._recode(name, column.chunk(0)) if name in self._places else column
            for name, column in zip(piece.column_names, piece.columns, strict=True)
        ]
        self.rows = pa.Table.from_arrays(columns, schema=piece.schema)
        self._keys = _keys(self.rows, self._order)

    def _recode(self, name: str, column: pa.DictionaryArray) -> pa.Array:
        """The column with the codes of the common dictionary."""
        present = valid(column.indices)
        codes = np.where(present, ints(column.indices, "i4"), -1)
        indices = fixed(self._places[name][codes], column.type.index_type, present)
        return pa.DictionaryArray.from_arrays(indices, self._dictionaries[name])

    def key(self, row: int) -> _Key:
        """What a row is sorted by."""
        return tuple(column[row].as_py() for column in self._keys.columns)

    def take_until(self, bound: _Key) -> pa.Table:
        """Remove and return the rows up to `bound`."""
        count = bisect_right(range(len(self.rows)), bound, key=self.key)
        taken, self.rows = self.rows.slice(0, count), self.rows.slice(count)
        self._keys = self._keys.slice(count)
        return taken

    def refill(self) -> bool:
        """Whether it has rows, from the next piece where the current one is used up."""
        while not len(self.rows):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            if piece.num_rows:
                self._show(piece.combine_chunks())
        return True


def merge(parts: Sequence[Iterable[pa.Table]], order: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of all parts, each in order, in one order by the columns `order`."""
    streams = [iter(part) for part in parts]
    starts = [(stream, next((p for p in stream if p.num_rows), None)) for stream in streams]
    open_parts = [_Part(stream, first, order) for stream, first in starts if first is not None]
    if not open_parts:
        return
    schema = open_parts[0].rows.schema
    labels = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    values = {
        name: sorted({v for part in open_parts for v in part.values(name)}) for name in labels
    }
    places = {name: {text: n for n, text in enumerate(values[name])} for name in labels}
    dictionaries = {name: texts(values[name]) for name in labels}
    for part in open_parts:
        part.start(places, dictionaries)
    del values, places
    while open_parts:
        # later pieces hold nothing before the last row of the current one
        bound = min(part.key(-1) for part in open_parts)
        yield sort(pa.concat_tables([part.take_until(bound) for part in open_parts]), order)
        open_parts = [part for part in open_parts if part.refill()]


def sort(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in order (stable)."""
    rows = pc.sort_indices(_keys(table, order), sort_keys=[(name, "ascending") for name in order])
    return table.combine_chunks().take(rows)


def _keys(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """The columns that rows are sorted by, of types whose values Python compares alike."""
    columns = []
    for name in order:
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        elif pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        columns.append(column)
    return pa.Table.from_arrays(columns, list(order))
