"""tables.xlsx: a sheet for every table of a report, with all of its rows.

Amounts, counts and shares are numbers with their formats, days are dates, names are text that no
spreadsheet takes for a formula. The heading row stays in sight and can be filtered. The same tables
give the same bytes: no clock is read.
"""

from __future__ import annotations

import io
import sys
from datetime import datetime
from decimal import Decimal
from functools import cache

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reports.document import Document, Table
from reports.escape import bounded, visible
from reports.localizer import Localizer
from reports.render.outline import heading, tables
from reports.values import (
    QUANTITY_UNIT,
    Count,
    Day,
    Money,
    Month,
    Name,
    Percent,
    Points,
    Quantity,
    Rate,
    Value,
)

LONGEST_NAME = 31
"""Characters that a sheet's name may have."""
WIDEST = 48
_POINTS = '+0.0" pp";-0.0" pp";0.0" pp"'
TOP = 3
"""Rows above the data: title, a blank one, headings."""
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  # the format has no time zone


def workbook(document: Document, localizer: Localizer) -> bytes:
    """The workbook of `document`."""
    out = io.BytesIO()
    book = Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": localizer.format(heading(document)), "created": CREATED})
    writer = _Writer(book, localizer)
    for name, _, table in tables(document):
        writer.add(name, table)
    if not book.worksheets():
        book.add_worksheet("–").write_string(0, 0, localizer.format(heading(document)))
    book.close()
    return out.getvalue()


class _Writer:
    """Writes tables into one book; formats are shared."""

    def __init__(self, book: Workbook, localizer: Localizer):
        self.book, self.localizer = book, localizer
        self.formats: dict[tuple[str, bool], Format] = {}
        self.title = book.add_format({"bold": True, "font_size": 13})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.names: set[str] = set()

    def add(self, name: str, table: Table) -> None:
        """One sheet: the title, the headings, the rows."""
        sheet: Worksheet = self.book.add_worksheet(self._sheet_name(name))
        sheet.write_string(0, 0, self.localizer.format(table.title), self.title)
        widths = []
        for index, column in enumerate(table.columns):
            content = self.localizer.format(column.heading)
            sheet.write_string(TOP - 1, index, content, self.head)
            widths.append(min(len(content), 16))
        for number, row in enumerate(table.rows):
            for index, value in enumerate(row):
                long = self._cell(sheet, number + TOP, index, value, number in table.strong)
                widths[index] = max(widths[index], long)
        for index, width in enumerate(widths):
            sheet.set_column(index, index, min(width + 2, WIDEST))
        sheet.freeze_panes(TOP, 1)
        if table.is_sortable:
            last = TOP + len(table.rows) - 1 - len(table.strong)
            sheet.autofilter(TOP - 1, 0, last, len(table.columns) - 1)

    def _sheet_name(self, name: str) -> str:
        short = name[:LONGEST_NAME]
        number = 2
        while short in self.names:
            short = f"{name[: LONGEST_NAME - 3]}-{number}"
            number += 1
        self.names.add(short)
        return short

    def _cell(self, sheet: Worksheet, row: int, index: int, value: Value, strong: bool) -> int:
        """Writes one cell and returns how many characters it takes."""
        match value:
            case None:
                return 1
            case Money(units, currency):
                lake = self.localizer.lake_decimals
                decimals = min(self.localizer.decimals.get(currency, lake), lake)
                self._number(sheet, row, index, units / 10**lake, _digits(decimals), strong)
            case Count(number):
                self._number(sheet, row, index, number, _digits(0), strong)
            case Quantity(units):
                shown = _digits(0) if units % QUANTITY_UNIT == 0 else "#,##0.0###"
                self._number(sheet, row, index, units / QUANTITY_UNIT, shown, strong)
            case Rate(part, base, decimals) if base:
                self._number(sheet, row, index, part / base, _digits(decimals), strong)
            case Percent(part, base) if base:
                self._number(sheet, row, index, part / base, "0.0%", strong)
            case Points(now, now_total, before, before_total) if now_total and before_total:
                points = Decimal(now * 100) / now_total - Decimal(before * 100) / before_total
                self._number(sheet, row, index, float(points), _POINTS, strong)
            case Day(day):
                sheet.write_datetime(row, index, _midnight(day), self._format("yyyy-mm-dd", strong))
            case Month(day):
                sheet.write_datetime(row, index, _midnight(day), self._format("mmm yyyy", strong))
            case _:
                content = (
                    bounded(visible(value.text, sys.maxsize))
                    if isinstance(value, Name)
                    else self.localizer.format(value)
                )
                if content:
                    sheet.write_string(row, index, content, self._format("@", strong))
                return max(len(content), 1)
        return len(self.localizer.format(value))

    def _number(
        self, sheet: Worksheet, row: int, index: int, number: float, shown: str, strong: bool
    ) -> None:
        sheet.write_number(row, index, number, self._format(shown, strong))

    def _format(self, shown: str, strong: bool) -> Format:
        if (shown, strong) not in self.formats:
            self.formats[shown, strong] = self.book.add_format(
                {"num_format": shown, "bold": strong}
            )
        return self.formats[shown, strong]


@cache
def _digits(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _midnight(day: object) -> datetime:
    return datetime(day.year, day.month, day.day)  # type: ignore[attr-defined]  # noqa: DTZ001
