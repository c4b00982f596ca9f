"""The lake as other tools see it: hive folders, and the same sums from each of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from pipeline.load import SALES, Lake, edition_of, open_storage
from pipeline.load.parquet import to_bytes
from tests.load.conftest import new_url
from tests.load.seaweed import Server
from tests.load.test_parquet import ORDER, make

PARTS = {"2026-10": make(4000, seed=1), "2026-11": make(700, seed=2)}
TRUTH = {month: sum(table.column("net").to_pylist()) for month, table in PARTS.items()}
TOTAL = sum(TRUTH.values())


def publish(lake: Lake) -> None:
    for month, table in PARTS.items():
        data = to_bytes(table, ORDER, row_group=1000)
        lake.publish(SALES, month, edition_of(1, {}, []), {"sales": data, "receipts": data}, {}, basis=lake.newest(SALES, month))


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of sales in a lake that also holds what a lake holds beside it."""
    folder = tmp_path_factory.mktemp("engines")
    lake = Lake(open_storage(str(folder)))
    publish(lake)
    lake.commit_window("2026-10-05", {date(2026, 10, 5): b"{}\n"}, {})
    return folder / "sales"


def test_duckdb(sales: Path) -> None:
    found = duckdb.sql("select year, month, sum(net) as net, count(*) as n, count(distinct item) as items, "
                       "typeof(any_value(net)) as kind, typeof(any_value(sold_at)) as at, typeof(any_value(sold_at_local)) as local, "
                       "typeof(any_value(business_day)) as day "
                       f"from read_parquet('{sales}/**/*.parquet', hive_partitioning = true) group by all order by all").fetchall()
    kinds = ("DECIMAL(18,2)", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE")
    assert found == [(2026, 10, TRUTH["2026-10"], 4000, 3, *kinds), (2026, 11, TRUTH["2026-11"], 700, 3, *kinds)]
    november = duckdb.sql(f"select count(*) from read_parquet('{sales}/**/*.parquet', hive_partitioning = true) where month = 11")
    assert november.fetchall() == [(700,)]
    said = duckdb.sql(f"select value from parquet_kv_metadata('{sales}/year=2026/month=10/sales.parquet') "
                      "where key = 'comments'").fetchall()
    assert b"Local day." in said[0][0]


def test_polars(sales: Path) -> None:
    frame = pl.scan_parquet(f"{sales}/**/*.parquet", hive_partitioning=True)
    assert frame.select(pl.col("net").sum()).collect().item() == TOTAL
    assert frame.filter(pl.col("month") == 10).select(pl.col("net").sum()).collect().item() == TRUTH["2026-10"]
    kinds = frame.collect_schema()
    assert kinds["net"] == pl.Decimal(18, 2) and kinds["sold_at"] == pl.Datetime("us", "UTC") and kinds["business_day"] == pl.Date


def test_pandas(sales: Path) -> None:
    frame = pd.read_parquet(sales)
    assert frame["net"].sum() == TOTAL and isinstance(frame["net"].iloc[0], Decimal) and set(frame["month"]) == {10, 11}


def test_arrow_dataset(sales: Path) -> None:
    lake = ds.dataset(sales, partitioning="hive")
    assert pc.sum(lake.to_table(columns=["net"]).column("net")).as_py() == TOTAL
    november = lake.to_table(filter=(ds.field("month") == 11) & (ds.field("business_day") >= pa.scalar(date(2026, 10, 6))))
    rows = [row for row in PARTS["2026-11"].to_pylist() if row["business_day"] >= date(2026, 10, 6)]
    assert pc.sum(november.column("net")).as_py() == sum(row["net"] for row in rows)


def test_arrow_dataset_on_s3(seaweed: Server) -> None:
    from pyarrow.fs import S3FileSystem
    lake = Lake(open_storage(new_url(), endpoint=seaweed.endpoint))
    publish(lake)
    files = S3FileSystem(endpoint_override=seaweed.endpoint, region="us-east-1")
    folder = lake.uri(SALES, "2026-10", "sales").removeprefix("s3://").partition("/year=")[0]
    assert pc.sum(ds.dataset(folder, partitioning="hive", filesystem=files).to_table().column("net")).as_py() == TOTAL
