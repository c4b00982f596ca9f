"""Datasets and columns, and the Arrow schema that reads and writes conform to.

The functions import Arrow, not the module: planning a run needs only names and versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pipeline.errors import SchemaMismatch

if TYPE_CHECKING:
    import pyarrow as pa

QUANTITY_DECIMALS = 4
COST_DECIMALS = 6
UNITS = {
    "money": "currency",
    "unit cost": "currency",
    "instant": "UTC",
    "local": "store's local time",
}
"""The unit of the columns of a kind; other kinds have none."""


def money(decimals: int) -> pa.DataType:
    """The Arrow type of an amount in a currency with the given decimals."""
    import pyarrow as pa

    return pa.decimal128(18, decimals)


def _types(decimals: int) -> dict[str, pa.DataType]:
    import pyarrow as pa

    amount, text = money(decimals), pa.string()
    return {
        "day": pa.date32(),
        "instant": pa.timestamp("us", tz="UTC"),
        "local": pa.timestamp("us"),
        "text": text,
        "label": pa.dictionary(pa.int32(), text),
        "flag": pa.bool_(),
        "count": pa.int64(),
        "ordinal": pa.int32(),
        "money": amount,
        "quantity": pa.decimal128(18, QUANTITY_DECIMALS),
        "unit cost": pa.decimal128(24, COST_DECIMALS),
        "choices": pa.list_(
            pa.struct(
                [
                    ("name", text),
                    ("option", text),
                    ("quantity", pa.decimal128(18, QUANTITY_DECIMALS)),
                    ("amount", amount),
                ]
            )
        ),
        "discounts": pa.list_(pa.struct([("name", text), ("type", text), ("amount", amount)])),
        "taxes": pa.list_(
            pa.struct(
                [("name", text), ("type", text), ("rate", pa.decimal128(9, 4)), ("amount", amount)]
            )
        ),
    }


@dataclass(frozen=True)
class Column:
    """One column; `kind` decides its type and, by default, its unit."""

    name: str
    kind: str
    meaning: str
    unit: str | None = None
    null: bool = False

    def __post_init__(self) -> None:
        if self.unit is None:
            object.__setattr__(self, "unit", UNITS.get(self.kind, ""))


@dataclass(frozen=True)
class Dataset:
    """A table of the lake, sorted by `order`, or by its key where that is empty."""

    name: str
    version: int
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return [column.name for column in self.columns]


BY_STORE = (
    Column("store_id", "label", "Store."),
    Column("currency", "label", "ISO 4217 code; currencies are never added up."),
)
"""Columns that many datasets share."""


@cache
def arrow(dataset: Dataset, decimals: int) -> pa.Schema:
    """The Arrow schema of `dataset` in a lake whose money has the given decimals."""
    import pyarrow as pa

    types = _types(decimals)
    return pa.schema(
        [
            pa.field(
                c.name,
                types[c.kind],
                nullable=c.null,
                metadata={"comment": c.meaning, **({"unit": c.unit} if c.unit else {})},
            )
            for c in dataset.columns
        ],
        metadata={
            "dataset": dataset.name,
            "version": str(dataset.version),
            "grain": dataset.grain,
            "key": ",".join(dataset.key),
        },
    )


def conform(table: pa.Table, dataset: Dataset, decimals: int) -> pa.Table:
    """`table` with exactly the columns of `dataset`, never rounded, or SchemaMismatch."""
    import pyarrow as pa

    schema = arrow(dataset, decimals)
    missing = [n for n in schema.names if n not in table.column_names]
    unknown = [n for n in table.column_names if n not in schema.names]
    if missing or unknown:
        raise SchemaMismatch(
            f"{dataset.name}: missing columns {missing}, unknown columns {unknown}"
        )
    arrays = []
    for field in schema:
        column = table.column(field.name)
        if column.null_count and not field.nullable:
            raise SchemaMismatch(
                f"{dataset.name}.{field.name}: {column.null_count} nulls in a column that must not"
                " be null"
            )
        if column.type != field.type:
            try:
                column = column.cast(field.type)
            except pa.ArrowInvalid as error:
                raise SchemaMismatch(
                    f"{dataset.name}.{field.name}: {column.type} is not {field.type}: {error}"
                ) from error
        arrays.append(column)
    return pa.Table.from_arrays(arrays, schema=schema)


def empty(dataset: Dataset, decimals: int) -> pa.Table:
    """No rows of `dataset`, with all its columns."""
    import pyarrow as pa

    # Schema.empty_table would import pandas
    return pa.Table.from_batches([], arrow(dataset, decimals))


def version_of(datasets: tuple[Dataset, ...]) -> str:
    """The versions of datasets that are built together: 1.1.2.1."""
    return ".".join(str(dataset.version) for dataset in datasets)
