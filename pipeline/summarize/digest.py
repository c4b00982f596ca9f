"""A number for each row that changes when one of its values does.

Amounts, counts, dates and flags are taken as integers, texts as a hash (BLAKE2b, once per distinct
text); they are mixed in the order of the columns by SplitMix64 (Steele, Lea and Flood 2014).
The numbers depend on the values alone: not on the machine, the libraries' versions or the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Numbers = npt.NDArray[np.uint64]
_NULL = np.uint64(0x6E756C6C)


def digest_rows(
    columns: Sequence[pa.Array], count: int, before: pa.Array | None = None
) -> pa.Array:
    """One 64-bit number for each of `count` rows, 0 if there are no columns.

    `before` is the number of the columns before these.
    """
    digests = _mixed(columns, count, None if before is None else fixed_values(before, np.uint64))
    return pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(digests)])


def _mixed(columns: Sequence[pa.Array], count: int, before: _Numbers | None = None) -> _Numbers:
    digests: _Numbers = np.zeros(count, np.uint64) if before is None else before
    for column in columns:
        digests = _mix(digests ^ _numbers(column))
    return digests


def _numbers(column: pa.Array) -> _Numbers:
    """A number per value: equal for equal values, another for null."""
    if pa.types.is_string(column.type):
        column = column.dictionary_encode()
    if pa.types.is_list(column.type):
        # a sum, so that the order of the elements of a list does not matter
        sums = np.cumsum(
            np.append(np.uint64(0), _mixed(column.values.flatten(), len(column.values))),
            dtype=np.uint64,
        )
        ends = fixed_values(column.offsets, np.int32)
        values = sums[ends[1:]] - sums[ends[:-1]]
    elif pa.types.is_dictionary(column.type):
        texts = np.array([_hash(text) for text in column.dictionary.to_pylist()], np.uint64)
        codes = fixed_values(column.indices, np.int32)
        values = texts[np.maximum(codes, 0)] if len(texts) else np.zeros(len(codes), np.uint64)
    elif pa.types.is_decimal(column.type):
        halves = fixed_values(column, np.uint64).reshape(-1, 2)
        values = halves[:, 0] ^ _mix(halves[:, 1])
    else:
        if pa.types.is_date32(column.type):
            column = column.cast(pa.int32())
        values = fixed_values(column.cast(pa.int64()), np.uint64)
    if column.null_count:
        is_null = fixed_values(column.is_null().cast(pa.uint8()), np.uint8).astype(bool)
        values = np.where(is_null, _NULL, values)
    return values


def fixed_values(column: pa.Array, kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """The bytes of a column of fixed width, as numbers of `kind`."""
    width = column.type.bit_width // 8
    start, end = column.offset * width, (column.offset + len(column)) * width
    return np.frombuffer(column.buffers()[1], np.uint8)[start:end].view(kind)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _mix(numbers: _Numbers) -> _Numbers:
    """SplitMix64: each bit of a number alters about half of the bits of the result."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
