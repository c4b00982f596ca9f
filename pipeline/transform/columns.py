"""Arrow columns as numpy arrays and back, and the arithmetic of rows within rows.

In and out: Arrow arrays of one chunk; int64 for money (minor units), quantities (1/10,000) and
instants (microseconds, UTC); memory is shared. Nothing here calls pyarrow.array, pyarrow.scalar or
to_numpy: each imports pandas where it is installed, which would double the time of a day's run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

Ints = np.ndarray


def ints(array: pa.Array, dtype: str = "i8") -> Ints:
    """The values of a fixed-width column, decimals as integers of their smallest unit.

    The value of a null is not defined.
    """
    buffer, words = array.buffers()[1], 2 if pa.types.is_decimal128(array.type) else 1
    if buffer is None or not len(array):
        return np.zeros(len(array), dtype)
    return np.frombuffer(buffer, dtype, (len(array) + array.offset) * words)[
        array.offset * words :: words
    ]


def valid(array: pa.Array) -> np.ndarray:
    """True where the column holds a value."""
    if not array.null_count:
        return np.ones(len(array), bool)
    bits = np.unpackbits(
        np.frombuffer(array.buffers()[0], "u1"), bitorder="little", count=array.offset + len(array)
    )
    return bits[array.offset :].astype(bool)


def offsets(array: pa.ListArray) -> Ints:
    """Where the rows of each list begin and end; a null list has none."""
    if not len(array):
        return np.zeros(1, "i8")
    return np.frombuffer(array.buffers()[1], "i4", len(array) + 1 + array.offset)[
        array.offset :
    ].astype("i8")


def _bitmap(present: np.ndarray | None) -> pa.Buffer | None:
    return (
        None
        if present is None or present.all()
        else pa.py_buffer(np.packbits(present, bitorder="little"))
    )


def fixed(values: Ints, kind: pa.DataType, present: np.ndarray | None = None) -> pa.Array:
    """A column of a fixed-width type over `values`; null where `present` is False."""
    if pa.types.is_decimal128(kind):
        wide = np.empty((len(values), 2), "i8")
        wide[:, 0], wide[:, 1] = values, values >> 63
        values = wide
    elif pa.types.is_date32(kind) or pa.types.is_int32(kind):
        values = np.ascontiguousarray(values, "i4")
    else:
        values = np.ascontiguousarray(values, "i8")
    return pa.Array.from_buffers(kind, len(values), [_bitmap(present), pa.py_buffer(values)])


def flags(values: np.ndarray) -> pa.Array:
    return pa.Array.from_buffers(
        pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))]
    )


def texts(values: Sequence[str | None]) -> pa.Array:
    """A string column of a few Python strings."""
    encoded = [b"" if value is None else value.encode() for value in values]
    ends = np.zeros(len(values) + 1, "i4")
    np.cumsum([len(value) for value in encoded], out=ends[1:])
    present = np.fromiter((value is not None for value in values), bool, len(values))
    return pa.Array.from_buffers(
        pa.string(),
        len(values),
        [_bitmap(present), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))],
    )


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column of a few Python values; None is null.

    Days count from 1970-01-01, instants are microseconds, amounts are in the smallest unit.
    """
    if pa.types.is_dictionary(kind):
        return Labels.read(texts(values)).column(kind)
    if pa.types.is_string(kind):
        return texts(values)
    if pa.types.is_boolean(kind):
        return flags(np.array(values, bool))
    present = np.array([value is not None for value in values], bool)
    return fixed(np.array([value or 0 for value in values], "i8"), kind, present)


def lists(ends: Ints, kind: pa.ListType, fields: Sequence[pa.Array]) -> pa.Array:
    """A column of lists of structs; `ends` as `offsets` gives them."""
    rows = pa.StructArray.from_arrays(list(fields), fields=list(kind.value_type))
    return pa.Array.from_buffers(
        kind, len(ends) - 1, [None, pa.py_buffer(np.ascontiguousarray(ends, "i4"))], children=[rows]
    )


def expand_ranges(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """(parent, index) of each row; parent p has counts[p] rows from starts[p] on."""
    parent = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return parent, np.arange(len(parent)) + np.repeat(starts - (ends - counts), counts)


def sums(values: Ints, counts: Ints) -> Ints:
    """The sum of each run of `counts` consecutive rows; 0 of an empty run."""
    total = np.zeros(len(values) + 1, values.dtype)
    np.cumsum(values, out=total[1:])
    ends = np.cumsum(counts)
    return total[ends] - total[ends - counts]


def encode(array: pa.Array) -> tuple[Ints, pa.Array]:
    """(code of each value, -1 for null; the distinct values)."""
    encoded = array.dictionary_encode()
    codes = ints(encoded.indices, "i4").astype("i8")
    return (
        np.where(valid(encoded.indices), codes, -1) if array.null_count else codes
    ), encoded.dictionary


@dataclass(frozen=True)
class Labels:
    """A column of repeated text, so that work is done once per value.

    `codes` are indices into `values`, -1 for null.
    """

    codes: Ints
    values: list[str]

    @classmethod
    def read(cls, array: pa.Array) -> Labels:
        """The labels of a text column."""
        codes, values = encode(array)
        return cls(codes, values.to_pylist())

    def take(self, rows: Ints) -> Labels:
        return Labels(self.codes[rows], self.values)

    def map(self, change: Callable[[str], str | None], null: str | None = None) -> Labels:
        """The labels that `change` makes of the values; `null` replaces null."""
        rows = np.where(self.codes < 0, len(self.values), self.codes)
        return labels(rows, [*map(change, self.values), null])

    def is_in(self, *texts: str) -> np.ndarray:
        return np.array([*(value in texts for value in self.values), False])[self.codes]

    def column(self, kind: pa.DictionaryType) -> pa.Array:
        """The dictionary column of the used values, in order: equal rows, equal bytes."""
        used = np.flatnonzero(np.bincount(self.codes + 1, minlength=len(self.values) + 1)[1:])
        order = sorted(used.tolist(), key=self.values.__getitem__)
        new_code = np.zeros(len(self.values) + 1, "i4")
        new_code[order] = np.arange(len(order))
        indices = fixed(new_code[self.codes], kind.index_type, self.codes >= 0)
        return pa.DictionaryArray.from_arrays(indices, texts([self.values[code] for code in order]))


def labels(rows: Ints, values: Sequence[str | None]) -> Labels:
    """Labels of `values[row]`, equal values merged; row -1 is null."""
    codes: dict[str, int] = {}
    code = [-1 if value is None else codes.setdefault(value, len(codes)) for value in values]
    return Labels(np.array([*code, -1])[rows], list(codes))


def split(table: pa.Table, ends: Ints) -> list[pa.Table]:
    """The rows of a table up to each of `ends`, each part as if built alone.

    A part's dictionaries hold its own values only. Those of the table are in order, as
    Labels.column makes them, and so are those of the parts.
    """
    bounds = np.r_[0, ends]
    part_of = np.repeat(np.arange(len(ends)), np.diff(bounds))
    columns = [_split_column(column.chunk(0), bounds, part_of) for column in table.columns]
    return [
        pa.Table.from_arrays([parts[number] for parts in columns], schema=table.schema)
        for number in range(len(ends))
    ]


def _split_column(column: pa.Array, bounds: Ints, part_of: Ints) -> list[pa.Array]:
    spans = list(pairwise(bounds.tolist()))
    if not pa.types.is_dictionary(column.type):
        return [column.slice(start, end - start) for start, end in spans]
    present, width = valid(column.indices), len(column.dictionary)
    key = np.where(present, part_of * width + ints(column.indices, "i4"), 0)
    used = np.zeros((len(bounds) - 1) * width, bool)
    used[key[present]] = True
    keys = np.flatnonzero(used)
    firsts = np.searchsorted(keys, np.arange(len(bounds)) * width).tolist()
    index_of = np.cumsum(np.r_[used, False]) - 1
    codes = np.where(present, index_of[key] - np.repeat(firsts[:-1], np.diff(bounds)), 0)
    values = column.dictionary.take(fixed(keys % width, pa.int64()))
    return [
        pa.DictionaryArray.from_arrays(
            fixed(codes[start:end], column.type.index_type, present[start:end]),
            pa.concat_arrays([values.slice(first, last - first)]),
        )
        for (start, end), (first, last) in zip(spans, pairwise(firsts), strict=True)
    ]


def pair(first: Ints, second: Ints, width: int) -> tuple[Ints, list[tuple[int, int]]]:
    """(code of each row's pair, the distinct pairs) of two code columns.

    -1 is null; `second` is below `width`.
    """
    key = (first + 1) * (width + 1) + second + 1
    size = int(key.max(initial=0)) + 1
    if size <= 4 * len(key) + 65536:
        seen = np.zeros(size, bool)
        seen[key] = True
        keys = np.flatnonzero(seen)
        index_of = np.empty(size, "i8")
        index_of[keys] = np.arange(len(keys))
        codes = index_of[key]
    else:
        keys, codes = np.unique(key, return_inverse=True)
    return codes, [(int(k) // (width + 1) - 1, int(k) % (width + 1) - 1) for k in keys]
