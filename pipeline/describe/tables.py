"""What a reader finds in the lake: each dataset as a table with a name, a place and columns in the
words of SQL.

A table is partitioned by `year` and `month`, which stand in the names of its folders and not in its
files. The types are those of Hive, which Athena, Glue and Spark share: an instant is a `timestamp`
in UTC, a local time a `timestamp` too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from pipeline import schema
from pipeline.schema import Dataset

PARTITIONS = (
    ("year", "int", "Year of the business day, from the folder's name."),
    ("month", "int", "Month of the business day, 1 to 12."),
)


class Described(NamedTuple):
    """One table: `location` is the folder that holds year=*/month=*, without a slash at its end."""

    name: str
    location: str
    dataset: Dataset
    columns: tuple[tuple[str, str, str], ...]  # (name, Hive type, sentence)


def described(decimals: int, folder: Callable[[Dataset], str]) -> list[Described]:
    """The tables of a lake whose money has `places` decimals; `folder` tells where a dataset
    stands. Summaries are named summary_...
    """
    return [
        Described(
            dataset.name if dataset in schema.LAKE else f"summary_{dataset.name}",
            folder(dataset),
            dataset,
            tuple(
                (field.name, hive_type(field.type), _sentence(column))
                for field, column in zip(
                    schema.arrow(dataset, decimals), dataset.columns, strict=True
                )
            ),
        )
        for dataset in (*schema.LAKE, *schema.SUMMARY)
    ]


def hive_type(kind: pa.DataType) -> str:
    """The name that Hive, Athena, Glue and Spark have for an Arrow type of the schema."""
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
    return {
        pa.string(): "string",
        pa.date32(): "date",
        pa.bool_(): "boolean",
        pa.int64(): "bigint",
        pa.int32(): "int",
    }[kind]


def _sentence(column: schema.Column) -> str:
    unit = f" Unit: {column.unit}." if column.unit else ""
    return f"{column.meaning}{unit}"
