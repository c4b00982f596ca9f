"""The column `receipt`: one key of a receipt instead of month, store and number.

Accounts that share a lake may share numbers, so only the three together identify a receipt. The
receipts of months in memory are numbered: to compare numbers takes a third less time than to
compare texts. Those that are read from files have a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.summarize.digest import fixed_values

RECEIPT = "receipt"
KEY_OF = ("store_id", "receipt_number")
"""What names a receipt in its month."""

KEY = "concat_ws(':', month, strlen(store_id), store_id, receipt_number)"
"""The text, in SQL; the length tells where the store ends."""


def text_keys(month: date, rows: pa.RecordBatch) -> pa.Array:
    """The key (KEY) of each row, as text."""
    store, number = (rows.column(name).cast(pa.string()) for name in KEY_OF)
    length = pc.binary_length(store).cast(pa.string())
    return pc.binary_join_element_wise(str(month), length, store, number, ":")


def number_receipts(months: Sequence[Mapping[str, pa.Table]]) -> list[dict[str, pa.Table]]:
    """The tables of each month with a first column `receipt`, a number."""
    numbered, start = [], 0
    for tables in months:
        names = pa.concat_tables([table.select(KEY_OF) for table in tables.values()])
        store, number = (_codes(column) for column in names.combine_chunks().columns)
        # a number for each pair of store and number, after those of the months before
        keys = start + number * (store.max(initial=0) + 1) + store
        start = keys.max(initial=start) + 1
        ends = np.cumsum([table.num_rows for table in tables.values()])
        parts = zip(tables.items(), np.split(keys, ends[:-1]), strict=True)
        numbered.append(
            {name: table.add_column(0, RECEIPT, _column(part)) for (name, table), part in parts}
        )
    return numbered


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """A number from 0 for each text."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks = [fixed_values(chunk.indices, "i4") for chunk in column.chunks]
    return np.concatenate([np.zeros(0, "i8"), *chunks])


def _column(values: np.ndarray) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
