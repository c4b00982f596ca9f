"""The till's own exports compared with the lake, by receipt and by day.

In: exports by name (read_exports.py), the lake's receipts of the business months that hold the
calendar days. Out: the tables of schema.BACKOFFICE. An export is compared on its own days within
`first` to `last`, and with the stores whose receipts it names; a receipt that only one side has is
a difference in each of its figures, unless they are all 0 (a day on which the shop was closed).
Whether dates are day/month or month/day is decided by the days of its receipts in the lake (of a
summary: by the sums of its days), and refused where they do not decide it. Calendar days, because
the Back Office counts those: a sale at 00:30 is the next day's there, and the evening's in the
report. An unreadable export is named with its problem, never left out: in the month of its own name
(2026-10), or in every one. Of cancelled receipts both sides are 0.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import pyarrow as pa

from pipeline import schema
from pipeline.errors import DataError
from pipeline.summarize.read_exports import MONEY, Export, ExportLine, read_export

_MONTH = re.compile(r"(?<!\d)(\d{4}-(?:0[1-9]|1[0-2]))(?!\d{2}(?!\d))")
_NUMBER = re.compile(r"(.*?)(\d+)")
_NEAR = timedelta(days=1)
_READ = (
    "receipt_number",
    "receipt_type",
    "is_cancelled",
    "sold_at_local",
    "store_id",
    "currency",
    "gross",
    "discount",
    "net",
    "tax_included",
    "tax_added",
    "total",
)
Ours = dict[str, tuple[ExportLine, str]]
"""Lines of the lake with their currency, by receipt."""
Row = dict[str, object]


def compare_exports(
    first: date,
    last: date,
    exports: Mapping[str, Callable[[], bytes]],
    receipts: Sequence[pa.Table],
    decimals: int,
    currency: str,
) -> dict[str, pa.Table]:
    """The tables of schema.BACKOFFICE for calendar days `first` to `last` of a month.

    `exports` gives the bytes of each file by its name; `currency` is that of receipts that only a
    till's export has.
    """
    lines = read_lines(receipts)
    ours = {key: entry for key, entry in lines.items() if first <= entry[0].day <= last}
    rows: dict[str, list[Row]] = {dataset.name: [] for dataset in schema.BACKOFFICE}
    for name in sorted(exports):
        try:
            export = read_cached(exports[name](), decimals)
            theirs = choose_reading(export, lines, first, last)
            compare(name, export, theirs, ours, first, last, currency, rows)
        except DataError as error:
            months = _MONTH.findall(name)
            if not months or min(months) <= f"{first:%Y-%m}" <= max(months):
                rows["till_files"].append(
                    {
                        "file": name,
                        "currency": currency,
                        "compared": 0,
                        "differing": 0,
                        "difference": Decimal(0),
                        "problem": str(error),
                    }
                )
    return {
        dataset.name: tabulate(rows[dataset.name], dataset, decimals)
        for dataset in schema.BACKOFFICE
    }


read_cached = lru_cache(maxsize=64)(read_export)


def read_lines(tables: Sequence[pa.Table]) -> Ours:
    """The lake's receipts as the Back Office shows them, by their number."""
    lines: Ours = {}
    for table in tables:
        for row in table.select(_READ).to_pylist():
            amounts = {
                "gross_sales": row["gross"],
                "discounts": row["discount"],
                "refunds": Decimal(0),
                "net_sales": row["net"],
                "taxes": row["tax_included"] + row["tax_added"],
                "collected": row["total"],
            }
            number, day = row["receipt_number"], row["sold_at_local"].date()
            lines[number] = ExportLine(day, number, row["store_id"], amounts), row["currency"]
    return lines


def choose_reading(export: Export, lines: Ours, first: date, last: date) -> tuple[ExportLine, ...]:
    """The lines of `export` in the order of day and month that the lake confirms.

    With one possible order, that one. Otherwise the order that some receipt of the lake confirms
    while none confirms the other; without any, the order that the other receipts of the same
    register do not rule out. Where no order has a day from `first` to `last`, none is needed.
    Raises DataError where it stays uncertain.
    """
    readings = list(export.readings.values())
    if len(readings) == 1:
        return readings[0]
    near = [order for order in readings if any(first <= line.day <= last for line in order)]
    if not near:
        return ()
    pairs = [pair for pair in zip(*readings, strict=True) if pair[0].day != pair[1].day]
    if export.kind == "summary":
        days = by_day(lines)
        possible = [any(_confirm_day(p[i], days, export.figures) for p in pairs) for i in (0, 1)]
    else:
        possible = [any(_confirm_receipt(pair[i], lines) for pair in pairs) for i in (0, 1)]
    if not any(possible) and export.kind != "summary":
        registers = _registers(lines)
        possible = [not any(_ruled_out(pair[i], registers) for pair in pairs) for i in (0, 1)]
    if sum(possible) != 1:
        raise DataError(
            f"its dates may be day/month or month/day (one is {pairs[0][0].day} or"
            f" {pairs[0][1].day}), and the lake's receipts do not tell which; export more days (one"
            " after the 12th of a month), or write the dates as 2026-10-31"
        )
    return readings[possible.index(True)]


def _confirm_receipt(line: ExportLine, receipts: Ours) -> bool:
    """Whether the lake has this receipt on this day or a neighbour (another zone)."""
    return line.number in receipts and abs(receipts[line.number][0].day - line.day) <= _NEAR


def _confirm_day(line: ExportLine, days: Ours, figures: Sequence[str]) -> bool:
    """Whether the lake's sums of this day are those of the export, and not all 0."""
    if (entry := days.get(str(line.day))) is None or not any(line.amounts.values()):
        return False
    return all(entry[0].amounts[figure] == line.amounts[figure] for figure in figures)


def _registers(lines: Ours) -> dict[str, list[tuple[int, date]]]:
    """(number, day) of the lake's receipts by register, in the order of the numbers."""
    registers: dict[str, list[tuple[int, date]]] = defaultdict(list)
    for number, (line, _) in lines.items():
        if match := _NUMBER.fullmatch(number):
            registers[match[1]].append((int(match[2]), line.day))
    return {name: sorted(entries) for name, entries in registers.items()}


def _ruled_out(line: ExportLine, registers: Mapping[str, list[tuple[int, date]]]) -> bool:
    """Whether a register would have gone back in time: its numbers only ever rise."""
    match = _NUMBER.fullmatch(line.number)
    entries = registers.get(match[1], []) if match else []
    position = bisect_left(entries, (int(match[2]), date.min)) if match else 0
    before, after = entries[:position][-1:], entries[position:][:1]
    return any(line.day < day - _NEAR for _, day in before) or any(
        line.day > day + _NEAR for _, day in after
    )


def compare(
    name: str,
    export: Export,
    lines: Sequence[ExportLine],
    ours: Ours,
    first: date,
    last: date,
    currency: str,
    rows: dict[str, list[Row]],
) -> None:
    """Add to `rows` the comparison of `lines` of `export` from `first` to `last`."""
    theirs = {line.number or str(line.day): line for line in lines if first <= line.day <= last}
    days = [line.day for line in theirs.values()]
    if not days:
        return
    compared = _select(export, theirs, ours, min(days), max(days))
    blank = FileComparison(name, export.kind, min(days), max(days))
    files: dict[str, FileComparison] = {}
    totals: dict[tuple[str, date, str], Pair] = defaultdict(lambda: (None, None))
    for key, code in _currencies(theirs, compared, currency).items():
        pair = theirs.get(key), compared[key][0] if key in compared else None
        line = pair[1] or pair[0]
        if line is None or (None in pair and not any(line.amounts.values())):
            continue  # cancelled, or a day without sales: only one of the two need name it
        till, own = (side.amounts if side else {} for side in pair)
        files.setdefault(code, replace(blank)).add(till, own, export.figures)
        for figure in export.figures:
            amounts = till.get(figure), own.get(figure)
            if amounts[0] != amounts[1]:
                rows["till_differences"].append(
                    {
                        "file": name,
                        "currency": code,
                        "day": line.day,
                        "receipt_number": (pair[0] or line).number,
                        "figure": figure,
                        "till": amounts[0],
                        "ours": amounts[1],
                    }
                )
            total = totals[code, line.day, figure]
            totals[code, line.day, figure] = (
                _add(total[0], amounts[0]),
                _add(total[1], amounts[1]),
            )
    rows["till_files"] += [
        vars(file) | {"currency": code} for code, file in (files or {currency: blank}).items()
    ]
    rows["till_totals"] += [
        {"file": name, "currency": code, "day": day, "figure": figure, "till": till, "ours": own}
        for (code, day, figure), (till, own) in totals.items()
    ]


Pair = tuple[Decimal | None, Decimal | None]
"""The same amount in the export and in the lake; None where one of them lacks it."""


@dataclass
class FileComparison:
    """A row of schema.TILL_FILES, without its currency."""

    file: str
    kind: str
    first_day: date
    last_day: date
    compared: int = 0
    differing: int = 0
    difference: Decimal = Decimal(0)

    def add(
        self, till: Mapping[str, Decimal], own: Mapping[str, Decimal], figures: Sequence[str]
    ) -> None:
        """Count a receipt or day; amounts are empty where a side lacks it."""
        self.compared += bool(till and own)
        self.differing += any(till.get(figure) != own.get(figure) for figure in figures)
        zero = Decimal(0)
        self.difference += abs(till.get("net_sales", zero) - own.get("net_sales", zero))


def _add(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return amount if total is None else total if amount is None else total + amount


def _select(
    export: Export, theirs: Mapping[str, ExportLine], ours: Ours, first: date, last: date
) -> Ours:
    """The lake's receipts (of a summary: days) that the export should have."""
    near = {key: entry for key, entry in ours.items() if first <= entry[0].day <= last}
    if export.kind == "summary":
        return by_day(near)
    stores = {ours[number][0].store for number in theirs if number in ours}
    near = {key: entry for key, entry in near.items() if not stores or entry[0].store in stores}
    return near | {number: ours[number] for number in theirs if number in ours}


def _currencies(theirs: Mapping[str, ExportLine], ours: Ours, currency: str) -> dict[str, str]:
    """The currency of each receipt: its own, its store's only one, or `currency`."""
    by_store: dict[str, set[str]] = defaultdict(set)
    for number, line in theirs.items():
        if number in ours:
            by_store[line.store].add(ours[number][1])
    codes = {}
    for key in sorted({*theirs, *ours}):
        store = by_store[theirs[key].store] if key not in ours else {ours[key][1]}
        codes[key] = next(iter(store)) if len(store) == 1 else currency
    return codes


def by_day(ours: Ours) -> Ours:
    """The lake's receipts by calendar day, as a Sales summary shows them."""
    codes = {code for _, code in ours.values()}
    if len(codes) > 1:
        raise DataError(
            f"a Sales summary names no currency, and these days have {', '.join(sorted(codes))};"
            " drop the Receipts export"
        )
    days: Ours = {}
    for line, code in ours.values():
        key = str(line.day)
        day = days.setdefault(
            key, (ExportLine(line.day, "", "", dict.fromkeys(MONEY, Decimal(0))), code)
        )[0]
        for figure, amount in _day_amounts(line):
            day.amounts[figure] += amount
    return days


def _day_amounts(line: ExportLine) -> Iterator[tuple[str, Decimal]]:
    is_refund = line.amounts["gross_sales"] < 0
    for figure, amount in line.amounts.items():
        if figure == "gross_sales" and is_refund:
            yield "refunds", -amount
        elif figure != "refunds":
            yield figure, amount


def tabulate(rows: list[Row], dataset: schema.Dataset, decimals: int) -> pa.Table:
    columns = schema.arrow(dataset, decimals)
    ordered = sorted(rows, key=lambda row: [str(row.get(name)) for name in dataset.key])
    arrays = []
    for part in columns:
        values = [row.get(part.name) for row in ordered]
        plain = part.type.value_type if pa.types.is_dictionary(part.type) else part.type
        arrays.append(pa.array(values, plain).cast(part.type))
    return pa.Table.from_arrays(arrays, schema=columns)
