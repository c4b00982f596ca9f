"""What the lake is said to be, held to what it is: names, types, places, sentences; and every
example of the guide runs.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from pipeline import schema
from pipeline.describe import (
    DIGEST,
    Described,
    athena_ddl,
    data_dictionary,
    described,
    duckdb_views,
    glue_tables,
)
from pipeline.describe.athena import projection
from pipeline.describe.tables import hive_type
from pipeline.load.glue import GlueCatalog
from tests.conftest import ROOT, Runner
from tests.load.conftest import moto, moto_server
from tests.load.seaweed import Server

GUIDE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def database(tables: list[Described]) -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    found.execute(duckdb_views(tables))
    return found


def test_a_view_holds_every_row_of_every_month(
    database: duckdb.DuckDBPyConnection, months: dict[str, dict[str, pa.Table]]
) -> None:
    for name in months["2026-01"]:
        counted = database.sql(
            f'select month, count(*) from "{name}" where year = 2026 group by month'
        ).fetchall()
        assert dict(counted) == {
            int(month[-2:]): tables[name].num_rows
            for month, tables in months.items()
            if tables[name].num_rows
        }
    truth = sum(
        value for tables in months.values() for value in tables["sales"].column("net").to_pylist()
    )
    assert database.sql("select sum(net) from sales").fetchall() == [(truth,)]


def test_views_bear_the_sentences_of_the_schema(
    database: duckdb.DuckDBPyConnection, tables: list[Described]
) -> None:
    said = {
        row[:2]: row[2]
        for row in database.sql(
            "select table_name, column_name, comment from duckdb_columns()"
        ).fetchall()
    }
    for table in tables:
        assert all(said[table.name, name] == sentence for name, _, sentence in table.columns)


def test_athena_reads_what_is_there(tables: list[Described], folder: Path) -> None:
    made = [
        one
        for one in sqlglot.parse(
            athena_ddl(tables, database="shop", first_year=2026), dialect="athena"
        )
        if isinstance(one, exp.Create)
    ]
    assert [one.find(exp.Table).name for one in made if one.kind == "TABLE"] == [
        table.name for table in tables
    ]
    for statement, table in zip([one for one in made if one.kind == "TABLE"], tables, strict=True):
        columns = {
            c.name: c.kind.sql("athena").lower().replace(" ", "")
            for c in statement.this.expressions
            if isinstance(c, exp.ColumnDef)
        }
        assert list(columns) == table.dataset.names()
        stored = duckdb.sql(
            "select name, type, logical_type from"
            f" parquet_schema('{table.location}/year=2026/month=01/*.parquet')"
        ).fetchall()
        assert all(
            kind == f"decimal({logical.precision},{logical.scale})"
            for name, kind in columns.items()
            for stored_name, _, logical in stored
            if stored_name == name and hasattr(logical, "precision")
        )
        projected = projection(table, 2026)
        for month in (1, 2):
            place = (
                projected["storage.location.template"]
                .replace("${year}", "2026")
                .replace("${month}", f"{month:02}")
            )
            assert Path(place).is_dir() and list(Path(place).glob("*.parquet"))


def test_types_are_those_of_the_files(tables: list[Described]) -> None:
    kinds = {kind for table in tables for _, kind, _ in table.columns}
    assert kinds >= {
        "date",
        "string",
        "timestamp",
        "boolean",
        "bigint",
        "int",
        "decimal(18,3)",
        "decimal(18,4)",
    }
    assert (
        hive_type(schema.arrow(schema.SALES, 2).field("modifiers").type)
        == "array<struct<name:string,option:string,quantity:decimal(18,4),amount:decimal(18,2)>>"
    )
    with pytest.raises(KeyError):
        hive_type(pa.float64())


def test_glue_holds_the_tables_until_the_schema_changes(
    tables: list[Described], moto: Server
) -> None:
    catalog, wanted = (
        GlueCatalog(region="us-east-1", endpoint=moto.endpoint),
        glue_tables(tables, first_year=2026),
    )
    assert catalog.parameters("shop") == {}
    catalog.register("shop", wanted)
    assert {name: said[DIGEST] for name, said in catalog.parameters("shop").items()} == {
        t["Name"]: t["Parameters"][DIGEST] for t in wanted
    }
    later = glue_tables(tables, first_year=2025)
    assert all(
        a["Parameters"][DIGEST] != b["Parameters"][DIGEST]
        for a, b in zip(wanted, later, strict=True)
    )
    catalog.register("shop", later[:1])
    assert catalog.parameters("shop")[later[0]["Name"]] == later[0]["Parameters"]


def test_the_task_registers_once(luigi: Runner, moto: Server) -> None:
    luigi.environment.update(moto.environment)
    luigi.configure("lake", url="s3://lake/glue", endpoint=moto.endpoint, region="us-east-1")
    arguments = ("GlueTables", "--database", "fonda", "--endpoint", moto.endpoint)
    assert "1 ran successfully" in luigi(*arguments)
    assert "1 complete ones were encountered" in luigi(*arguments)
    found = GlueCatalog(region="us-east-1", endpoint=moto.endpoint).parameters("fonda")
    assert (
        found["sales"]["storage.location.template"]
        == "s3://lake/glue/sales/year=${year}/month=${month}/"
    )


def test_glue_is_for_buckets(luigi: Runner) -> None:
    assert "set it to s3://bucket/prefix" in luigi("GlueTables", code=35)


def test_the_dictionary_in_the_docs_is_that_of_the_schema(pytestconfig: pytest.Config) -> None:
    path = ROOT / "docs" / "data-dictionary.md"
    text = data_dictionary(
        described(2, lambda d: d.name if d in schema.LAKE else f"summary/{d.name}")
    )
    if pytestconfig.getoption("--update-golden"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, (
        "the schema has changed: run this test with --update-golden"
    )


@pytest.mark.parametrize("query", blocks("sql"))
def test_every_query_of_the_guide_runs(database: duckdb.DuckDBPyConnection, query: str) -> None:
    rows = database.sql(query).fetchall()
    assert rows
    if "of_dishes" in query:
        assert all(row[1] == row[2] == row[3] for row in rows)


@pytest.mark.parametrize("code", blocks("python"))
def test_every_program_of_the_guide_runs(
    folder: Path, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(folder)
    exec(code, {})
    assert "MXN" in (said := capsys.readouterr().out) or "tender" in said


def test_a_verb_says_each_form(luigi: Runner) -> None:
    code, views = luigi.pos("describe", "duckdb")
    assert code == 0 and f"{luigi.folder}/lake/sales/year=*" in views
    luigi.configure("lake", url="s3://lake/shop", endpoint="http://127.0.0.1:9")
    code, ddl = luigi.pos("describe", "athena", "--database", "fonda")
    assert code == 0 and "LOCATION 's3://lake/shop/sales/'" in ddl and "`fonda`.`receipts`" in ddl
