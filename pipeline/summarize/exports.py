"""The till's own CSV exports, read: what the Back Office says of each receipt, or of each day.

In: the bytes of an export as the Back Office writes it, or as a spreadsheet saved it again: UTF-8
or UTF-16, comma, semicolon or tab, English or Spanish headings, 1,234.50 or 1.234,50, any order of
day and month. Out: an Export with one Line a receipt ("Receipts", and "Receipts by item", whose
lines are added up) or a day ("Sales summary"); amounts are exact Decimals, refunds negative
whatever sign they bear, those of a cancelled receipt 0. Only the columns of WANTED are kept:
customer, contacts, cashier, description and comment are dropped here. Raises DataError with what is
wrong and where; nothing is guessed in silence.

Headings and forms: exports in public repositories and an import guide; of Spanish exports those
columns that were seen.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from pipeline.errors import DataError

LARGEST = 64 * 1024 * 1024
MONEY = ("gross_sales", "discounts", "refunds", "net_sales", "taxes", "collected")
WANTED = {
    "date": "day",
    "fecha": "day",
    "receipt number": "number",
    "número de recibo": "number",
    "receipt type": "type",
    "tipo de recibo": "type",
    "gross sales": "gross_sales",
    "ventas brutas": "gross_sales",
    "discounts": "discounts",
    "descuentos": "discounts",
    "refunds": "refunds",
    "reembolsos": "refunds",
    "net sales": "net_sales",
    "ventas netas": "net_sales",
    "taxes": "taxes",
    "impuestos": "taxes",
    "total collected": "collected",
    "store": "store",
    "tienda": "store",
    "status": "status",
    "estado": "status",
}
DROPPED = frozenset(
    (
        "cost of goods",
        "gross profit",
        "margin",
        "payment type",
        "description",
        "dining option",
        "pos",
        "cashier name",
        "customer name",
        "customer contacts",
        "category",
        "sku",
        "item",
        "item name",
        "variant",
        "modifiers applied",
        "quantity",
        "comment",
        "costo de los bienes",
        "beneficio bruto",
        "margen",
        "categoria",
        "categoría",
        "artículo",
        "cantidad",
        "tpv",
        "nombre del cajero",
    )
)
ITEM = frozenset(("item", "item name", "artículo"))
SALES, REFUNDS = ("sale", "venta"), ("refund", "reembolso")
EXPORTS = "Sales summary, Receipts or Receipts by item"

_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T,].*)?", re.DOTALL)
_AMOUNT = re.compile(r"([-−(]?)[^\d.,()\-−]*([-−]?)([\d.,'\s]*\d)[^\d.,()\-−]*([-−)]?)")
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")


@dataclass
class Line:
    """One receipt, or one day of a summary (then `number` is empty)."""

    day: date
    number: str = ""
    store: str = ""
    amounts: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    """What an export says; `figures` are the amounts that it has."""

    kind: Literal["receipts", "items", "summary"]
    figures: tuple[str, ...]
    lines: tuple[Line, ...]


def read_export(data: bytes, places: int) -> Export:
    """The export in `data`, whose currency has `places` decimals. Raises DataError."""
    table = list(_rows(_text(data)))
    if not table:
        raise DataError("it is empty")
    headings = [" ".join(cell.split()).casefold() for cell in table[0][1]]
    names = [WANTED.get(heading, "") for heading in headings]
    unknown = [
        table[0][1][at]
        for at, heading in enumerate(headings)
        if heading not in WANTED and heading not in DROPPED
    ]
    if unknown:
        raise DataError(
            f"unknown columns {', '.join(map(repr, unknown))}; export {EXPORTS} from the Back"
            " Office, in English where in doubt"
        )
    kind = "summary" if "number" not in names else "items" if ITEM & set(headings) else "receipts"
    needed = {"day", "gross_sales", "discounts", "net_sales"} | (
        {"refunds"} if kind == "summary" else {"number", "type"}
    )
    if missing := sorted(needed - set(names)):
        raise DataError(
            f"the columns for {', '.join(missing)} are missing; export {EXPORTS} from the Back"
            " Office"
        )
    if twice := [name for name, times in Counter(filter(None, names)).items() if times > 1]:
        raise DataError(f"two columns for {', '.join(twice)}")
    if ragged := [number for number, cells in table if len(cells) != len(names)]:
        raise DataError(f"line {ragged[0]} has not the {len(names)} cells of the headings")
    rows = [
        (number, {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name})
        for number, cells in table[1:]
    ]
    figures = tuple(name for name in MONEY if name in names)
    lines = _lines(
        rows, figures, _dates(rows, spanish="fecha" in headings), _decimals(rows, figures, places)
    )
    return Export(kind, figures, tuple(_added(lines) if kind == "items" else _single(lines)))


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise DataError(f"it is larger than {LARGEST >> 20} MB; export fewer days")
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start + 1} is not UTF-8; save it as CSV UTF-8, or drop the export as it"
            " was downloaded"
        ) from error


def _rows(text: str) -> Iterable[tuple[int, list[str]]]:
    """(line number, cells) of the lines that hold anything; the separator is the one that the
    headings hold most of.
    """
    first = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        yield from (
            (reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)
        )
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from error


def _dates(rows: list[tuple[int, dict[str, str]]], spanish: bool) -> list[date]:
    """The day of each row. Year first, or day and month in the order in which all rows are dates.

    Where both orders are, the one whose days lie closer together; where that is no help either, day
    first in a Spanish export and month first with two digits of the year, as the Back Office writes
    them.
    """
    parts = []
    for number, row in rows:
        found = _DATE.fullmatch(row["day"])
        if not found:
            raise DataError(f"line {number}: {row['day']!r} is no date")
        parts.append(tuple(map(int, found.groups())))
    read = {}
    for order in ("ymd", "dmy", "mdy"):
        try:
            read[order] = [_date(part, order) for part in parts]
        except ValueError:
            continue  # not all rows are dates in this order: another one is looked for
    if not read:
        raise DataError(
            "its dates are neither day/month/year nor month/day/year nor year-month-day throughout"
        )
    if len({tuple(days) for days in read.values()}) > 1:
        spans = {order: max(days) - min(days) for order, days in read.items()}
        least = [order for order, span in spans.items() if span == min(spans.values())]
        short = all(part[2] < 100 for part in parts)
        order = least[0] if len(least) == 1 else "dmy" if spanish else "mdy" if short else None
        if order is None:
            raise DataError(
                f"line {rows[0][0]}: {rows[0][1]['day']!r} may be two days; export more days, or"
                " write dates as 2026-10-05"
            )
        return read[order]
    return next(iter(read.values()))


def _date(part: tuple[int, ...], order: str) -> date:
    said = dict(zip(order, part, strict=True))
    if said["y"] < 100 and order == "ymd":
        raise ValueError("a year first has four digits")
    return date(said["y"] + (2000 if said["y"] < 100 else 0), said["m"], said["d"])


def _decimals(
    rows: list[tuple[int, dict[str, str]]], figures: tuple[str, ...], places: int
) -> list[dict[str, Decimal]]:
    """The amounts of each row; all of an export are read with a decimal point, or all with a
    decimal comma.
    """
    read, wrong = {}, ""
    for point in ".,":
        try:
            read[point] = [
                {
                    name: _amount(row[name], point, places, f"line {number}, {name}")
                    for name in figures
                }
                for number, row in rows
            ]
        except DataError as error:
            wrong = wrong or str(error)
    if not read:
        raise DataError(wrong)
    if len(read) == 2 and read["."] != read[","]:
        raise DataError("its amounts may have a decimal point or a decimal comma; export more days")
    return next(iter(read.values()))


def _amount(text: str, point: str, places: int, where: str) -> Decimal:
    """An exact amount: a sign of currency, blanks and thousands are taken away, a minus or brackets
    make it negative.
    """
    found = _AMOUNT.fullmatch(text)
    bare = re.sub(r"\s", "", found[3]) if found else ""
    negative = bool(found and (found[1] or found[2] or found[4]))
    whole, _, fraction = bare.partition(point)
    groups = re.split(r"[.,']", whole)
    if len(groups) > 1 and (
        groups[0][:1] in ("", "0") or any(len(group) != 3 for group in groups[1:])
    ):
        raise DataError(f"{where}: {text!r} is no amount")
    plain = "".join(groups) + (f".{fraction}" if fraction else "")
    if not _PLAIN.fullmatch(plain) or len(fraction.rstrip("0")) > places or len(plain) > 18:
        raise DataError(f"{where}: {text!r} is no amount with {places} decimals")
    return -Decimal(plain) if negative else Decimal(plain)


def _lines(
    rows: list[tuple[int, dict[str, str]]],
    figures: tuple[str, ...],
    days: list[date],
    amounts: list[dict[str, Decimal]],
) -> list[Line]:
    """Rows with their signs by the receipt's type, which the export's own signs do not follow
    everywhere.
    """
    lines = []
    for (number, row), day, said in zip(rows, days, amounts, strict=True):
        kind, gone = (
            row.get("type"),
            row.get("status", "").casefold().startswith(("cancel", "anul")),
        )
        if kind is not None and kind.casefold() not in SALES + REFUNDS:
            raise DataError(f"line {number}: {kind!r} is neither a sale nor a refund")
        if kind is not None and not row["number"]:
            raise DataError(f"line {number}: no receipt number")
        if kind and kind.casefold() in REFUNDS:
            said = {name: -abs(amount) for name, amount in said.items()}
        lines.append(
            Line(
                day,
                row.get("number", ""),
                row.get("store", ""),
                {name: Decimal(0) if gone else said[name] for name in figures},
            )
        )
    return lines


def _single(lines: list[Line]) -> list[Line]:
    names = Counter(line.number or str(line.day) for line in lines)
    if twice := [name for name, times in names.items() if times > 1]:
        raise DataError(f"{twice[0]} stands twice")
    return lines


def _added(lines: list[Line]) -> list[Line]:
    """Item lines added up to their receipts."""
    found: dict[str, Line] = {}
    for line in lines:
        if line.number not in found:
            found[line.number] = Line(
                line.day, line.number, line.store, dict.fromkeys(line.amounts, Decimal(0))
            )
        for name, amount in line.amounts.items():
            found[line.number].amounts[name] += amount
    return list(found.values())
