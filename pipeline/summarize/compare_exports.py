"""The POS's own exports compared with the lake, by receipt and by day.

Takes exports by name (read_exports.py), and the lake's receipts and quarantine of every month that
has a business day on these calendar days. Returns the tables of schema.BACKOFFICE.

- Days are calendar days, because the POS counts those: a sale at 00:30 is the next day's there, and
  the evening's in the report. If an export names the zone of its clock, they are days of that zone.
- An export is compared on its own days within `first` to `last`, and with the stores whose receipts
  it names.
- A receipt that only one side has is a difference in each of its figures, unless they are all 0 (a
  day on which the shop was closed).
- A sale and a refund in one order (RETURN_SUFFIX) are compared as one.
- If gross and net of a receipt are those of the lake without the included tax, they are compared
  without it.
- The days of its receipts in the lake (of a summary: the sums of its days) decide whether dates are
  day/month or month/day; if they do not, the export is refused.
- An unreadable export is named with its problem, in the month of its own name (2026-10) or in every
  one.
- Cancelled receipts are 0 on both sides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

import pyarrow as pa

from pipeline import schema
from pipeline.errors import DataError
from pipeline.pos.source import ExportForm
from pipeline.summarize.export_days import choose_reading
from pipeline.summarize.lake_lines import (
    LakeLine,
    LakeLines,
    LakeSide,
    by_day,
    in_zone,
    read_lines,
    read_quarantined,
)
from pipeline.summarize.read_exports import Export, ExportLine, read_export

_MONTH = re.compile(r"(?<!\d)(\d{4}-(?:0[1-9]|1[0-2]))(?!\d{2}(?!\d))")
TableRow = dict[str, object]


def compare_exports(
    first: date,
    last: date,
    exports: Mapping[str, Callable[[], bytes]],
    receipts: Sequence[pa.Table],
    decimals: int,
    currency: str,
    forms: Sequence[ExportForm],
    quarantine: Sequence[pa.Table] = (),
) -> dict[str, pa.Table]:
    """The tables of schema.BACKOFFICE for calendar days `first` to `last` of a month.

    `exports` gives the bytes of each file by its name; `currency` is that of receipts that only a
    export has.
    """
    lines, quarantined = read_lines(receipts), read_quarantined(quarantine)
    rows: dict[str, list[TableRow]] = {dataset.name: [] for dataset in schema.BACKOFFICE}
    for name in sorted(exports):
        try:
            export = read_cached(exports[name](), decimals, tuple(forms))
            lake_lines = in_zone(lines, export.timezone)
            export_lines = choose_reading(export, lake_lines, first, last)
            lake = LakeSide(
                {key: entry for key, entry in lake_lines.items() if first <= entry[0].day <= last},
                quarantined,
            )
            compare(name, export, export_lines, lake, (first, last), currency, rows)
        except DataError as error:
            months = _MONTH.findall(name)
            if not months or min(months) <= f"{first:%Y-%m}" <= max(months):
                unread = FileComparison(name, problem=str(error))
                rows["export_files"].append(vars(unread) | {"currency": currency})
    return {
        dataset.name: tabulate(rows[dataset.name], dataset, decimals)
        for dataset in schema.BACKOFFICE
    }


read_cached = lru_cache(maxsize=64)(read_export)


def compare(
    name: str,
    export: Export,
    lines: Sequence[ExportLine],
    lake: LakeSide,
    days: tuple[date, date],
    currency: str,
    rows: dict[str, list[TableRow]],
) -> None:
    """Add the comparison of an export's lines, from the first to the last day."""
    export_lines = {
        line.number or str(line.day): line for line in lines if days[0] <= line.day <= days[1]
    }
    if not export_lines:
        return
    own_days = [line.day for line in export_lines.values()]
    first, last = min(own_days), max(own_days)
    compared = _select(export, export_lines, lake.lines, first, last)
    blank = FileComparison(name, export.kind, first, last)
    files: dict[str, FileComparison] = {}
    totals: dict[tuple[str, date, str], Pair] = defaultdict(lambda: (None, None))
    for key, code in _currencies(export_lines, compared, currency).items():
        pair = export_lines.get(key), compared[key][0] if key in compared else None
        line = pair[1] or pair[0]
        if line is None or (None in pair and not any(line.amounts.values())):
            continue  # cancelled, or a day without sales: only one of the two need name it
        exported = pair[0].amounts if pair[0] else {}
        own = _like(exported, pair[1], export) if pair[1] else {}
        files.setdefault(code, replace(blank)).add(exported, own, export.figures)
        reason, detail = _reason(*pair, lake.quarantined)
        for figure in export.figures:
            amounts = exported.get(figure), own.get(figure)
            if amounts[0] != amounts[1]:
                rows["export_differences"].append(
                    {
                        "file": name,
                        "currency": code,
                        "day": line.day,
                        "receipt_number": (pair[0] or line).number,
                        "figure": figure,
                        "export": amounts[0],
                        "lake": amounts[1],
                        "reason": reason,
                        "detail": detail,
                    }
                )
            total, own_total = totals[code, line.day, figure]
            added = _add(total, amounts[0]), _add(own_total, amounts[1])
            totals[code, line.day, figure] = added
    rows["export_files"] += [
        vars(file) | {"currency": code} for code, file in (files or {currency: blank}).items()
    ]
    columns = ("file", "currency", "day", "figure", "export", "lake")
    rows["export_totals"] += [
        dict(zip(columns, (name, *key, *pair), strict=True)) for key, pair in totals.items()
    ]


def _like(exported: Mapping[str, Decimal], line: LakeLine, export: Export) -> dict[str, Decimal]:
    """The lake's amounts, without the tax inside the price if those of the export are."""
    own, tax = line.amounts, line.tax_included
    if not export.form.may_exclude_tax or exported.get("net_sales") != own["net_sales"] - tax:
        return own
    return own | {name: own[name] - tax for name in ("gross_sales", "net_sales")}


def _reason(
    exported: ExportLine | None, own: LakeLine | None, quarantined: Mapping[str, str]
) -> tuple[str, str | None]:
    """The code in EXPORT_REASONS of a difference, and the reason of a quarantine."""
    if exported and own:
        return ("amount" if own.number else "day"), None
    line = exported or own
    assert line is not None
    if not line.number:
        return "day", None
    if own is None and line.number in quarantined:
        return "quarantined", quarantined[line.number]
    kind = "refund" if line.amounts["net_sales"] < 0 else "receipt"
    return f"{kind}_not_in_{'export' if own else 'lake'}", None


Pair = tuple[Decimal | None, Decimal | None]
"""The same amount in the export and in the lake; None where one of them lacks it."""


@dataclass
class FileComparison:
    """A row of schema.EXPORT_FILES, without its currency."""

    file: str
    kind: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    compared: int = 0
    differing: int = 0
    difference: Decimal = Decimal(0)
    problem: str | None = None

    def add(
        self, exported: Mapping[str, Decimal], own: Mapping[str, Decimal], figures: Sequence[str]
    ) -> None:
        """Count a receipt or day; amounts are empty where a side lacks it."""
        self.compared += bool(exported and own)
        self.differing += any(exported.get(figure) != own.get(figure) for figure in figures)
        zero = Decimal(0)
        self.difference += abs(exported.get("net_sales", zero) - own.get("net_sales", zero))


def _add(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return amount if total is None else total if amount is None else total + amount


def _select(
    export: Export,
    export_lines: Mapping[str, ExportLine],
    lake_lines: LakeLines,
    first: date,
    last: date,
) -> LakeLines:
    """The lake's receipts (of a summary: days) that the export should have."""
    near = {key: entry for key, entry in lake_lines.items() if first <= entry[0].day <= last}
    if export.kind == "summary":
        return by_day(near)
    stores = {lake_lines[number][0].store for number in export_lines if number in lake_lines}
    near = {key: entry for key, entry in near.items() if not stores or entry[0].store in stores}
    return near | {number: lake_lines[number] for number in export_lines if number in lake_lines}


def _currencies(
    export_lines: Mapping[str, ExportLine], lake_lines: LakeLines, currency: str
) -> dict[str, str]:
    """The currency of each receipt: its own, its store's only one, or `currency`."""
    by_store: dict[str, set[str]] = defaultdict(set)
    for number, line in export_lines.items():
        if number in lake_lines:
            by_store[line.store].add(lake_lines[number][1])
    codes = {}
    for key in sorted({*export_lines, *lake_lines}):
        store = by_store[export_lines[key].store] if key not in lake_lines else {lake_lines[key][1]}
        codes[key] = next(iter(store)) if len(store) == 1 else currency
    return codes


def tabulate(rows: list[TableRow], dataset: schema.Dataset, decimals: int) -> pa.Table:
    ordered = sorted(rows, key=lambda row: [str(row.get(name)) for name in dataset.key])
    return pa.Table.from_pylist(ordered, schema.arrow(dataset, decimals))
