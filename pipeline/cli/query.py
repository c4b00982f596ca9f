"""SQL over the lake's tables, read-only, in a folder or a bucket.

Runs a query on the lake of the settings and returns column names and rows. DuckDB sees the Parquet
files of the current months as Arrow datasets, so that a bucket needs no extension, and can reach
nothing else: no other file, no network, no setting. Its clock is UTC on every machine. Raises
ConfigError for an empty lake, InvalidQuery for a wrong query.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from pipeline import schema, settings
from pipeline.describe import NAMED, TableDescription, named_views
from pipeline.errors import ConfigError, InvalidQuery
from pipeline.load.publication import NOTHING
from pipeline.targets import lake
from pipeline.tasks.glue import dataset_of, tables_of_lake

_MONTHS = pa.schema([("year", pa.int32()), ("month", pa.int32())])


class QueryResult(NamedTuple):
    """Rows of a query; `is_cut` if there are more than the limit."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    is_cut: bool


def absent_tables() -> set[str]:
    """Names of the tables without a file; none of an empty lake."""
    tables = tables_of_lake()
    absent = {table.name for table in tables if not _files(table)}
    return absent if len(absent) < len(tables) else set()


def open_database(hidden: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
    """A DuckDB with the lake's tables and the views with names.

    Tables and columns that are named in `hidden` are left out, and with them the views with names.
    """
    tables = [table for table in tables_of_lake() if table.name not in hidden]
    if not any(_files(table) for table in tables):
        raise ConfigError(f"{lake().storage.uri()} has no month yet; `pos run` builds it")
    database = duckdb.connect(config={"python_enable_replacements": False})
    for table in tables:
        database.register(table.name, _dataset(table, hidden))
    if not hidden:
        for statement in named_views():
            database.execute(statement)
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET enable_external_access = false; SET lock_configuration = true")
    return database


def run_query(
    database: duckdb.DuckDBPyConnection, query: str, *, rows: int, seconds: float = 60
) -> QueryResult:
    """The first `rows` rows of the answer, within `seconds`. Raises InvalidQuery."""
    timer = threading.Timer(seconds, database.interrupt)
    timer.start()
    try:
        statements = database.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise InvalidQuery("only one SELECT statement is accepted")
        result = database.execute(statements[0])
        columns = [column[0] for column in result.description or ()]
        answer = result.fetchmany(rows + 1)
    except duckdb.InterruptException as error:
        raise InvalidQuery(
            f"the query took more than {seconds:.0f} seconds; name year and month in its WHERE"
        ) from error
    except duckdb.Error as error:
        raise InvalidQuery(f"{error}") from error
    finally:
        timer.cancel()
    return QueryResult(columns, answer[:rows], len(answer) > rows)


def list_tables(hidden: Collection[str] = ()) -> list[str]:
    """A line for each table: its name and what a row is."""
    lines = [
        f"{table.name:<24}one row: {table.dataset.grain}"
        for table in tables_of_lake()
        if table.name not in hidden
    ]
    if not hidden:
        lines += [f"{name:<24}{name[6:]}, with the names of stores and employees" for name in NAMED]
    return lines


def _files(table: TableDescription) -> list[str]:
    """Addresses of the current files of a table, one per month that has any."""
    dataset = dataset_of(table.dataset)
    return [
        lake().uri(dataset, name, table.dataset.name)
        for name in lake().partitions(dataset)
        if (newest := lake().current(dataset, name)) and newest.digest != NOTHING
    ]


def _dataset(table: TableDescription, hidden: Collection[str]) -> ds.Dataset:
    section, files = settings.lake(), _files(table)
    filesystem: fs.FileSystem = fs.LocalFileSystem()
    if section.url.startswith("s3://"):
        filesystem = fs.S3FileSystem(
            endpoint_override=section.endpoint or None, region=section.region or None
        )
    columns = [
        column
        for column in schema.arrow(table.dataset, settings.rules().decimals)
        if column.name not in hidden
    ]
    return ds.dataset(
        [file.removeprefix("file://").removeprefix("s3://") for file in files],
        schema=pa.schema([*columns, *_MONTHS]),
        format="parquet",
        filesystem=filesystem,
        partitioning=ds.partitioning(_MONTHS, flavor="hive"),
    )
