"""A month of wide receipts: many lines and items, amounts of 0."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline import schema
from tests.summarize.lake_month import STORES, draw_month

PLANTED = ("item 00000", "item 00001", "item 00002")
"""Items on every tenth receipt, so that they make pairs."""


def wide_month(receipts: int, lines: int, items: int, seed: int = 5) -> dict:
    """Arguments of summarize_month() for SALE receipts with `lines` different items each."""
    small = draw_month(seed, 40, stores=STORES[:1], decimals=2)
    arguments = small.arguments()
    numbers = np.arange(receipts)
    rng = np.random.default_rng(seed)
    held = np.sort(rng.integers(len(PLANTED), items, (receipts, lines)), axis=1)
    held[::10, : len(PLANTED)] = range(len(PLANTED))
    names = pa.array([f"item {number:05}" for number in range(items)])
    texts = pa.array([f"1-{number}" for number in numbers])
    plain = next(i for i, row in enumerate(small.sales) if row["combo"] is None)
    sales = _repeat(
        arguments["sales"].slice(plain, 1),
        receipts * lines,
        receipt_number=texts.take(pa.array(np.repeat(numbers, lines))),
        line=pa.array(np.tile(np.arange(1, lines + 1), receipts)),
        item=names.take(pa.array(held.reshape(-1))),
    )
    heads = _repeat(arguments["receipts"].slice(0, 1), receipts, receipt_number=texts)
    return arguments | {
        "receipts": heads,
        "sales": sales,
        "payments": schema.empty(schema.PAYMENTS, 2),
        "quarantine": schema.empty(schema.QUARANTINE, 2),
        "metadata": {"received": receipts, "counted": receipts, "quarantined": 0, "superseded": 0},
    }


def _repeat(row: pa.Table, times: int, **columns: pa.Array) -> pa.Table:
    """`row` so many times as a counted SALE without amounts, with other `columns`."""
    fixed = {"receipt_type": "SALE", "is_cancelled": False, "discounts": []}
    result = []
    for field in row.schema:
        if field.name in columns:
            result.append(columns[field.name].cast(field.type))
        elif pa.types.is_decimal(field.type) and field.metadata.get(b"unit") == b"currency":
            result.append(pa.repeat(pa.scalar(0, field.type), times))
        elif field.name in fixed:
            result.append(pa.array([fixed[field.name]] * times, field.type))
        else:
            value = row[field.name].combine_chunks()
            result.append(value.take(pa.array(np.zeros(times, "i8"))))
    return pa.Table.from_arrays(result, schema=row.schema)
