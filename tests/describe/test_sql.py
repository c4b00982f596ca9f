"""`pos sql`, a database file, and the server of `pos mcp` with the SDK's own client over stdio."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipeline import schema
from tests.describe.places import PLACES, REPORTED
from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.machine import missing
from tests.support.runner import ROOT, Runner

NET = "SELECT currency, sum(net) AS net FROM named_receipts GROUP BY currency"


@pytest.fixture
def analyst(luigi: Runner, folder: Path) -> Runner:
    """A folder with a configuration that names the lake of two months."""
    luigi.configure("lake", url=folder / "data").configure("shop", currency_decimals=PLACES)
    return luigi


@pytest.fixture(scope="session")
def net(months: dict[str, dict[str, pa.Table]]) -> Decimal:
    receipts = [row for tables in months.values() for row in tables["receipts"].to_pylist()]
    return sum((row["net"] for row in receipts if row["currency"] == "MXN"), Decimal(0))


def test_a_query_has_the_sum_of_the_lake_in_text_csv_and_a_database_file(
    analyst: Runner, net: Decimal
) -> None:
    code, text = analyst.pos("sql", NET)
    assert code == 0 and re.search(rf"(?m)^MXN +{net}$", text), text
    code, text = analyst.pos("sql", NET, "--csv")
    assert code == 0 and ["MXN", str(net)] in list(csv.reader(text.splitlines()))
    code, text = analyst.pos("describe", "duckdb", "--database", "lake.duckdb")
    assert code == 0, text
    with duckdb.connect(str(analyst.folder / "lake.duckdb"), read_only=True) as database:
        assert ("MXN", net) in database.execute(NET).fetchall()


def test_instants_are_in_utc_and_lists_are_json(
    analyst: Runner, months: dict[str, dict[str, pa.Table]]
) -> None:
    row = next(row for row in months["2026-10"]["sales"].to_pylist() if row["modifiers"])
    analyst.environment["TZ"] = "America/Mexico_City"
    query = (
        "SELECT sold_at, hour(sold_at) AS hour, modifiers FROM sales WHERE month = 10"
        + "".join(f" AND {name} = '{row[name]}'" for name in schema.SALES.key)
    )
    code, text = analyst.pos("sql", query, "--csv")
    assert code == 0, text
    ((sold_at, hour, modifiers),) = list(csv.reader(text.splitlines()))[1:]
    assert datetime.fromisoformat(sold_at).utcoffset() == timedelta(0)
    assert (datetime.fromisoformat(sold_at), int(hour)) == (row["sold_at"], row["sold_at"].hour)
    numbers = ("quantity", "amount")
    listed = [item | {name: str(item[name]) for name in numbers} for item in row["modifiers"]]
    assert json.loads(modifiers) == listed
    code, text = analyst.pos("sql", query)
    assert code == 0 and modifiers in text


def test_a_bucket_is_asked_in_the_same_way(
    analyst: Runner, folder: Path, net: Decimal, seaweed: Server
) -> None:
    url, client = new_url(), seaweed.client()
    for path in (path for path in (folder / "data").rglob("*") if path.is_file()):
        key = f"{url.removeprefix(f's3://{BUCKET}/')}/{path.relative_to(folder / 'data')}"
        client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    analyst.configure("lake", url=url, endpoint=seaweed.endpoint, region="us-east-1")
    code, text = analyst.pos("sql", NET, "--csv")
    assert code == 0 and ["MXN", str(net)] in list(csv.reader(text.splitlines())), text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('luigi.cfg')",
        "COPY receipts TO 'copy.csv'",
        "SELECT 1; SELECT 2",
        "SELECT nothing FROM receipts",
    ],
)
def test_a_query_reaches_nothing_but_the_lake(analyst: Runner, query: str) -> None:
    code, text = analyst.pos("sql", query)
    assert code == 2 and text.startswith("InvalidQuery: ") and "Traceback" not in text
    assert not (analyst.folder / "copy.csv").exists()


def test_a_wrong_query_is_shown_with_the_place_of_the_error(analyst: Runner) -> None:
    code, text = analyst.pos("sql", "SELECT nothing FROM receipts")
    lines = text.splitlines()
    (place,) = (n for n, line in enumerate(lines) if line.startswith("LINE 1: "))
    assert code == 2 and lines[place + 1].index("^") == lines[place].index("nothing"), text
    assert "\\n" not in text


@pytest.mark.slow
def test_a_reader_that_wants_only_the_first_lines_gets_no_traceback(analyst: Runner) -> None:
    analyst.command()
    query = "SELECT a.receipt_number FROM receipts a, receipts b LIMIT 200000"
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "sql", query, "--csv"],
        cwd=analyst.folder,
        env=analyst.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "receipt_number\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 128 + signal.SIGPIPE


def test_an_assistant_asks_the_lake_and_learns_nothing_of_people(
    analyst: Runner, net: Decimal
) -> None:
    if not find_spec("mcp"):
        missing("The SDK of the Model Context Protocol is not installed: pip install mcp.")
    analyst.command()  # writes the configuration

    async def converse() -> dict[str, Any]:
        from mcp import Client, StdioServerParameters

        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "pipeline", "mcp"],
            cwd=str(analyst.folder),
            env=analyst.env() | {"PYTHONPATH": ":".join([str(ROOT), *sys.path])},
        )
        answers: dict[str, Any] = {}
        async with Client(server) as client:
            answers["tools"] = {tool.name for tool in (await client.list_tools()).tools}
            for name, tool, options in (
                ("months", "months", {}),
                ("tables", "tables", {}),
                ("figures", "figures", {"month": REPORTED}),
                ("people", "figures", {"month": REPORTED, "section": "stores"}),
                ("no month", "figures", {"month": "2020-01"}),
                ("net", "sql", {"query": NET.replace("named_receipts", "receipts")}),
                ("cut", "sql", {"query": "SELECT receipt_number FROM sales"}),
                ("customer", "sql", {"query": "SELECT customer_id FROM receipts"}),
                ("verbatim", "sql", {"query": "SELECT * FROM quarantine"}),
                ("meaning", "definition", {"name": "net sales"}),
            ):
                answers[name] = await client.call_tool(tool, options)
        return answers

    answers = asyncio.run(asyncio.wait_for(converse(), 300))
    assert answers["tools"] == {"months", "tables", "figures", "sql", "definition"}
    assert answers["months"].structured_content == {"result": [REPORTED]}
    tables = " ".join(answers["tables"].structured_content["result"])
    assert "receipts" in tables and "employees" not in tables and "customers" not in tables
    (figures,) = answers["figures"].structured_content.values()
    assert figures["headline"]["total"]["net_sales"] and "stores" in figures["sections"]
    (people,) = answers["people"].structured_content.values()
    assert people["stores"]["stores"] and "employees" not in people["stores"]
    assert ["MXN", str(net)] in answers["net"].structured_content["rows"]
    assert answers["cut"].structured_content["is_cut"]
    assert len(answers["cut"].structured_content["rows"]) == 200
    for name in ("no month", "customer", "verbatim"):
        assert answers[name].is_error, name
    assert REPORTED in answers["no month"].content[0].text
    assert any("Net sales" in line for line in answers["meaning"].structured_content["result"])
