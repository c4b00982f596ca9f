"""Show how the POS's CSV exports in backoffice/ differ from the lake.

    pos exports                      every month with an export
    pos exports --month 2026-10

Shows for each file what differs, why, and what to do. The next `pos run` compares new and changed
files.
"""

from __future__ import annotations

import argparse
from typing import Any

from pipeline import schema
from pipeline.cli.period import add_month
from pipeline.errors import ExitCode
from pipeline.load import BACKOFFICE
from pipeline.load.parquet import from_bytes
from pipeline.targets import lake
from pipeline.tasks.back_office import PREFIX, unused_exports

SHOWN = 20  # amounts of a file that are listed
FileRows = list[dict[str, Any]]


def arguments(parser: argparse.ArgumentParser) -> None:
    add_month(parser, "all")


def run(options: argparse.Namespace) -> int:
    months = [f"{options.month:%Y-%m}"] if options.month else lake().partitions(BACKOFFICE)
    compared = False
    for month in months:
        tables = _tables(month)
        for file in tables.get("export_files", ()):
            compared = True
            _show(month, file, tables["export_differences"])
    for stat in () if options.month else unused_exports():
        compared = True
        print(f"{stat.key.removeprefix(PREFIX)}: compared with no month of the lake")
    if not compared:
        print(
            f"no export is compared; put CSV exports of the POS into {lake().storage.uri(PREFIX)}"
        )
    return ExitCode.DONE


def _tables(month: str) -> dict[str, FileRows]:
    """The tables of a month's comparison; none where no export concerns it."""
    if not lake().current(BACKOFFICE, month):
        return {}
    files = lake().read(BACKOFFICE, month)
    return {name: from_bytes(body).to_pylist() for name, body in files.items()}


def _show(month: str, file: dict[str, Any], differences: FileRows) -> None:
    """Print a file, its differences and what to do about each reason."""
    if file["problem"]:
        print(f"{month}  {file['file']}: cannot be compared: {file['problem']}")
        return
    nouns = "days" if file["kind"] == "summary" else "receipts"
    print(
        f"{month}  {file['file']}: {file['compared']:,} {nouns} of {file['first_day']} to"
        f" {file['last_day']}, {file['differing']:,} differ, net by {file['difference']}"
        f" {file['currency']}"
    )
    rows = [
        row
        for row in differences
        if (row["file"], row["currency"]) == (file["file"], file["currency"])
    ]
    for row in rows[:SHOWN]:
        sides = ("-" if row[side] is None else row[side] for side in ("export", "lake"))
        reason = row["reason"] + (f" ({row['detail']})" if row["detail"] else "")
        print(
            f"    {row['day']} {row['receipt_number']}  {row['figure']}: export {next(sides)},"
            f" lake {next(sides)}  {reason}"
        )
    if len(rows) > SHOWN:
        print(f"    and {len(rows) - SHOWN:,} more; all are in {PREFIX}{month}/")
    for reason in sorted({row["reason"] for row in rows}):
        print(f"  {reason}: {schema.EXPORT_REASONS[reason]}")
