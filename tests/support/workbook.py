"""The content of a report's tables.xlsx, as another program reads it."""

from __future__ import annotations

import io

TOP = 3
"""The row that has the headings."""


def sheets(body: bytes) -> dict[str, list[list[object]]]:
    """Rows of each sheet by its name, the headings first."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(body))
    return {
        sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows(min_row=TOP)]
        for sheet in book
    }
