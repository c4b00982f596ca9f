"""Dates and amounts of an export's cells, read so that all of its rows agree."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from pipeline.errors import DataError

MAX_QUOTED = 40  # letters of a cell that a message quotes
_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T,].*)?", re.DOTALL)
_AMOUNT = re.compile(r"([-−(]?)[^\d.,()\-−]*([-−]?)([\d.,'’\s]*\d)[^\d.,()\-−]*([-−)]?)")
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")
CellRows = list[tuple[int, dict[str, str]]]
"""(line number, cell by column) of the rows of an export."""


def read_dates(rows: CellRows) -> dict[str, list[date]]:
    """The day of each row, in every order of day, month and year that all rows fit."""
    parts = []
    for number, row in rows:
        match = _DATE.fullmatch(row["day"])
        if not match:
            raise DataError(
                f"line {number}: {row['day'][:MAX_QUOTED]!r} is no date; write dates as 2026-10-31"
            )
        parts.append(tuple(map(int, match.groups())))
    readings: dict[str, list[date]] = {}
    for order in ("ymd", "dmy", "mdy"):
        try:
            days = [_date(part, order) for part in parts]
        except ValueError:
            continue  # not all rows are dates in this order: another one is looked for
        if days not in readings.values():
            readings[order] = days
    if not readings:
        raise DataError(
            "its dates are neither day/month/year nor month/day/year nor year-month-day throughout;"
            " export it again, or write dates as 2026-10-31"
        )
    return readings


def _date(part: tuple[int, ...], order: str) -> date:
    values = dict(zip(order, part, strict=True))
    if values["y"] < 100 and order == "ymd":
        raise ValueError("a year first has four digits")
    return date(values["y"] + (2000 if values["y"] < 100 else 0), values["m"], values["d"])


def read_amounts(
    rows: CellRows, figures: tuple[str, ...], decimals: int, *, blank_is_zero: bool
) -> list[dict[str, Decimal]]:
    """The amounts of each row: all with a decimal point, or all with a decimal comma."""
    read, wrong = {}, ""
    for point in ".,":
        try:
            read[point] = [
                {
                    name: _amount(
                        row[name] or ("0" if blank_is_zero else ""),
                        point,
                        decimals,
                        f"line {number}, {name}",
                    )
                    for name in figures
                }
                for number, row in rows
            ]
        except DataError as error:
            wrong = wrong or str(error)
    if not read:
        raise DataError(wrong)
    if len(read) == 2 and read["."] != read[","]:
        raise DataError(
            "its amounts may have a decimal point or a decimal comma; export more days, or write"
            " all amounts with their decimals"
        )
    return next(iter(read.values()))


def _amount(text: str, point: str, decimals: int, where: str) -> Decimal:
    """An exact amount; currency signs, blanks and thousands are left out."""
    match = _AMOUNT.fullmatch(text)
    bare = re.sub(r"\s", "", match[3]) if match else ""
    negative = bool(match and (match[1] or match[2] or match[4]))
    integer, _, fraction = bare.partition(point)
    groups = re.split(r"[.,'’]", integer)
    if len(groups) > 1 and (
        groups[0][:1] in ("", "0") or any(len(group) != 3 for group in groups[1:])
    ):
        raise DataError(f"{where}: {text[:MAX_QUOTED]!r} is no amount; correct that cell")
    digits = "".join(groups) + (f".{fraction}" if fraction else "")
    if not _PLAIN.fullmatch(digits) or len(fraction.rstrip("0")) > decimals or len(digits) > 18:
        raise DataError(
            f"{where}: {text[:MAX_QUOTED]!r} is no amount with {decimals} decimals; correct that"
            " cell, or [shop] currency and currency_decimals in luigi.cfg"
        )
    return -Decimal(digits) if negative else Decimal(digits)
