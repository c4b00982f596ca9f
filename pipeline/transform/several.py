"""The tables of a day of several points of sale, put together.

The identifiers of all sources but the first are prefixed with the name of their source, so that
equal numbers, stores or customers of two sources stay two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.transform.build_days import BuiltDay
from pipeline.transform.columns import Labels, texts

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
            column = _prefixed(table.column(index).combine_chunks(), before)
            table = table.set_column(index, field, column)
    return table


def _prefixed(column: pa.Array, prefix: str) -> pa.Array:
    """The texts with the prefix; null stays null."""
    if pa.types.is_dictionary(column.type):
        plain = column.cast(column.type.value_type)
        return Labels.read(_prefixed(plain, prefix)).column(column.type)
    return pc.binary_join_element_wise(pa.scalar(prefix, column.type), column, "")


def merge_named(tables: Sequence[pa.Table], name: str, suffixes: Sequence[str]) -> pa.Table:
    """The rows of all tables; names that several have get their table's suffix."""
    names = [set(table.column(name).cast(pa.string()).to_pylist()) for table in tables]
    arrays = []
    for table, suffix, own_names in zip(tables, suffixes, names, strict=True):
        shared = {text for text in own_names if sum(text in other for other in names) > 1}
        arrays.append(
            [
                f"{text}{suffix}" if text in shared else text
                for text in table.column(name).cast(pa.string()).to_pylist()
            ]
        )
    merged = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    index = merged.schema.get_field_index(name)
    kind = merged.schema.field(index).type
    column = Labels.read(texts([text for own in arrays for text in own])).column(kind)
    merged = merged.set_column(index, merged.schema.field(index), column)
    columns = [
        Labels.read(texts(each.cast(pa.string()).to_pylist())).column(each.type)
        if pa.types.is_dictionary(each.type)
        else each
        for each in merged.columns
    ]
    return pa.Table.from_arrays(columns, schema=merged.schema)
