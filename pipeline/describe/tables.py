"""The datasets of the lake as SQL tables: name, location and columns.

The three comparisons with CSV exports (dataset `backoffice`) and `receipt_figures` have no table.

A table is partitioned by `year` and `month`, which are in the names of its folders and not in its
files. The types are those of Hive, which Athena, Glue and Spark share: instants (UTC) and local
times are both a `timestamp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from pipeline import schema
from pipeline.schema import Dataset

PARTITIONS = (
    (
        "year",
        "int",
        "Year of the business day (`outside`: of the arrival), from the folder's name.",
    ),
    ("month", "int", "Month of that day, 1 to 12."),
)


_HIVE_TYPES = {
    pa.string(): "string",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    pa.int64(): "bigint",
    pa.int32(): "int",
}


class TableDescription(NamedTuple):
    """One table; `location` is its folder, without a slash at its end."""

    name: str
    location: str
    dataset: Dataset
    columns: tuple[tuple[str, str, str], ...]  # (name, Hive type, meaning)


def describe_tables(decimals: int, folder: Callable[[Dataset], str]) -> list[TableDescription]:
    """Describe the tables of a lake; `folder` returns the location of a dataset.

    `decimals` are those of its money. Tables of summaries get the prefix summary_.
    """
    unprefixed = (*schema.MONTH_TABLES, schema.BEFORE_HISTORY, schema.SHIFTS)
    return [
        TableDescription(
            dataset.name if dataset in unprefixed else f"summary_{dataset.name}",
            folder(dataset),
            dataset,
            tuple(
                (field.name, hive_type(field.type), _meaning(column))
                for field, column in zip(
                    schema.arrow(dataset, decimals), dataset.columns, strict=True
                )
            ),
        )
        for dataset in (*unprefixed, *schema.SUMMARY)
    ]


def hive_type(kind: pa.DataType) -> str:
    """Return the name of an Arrow type in Hive, Athena, Glue and Spark."""
    if pa.types.is_dictionary(kind):
        return hive_type(kind.value_type)
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{hive_type(field.type)}' for field in kind)}>"
    return _HIVE_TYPES[kind]


def _meaning(column: schema.Column) -> str:
    unit = f" Unit: {column.unit}." if column.unit else ""
    return f"{column.meaning}{unit}"
