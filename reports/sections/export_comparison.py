"""Comparison with the POS's own exports, in the section "From sales to payments".

File by file, then every figure that differs.

Takes the frames of `Figures.exports` (money in units; NaN or None where one side has no such
receipt). Returns what that section adds to its own sentences, tables, findings and figures; nothing
where the owner gave no export.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.columns import columns_of, figure_rows
from reports.document import Finding, Section, Table, TableColumn
from reports.figures import Figures
from reports.values import Count, Day, Money, Name, Text, Value, text

SHOWN = 15
KINDS = ("receipts", "items", "summary")


def compare_exports(figures: Figures) -> Section:
    """The comparison as the parts of a section."""
    if not figures.exports or figures.exports["export_files"].empty:
        return Section("bridge")
    files, differences, totals = (
        figures.exports[name] for name in ("export_files", "export_differences", "export_totals")
    )
    currency = figures.currency
    sentences, findings = [], []
    for row in files.to_dict("records"):
        name = Name(row["file"])
        if row["problem"]:
            problem = Name(row["problem"], full=True)
            sentences.append(text("exports.problem", file=name, problem=problem))
            sentence = text("exports.not_compared", file=name)
            findings.append(Finding(sentence, 0, "bridge", minor=True))
            continue
        values: dict[str, Value] = {
            "file": name,
            "n": Count(row["compared"]),
            "first": Day(row["first_day"]),
            "last": Day(row["last_day"]),
        }
        noun = "exports.days" if row["kind"] == "summary" else "exports.receipts"
        values["compared"] = text(noun, n=values["n"])
        gap, differing = Money(int(row["difference"]), currency), Count(row["differing"])
        if not row["differing"]:
            sentences.append(text("exports.reconciled", **values, nothing=Money(0, currency)))
            continue
        sentences.append(text("exports.not_reconciled", **values, differing=differing, gap=gap))
        sentence = text("exports.finding", file=name, differing=differing, gap=gap)
        findings.append(Finding(sentence, gap.units, "bridge", urgent=True))
    sentences += _remedies(differences)
    tables = (_differences(differences, currency), _totals(totals, currency))
    names = "file kind first_day last_day compared differing difference problem"
    return Section(
        "bridge",
        sentences,
        tables=tables,
        findings=findings,
        notes=(text("exports.note"),),
        figures={"exports": figure_rows(files, currency, names)},
    )


def _remedies(differences: pd.DataFrame) -> list[Text]:
    """What to do about each reason, with the number of its receipts or days."""
    keys = ["file", "day", "receipt_number"]
    return [
        text(f"exports.do_{reason}", n=Count(len(rows[keys].drop_duplicates())))
        for reason, rows in differences.groupby("reason", observed=True)
    ]


def differs(figures: Figures) -> tuple[bool, bool]:
    """Whether any export differs, and whether any could not be read."""
    files = figures.exports.get("export_files", pd.DataFrame({"differing": [], "problem": []}))
    return bool((files["differing"] > 0).any()), bool(files["problem"].notna().any())


def _gap(row: dict[str, Any], currency: str) -> Money:
    """The export less the lake; what one side does not have counts as 0."""
    exported, of_lake = (
        0 if row[side] is None or pd.isna(row[side]) else int(row[side])
        for side in ("export", "lake")
    )
    return Money(exported - of_lake, currency, signed=True)


def _compared(frame: pd.DataFrame, currency: str) -> pd.DataFrame:
    """`frame` with the gap of each row, and the names of its figures in words."""
    rows = frame.to_dict("records")
    return frame.assign(
        difference=[_gap(row, currency) for row in rows],
        name=[text(f"exports.{name}") for name in frame["figure"]],
    )


COLUMNS = (
    *columns_of("day", figure="name", in_export="export", in_lake="lake"),
    TableColumn("difference", "money"),
)


def _differences(frame: pd.DataFrame, currency: str) -> Table:
    """Differences of single receipts, the largest first."""
    cells = _compared(frame, currency)
    cells["size"] = [-abs(gap.units) for gap in cells["difference"]]
    cells = cells.sort_values(["size", "file", "day", "receipt_number", "figure"], kind="stable")
    cells["receipt"] = cells["receipt_number"].replace("", None)
    cells["why"] = [text(f"exports.{reason}") for reason in cells["reason"]]
    columns = (
        TableColumn("receipt"),
        *COLUMNS,
        TableColumn("why"),
        TableColumn("detail", workbook_only=True),
        TableColumn("file", workbook_only=True),
    )
    title = text("exports.table")
    return Table.from_frame("export-differences", title, cells, columns, currency, shown=SHOWN)


def _totals(frame: pd.DataFrame, currency: str) -> Table:
    """Every day and figure, for the workbook only."""
    cells, title = _compared(frame, currency), text("exports.by_day")
    columns = (*COLUMNS, TableColumn("file"))
    return Table.from_frame("export-days", title, cells, columns, currency, shown=0)
