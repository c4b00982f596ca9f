"""Parser of the till's own CSV exports: the amounts of each receipt or each day.

In: the bytes of an export as the Back Office writes it, or as a spreadsheet saved it again: UTF-8
or UTF-16, a `sep=` line, comma, semicolon or tab, English or Spanish headings with or without
accents, 1,234.50 or 1.234,50, any order of day and month. Out: an Export with one ExportLine a
receipt ("Receipts", and "Receipts by item", whose lines are added up) or a day ("Sales summary");
amounts are exact Decimals, refunds negative whatever sign they bear, those of a cancelled receipt
0. Columns that no figure needs are dropped, personal data among them. Where a date may be day/month
or month/day, both readings are returned and the caller decides. Raises DataError: what is wrong,
where, what to do.

Headings and forms: exports in public repositories and an import guide; of Spanish exports those
columns that were seen.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from pipeline.errors import DataError

LARGEST = 64 * 1024 * 1024
LONGEST, MAX_NAMED = 40, 8
"""Letters of a cell, and headings, that a message quotes."""
MONEY = ("gross_sales", "discounts", "refunds", "net_sales", "taxes", "collected")
COLUMNS = {
    "day": ("date", "fecha"),
    "number": ("receipt number", "numero de recibo"),
    "type": ("receipt type", "tipo de recibo"),
    "gross_sales": ("gross sales", "ventas brutas"),
    "discounts": ("discounts", "descuentos"),
    "refunds": ("refunds", "reembolsos"),
    "net_sales": ("net sales", "ventas netas"),
    "taxes": ("taxes", "impuestos"),
    "collected": ("total collected",),
    "store": ("store", "tienda"),
    "status": ("status", "estado"),
}
"""Headings of each column that is read, as `plain` writes them."""
_NAMES = {heading: name for name, headings in COLUMNS.items() for heading in headings}
ITEM = frozenset(("item", "item name", "articulo", "quantity", "cantidad"))
IMPERSONAL = ITEM | frozenset(
    (
        *_NAMES,
        "cost of goods",
        "gross profit",
        "margin",
        "payment type",
        "dining option",
        "pos",
        "cashier name",
        "category",
        "sku",
        "variant",
        "modifiers applied",
        "costo de los bienes",
        "beneficio bruto",
        "margen",
        "tipo de pedido",
        "categoria",
        "ref",
        "variante",
        "modificadores aplicados",
        "tpv",
        "nombre del cajero",
    )
)
"""Headings of columns that say nothing about a customer; an unknown one may."""
SALES, REFUNDS = ("sale", "venta"), ("refund", "reembolso")
EXPORTS = "Sales summary, Receipts or Receipts by item"

_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T,].*)?", re.DOTALL)
_AMOUNT = re.compile(r"([-−(]?)[^\d.,()\-−]*([-−]?)([\d.,'’\s]*\d)[^\d.,()\-−]*([-−)]?)")
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")


ExportKind = Literal["receipts", "items", "summary"]


@dataclass
class ExportLine:
    """One receipt, or one day of a summary (then `number` is empty)."""

    day: date
    number: str = ""
    store: str = ""
    amounts: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    """An export, with the amounts that it has (`figures`).

    `readings` are its lines by the order of day and month ("ymd", "dmy", "mdy"): two where both
    orders are possible and give other days.
    """

    kind: ExportKind
    figures: tuple[str, ...]
    readings: dict[str, tuple[ExportLine, ...]]


def read_export(data: bytes, decimals: int) -> Export:
    """The export in `data`, whose currency has so many decimals. Raises DataError."""
    table = list(read_rows(decode(data)))
    if not table:
        raise DataError("it is empty")
    headings = [plain(cell) for cell in table[0][1]]
    names = [_NAMES.get(heading, "") for heading in headings]
    kind: ExportKind = "receipts"
    if "number" not in names:
        kind = "summary"
    elif ITEM & set(headings):
        kind = "items"
    _check_headings(names, table[0][1], kind)
    width = len(names)
    for number, cells in table[1:]:
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            raise DataError(
                f"line {number} has {len(cells)} cells and the headings have {width}; export it"
                " again, and do not edit it"
            )
    rows = [
        (number, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name})
        for number, cells in table[1:]
    ]
    figures = tuple(name for name in MONEY if name in names)
    amounts = _decimals(rows, figures, decimals)
    merge = _added if kind == "items" else _single
    return Export(
        kind,
        figures,
        {
            order: tuple(merge(_lines(rows, figures, days, amounts)))
            for order, days in _dates(rows).items()
        },
    )


def _check_headings(names: list[str], headings: list[str], kind: str) -> None:
    """Refuse an export in which a column that is needed is missing or stands twice."""
    needed = {"day", "gross_sales", "discounts", "net_sales"} | (
        {"refunds"} if kind == "summary" else {"number", "type"}
    )
    if missing := sorted(needed - set(names)):
        others = [
            heading.strip()[:LONGEST]
            for heading in headings
            if heading.strip() and plain(heading) not in IMPERSONAL
        ]
        unread = f" (not understood: {', '.join(map(repr, others[:MAX_NAMED]))})" if others else ""
        raise DataError(
            "it has no column for"
            f" {', '.join(repr(' or '.join(COLUMNS[name])) for name in missing)}"
            f"{unread if len(set(names)) > 2 else ''}; export {EXPORTS} from the Back Office in"
            " English or Spanish"
        )
    if twice := [name for name, times in Counter(filter(None, names)).items() if times > 1]:
        raise DataError(f"it has two columns for {', '.join(twice)}; remove one of them")


def plain(text: str) -> str:
    """`text` in lower case without accents, invisible marks and needless blanks.

    >>> plain("\ufeffNÚMERO de\xa0 recibo ")
    'numero de recibo'
    """
    signs = unicodedata.normalize("NFKD", text)
    kept = (s for s in signs if s.isspace() or unicodedata.category(s) not in ("Mn", "Cf", "Cc"))
    return " ".join("".join(kept).split()).casefold()


def decode(data: bytes) -> str:
    """The text of an export; UTF-16 shows by its byte order mark or its zeros."""
    if len(data) > LARGEST:
        raise DataError(f"it is larger than {LARGEST >> 20} MB; export fewer days")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif 0 in data[:2]:
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start + 1} is not {encoding.removesuffix('-sig').upper()}; save it as CSV"
            " UTF-8, or use the file as it was downloaded"
        ) from error


def read_rows(text: str) -> Iterable[tuple[int, list[str]]]:
    """(line number, cells) of the lines that are not blank.

    The separator is that of a first line `sep=`, else the one by which most headings are
        understood.
    """
    text = text.lstrip("\ufeff\r\n")
    first, _, rest = text.partition("\n")
    skipped = 0
    if named := re.fullmatch(r'"?sep=(.)"?[,;\t]*\s*', first, re.IGNORECASE):
        delimiter, text, skipped = named[1], rest, 1
    else:
        delimiter = max(
            ",;\t",
            key=lambda sign: (
                sum(plain(cell.strip('"')) in IMPERSONAL for cell in first.split(sign)),
                first.count(sign),
            ),
        )
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        yield from (
            (reader.line_num + skipped, cells)
            for cells in reader
            if any(cell.strip() for cell in cells)
        )
    except csv.Error as error:
        raise DataError(
            f"line {reader.line_num + skipped} is not CSV ({error}); use the file as it was"
            " downloaded"
        ) from error


def _dates(rows: list[tuple[int, dict[str, str]]]) -> dict[str, list[date]]:
    """The day of each row, in every order of day, month and year that all rows fit."""
    parts = []
    for number, row in rows:
        match = _DATE.fullmatch(row["day"])
        if not match:
            raise DataError(
                f"line {number}: {row['day'][:LONGEST]!r} is no date; write dates as 2026-10-31"
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


def _decimals(
    rows: list[tuple[int, dict[str, str]]], figures: tuple[str, ...], decimals: int
) -> list[dict[str, Decimal]]:
    """The amounts of each row: all with a decimal point, or all with a decimal comma."""
    read, wrong = {}, ""
    for point in ".,":
        try:
            read[point] = [
                {
                    name: _amount(row[name], point, decimals, f"line {number}, {name}")
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
        raise DataError(f"{where}: {text[:LONGEST]!r} is no amount; correct that cell")
    digits = "".join(groups) + (f".{fraction}" if fraction else "")
    if not _PLAIN.fullmatch(digits) or len(fraction.rstrip("0")) > decimals or len(digits) > 18:
        raise DataError(
            f"{where}: {text[:LONGEST]!r} is no amount with {decimals} decimals; correct that cell,"
            " or [shop] currency and currency_decimals in luigi.cfg"
        )
    return -Decimal(digits) if negative else Decimal(digits)


def _lines(
    rows: list[tuple[int, dict[str, str]]],
    figures: tuple[str, ...],
    days: list[date],
    amounts: list[dict[str, Decimal]],
) -> list[ExportLine]:
    """Rows with signs by the receipt's type, not by the export's own signs."""
    lines = []
    for (number, row), day, amounts_of in zip(rows, days, amounts, strict=True):
        kind = row.get("type")
        cancelled = plain(row.get("status", "")).startswith(("cancel", "anul"))
        if kind is not None and plain(kind) not in SALES + REFUNDS:
            raise DataError(
                f"line {number}: {kind[:LONGEST]!r} is neither a sale nor a refund; export it again"
                " in English or Spanish"
            )
        if kind is not None and not row["number"]:
            raise DataError(f"line {number}: no receipt number; export it again, do not edit it")
        if cancelled:
            amounts_of = dict.fromkeys(figures, Decimal(0))
        elif kind and plain(kind) in REFUNDS:
            amounts_of = {name: -abs(amount) for name, amount in amounts_of.items()}
        lines.append(ExportLine(day, row.get("number", ""), row.get("store", ""), amounts_of))
    return lines


def _single(lines: list[ExportLine]) -> list[ExportLine]:
    names = Counter(line.number or str(line.day) for line in lines)
    if twice := [name for name, times in names.items() if times > 1]:
        raise DataError(
            f"{twice[0][:LONGEST]} stands twice; export it again, and do not join files"
        )
    return lines


def _added(lines: list[ExportLine]) -> list[ExportLine]:
    """Item lines added up to their receipts."""
    receipts: dict[str, ExportLine] = {}
    for line in lines:
        zeros = dict.fromkeys(line.amounts, Decimal(0))
        receipt = receipts.setdefault(
            line.number, ExportLine(line.day, line.number, line.store, zeros)
        )
        for name, amount in line.amounts.items():
            receipt.amounts[name] += amount
    return list(receipts.values())
