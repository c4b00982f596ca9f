"""Query the lake in SQL, in a folder or a bucket, with DuckDB.

    pos sql "SELECT item, sum(units) FROM sales GROUP BY item ORDER BY 2 DESC"
    pos sql "SELECT store, sum(net) FROM named_receipts WHERE year = 2026 GROUP BY store" --csv
    pos sql                                     lists the tables

named_receipts, named_sales and named_payments also have the names of stores and employees.
Instants are shown in UTC, lists of a row as JSON. Nothing is written, and only one SELECT is
accepted. Exit code 2 for an invalid query.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from typing import Any

from pipeline import settings
from pipeline.cli.query import QueryResult, list_tables, open_database, run_query
from pipeline.errors import ExitCode

ROWS = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", nargs="?", help="one SELECT statement; none: list the tables")
    parser.add_argument("--csv", action="store_true", help="every row, as CSV")
    parser.add_argument(
        "--rows", type=settings.Number().parse, default=ROWS, help=f"rows to show; default: {ROWS}"
    )


def run(options: argparse.Namespace) -> int:
    if not options.query:
        print("\n".join(list_tables()))
        return ExitCode.DONE
    rows = sys.maxsize - 1 if options.csv else options.rows
    answer = run_query(open_database(), options.query, rows=rows, seconds=3600)
    if options.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([answer.columns, *_flat(answer)])
    else:
        print(format_table(answer))
    return ExitCode.DONE


def format_table(answer: QueryResult) -> str:
    """The answer as a text table, with numbers aligned to the right."""
    rows = list(_flat(answer))
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(answer.columns, *cells, strict=True)]
    is_number = [
        all(value is None or not isinstance(value, str) for value in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(widths)
    lines = [
        "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in (answer.columns, ["-" * width for width in widths], *cells)
    ]
    more = ", and more (--rows N, or --csv for all)" if answer.is_cut else ""
    return "\n".join([*lines, f"({len(cells):,} rows{more})"])


def _flat(answer: QueryResult) -> Iterator[list[Any]]:
    """The rows, with nested values as JSON and the amounts in them as exact text."""
    for row in answer.rows:
        yield [
            json.dumps(value, ensure_ascii=False, default=str)
            if isinstance(value, (list, dict))
            else value
            for value in row
        ]
