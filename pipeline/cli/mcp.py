"""Serve the lake to AI assistants through the Model Context Protocol.

    pos mcp    started by the assistant; stdin and stdout

Its tools only read: the months with a report, the figures of a month, SQL with limits, the meaning
of a figure. They do not return customers, employees, quarantined records or receipts before the
history. docs/analyst.md shows how to install the SDK
and register the server.
"""

from __future__ import annotations

import argparse
import json
import threading
import tomllib
from importlib import resources
from typing import Any

from pipeline.cli.open import months_with
from pipeline.cli.query import list_tables, open_database, run_query
from pipeline.errors import ConfigError, ExitCode, PipelineError
from pipeline.load import MONTHLY
from pipeline.targets import lake
from pipeline.tasks.glue import tables_of_lake

ROWS, SECONDS = 200, 20.0
HIDDEN = {"quarantine", "outside", "summary_customers", "summary_employees", "summary_staff"}
HIDDEN |= {"customer_id", "employee_id", "opened_by", "closed_by"}
"""Tables and columns that name customers or employees, or hold records as they were received."""
_LOCK = threading.Lock()  # tools run in threads, and the lake is for one at a time


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ModuleNotFoundError as error:
        raise ConfigError("pos mcp needs the SDK; run: pip install 'mcp>=2.3,<3'") from error
    server = MCPServer(
        "pos",
        instructions="Sales of a shop, exact to the cent. Refunds are rows with negative amounts;"
        " cancelled receipts count zero. Do not add up currencies.",
        log_level="WARNING",
    )

    def serve(tool: Any) -> None:
        from functools import wraps

        @wraps(tool)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                with _LOCK:
                    lake().refresh()
                    return tool(*args, **kwargs)
            except PipelineError as error:
                raise ToolError(str(error)) from error

        server.tool()(call)

    for tool in (months, tables, figures, sql, definition):
        serve(tool)
    server.run("stdio")
    return ExitCode.DONE


def months() -> list[str]:
    """Months that have a report, as 2026-10, the oldest first."""
    return months_with(MONTHLY)


def tables() -> list[str]:
    """Tables for the tool sql, and what one row of each is."""
    return list_tables(HIDDEN)


def figures(month: str, section: str = "") -> dict[str, Any]:
    """Figures of a month's report by currency, as decimal strings.

    Without a section: the headline, the steps from gross sales to collected, and the names of
    all sections.
    """
    if month not in (existing := months_with(MONTHLY)):
        raise ConfigError(f"no report of {month}; there are {', '.join(existing) or 'none'}")
    body = lake().read(MONTHLY, month, ["figures.json"])["figures.json"]
    answer = {}
    for currency, sections in json.loads(body)["currencies"].items():
        if section and section not in sections:
            raise ConfigError(f"no section {section}; there are {', '.join(sections)}")
        names = [section] if section else [n for n in ("headline", "bridge") if n in sections]
        answer[currency] = {name: _without_people(sections[name]) for name in names}
        if not section:
            answer[currency]["sections"] = sorted(sections)
    return answer


def sql(query: str) -> dict[str, Any]:
    """One SELECT in DuckDB's SQL: 200 rows and 20 seconds at most, values as text."""
    answer = run_query(open_database(HIDDEN), query, rows=ROWS, seconds=SECONDS)
    rows = [[None if value is None else str(value) for value in row] for row in answer.rows]
    return {"columns": answer.columns, "rows": rows, "is_cut": answer.is_cut}


def definition(name: str) -> list[str]:
    """What a column, a table or a term of the reports means."""
    word = name.strip().lower().replace(" ", "_")
    lines = [
        f"{table.name}.{column}: {meaning}"
        for table in tables_of_lake()
        if table.name not in HIDDEN
        for column, _, meaning in table.columns
        if column not in HIDDEN and word in {column, table.name}
    ]
    text = resources.files("reports").joinpath("text/en_US/common.toml").read_text("utf-8")
    glossary = tomllib.loads(text)["glossary"]
    lines += [meaning for term, meaning in glossary.items() if word in {term, term.split("_")[0]}]
    if not lines:
        raise ConfigError(f"{name} is no column, table or term of the reports")
    return lines


def _without_people(value: Any) -> Any:
    """`value` without what is listed by employee."""
    if isinstance(value, dict):
        return {key: _without_people(item) for key, item in value.items() if key != "employees"}
    return value
