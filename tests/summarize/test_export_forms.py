"""Laws of the forms of an export: headings, separators and encodings do not change what it says;
days on which nothing was sold are no difference; the lake decides the order of day and month.
"""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.summarize.compare_exports import compare
from pipeline.summarize.export_days import choose_reading
from pipeline.summarize.export_text import read_rows
from pipeline.summarize.lake_lines import LakeLine, LakeLines, LakeSide
from tests.summarize.export_csv import read_export_text

HEAD = (
    "Fecha",
    "Número de recibo",
    "Tipo de recibo",
    "Ventas brutas",
    "Descuentos",
    "Ventas netas",
)
ZERO = Decimal(0)


def amounts(gross: Decimal) -> dict[str, Decimal]:
    """All figures of a receipt, or of a day, without discounts and taxes."""
    return {
        "gross_sales": gross,
        "discounts": ZERO,
        "refunds": ZERO,
        "net_sales": gross,
        "taxes": ZERO,
        "collected": gross,
    }


def lake_of(receipts: dict[str, tuple[date, int]]) -> LakeLines:
    """Lines of the lake: day and amount by receipt number."""
    return {
        number: (LakeLine(day, number, "store", amounts(Decimal(amount))), "USD")
        for number, (day, amount) in receipts.items()
    }


def receipts_csv(receipts: dict[str, tuple[date, int]], form: str) -> bytes:
    rows = ["Date,Receipt number,Receipt type,Gross sales,Discounts,Net sales"]
    rows += [
        f"{day.strftime(form)},{number},Sale,{amount}.00,0.00,{amount}.00"
        for number, (day, amount) in receipts.items()
    ]
    return "\n".join(rows).encode()


def summary_csv(days: dict[date, int], form: str = "%Y-%m-%d") -> bytes:
    rows = ["Date,Gross sales,Refunds,Discounts,Net sales"]
    rows += [f"{d.strftime(form)},{n}.00,0.00,0.00,{n}.00" for d, n in days.items()]
    return "\n".join(rows).encode()


def compared(body: bytes, ours: LakeLines, first: date, last: date) -> dict[str, list[dict]]:
    export = read_export_text(body, 2)
    rows: dict[str, list[dict]] = {
        "export_files": [],
        "export_differences": [],
        "export_totals": [],
    }
    lines = choose_reading(export, ours, first, last)
    compare("export.csv", export, lines, LakeSide(ours, {}), (first, last), "USD", rows)
    return rows


def decorated(heading: str, how: int) -> str:
    """`heading` as spreadsheets and keyboards change it."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", heading) if not unicodedata.combining(c)
    )
    return [
        heading,
        bare,
        heading.upper(),
        bare.lower(),
        f"\u00a0{heading} ",
        heading.replace(" ", "\u00a0"),
        unicodedata.normalize("NFD", heading),
        f"\u200b{heading}\u200e",
        heading.replace(" ", "  "),
    ][how]


@settings(max_examples=60)
@given(
    how=st.lists(st.integers(0, 8), min_size=6, max_size=6),
    extra=st.lists(st.sampled_from(["Estatus de pago", "Mesa", "Notas", "", "列"]), max_size=3),
    separator=st.sampled_from([",", ";", "\t"]),
    named=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_headings_separator_and_encoding_do_not_change_an_export(
    how, extra, separator, named, encoding, newline
):
    headings = [decorated(*pair) for pair in zip(HEAD, how, strict=True)] + extra
    row = ["31/10/2026 11:56 p. m.", "1-1", "VENTA", "12.50", "0.00", "12.50"]
    text = [f"sep={separator}"] * named + [
        separator.join(headings),
        separator.join(row + ["x" if heading else "" for heading in extra]),
    ]
    export = read_export_text((newline.join(text) + newline).encode(encoding), 2)
    (lines,) = export.readings.values()
    assert [(line.day, line.number, line.amounts["net_sales"]) for line in lines] == [
        (date(2026, 10, 31), "1-1", Decimal("12.50"))
    ]


@settings(max_examples=60)
@given(
    sales=st.dictionaries(st.integers(1, 31), st.integers(0, 5), max_size=12),
    rows=st.dictionaries(st.integers(1, 31), st.integers(0, 5), min_size=1, max_size=12),
)
def test_a_row_of_zeros_differs_only_where_the_lake_has_sales(sales, rows):
    first, last = date(2026, 10, 1), date(2026, 10, 31)
    ours = lake_of({f"1-{day}": (first.replace(day=day), n) for day, n in sales.items() if n})
    result = compared(
        summary_csv({first.replace(day=d): n for d, n in rows.items()}), ours, first, last
    )
    spent = {d: n for d, n in sales.items() if n and min(rows) <= d <= max(rows)}
    differing = {d for d in {*rows, *spent} if rows.get(d, 0) != spent.get(d, 0)}
    (file,) = result["export_files"]
    assert file["differing"] == len(differing)
    assert {row["day"].day for row in result["export_differences"]} == differing
    assert file["difference"] == sum(abs(rows.get(d, 0) - spent.get(d, 0)) for d in differing)


SHORT = st.dates(date(2026, 1, 1), date(2026, 12, 12)).filter(lambda day: day.day <= 12)


@settings(max_examples=120)
@given(
    days=st.lists(SHORT, min_size=1, max_size=6, unique=True),
    missing=st.integers(0, 5),
    form=st.sampled_from(["%d/%m/%Y", "%-m/%-d/%y", "%d.%m.%y", "%m/%d/%Y"]),
    month=st.integers(1, 12),
    summary=st.booleans(),
)
def test_the_order_of_day_and_month_is_the_lakes_or_refused(days, missing, form, month, summary):
    """In no month is a receipt compared on another day than its own, whatever the form."""
    days = sorted(days)
    receipts = {f"1-{100 + n}": (day, 10 + n) for n, day in enumerate(days)}
    first = date(2026, month, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    before = (first - timedelta(days=1)).replace(day=1)
    names = {k: v for k, v in list(receipts.items())[missing:] if before <= v[0] <= last}
    body = summary_csv(dict(receipts.values()), form) if summary else receipts_csv(receipts, form)
    try:
        lines = choose_reading(read_export_text(body, 2), lake_of(names), first, last)
    except DataError as error:
        assert "day/month or month/day" in str(error) and "2026-10-31" in str(error)
        assert not any(before <= day <= last and day.day != day.month for day, _ in names.values())
        return
    wrong = [line for line in lines if line.day not in days]
    assert not wrong, "days of the wrong order"
    inside = {day for day in days if first <= day <= last}
    assert not lines or inside == {line.day for line in lines if first <= line.day <= last}


def test_receipts_that_the_lake_lacks_do_not_hide_the_order():
    """The neighbours of a missing receipt tell its day: a register's numbers only ever rise."""
    ours = lake_of({f"1-{n}": (date(2026, 10, n), 10) for n in range(1, 32)})
    export = read_export_text(receipts_csv({"1-40": (date(2026, 11, 10), 10)}, "%m/%d/%Y"), 2)
    (line,) = choose_reading(export, ours, date(2026, 10, 1), date(2026, 10, 31))
    assert line.day == date(2026, 11, 10)
    strange = read_export_text(receipts_csv({"7-40": (date(2026, 11, 10), 10)}, "%m/%d/%Y"), 2)
    with pytest.raises(DataError, match=r"2026-10-11 or 2026-11-10.*export more"):
        choose_reading(strange, ours, date(2026, 10, 1), date(2026, 10, 31))
    assert choose_reading(strange, ours, date(2026, 8, 1), date(2026, 8, 31)) == ()


def test_two_orders_that_both_have_receipts_are_refused():
    ours = lake_of({"1-1": (date(2026, 10, 11), 10), "1-2": (date(2026, 12, 10), 10)})
    body = (
        receipts_csv({"1-1": (date(2026, 10, 11), 10)}, "%d/%m/%Y")
        + b"\n12/10/2026,1-2,Sale,10,0,10"
    )
    with pytest.raises(DataError, match="the lake's receipts do not tell which"):
        choose_reading(read_export_text(body, 2), ours, date(2026, 10, 1), date(2026, 10, 31))


@pytest.mark.parametrize("month", range(1, 13))
def test_a_day_that_is_the_same_in_both_orders_needs_no_decision(month):
    day = date(2026, month, month)
    assert len(read_export_text(receipts_csv({"1-1": (day, 10)}, "%d/%m/%Y"), 2).readings) == 1


def test_lines_are_counted_from_the_first_of_the_file() -> None:
    rows = list(read_rows("\n\nsep=;\na;b\n\n1;2\n", frozenset({"a", "b"})))
    assert rows == [(4, ["a", "b"]), (6, ["1", "2"])]
