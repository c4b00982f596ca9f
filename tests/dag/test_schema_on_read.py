"""A file that is valid Parquet, with its digest and the current version, but not the columns of its
dataset was written by other code: it is named, and no figure is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema, transform
from pipeline.load import MONTH_DATASET, STAGING, SUMMARY, Lake
from pipeline.load.day_object import FILE, pack_tables, unpack_tables
from pipeline.load.layout import TABLES
from pipeline.load.parquet import from_bytes, to_bytes
from pipeline.tasks import MonthlySummary, tables
from tests.dag.in_process import FIRST, InProcessRun, local

WRONG: dict[str, Callable[[pa.Table, str], pa.Table]] = {
    "a missing column": lambda table, column: table.drop_columns([column]),
    "another type": lambda table, column: table.set_column(
        table.column_names.index(column), column, table.column(column).cast(pa.float64())
    ),
    "one too many": lambda table, column: table.append_column("note", table.column(column)),
    "nulls allowed": lambda table, column: table.cast(
        pa.schema([one.with_nullable(True) for one in table.schema])
    ),
}
SAID = {
    "a missing column": "missing ['{}']",
    "another type": "{} is pyarrow",
    "one too many": "unknown ['note']",
    "nulls allowed": "not null",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """Its first run has ended."""
    return InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch).after(1)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    ("dataset", "name", "file_name", "column"),
    [
        (STAGING, str(FIRST), "receipts", "total"),
        (MONTH_DATASET, "2026-10", "payments", "amount"),
        (SUMMARY, "2026-10", "days", "net_sales"),
    ],
)
def test_a_file_of_other_columns_is_named_and_not_read(
    shop: InProcessRun,
    caplog: pytest.LogCaptureFixture,
    dataset: str,
    name: str,
    file_name: str,
    column: str,
    wrong: str,
) -> None:
    lake = Lake(shop.storage())
    newest = lake.newest(dataset, name)
    files = lake.read(dataset, name)
    together = {STAGING: FILE, SUMMARY: TABLES}.get(dataset)
    tables = unpack_tables(files[together], name) if together else {}
    table = tables[file_name] if tables else from_bytes(files[file_name])
    column = (
        column
        if column in table.column_names
        else next(field.name for field in table.schema if pa.types.is_decimal(field.type))
    )
    other = WRONG[wrong](table, column)
    lake.publish(
        dataset,
        name,
        newest.fingerprint,
        {**files, together: pack_tables({**tables, file_name: other})}
        if together
        else {**files, file_name: to_bytes(other)},
        lake.metadata(dataset, name),
        expected_manifest=newest,
    )
    assert not shop.run_nightly()
    assert f"{dataset}/{name}/{file_name} does not have the columns of its dataset" in caplog.text
    assert SAID[wrong].format(column) in caplog.text


def test_the_tables_read_together_are_those_of_the_parquet_files(shop: InProcessRun) -> None:
    task, names = MonthlySummary(month=FIRST.replace(day=1)), [d.name for d in schema.SUMMARY]
    with shop.process():
        together = tables.read_summary(task, names)
        alone = tables.read_tables(task, names)
    assert sum(table.num_rows for table in alone.values()) > len(names)
    for name in names:
        assert together[name].schema.equals(alone[name].schema), name
        assert together[name].to_pylist() == alone[name].to_pylist(), name


def test_a_month_that_is_read_batch_by_batch_is_held_to_the_schema_too(
    shop: InProcessRun, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(shop.storage())
    newest, files = lake.newest(MONTH_DATASET, "2026-10"), lake.read(MONTH_DATASET, "2026-10")
    other = to_bytes(from_bytes(files["sales"]).drop_columns(["net"]))
    lake.publish(
        MONTH_DATASET,
        "2026-10",
        newest.fingerprint,
        {**files, "sales": other},
        lake.metadata(MONTH_DATASET, "2026-10"),
        expected_manifest=newest,
    )
    shop.options["lake"]["memory"] = "1KB"
    monkeypatch.setattr(tables, "read_table", lambda *_: pytest.fail("read whole"))
    assert not shop.run_nightly()
    assert (
        "sales/2026-10/sales does not have the columns of its dataset: missing ['net']"
        in caplog.text
    )


def test_what_is_published_is_of_its_dataset(
    shop: InProcessRun, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_days = transform.build_days

    def careless(*arguments: object) -> object:
        return {
            day: replace(built, payments=built.payments.drop_columns(["amount"]))
            for day, built in build_days(*arguments).items()
        }

    monkeypatch.setattr(transform, "build_days", careless)
    lake = Lake(shop.storage())
    lake.invalidate(STAGING, str(FIRST), "to be made again")
    assert not shop.run_nightly()
    assert "payments: missing columns ['amount']" in caplog.text
    assert Lake(shop.storage()).newest(STAGING, str(FIRST)).fingerprint == "invalidated"
