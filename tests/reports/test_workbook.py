"""The workbook of a report holds the values of the page, as numbers."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from reports.compose import compose_cumulative, compose_monthly
from reports.document import Document
from reports.localizer import Localizer
from reports.render.outline import tables
from reports.render.workbook import workbook
from reports.sections.lineage_table import lineage_table
from reports.values import Count, Money, Percent, Points, Text
from tests.reports.shop import Shop, summaries
from tests.support.workbook import sheets

MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]


def pages() -> list[Document]:
    content = summaries(Shop(), MONTHS)
    return [
        compose(MONTHS[-1], content, through=None, lake_decimals=2, lineage={})
        for compose in (compose_monthly, compose_cumulative)
    ]


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
def test_each_amount_count_and_share_is_that_of_the_page(locale: str) -> None:
    compared = dict.fromkeys((Money, Count, Percent), 0)
    for document in pages():
        localizer = Localizer(
            locale, document.lake_decimals, document.currencies, document.decimals
        )
        book = sheets(workbook(document, localizer))
        assert list(book) == [name[:31] for name, _, _ in tables(document)]
        for rows, (name, _, table) in zip(book.values(), tables(document), strict=True):
            assert rows[0] == [localizer.format(column.heading) for column in table.columns], name
            assert len(rows) == len(table.rows) + 1, name
            for cells, row in zip(rows[1:], table.rows, strict=True):
                for cell, value in zip(cells, row, strict=True):
                    match value:
                        case Money(units, _):
                            expected = float(Decimal(units) / 100)
                        case Count(number):
                            expected = number
                        case Percent(part, base) if base:
                            expected = pytest.approx(part / base)
                        case _:
                            continue
                    assert cell == expected, (name, cell, value)
                    compared[type(value)] += 1
    assert min(compared.values()) > 100


def test_a_difference_of_shares_has_its_unit() -> None:
    document = pages()[0]
    book = openpyxl.load_workbook(io.BytesIO(workbook(document, Localizer("en_US", 2))))
    formats = {
        sheet.cell(number, index).number_format
        for sheet, (_, _, table) in zip(book, tables(document), strict=True)
        for number, row in enumerate(table.rows, 4)
        for index, value in enumerate(row, 1)
        if isinstance(value, Points)
    }
    assert formats == {'+0.0" pp";-0.0" pp";0.0" pp"'}


def test_each_input_of_a_report_is_named_in_words() -> None:
    kinds = ("summary", "customers", "shifts", "backoffice", "outside")
    rows = lineage_table({"inputs": {f"{kind}/2026-10": "0" for kind in kinds}}).rows
    rows += lineage_table({"inputs": {"version history": "0"}}).rows  # of the cumulative report
    assert len(rows) == len(kinds) + 1 and all(isinstance(name, Text) for name, _ in rows)


def test_the_digest_of_each_input_is_in_the_workbook() -> None:
    inputs = {f"summary/{2023 + n // 12}-{n % 12 + 1:02d}": f"{n:016x}" for n in range(30)}
    content = summaries(Shop(), MONTHS)
    document = compose_monthly(MONTHS[-1], content, lake_decimals=2, lineage={"inputs": inputs})
    rows = sheets(workbook(document, Localizer("en_US", 2)))["origin"]
    assert sorted(digest for _, digest in rows[1:]) == sorted(inputs.values())
