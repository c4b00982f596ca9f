"""The till's own exports held to the lake, receipt by receipt and day by day.

In: exports by name (exports.py), the lake's receipts of the business months that hold the calendar
days to be compared. Out: the tables of schema.BACKOFFICE. An export is compared on its own days, as
far as they lie within `first` to `last`, and with the stores whose receipts it names; a receipt
that only one of the two has is a difference in each of its figures, unless they are all 0 (a day
on which the shop was closed). Whether its dates are day/month or month/day is decided by the days
of its receipts in the lake (of a summary: by the sums of its days), and refused where they do not
tell. Calendar days, because the Back
Office counts those: a sale at 00:30 is the next day's there, and still this evening's in the
report. An export that cannot be read is named with its problem, never left out: in the month that
its own name tells (2026-10), or in every one. Of receipts that were cancelled both sides are 0.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import pyarrow as pa

from pipeline import schema
from pipeline.errors import DataError
from pipeline.summarize.read_exports import MONEY, Export, Line, read_export

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
Ours = dict[str, tuple[Line, str]]
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
    """The tables of schema.BACKOFFICE for the calendar days from `first` to `last` of one month.

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
            lines[number] = Line(day, number, row["store_id"], amounts), row["currency"]
    return lines


def choose_reading(export: Export, lines: Ours, first: date, last: date) -> tuple[Line, ...]:
    """The lines of `export` in the order of day and month that the lake's receipts confirm.

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
    confirms = _confirm_day if export.kind == "summary" else _confirm_receipt
    known = by_day(lines) if export.kind == "summary" else lines
    counts = [sum(confirms(export, pair[i], known) for pair in pairs) for i in (0, 1)]
    possible = [bool(count) for count in counts]
    if not any(counts) and export.kind != "summary":
        registers = _registers(lines)
        possible = [not any(_ruled_out(pair[i], registers) for pair in pairs) for i in (0, 1)]
    if sum(possible) != 1:
        raise DataError(
            f"its dates may be day/month or month/day (one is {pairs[0][0].day} or"
            f" {pairs[0][1].day}), and the lake's receipts do not tell which; export more days (one"
            " after the 12th of a month), or write the dates as 2026-10-31"
        )
    return readings[possible.index(True)]


def _confirm_receipt(export: Export, line: Line, known: Ours) -> bool:
    """Whether the lake has this receipt on this day, or on one beside it (another time zone)."""
    return line.number in known and abs(known[line.number][0].day - line.day) <= _NEAR


def _confirm_day(export: Export, line: Line, known: Ours) -> bool:
    """Whether the lake's sums of this day are those of the export, and not all 0."""
    if (entry := known.get(str(line.day))) is None or not any(line.amounts.values()):
        return False
    return all(entry[0].amounts[figure] == line.amounts[figure] for figure in export.figures)


def _registers(lines: Ours) -> dict[str, list[tuple[int, date]]]:
    """Running numbers and days of the lake's receipts by register, in the order of the numbers."""
    registers: dict[str, list[tuple[int, date]]] = defaultdict(list)
    for number, (line, _) in lines.items():
        if match := _NUMBER.fullmatch(number):
            registers[match[1]].append((int(match[2]), line.day))
    return {name: sorted(entries) for name, entries in registers.items()}


def _ruled_out(line: Line, registers: Mapping[str, list[tuple[int, date]]]) -> bool:
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
    lines: Sequence[Line],
    ours: Ours,
    first: date,
    last: date,
    currency: str,
    rows: dict[str, list[Row]],
) -> None:
    """Add to `rows` the comparison of `lines`, those of `export`, from `first` to `last`."""
    theirs = {line.number or str(line.day): line for line in lines if first <= line.day <= last}
    days = [line.day for line in theirs.values()]
    if not days:
        return
    spent = {key: found for key, found in ours.items() if min(days) <= found[0].day <= max(days)}
    if export.kind == "summary":
        spent = by_day(spent)
    else:
        stores = {ours[number][0].store for number in theirs if number in ours}
        spent = {
            key: found for key, found in spent.items() if not stores or found[0].store in stores
        }
        spent |= {number: ours[number] for number in theirs if number in ours}
    named: dict[str, set[str]] = defaultdict(set)
    for number, line in theirs.items():
        if number in spent:
            named[line.store].add(spent[number][1])

    def money_of(key: str) -> str:
        """The currency of a receipt: its own, or the only one of its store's receipts."""
        if key in spent:
            return spent[key][1]
        known = named[theirs[key].store]
        return next(iter(known)) if len(known) == 1 else currency

    blank: Row = {
        "file": name,
        "kind": export.kind,
        "currency": currency,
        "first_day": min(days),
        "last_day": max(days),
        "compared": 0,
        "differing": 0,
        "difference": Decimal(0),
    }
    files: dict[str, Row] = {}
    totals: dict[tuple[str, date, str], list[Decimal | None]] = defaultdict(lambda: [None, None])
    for key in sorted({*theirs, *spent}):
        pair = theirs.get(key), spent[key][0] if key in spent else None
        if None in pair and not any((pair[0] or pair[1]).amounts.values()):
            continue  # cancelled, or a day without sales: only one of the two need name it
        day, code = (pair[1] or pair[0]).day, money_of(key)
        told = [line and line.amounts for line in pair]
        row = files.setdefault(code, blank | {"currency": code})
        row["compared"] += None not in pair
        row["differing"] += (
            told[0] is None
            or told[1] is None
            or any(told[0][f] != told[1][f] for f in export.figures)
        )
        row["difference"] += abs(
            sum(
                (
                    line["net_sales"] * sign
                    for line, sign in zip(told, (1, -1), strict=True)
                    if line
                ),
                Decimal(0),
            )
        )
        for figure in export.figures:
            said = [line and line[figure] for line in told]
            if said[0] != said[1]:
                rows["till_differences"].append(
                    {
                        "file": name,
                        "currency": code,
                        "day": day,
                        "receipt_number": pair[0].number if pair[0] else pair[1].number,
                        "figure": figure,
                        "till": said[0],
                        "ours": said[1],
                    }
                )
            total = totals[code, day, figure]
            total[:] = [
                amount if kept is None else kept if amount is None else kept + amount
                for kept, amount in zip(total, said, strict=True)
            ]
    rows["till_files"] += files.values() or [blank]
    rows["till_totals"] += [
        {"file": name, "currency": code, "day": day, "figure": figure, "till": till, "ours": own}
        for (code, day, figure), (till, own) in totals.items()
    ]


def by_day(ours: Ours) -> Ours:
    """The lake's receipts added up by calendar day, as a Sales summary shows them: refunds
    positive, net signed.
    """
    codes = {code for _, code in ours.values()}
    if len(codes) > 1:
        raise DataError(
            f"a Sales summary names no currency, and these days have {', '.join(sorted(codes))};"
            " drop the Receipts export"
        )
    found: Ours = {}
    for line, code in ours.values():
        key = str(line.day)
        day = found.setdefault(
            key, (Line(line.day, "", "", dict.fromkeys(MONEY, Decimal(0))), code)
        )[0]
        for figure, amount in _day_amounts(line):
            day.amounts[figure] += amount
    return found


def _day_amounts(line: Line) -> Iterator[tuple[str, Decimal]]:
    is_refund = line.amounts["gross_sales"] < 0
    for figure, amount in line.amounts.items():
        if figure == "gross_sales" and is_refund:
            yield "refunds", -amount
        elif figure != "refunds":
            yield figure, amount


def tabulate(rows: list[Row], dataset: schema.Dataset, decimals: int) -> pa.Table:
    wanted = schema.arrow(dataset, decimals)
    ordered = sorted(rows, key=lambda row: [str(row.get(name)) for name in dataset.key])
    arrays = []
    for part in wanted:
        values = [row.get(part.name) for row in ordered]
        plain = part.type.value_type if pa.types.is_dictionary(part.type) else part.type
        arrays.append(pa.array(values, plain).cast(part.type))
    return pa.Table.from_arrays(arrays, schema=wanted)
