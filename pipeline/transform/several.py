"""The tables of a day of several points of sale, put together.

The identifiers of all sources but the first are prefixed with the name of their source, so that
equal numbers, stores or customers of two sources stay two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.transform.build_days import BuiltDay
from pipeline.transform.columns import Labels, column

IDENTIFIERS = (
    "store_id",
    "receipt_number",
    "refund_for",
    "pos_device_id",
    "employee_id",
    "customer_id",
    "item_id",
    "variant_id",
    "payment_type_id",
    "raw_partition",
)


def qualify_day(day: BuiltDay, prefix: str, folder: str) -> BuiltDay:
    """The day with `prefix` before its identifiers, its raw objects in `folder`."""
    if not prefix:
        return day
    tables = {
        dataset.name: qualify(getattr(day, dataset.name), prefix, folder)
        for dataset in schema.MONTH_TABLES
    }
    return replace(day, **tables)


def qualify(table: pa.Table, prefix: str, folder: str) -> pa.Table:
    """One table with `prefix` before each identifier, and `folder` before each object.

    Those of the primary source have no prefix.
    """
    if not prefix:
        return table
    for index, name in enumerate(table.column_names):
        before = f"{folder}/" if name == "record" else prefix if name in IDENTIFIERS else ""
        if before:
            field = table.schema.field(index)
            prefixed = _prefixed(table.column(index).combine_chunks(), before)
            table = table.set_column(index, field, prefixed)
    return table


def _prefixed(texts: pa.Array, prefix: str) -> pa.Array:
    """The texts with the prefix; null stays null."""
    if pa.types.is_dictionary(texts.type):
        plain = texts.cast(texts.type.value_type)
        return Labels.read(_prefixed(plain, prefix)).column(texts.type)
    return pc.binary_join_element_wise(pa.scalar(prefix, texts.type), texts, "")


def merge_named(tables: Sequence[pa.Table], name: str, suffixes: Sequence[str]) -> pa.Table:
    """The rows of all tables; names that several have get their table's suffix."""
    names = [table.column(name).cast(pa.string()).to_pylist() for table in tables]
    owners = Counter(text for own in names for text in set(own))
    suffixed = [
        f"{text}{suffix}" if owners[text] > 1 else text
        for own, suffix in zip(names, suffixes, strict=True)
        for text in own
    ]
    merged = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    columns = []
    for field, each in zip(merged.schema, merged.columns, strict=True):
        if pa.types.is_dictionary(field.type):
            values = suffixed if field.name == name else each.cast(pa.string()).to_pylist()
            each = column(values, field.type)
        columns.append(each)
    return pa.Table.from_arrays(columns, schema=merged.schema)
