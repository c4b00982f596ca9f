"""Part of section 4. Does it tie to the till's own export? File by file, then every figure that
differs.

In: the frames of `Figures.till` (money in units; NaN or None where one side has no such receipt).
Out: what the bridge adds to its own sentences, tables, findings and figures; nothing where the
owner gave no export.
"""

from __future__ import annotations

import pandas as pd

from reports.figures import Figures
from reports.page import Column, Finding, Section, Table
from reports.values import Count, Day, Money, Name, Text, Value, text

SHOWN = 15
KINDS = ("receipts", "items", "summary")


def till(figures: Figures) -> Section:
    """The comparison as the parts of a section."""
    if not figures.till or figures.till["till_files"].empty:
        return Section("bridge")
    files, differences, totals = (
        figures.till[name] for name in ("till_files", "till_differences", "till_totals")
    )
    currency = figures.currency
    said, findings = [], []
    for row in files.to_dict("records"):
        name = Name(row["file"])
        if row["problem"]:
            said.append(text("till.problem", file=name, problem=Name(row["problem"], full=True)))
            findings.append(Finding(text("till.unread", file=name), 0, "bridge", minor=True))
            continue
        values = {
            "file": name,
            "n": Count(row["compared"]),
            "first": Day(row["first_day"]),
            "last": Day(row["last_day"]),
        }
        noun = text("till.days" if row["kind"] == "summary" else "till.receipts", n=values["n"])
        if not row["differing"]:
            said.append(text("till.ties", **values, compared=noun, nothing=Money(0, currency)))
            continue
        gap = Money(int(row["difference"]), currency)
        said.append(
            text(
                "till.differs", **values, compared=noun, differing=Count(row["differing"]), gap=gap
            )
        )
        findings.append(
            Finding(
                text("till.finding", file=name, differing=Count(row["differing"]), gap=gap),
                gap.units,
                "bridge",
                urgent=True,
            )
        )
    tables = [_differences(differences, currency)] if len(differences) else []
    if len(totals):
        tables.append(_totals(totals, currency))
    notes = (text("till.note"),)
    return Section(
        "bridge",
        tuple(said),
        tables=tuple(tables),
        findings=tuple(findings),
        notes=notes,
        figures=_machine(files, currency),
    )


def differs(figures: Figures) -> tuple[bool, bool]:
    """Whether any export differs, and whether any could not be read."""
    files = figures.till.get("till_files", pd.DataFrame({"differing": [], "problem": []}))
    return bool((files["differing"] > 0).any()), bool(files["problem"].notna().any())


def _money(value: object, currency: str) -> Value:
    return None if value is None or pd.isna(value) else Money(int(value), currency)


def _gap(row: dict[str, object], currency: str) -> Money:
    """The till's less ours; what one side does not have counts as 0."""
    till_, ours = (
        0 if row[side] is None or pd.isna(row[side]) else int(row[side])
        for side in ("till", "ours")
    )
    return Money(till_ - ours, currency, signed=True)


def _figure(name: str) -> Text:
    return text(f"till.{name}")


def _differences(frame: pd.DataFrame, currency: str) -> Table:
    """The dearest first."""
    rows = sorted(
        frame.to_dict("records"),
        key=lambda r: (
            -abs(_gap(r, currency).units),
            r["file"],
            r["day"],
            r["receipt_number"],
            r["figure"],
        ),
    )
    columns = (
        Column("receipt"),
        Column("day", "date"),
        Column("figure"),
        Column("at_till", "money"),
        Column("in_lake", "money"),
        Column("difference", "money"),
        Column("file", csv_only=True),
    )
    cells = tuple(
        (
            Name(r["receipt_number"]) if r["receipt_number"] else None,
            Day(r["day"]),
            _figure(r["figure"]),
            _money(r["till"], currency),
            _money(r["ours"], currency),
            _gap(r, currency),
            Name(r["file"]),
        )
        for r in rows
    )
    return Table("till-differences", text("till.table"), columns, cells, shown=SHOWN)


def _totals(frame: pd.DataFrame, currency: str) -> Table:
    """Every day and figure, for the CSV alone."""
    columns = (
        Column("day", "date"),
        Column("figure"),
        Column("at_till", "money"),
        Column("in_lake", "money"),
        Column("difference", "money"),
        Column("file"),
    )
    rows = tuple(
        (
            Day(r["day"]),
            _figure(r["figure"]),
            _money(r["till"], currency),
            _money(r["ours"], currency),
            _gap(r, currency),
            Name(r["file"]),
        )
        for r in frame.to_dict("records")
    )
    return Table("till-days", text("till.by_day"), columns, rows, shown=0)


def _machine(files: pd.DataFrame, currency: str) -> dict[str, object]:
    return {
        "till": [
            {
                "file": r["file"],
                "kind": r["kind"],
                "first_day": r["first_day"],
                "last_day": r["last_day"],
                "compared": int(r["compared"]),
                "differing": int(r["differing"]),
                "difference": Money(int(r["difference"]), currency),
                "problem": r["problem"],
            }
            for r in files.to_dict("records")
        ]
    }
