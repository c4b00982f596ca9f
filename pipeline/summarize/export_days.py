"""Which order of day and month an export has, by the receipts of the lake."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pipeline.errors import DataError
from pipeline.summarize.lake_lines import LakeLines, by_day
from pipeline.summarize.read_exports import Export, ExportLine

_NUMBER = re.compile(r"(.*?)(\d+)")
_NEAR = timedelta(days=1)


def choose_reading(
    export: Export, lines: LakeLines, first: date, last: date
) -> tuple[ExportLine, ...]:
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


def _confirm_receipt(line: ExportLine, receipts: LakeLines) -> bool:
    """Whether the lake has this receipt on this day or a neighbour (another zone)."""
    return line.number in receipts and abs(receipts[line.number][0].day - line.day) <= _NEAR


def _confirm_day(line: ExportLine, days: LakeLines, figures: Sequence[str]) -> bool:
    """Whether the lake's sums of this day are those of the export, and not all 0."""
    if (entry := days.get(str(line.day))) is None or not any(line.amounts.values()):
        return False
    return all(entry[0].amounts[figure] == line.amounts[figure] for figure in figures)


def _registers(lines: LakeLines) -> dict[str, list[tuple[int, date]]]:
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
