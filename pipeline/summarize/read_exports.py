"""Parser of the POS's own CSV exports: the amounts of each receipt or each day.

Takes the bytes of an export as the POS writes it, or as a spreadsheet saved it again: UTF-8 or
UTF-16, a `sep=` line, comma, semicolon or tab, headings with or without accents, 1,234.50 or
1.234,50, any order of day and month; and the forms of export that are known, of which the form with
the most of the file's headings is taken. Returns an Export with one ExportLine a receipt (item
lines are added up) or, of a summary, a day; amounts are exact Decimals, refunds negative, those of
a cancelled receipt 0. Columns that no figure needs are dropped, personal data among them. Where a
date may be day/month or month/day, both readings are returned and the caller decides. Raises
DataError: what is wrong, where, what to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pipeline.errors import DataError
from pipeline.pos.source import ExportForm, ExportKind
from pipeline.summarize.export_cells import MAX_QUOTED, CellRows, read_amounts, read_dates
from pipeline.summarize.export_text import decode, normalize_heading, read_rows

MAX_NAMED = 8  # headings that a message quotes
MONEY = (
    "gross_sales",
    "discounts",
    "refunds",
    "net_sales",
    "surcharges",
    "gift_cards",
    "taxes",
    "item_taxes",
    "tips",
    "collected",
)
_WORDS = ("type", "status", "timezone", "item_kind")
"""Columns whose cells are compared as `normalize_heading` writes them."""


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
    orders are possible and give other days. `timezone` is the zone of its days, None where it names
    none, several or an unknown one.
    """

    form: ExportForm
    kind: ExportKind
    figures: tuple[str, ...]
    readings: dict[str, tuple[ExportLine, ...]]
    timezone: str | None = None


def read_export(data: bytes, decimals: int, forms: Sequence[ExportForm]) -> Export:
    """The export in `data`, whose currency has the given decimals. Raises DataError."""
    table = list(read_rows(decode(data), impersonal(forms)))
    if not table:
        raise DataError("it is empty")
    cells = table[0][1]
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    headings = [normalize_heading(cell) for cell in cells]
    form = _form_of(headings, forms)
    by_heading = {heading: name for name, each in form.columns.items() for heading in each}
    names = [by_heading.get(heading, "") for heading in headings]
    kind: ExportKind = "receipts"
    if form.item & set(headings):
        kind = "items"
    elif "number" not in names and "summary" in form.needed:
        kind = "summary"
    _check_headings(names, cells, kind, form)
    rows = _cells(table[1:], names)
    amounts = read_amounts(
        rows,
        tuple(name for name in form.money if name in names),
        decimals,
        blank_is_zero=form.blank_is_zero,
    )
    signed = [
        _signed(number, row, each, kind, form)
        for (number, row), each in zip(rows, amounts, strict=True)
    ]
    merge = _summed if kind in form.summed else _single
    zones = {normalize_heading(row["timezone"]) for _, row in rows if row.get("timezone")}
    return Export(
        form,
        kind,
        tuple(name for name in MONEY if any(name in each for each in signed[:1])),
        {
            order: tuple(
                merge(
                    [
                        ExportLine(day, row.get("number", ""), row.get("store", ""), dict(each))
                        for (_, row), day, each in zip(rows, days, signed, strict=True)
                    ]
                )
            )
            for order, days in read_dates(rows).items()
        },
        form.timezones.get(next(iter(zones))) if len(zones) == 1 else None,
    )


def impersonal(forms: Sequence[ExportForm]) -> frozenset[str]:
    """Headings of columns that say nothing about a customer; an unknown one may."""
    return frozenset().union(*map(_known, forms))


def _known(form: ExportForm) -> frozenset[str]:
    """All headings of a form."""
    return form.item | form.impersonal | {name for each in form.columns.values() for name in each}


def _form_of(headings: list[str], forms: Sequence[ExportForm]) -> ExportForm:
    """The form that has the most of the headings."""
    counts = [len(_known(form) & set(headings)) for form in forms]
    if not any(counts) and len(forms) > 1:
        remedies = "; or ".join(form.remedy for form in forms)
        raise DataError(f"its headings are those of no known export; export {remedies}")
    return forms[counts.index(max(counts))]


def _cells(table: list[tuple[int, list[str]]], names: list[str]) -> CellRows:
    """The rows with the cells of the columns that are read."""
    width = len(names)
    rows: CellRows = []
    for number, cells in table:
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            raise DataError(
                f"line {number} has {len(cells)} cells and the headings have {width}; export it"
                " again, and do not edit it"
            )
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        rows.append((number, row))
    return rows


def _check_headings(
    names: list[str], headings: list[str], kind: ExportKind, form: ExportForm
) -> None:
    """Refuse an export in which a column that is needed is missing or occurs twice."""
    if missing := sorted(form.needed[kind] - set(names)):
        others = [
            heading.strip()[:MAX_QUOTED]
            for heading in headings
            if heading.strip() and normalize_heading(heading) not in _known(form)
        ]
        unread = f" (not understood: {', '.join(map(repr, others[:MAX_NAMED]))})" if others else ""
        raise DataError(
            "it has no column for"
            f" {', '.join(repr(' or '.join(form.columns[name])) for name in missing)}"
            f"{unread if len(set(names)) > 2 else ''}; export {form.remedy}"
        )
    if twice := [name for name, times in Counter(filter(None, names)).items() if times > 1]:
        raise DataError(f"it has two columns for {', '.join(twice)}; remove one of them")


def _signed(
    number: int,
    row: Mapping[str, str],
    amounts: dict[str, Decimal],
    kind: ExportKind,
    form: ExportForm,
) -> dict[str, Decimal]:
    """The figures of a row with the lake's signs; those of a cancelled receipt are 0."""
    words = {name: normalize_heading(row[name]) for name in _WORDS if name in row}
    event = words.get("type")
    figures = form.row(words, amounts, kind)
    if event is not None and event not in form.sales + form.refunds:
        raise DataError(
            f"line {number}: {row['type'][:MAX_QUOTED]!r} is neither a sale nor a refund; export"
            f" {form.remedy}"
        )
    if event is not None and not row["number"]:
        raise DataError(f"line {number}: no receipt number; export it again, do not edit it")
    if words.get("status", "").startswith(form.cancelled):
        return dict.fromkeys(figures, Decimal(0))
    return figures


def _single(lines: list[ExportLine]) -> list[ExportLine]:
    names = Counter(line.number or str(line.day) for line in lines)
    if twice := [name for name, times in names.items() if times > 1]:
        raise DataError(
            f"{twice[0][:MAX_QUOTED]} occurs twice; export it again, and do not join files"
        )
    return lines


def _summed(lines: list[ExportLine]) -> list[ExportLine]:
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
