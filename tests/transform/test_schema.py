"""Every dataset said once and held to: what a schema must say, and what `conform` lets through."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from shops import DAY, shop_of

from pipeline import schema
from pipeline.errors import SchemaMismatch
from pipeline.load.parquet import ParquetWriter, from_bytes, to_bytes
from pipeline.schema import MONTH_TABLES, SUMMARY, arrow, conform, empty
from pipeline.transform import build_day

DATASETS = sorted(
    {d for d in vars(schema).values() if isinstance(d, schema.Dataset)}, key=lambda d: d.name
)
AMOUNTS = {"money", "unit cost"}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda d: d.name)
def test_a_dataset_says_all_of_itself(dataset):
    names = dataset.names()
    assert len(set(names)) == len(names) and dataset.grain and dataset.version >= 1
    assert dataset.key and set(dataset.key) <= set(names) and set(dataset.order) <= set(names)
    for column in dataset.columns:
        assert (
            column.meaning.endswith(".")
            and column.name.isidentifier()
            and column.name == column.name.lower()
        ), column
        assert (column.kind not in AMOUNTS) or column.unit == "currency", (
            f"{column.name}: money of which currency?"
        )
        assert column.kind != "instant" or column.unit == "UTC", column
    for decimals in (0, 2, 3):
        fields = arrow(dataset, decimals)
        assert (
            fields.names == names and fields.metadata[b"version"] == str(dataset.version).encode()
        )
        assert not any(pa.types.is_floating(field.type) for field in fields), (
            "no float ever holds anything"
        )
        assert all(field.metadata[b"comment"] for field in fields)
        assert all(
            field.type.scale == decimals
            for field, column in zip(fields, dataset.columns, strict=True)
            if column.kind == "money"
        )


def test_names_and_folders_are_stated_once():
    assert len({d.name for d in DATASETS}) == len(DATASETS) and set(MONTH_TABLES) | set(
        SUMMARY
    ) <= set(DATASETS)


def rows_of(dataset: schema.Dataset) -> pa.Table:
    """Rows of a nasty shop, at least one."""
    for seed in range(40):
        shop = shop_of(random.Random(seed))
        broken = [
            shop.raws[0]._replace(ndjson=shop.raws[0].ndjson + b'{"receipt_number": "x"}\n'),
            *shop.raws[1:],
        ]
        for day in (DAY - timedelta(days=1), DAY):
            table = getattr(
                build_day(day, broken, shop.read_catalog(), replace(shop.rules, decimals=3)),
                dataset.name,
            )
            if table.num_rows:
                return table
    raise LookupError(dataset.name)


@pytest.mark.parametrize("dataset", MONTH_TABLES, ids=lambda d: d.name)
def test_conform_refuses_whatever_is_not_as_declared(dataset):
    table = rows_of(dataset)
    assert conform(table, dataset, 3).equals(table)
    first = dataset.columns[0].name
    with pytest.raises(SchemaMismatch, match=f"missing columns .'{first}'"):
        conform(table.drop_columns([first]), dataset, 3)
    with pytest.raises(SchemaMismatch, match=r"unknown columns .'extra'"):
        conform(table.append_column("extra", table.column(0)), dataset, 3)
    for column in dataset.columns:
        index, kind = (
            table.schema.get_field_index(column.name),
            table.schema.field(column.name).type,
        )
        hollow = table.set_column(index, column.name, pa.nulls(table.num_rows, kind))
        if column.null:
            assert conform(hollow, dataset, 3).column(column.name).null_count == table.num_rows
        else:
            with pytest.raises(
                SchemaMismatch,
                match=f"{column.name}: {table.num_rows} nulls in a column that must not be null",
            ):
                conform(hollow, dataset, 3)
        if column.kind == "money":
            finer = pa.array([Decimal("1.2345")] * table.num_rows, pa.decimal128(18, 4))
            with pytest.raises(SchemaMismatch, match=f"{column.name}: decimal128"):
                conform(table.set_column(index, column.name, finer), dataset, 3)


@pytest.mark.parametrize("dataset", MONTH_TABLES, ids=lambda d: d.name)
def test_a_file_gives_back_the_schema_and_takes_no_other(dataset):
    table = rows_of(dataset)
    months_before = from_bytes(to_bytes(table, dataset.order))
    text = arrow(dataset, 3)
    assert (
        months_before.schema.equals(text)
        and months_before.schema.metadata == text.metadata
        and months_before.to_pylist() == table.to_pylist()
    )
    assert all(
        months_before.schema.field(field.name).metadata.items() >= field.metadata.items()
        for field in text
    )
    for other in (table.drop_columns([dataset.columns[-1].name]), empty(dataset, 2)):
        with pytest.raises(SchemaMismatch):
            ParquetWriter(arrow(dataset, 3), dataset.order).append(other)
