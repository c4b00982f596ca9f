"""The lake as other tools see it: hive folders, and the same sums from each of them; Spark is in
tests/describe/test_describe.py.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipeline import schema
from pipeline.errors import Corrupt
from pipeline.load import MONTH_DATASET, Lake, fingerprint_of, open_storage
from pipeline.load.parquet import from_bytes, to_bytes
from pipeline.tasks import MonthlySales
from tests.dag.in_process import FIRST, InProcessRun, local
from tests.load.seaweed import Server
from tests.load.test_parquet import ORDER, make
from tests.support.buckets import new_url

PARTS = {"2026-10": make(4000, seed=1), "2026-11": make(700, seed=2)}
TRUTH = {month: sum(table.column("net").to_pylist()) for month, table in PARTS.items()}
TOTAL = sum(TRUTH.values())


def publish(lake: Lake) -> None:
    for month, table in PARTS.items():
        data = to_bytes(table, ORDER, row_group=1000)
        lake.publish(
            MONTH_DATASET,
            month,
            fingerprint_of(1, {}, []),
            {"sales": data, "receipts": data},
            {},
            expected_manifest=lake.newest(MONTH_DATASET, month),
        )


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of sales in a lake that also holds what a lake holds beside it."""
    folder = tmp_path_factory.mktemp("engines")
    lake = Lake(open_storage(str(folder)))
    publish(lake)
    lake.commit_window("2026-10-05", {date(2026, 10, 5): b"{}\n"}, {})
    return folder / "sales"


def test_duckdb(sales: Path) -> None:
    result = duckdb.sql(
        "select year, month, sum(net) as net, count(*) as n, count(distinct item) as items,"
        " typeof(any_value(net)) as kind, typeof(any_value(sold_at)) as at,"
        " typeof(any_value(sold_at_local)) as local, typeof(any_value(business_day)) as day from"
        f" read_parquet('{sales}/**/*.parquet', hive_partitioning = true) group by all order by all"
    ).fetchall()
    kinds = ("DECIMAL(18,2)", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE")
    assert result == [
        (2026, 10, TRUTH["2026-10"], 4000, 3, *kinds),
        (2026, 11, TRUTH["2026-11"], 700, 3, *kinds),
    ]
    november = duckdb.sql(
        f"select count(*) from read_parquet('{sales}/**/*.parquet', hive_partitioning = true) where"
        " month = 11"
    )
    assert november.fetchall() == [(700,)]
    text = duckdb.sql(
        f"select value from parquet_kv_metadata('{sales}/year=2026/month=10/sales.parquet') "
        "where key = 'comments'"
    ).fetchall()
    assert b"Local day." in text[0][0]


def test_polars(sales: Path) -> None:
    import polars as pl

    frame = pl.scan_parquet(f"{sales}/**/*.parquet", hive_partitioning=True)
    assert frame.select(pl.col("net").sum()).collect().item() == TOTAL
    assert (
        frame.filter(pl.col("month") == 10).select(pl.col("net").sum()).collect().item()
        == TRUTH["2026-10"]
    )
    kinds = frame.collect_schema()
    assert kinds["net"] == pl.Decimal(18, 2)
    assert kinds["sold_at"] == pl.Datetime("us", "UTC")
    assert kinds["business_day"] == pl.Date


def test_pandas(sales: Path) -> None:
    frame = pd.read_parquet(sales)
    assert frame["net"].sum() == TOTAL
    assert isinstance(frame["net"].iloc[0], Decimal)
    assert set(frame["month"]) == {10, 11}


def test_arrow_dataset(sales: Path) -> None:
    lake = ds.dataset(sales, partitioning="hive")
    assert pc.sum(lake.to_table(columns=["net"]).column("net")).as_py() == TOTAL
    november = lake.to_table(
        filter=(ds.field("month") == 11)
        & (ds.field("business_day") >= pa.scalar(date(2026, 10, 6)))
    )
    rows = [row for row in PARTS["2026-11"].to_pylist() if row["business_day"] >= date(2026, 10, 6)]
    assert pc.sum(november.column("net")).as_py() == sum(row["net"] for row in rows)


def test_arrow_dataset_on_s3(seaweed: Server) -> None:
    from pyarrow.fs import S3FileSystem

    lake = Lake(open_storage(new_url(), endpoint=seaweed.endpoint))
    publish(lake)
    files = S3FileSystem(endpoint_override=seaweed.endpoint, region="us-east-1")
    folder = (
        lake.uri(MONTH_DATASET, "2026-10", "sales").removeprefix("s3://").partition("/year=")[0]
    )
    assert (
        pc.sum(
            ds.dataset(folder, partitioning="hive", filesystem=files).to_table().column("net")
        ).as_py()
        == TOTAL
    )


def test_every_column_of_the_lake_is_documented_checked_and_can_be_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The four tables as a run writes them: no column is left out of anything that test_parquet
    promises of a file.
    """
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    receipts = json.loads((shop.saved / "receipts.json").read_text())["receipts"]
    (shop.saved / "receipts.json").write_text(
        json.dumps({"receipts": [{**receipts[0], "total_money": "many"}, *receipts[1:]]})
    )
    assert shop.run_nightly(make=lambda: MonthlySales(month=FIRST.replace(day=1)))
    for dataset in schema.MONTH_TABLES:
        data = (
            tmp_path / f"lake/{dataset.name}/year=2026/month=10/{dataset.name}.parquet"
        ).read_bytes()
        file = pq.ParquetFile(pa.BufferReader(data))
        fields = file.schema_arrow
        assert fields.names == [column.name for column in dataset.columns]
        assert file.metadata.num_rows
        text = json.loads(file.metadata.metadata[b"comments"])
        for column in dataset.columns:
            assert (
                fields.field(column.name).metadata[b"comment"].decode()
                == text[column.name]
                == column.meaning
                != ""
            )
        assert [
            fields.names[item.column_index]
            for item in file.metadata.row_group(0).sorting_columns
            if item.column_index < 2
        ] == ["business_day"]
        for index in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(0).column(index)
            where = f"{dataset.name}.{chunk.path_in_schema}"
            kind, is_flat = (
                fields.field(chunk.path_in_schema.partition(".")[0]).type,
                "." not in chunk.path_in_schema,
            )
            assert (
                chunk.compression == "ZSTD" and chunk.has_column_index and chunk.has_offset_index
            ), where
            assert not is_flat or (chunk.is_stats_set and chunk.statistics.has_null_count), where
            assert (
                not is_flat
                or chunk.statistics.null_count == chunk.num_values
                or chunk.statistics.has_min_max
            ), where
            assert pa.types.is_dictionary(kind) == (
                "RLE_DICTIONARY" in chunk.encodings and chunk.has_dictionary_page
            ), where
            position = (
                chunk.data_page_offset
                + chunk.total_compressed_size
                - (
                    chunk.data_page_offset - chunk.dictionary_page_offset
                    if chunk.has_dictionary_page
                    else 0
                )
                - 1
            )
            with pytest.raises(Corrupt):
                from_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
                pytest.fail(f"{where}: a flipped byte of its last page was not found")
