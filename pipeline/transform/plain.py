"""The faster first try at a page, where the compiled scanner (scan.c) is there: columns, or None
for the other path.

The scanner is optional: it is built on installation where there is a C compiler. What it accepts it
reads as pyarrow's reader does; what is not plain it leaves to that. So the rows are the same with
it and without, only the time is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa

from pipeline.transform.columns import fixed
from pipeline.transform.wire import DIGITS, RECEIPT, Field, scale

try:
    from pipeline.transform._scan import scan
except ImportError:
    scan = None

_KINDS = {"text": 0, "id": 0, "instant": 2, "rows": 3}


@cache
def _spec(fields: tuple[Field, ...], places: int) -> tuple:
    """The fields as the scanner wants them: (kind, name, digits, decimals, fields)."""
    return tuple(
        (
            _KINDS.get(f.kind, 1),
            f.name,
            DIGITS.get(f.kind, 0),
            scale(f.kind, places) if f.kind in DIGITS else 0,
            _spec(f.fields, places),
        )
        for f in fields
    )


def scan_page(body: bytes, schema: pa.Schema, places: int) -> pa.RecordBatch | None:
    """The receipts of whole lines as `schema` has them; None where the scanner is missing or finds
    them not plain.
    """
    columns = scan(body, _spec(RECEIPT, places)) if scan else None
    if columns is None:
        return None
    left = iter(columns)
    return pa.RecordBatch.from_arrays([_array(field.type, left) for field in schema], schema=schema)


def _array(kind: pa.DataType, columns: Iterator[tuple[int, int, bytes, bytes, bytes]]) -> pa.Array:
    """The next column of the scanner, with those below it."""
    count, nulls, valid, values, text = next(columns)
    present = np.frombuffer(valid, bool) if nulls else None
    bitmap = pa.py_buffer(np.packbits(present, bitorder="little")) if nulls else None
    if pa.types.is_string(kind):
        return pa.Array.from_buffers(
            kind, count, [bitmap, pa.py_buffer(values), pa.py_buffer(text)]
        )
    if pa.types.is_list(kind):
        fields = [_array(field.type, columns) for field in kind.value_type]
        rows = pa.StructArray.from_arrays(fields, fields=list(kind.value_type))
        return pa.Array.from_buffers(kind, count, [bitmap, pa.py_buffer(values)], children=[rows])
    return fixed(np.frombuffer(values, "i8"), kind, present)
