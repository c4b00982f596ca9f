"""The description of the lake equals the lake: names, types, folders, meanings; and every example
of the guide runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.describe import (
    DIGEST,
    TableDescription,
    athena_ddl,
    data_dictionary,
    describe_tables,
    duckdb_views,
    glue_tables,
)
from pipeline.describe.athena import projection
from pipeline.describe.tables import hive_type
from pipeline.load.glue import GlueCatalog
from tests.executors.standalone import QUICK
from tests.load.seaweed import Server
from tests.support.machine import missing
from tests.support.runner import ROOT, Runner

GUIDE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def database(tables: list[TableDescription]) -> duckdb.DuckDBPyConnection:
    result = duckdb.connect()
    result.execute(duckdb_views(tables))
    return result


def test_a_view_holds_every_row_of_every_month(
    database: duckdb.DuckDBPyConnection, months: dict[str, dict[str, pa.Table]]
) -> None:
    for name in months["2026-09"]:
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


def test_views_with_names_have_the_same_rows_and_the_names_of_the_summaries(
    database: duckdb.DuckDBPyConnection,
) -> None:
    for name in ("receipts", "sales", "payments"):
        columns = [row[0] for row in database.sql(f"describe {name}").fetchall()]
        rows = f"select {', '.join(columns)} from"
        assert database.sql(f"{rows} {name} except all {rows} named_{name}").fetchall() == []
        ((before, after),) = database.sql(
            f"select (select count(*) from {name}), (select count(*) from named_{name})"
        ).fetchall()
        assert before == after
        stores = f"select distinct store_id, store from named_{name}"
        names = "select distinct store_id, name from summary_stores"
        assert set(database.sql(stores).fetchall()) <= set(database.sql(names).fetchall())
        people = f"select distinct store_id, receipt_number, employee from named_{name}"
        of_receipts = "select store_id, receipt_number, employee from named_receipts"
        assert database.sql(f"{people} except {of_receipts}").fetchall() == []
    assert database.sql("select count(*) from named_sales where store is null").fetchall() == [(0,)]


def test_a_table_without_a_file_is_an_empty_view_of_the_same_columns(
    database: duckdb.DuckDBPyConnection, tables: list[TableDescription]
) -> None:
    empty = duckdb.connect()
    empty.execute(duckdb_views(tables, absent={"outside"}))
    kinds = "select column_name, column_type from (describe outside) order by all"
    assert empty.sql(kinds).fetchall() == database.sql(kinds).fetchall()
    assert empty.sql("select count(*) from outside").fetchall() == [(0,)]
    assert database.sql("select sum(total) from outside").fetchall() == [(Decimal("12.5"),)]


def test_views_bear_the_sentences_of_the_schema(
    database: duckdb.DuckDBPyConnection, tables: list[TableDescription]
) -> None:
    text = {
        row[:2]: row[2]
        for row in database.sql(
            "select table_name, column_name, comment from duckdb_columns()"
        ).fetchall()
    }
    for table in tables:
        assert all(text[table.name, name] == sentence for name, _, sentence in table.columns)


def test_athena_reads_what_is_there(tables: list[TableDescription], folder: Path) -> None:
    import sqlglot
    from sqlglot import exp

    created = [
        item
        for item in sqlglot.parse(
            athena_ddl(tables, database="shop", first_year=2026), dialect="athena"
        )
        if isinstance(item, exp.Create)
    ]
    assert [item.find(exp.Table).name for item in created if item.kind == "TABLE"] == [
        table.name for table in tables
    ]
    for statement, table in zip(
        [item for item in created if item.kind == "TABLE"], tables, strict=True
    ):
        columns = {
            c.name: c.kind.sql("athena").lower().replace(" ", "")
            for c in statement.this.expressions
            if isinstance(c, exp.ColumnDef)
        }
        assert list(columns) == table.dataset.names()
        stored = duckdb.sql(
            "select name, type, logical_type from"
            f" parquet_schema('{table.location}/year=2026/month=09/*.parquet')"
        ).fetchall()
        assert all(
            kind == f"decimal({logical.precision},{logical.scale})"
            for name, kind in columns.items()
            for stored_name, _, logical in stored
            if stored_name == name and hasattr(logical, "precision")
        )
        projected = projection(table, 2026)
        for month in (9, 10):
            place = (
                projected["storage.location.template"]
                .replace("${year}", "2026")
                .replace("${month}", f"{month:02}")
            )
            assert Path(place).is_dir()
            assert list(Path(place).glob("*.parquet"))


def test_types_are_those_of_the_files(tables: list[TableDescription]) -> None:
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
    tables: list[TableDescription], moto: Server
) -> None:
    catalog, expected = (
        GlueCatalog(region="us-east-1", endpoint=moto.endpoint),
        glue_tables(tables, first_year=2026),
    )
    assert catalog.parameters("shop") == {}
    catalog.register("shop", expected)
    assert {name: text[DIGEST] for name, text in catalog.parameters("shop").items()} == {
        t["Name"]: t["Parameters"][DIGEST] for t in expected
    }
    later = glue_tables(tables, first_year=2025)
    assert all(
        a["Parameters"][DIGEST] != b["Parameters"][DIGEST]
        for a, b in zip(expected, later, strict=True)
    )
    catalog.register("shop", later[:1])
    assert catalog.parameters("shop")[later[0]["Name"]] == later[0]["Parameters"]


def test_the_task_registers_once(luigi: Runner, moto: Server) -> None:
    luigi.environment.update(moto.environment)
    luigi.configure("lake", url="s3://lake/glue", endpoint=moto.endpoint, region="us-east-1")
    arguments = ("GlueTables", "--database", "fonda", "--endpoint", moto.endpoint)
    assert "1 ran successfully" in luigi(*arguments)
    assert "1 complete ones were encountered" in luigi(*arguments)
    result = GlueCatalog(region="us-east-1", endpoint=moto.endpoint).parameters("fonda")
    assert (
        result["sales"]["storage.location.template"]
        == "s3://lake/glue/sales/year=${year}/month=${month}/"
    )


def test_glue_is_for_buckets(luigi: Runner) -> None:
    assert "set it to s3://bucket/prefix" in luigi("GlueTables", code=35)


def test_the_dictionary_in_the_docs_is_that_of_the_schema(pytestconfig: pytest.Config) -> None:
    path = ROOT / "docs" / "data-dictionary.md"
    text = data_dictionary(
        describe_tables(2, lambda d: f"summary/{d.name}" if d in schema.SUMMARY else d.name)
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


def query_with(text: str, words: str) -> str:
    """The SQL of a document that holds `words`."""
    (query,) = (q for q in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) if words in q)
    return query


def sums(
    database: duckdb.DuckDBPyConnection, key: str, figures: str, table: str, where: str = "true"
) -> dict[object, tuple[object, ...]]:
    """The sums that a report prints, by `key`, from its summary table."""
    rows = database.sql(
        f"select {key}, {figures} from {table} where {where} group by all"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_the_queries_of_the_documents_give_the_figures_of_the_reports(
    database: duckdb.DuckDBPyConnection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled receipts are in these months, and no query of a document counts them."""
    for name in ("receipts", "sales", "payments"):
        assert database.sql(f"select count(*) from {name} where is_cancelled").fetchall()[0][0]
    monkeypatch.chdir(folder)
    readme = query_with((ROOT / "README.md").read_text(encoding="utf-8"), "read_parquet")
    items = "sum(units - refunded_units), sum(net_sales)"
    every = sums(database, "item", items, "summary_items")
    listed = {row[0]: row[1:3] for row in database.sql(readme.replace("LIMIT 10", "")).fetchall()}
    assert listed == every
    top = database.sql(query_with(GUIDE, "in_combos")).fetchall()
    pesos = sums(database, "item", items, "summary_items", "currency = 'MXN'")
    assert top
    assert all(row[1:3] == pesos[row[0]] for row in top)
    months = database.sql(query_with(GUIDE, "average_receipt")).fetchall()
    days = database.sql(
        "select year, month, currency, sum(net_sales), sum(receipts) from summary_days group by all"
    ).fetchall()
    assert sorted(row[:5] for row in months) == sorted(days)
    assert all(isinstance(row[5], Decimal) for row in months if row[4])
    ((counted,),) = database.sql("select sum(receipts) from summary_hours").fetchall()
    hours = query_with(GUIDE, "dayname").replace("limit 20", "")
    assert sum(row[2] for row in database.sql(hours).fetchall()) == counted
    tenders = database.sql(query_with(GUIDE, "tender")).fetchall()
    paid = database.sql(
        "select tender, currency, sum(sales_amount - refunds_amount) from summary_tenders group by all"
    )
    assert sorted(tenders) == sorted(paid.fetchall())
    combos = "sum(units - refunded_units), sum(net_sales)"
    sold = database.sql(query_with(GUIDE, "combo_quantity")).fetchall()
    assert {row[0]: row[2:] for row in sold if row[1] == "MXN"} == sums(
        database, "combo", combos, "summary_combos", "currency = 'MXN'"
    )
    costed = "sum(costed_net), sum(cost)"
    margins = database.sql(query_with(GUIDE, "as margin")).fetchall()
    pesos = sums(database, "category", costed, "summary_items", "currency = 'MXN'")
    assert {row[0]: row[1:3] for row in margins} == {
        category: row for category, row in pesos.items() if row[1] is not None
    }


def test_the_query_for_athena_gives_the_same_as_the_views_with_names(
    database: duckdb.DuckDBPyConnection,
) -> None:
    import sqlglot

    (query,) = blocks("athena")
    rows = database.sql(sqlglot.transpile(query, read="athena", write="duckdb")[0]).fetchall()
    named = "select store, sum(net) from named_receipts where year = 2026 and month = 10 group by 1"
    assert rows and sorted(rows) == sorted(database.sql(named).fetchall())


SPARK_SESSION = """
from pyspark.sql import SparkSession, functions as f
quiet = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.memory": "512m",
         "spark.sql.shuffle.partitions": "1", "spark.sql.adaptive.enabled": "false",
         "spark.sql.codegen.wholeStage": "false", "spark.sql.session.timeZone": "UTC"}
spark = SparkSession.builder.master("local[1]").config(map=quiet).getOrCreate()
"""
SPARK_SUMS = """
import json
lake = spark.read.parquet("data/sales")
chosen = f.expr("aggregate(modifiers.amount, cast(0 as decimal(28,3)),"
                " (total, one) -> cast(total + one as decimal(28,3)))")
months = lake.groupBy("year", "month").agg(
    f.sum("net"), f.count("*"), f.size(f.collect_set("item")), f.min("sold_at"),
    f.max("business_day"), f.sum(chosen))
kinds = dict(lake.dtypes)
print(json.dumps({
    "months": [[str(cell) for cell in row] for row in months.orderBy("year", "month").collect()],
    "october": lake.where("month = 10").count(),
    "kinds": [kinds[name] for name in ("net", "sold_at", "sold_at_local", "business_day", "item")],
}))
"""


@pytest.mark.usefixtures("java_home")
def test_spark_runs_the_program_of_the_guide_and_has_the_same_sums(
    folder: Path, months: dict[str, dict[str, pa.Table]]
) -> None:
    """In a process of its own, as its JVM would stay with this one."""
    (code,) = blocks("py")
    done = subprocess.run(
        [sys.executable, "-c", SPARK_SESSION + code + SPARK_SUMS],
        cwd=folder,
        env={**os.environ, **QUICK, "PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"\| +MXN\|.*\| +-?\d+\.\d{3}\|", done.stdout), done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kinds"] == ["decimal(18,3)", "timestamp", "timestamp_ntz", "date", "string"]
    assert result["october"] == months["2026-10"]["sales"].num_rows
    for month, counted in zip(months, result["months"], strict=True):
        rows = months[month]["sales"].to_pylist()
        assert counted == [
            "2026",
            str(int(month[5:])),
            str(sum(row["net"] for row in rows)),
            str(len(rows)),
            str(len({row["item"] for row in rows})),
            str(min(row["sold_at"] for row in rows).replace(tzinfo=None)),
            str(max(row["business_day"] for row in rows)),
            str(sum(choice["amount"] for row in rows for choice in row["modifiers"] or ())),
        ]


@pytest.mark.slow
def test_the_notebook_runs(folder: Path) -> None:
    if not (find_spec("nbclient") and find_spec("ipykernel")):
        missing("nbclient and ipykernel are not installed, so the notebook is not executed.")
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(ROOT / "docs/notebook.ipynb", as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert "MXN" in str(outputs) and "image/png" in str(outputs)


@pytest.mark.parametrize("code", blocks("python"))
def test_every_program_of_the_guide_runs(
    folder: Path, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(folder)
    exec(code, {})
    assert "MXN" in (text := capsys.readouterr().out) or "tender" in text


def test_a_command_prints_each_form(luigi: Runner) -> None:
    code, views = luigi.pos("describe", "duckdb")
    assert code == 0
    assert f"{luigi.folder}/lake/sales/year=*" in views
    luigi.configure("lake", url="s3://lake/shop", endpoint="http://127.0.0.1:9")
    code, ddl = luigi.pos("describe", "athena", "--database", "fonda")
    assert code == 0
    assert "LOCATION 's3://lake/shop/sales/'" in ddl
    assert "`fonda`.`receipts`" in ddl
