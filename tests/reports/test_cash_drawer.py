"""Cash over and short: the section and the daily message state what the shifts hold."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

import reports
from pipeline import schema
from reports.compose import compose_monthly
from reports.figures import Figures
from reports.localizer import Localizer
from reports.sections.cash_drawer import cash_drawer
from reports.version_context import figures_by_section
from tests.reports.shop import drawers

MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]
SEPTEMBER = MONTHS[-1]


@pytest.fixture(scope="module")
def tables(shop, make_summaries):
    return make_summaries(shop(receipts=2), MONTHS)


def section_of(tables, shifts: pa.Table):
    return cash_drawer(Figures(SEPTEMBER, None, "MXN", tables, shift_table=shifts))


def units(rows: list[dict], name: str) -> int:
    return sum(int(row[name] * 100) for row in rows)


@pytest.mark.parametrize("miscount", [2, 7, 10**6])
def test_the_section_is_the_sum_of_its_shifts(shop, tables, miscount):
    shifts = drawers(shop(), SEPTEMBER, miscount=miscount)
    rows, section = shifts.to_pylist(), section_of(tables, shifts)
    figures = {name: getattr(value, "units", value) for name, value in section.figures.items()}
    assert figures["shifts"] == figures["counted_shifts"] == len(rows)
    for name, column in (
        ("expected", "expected_cash"),
        ("counted", "counted_cash"),
        ("difference", "difference"),
        ("paid_out", "paid_out"),
    ):
        assert figures[name] == units(rows, column)
    assert figures["counted"] - figures["expected"] == figures["over"] - figures["short"]
    by_store, *odd, by_shift = section.tables
    assert [row[2].units for table in odd for row in table.rows] == [
        row[3].units for row in by_shift.rows if row[3].units
    ]
    total = [cell.units for cell in by_store.rows[-1][2:]]
    for place, amount in enumerate(total, 2):
        assert sum(row[place].units for row in by_store.rows[:-1]) == amount
    differences = [row[3].units for row in by_shift.rows]
    assert sum(differences) == figures["difference"] and len(differences) == len(rows)
    assert [abs(d) for d in differences] == sorted(map(abs, differences), reverse=True)


def test_a_shift_without_a_count_is_unknown_and_not_zero(shop, tables):
    rows = drawers(shop(), SEPTEMBER).to_pylist()
    rows[0] |= {"counted_cash": None, "difference": None}
    rows[1] |= dict.fromkeys(
        ("counted_cash", "difference", "closed_at", "closed_day", "closed_at_local", "closed_by")
    )
    shifts = pa.Table.from_pylist(rows, schema=schema.arrow(schema.SHIFTS, 2))
    section = section_of(tables, shifts)
    assert section.figures["counted_shifts"] == len(rows) - 2
    assert section.figures["expected"].units == units(rows[2:], "expected_cash")
    assert [row[3] for row in section.tables[-1].rows[-2:]] == [None, None]
    localizer = Localizer("en_US", 2, ("MXN",))
    printed = " ".join(localizer.format(sentence) for sentence in section.sentences)
    assert (
        "1 shift was closed without a count" in printed and "1 shift is not closed yet" in printed
    )
    assert "Days with sales on which no shift was closed: Sep 1 at Roma Norte" in printed


def test_a_shift_over_midnight_closes_both_of_its_days(shop, tables):
    rows = drawers(shop(), SEPTEMBER).to_pylist()
    shifts = rows[2:4] + rows[6:]
    assert "Sep 1" in str_of(section_of(tables, of(shifts)))
    first, last = rows[2], rows[4]
    shifts[0] = {**first, "business_day": date(2025, 9, 1), "closed_day": date(2025, 9, 4)}
    assert last["business_day"] == date(2025, 9, 4)
    assert "Centro" not in str_of(section_of(tables, of(shifts)).sentences[-1:])


def test_a_shift_over_the_end_of_a_month_closes_the_first_day_and_is_in_no_sum(shop, tables):
    rows = drawers(shop(), SEPTEMBER).to_pylist()
    first = rows.pop(0)
    assert first["business_day"] == SEPTEMBER
    alone = section_of(tables, of(rows))
    assert "Sep 1 at Centro" in str_of(alone)
    before = {**first, "business_day": date(2025, 8, 31), "shift_id": "august"}
    with_august = section_of(tables, of([before, *rows]))
    assert "Sep 1 at Centro" not in str_of(with_august)
    assert with_august.figures == alone.figures
    still_open = dict.fromkeys(("closed_at", "closed_day", "closed_at_local", "counted_cash"))
    assert str_of(section_of(tables, of([{**before, **still_open}, *rows]))) == str_of(alone)


def test_a_store_with_shifts_and_no_sales_has_its_name(shop, tables):
    shifts = drawers(shop(), SEPTEMBER, miscount=2)
    month = tables[SEPTEMBER]
    keep = [store != "s2" for store in month["days"]["store_id"].to_pylist()]
    quiet = tables | {SEPTEMBER: month | {"days": month["days"].filter(keep)}}
    by_store, *_ = section_of(quiet, shifts).tables
    assert "Roma Norte" in {row[0].text for row in by_store.rows[:-1]}


def of(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema.arrow(schema.SHIFTS, 2))


def str_of(section) -> str:
    sentences = getattr(section, "sentences", section)
    return " ".join(Localizer("en_US", 2, ("MXN",)).format(sentence) for sentence in sentences)


@pytest.mark.parametrize("shifts", [None, schema.empty(schema.SHIFTS, 2)])
def test_without_shifts_the_report_is_as_if_there_were_no_such_section(tables, shifts):
    document = compose_monthly(
        SEPTEMBER, tables, through=None, lake_decimals=2, lineage={"version": 1}, shifts=shifts
    )
    assert "cash_drawer" not in figures_by_section(document.sections)
    assert "cash_drawer" not in {
        section.key for section in (*document.shown_sections, *document.empty_sections)
    }


@pytest.mark.parametrize(("locale", "words"), [("en_US", "short"), ("es_MX", "faltan")])
def test_the_daily_message_has_a_line_about_what_was_counted(shop, tables, locale, words):
    rows = drawers(shop(), SEPTEMBER, miscount=1).to_pylist()
    day = date(2025, 9, 20)
    off = sum((row["difference"] for row in rows if row["business_day"] == day), Decimal(0))
    assert off < 0
    data = reports.closing_message(
        "daily", day, tables, locale=locale, lake_decimals=2, shifts=of(rows)
    )
    (printed,) = (
        section["sentences"]
        for section in json.loads(data)["sections"]
        if section["title"][0][0] in ("Cash drawer", "Efectivo en caja")
    )
    text = "".join(piece for piece, _ in printed[0])
    assert words in text and f"${-off:,.2f}" in text
    weekly = reports.closing_message(
        "weekly", day, tables, locale=locale, lake_decimals=2, shifts=of(rows)
    )
    assert json.loads(weekly) == json.loads(
        reports.closing_message("weekly", day, tables, locale=locale, lake_decimals=2)
    )
