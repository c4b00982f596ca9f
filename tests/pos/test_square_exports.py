"""The Dashboard's CSV exports as a control of a lake that was filled through Square's API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.errors import DataError
from pipeline.pos import export_forms
from pipeline.simulator import Shop
from pipeline.simulator.square import SquareShop
from pipeline.summarize.compare_exports import compare_exports
from pipeline.summarize.read_exports import Export, ExportLine, read_export
from tests.pos.two_apis import instant, read, serving
from tests.support.square_events import EventShop
from tests.support.square_exports import (
    ITEMS,
    TRANSACTIONS,
    Clock,
    Style,
    items_csv,
    transactions_csv,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "square"
DAYS = date(2026, 10, 1), date(2026, 10, 7)
NOW = instant("2026-10-12")
WRITERS = {"receipts": transactions_csv, "items": items_csv}
Row = dict[str, str]
Tables = dict[str, list[dict[str, Any]]]


class Filled(NamedTuple):
    """A shop on Square, and the tables of a lake that was filled from its API."""

    shop: SquareShop
    tables: dict[str, pa.Table]
    body: bytes

    def compare(self, body: bytes, days: tuple[date, date] = DAYS) -> Tables:
        """The tables of the comparison with one export."""
        receipts, quarantine = [self.tables["receipts"]], [self.tables["quarantine"]]
        files = {"export.csv": lambda: body}
        result = compare_exports(*days, files, receipts, 2, "MXN", export_forms(), quarantine)
        for dataset in schema.BACKOFFICE:
            assert result[dataset.name].schema.equals(schema.arrow(dataset, 2), check_metadata=True)
        return {name: table.to_pylist() for name, table in result.items()}


@pytest.fixture(scope="module")
def filled() -> Filled:
    """A shop with all that only Square has: exchanges, gift cards, charges, offline sales."""
    shop = Shop(seed=11, opened=date(2026, 9, 27), receipts_per_day=20)
    with serving("square", shop, NOW, events=True) as source:
        reading = read(source, "square", instant("2026-09-27"), NOW)
    tables = reading.tables(DAYS[0] - timedelta(days=1), DAYS[1])
    square = EventShop(shop)
    return Filled(square, tables, transactions_csv(square, NOW, DAYS))


def rows_of(body: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def written(rows: list[Row], separator: str = ",", names: dict[str, str] | None = None) -> bytes:
    """Rows as an export, with other headings where `names` says so."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow([(names or {}).get(name, name) for name in rows[0]])
    writer.writerows(row.values() for row in rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    "style",
    [
        Style(),
        Style(net_has_charges=True),
        Style(without_inside_tax=True),
        Style(Clock("Pacific Time (US & Canada)", "America/Los_Angeles")),
    ],
    ids=["plain", "charges in net", "as in the US", "clock of another zone"],
)
def test_an_export_of_the_same_orders_ties_to_the_cent(
    filled: Filled, kind: str, style: Style
) -> None:
    body = WRITERS[kind](filled.shop, NOW, (DAYS[0], DAYS[1]), style)
    result = filled.compare(body)
    (file,) = result["export_files"]
    assert (file["kind"], file["differing"], file["difference"], file["problem"]) == (
        kind,
        0,
        0,
        None,
    )
    orders = {row["Transaction ID"] for row in rows_of(body)}
    assert file["compared"] == len(orders) > 100
    assert (file["first_day"], file["last_day"]) == DAYS and not result["export_differences"]


def test_the_days_compared_have_what_is_awkward(filled: Filled) -> None:
    rows = rows_of(filled.body)
    ids = [row["Transaction ID"] for row in rows]
    assert len(set(ids)) < len(ids), "an exchange has two rows of one order"
    for name in ("Service Charges", "Gift Card Sales", "Tip", "Discounts"):
        assert any(row[name] != "$0.00" for row in rows), name
    assert sum(row["Event Type"] == "Refund" for row in rows) > 5


def test_the_simulator_writes_the_headings_of_the_real_exports() -> None:
    real = json.loads((FIXTURES / "dashboard_headers.json").read_text())
    newest = {kind: list(real[kind].values()) for kind in ("transactions", "items_detail")}
    assert ",".join(TRANSACTIONS) == newest["transactions"][-1]
    assert ",".join(ITEMS) == newest["items_detail"][2]


class Planted(NamedTuple):
    """A difference: the rows without or with something, and how it must be named."""

    spoil: Callable[[list[Row]], tuple[list[Row], Row]]
    reason: str
    side: str | None


def _sale(rows: list[Row]) -> Row:
    """A plain sale of an order that has one row only."""
    ids = [row["Transaction ID"] for row in rows]
    return next(
        row
        for row in rows
        if row["Event Type"] == "Payment"
        and ids.count(row["Transaction ID"]) == 1
        and row["Net Sales"] not in ("$0.00", row["Tip"])
    )


def _refund(rows: list[Row]) -> Row:
    ids = [row["Transaction ID"] for row in rows]
    return next(
        row
        for row in rows
        if row["Event Type"] == "Refund" and ids.count(row["Transaction ID"]) == 1
    )


def _without(pick: Callable[[list[Row]], Row]) -> Callable[[list[Row]], tuple[list[Row], Row]]:
    return lambda rows: ([row for row in rows if row is not pick(rows)], pick(rows))


def _changed(rows: list[Row]) -> tuple[list[Row], Row]:
    sale = _sale(rows)
    more = dict.fromkeys(("Gross Sales", "Net Sales", "Total Collected"), "$9,999.00")
    return [row | more if row is sale else row for row in rows], sale


def _added(pick: Callable[[list[Row]], Row]) -> Callable[[list[Row]], tuple[list[Row], Row]]:
    def add(rows: list[Row]) -> tuple[list[Row], Row]:
        extra = pick(rows) | {"Transaction ID": "unheardOf"}
        return [*rows, extra], extra

    return add


PLANTED = {
    "the lake has an order more": Planted(_without(_sale), "receipt_not_in_export", "export"),
    "the lake has a refund more": Planted(_without(_refund), "refund_not_in_export", "export"),
    "the export has an order more": Planted(_added(_sale), "receipt_not_in_lake", "lake"),
    "the export has a refund more": Planted(_added(_refund), "refund_not_in_lake", "lake"),
    "another amount": Planted(_changed, "amount", None),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_kind_of_difference_is_named(filled: Filled, name: str) -> None:
    spoil, reason, side = PLANTED[name]
    rows, row = spoil(rows_of(filled.body))
    result = filled.compare(written(rows))
    assert result["export_files"][0]["differing"] == 1
    differences = result["export_differences"]
    assert {each["receipt_number"] for each in differences} == {row["Transaction ID"]}
    assert {each["reason"] for each in differences} == {reason} <= set(schema.EXPORT_REASONS)
    if side is None:
        assert {each["figure"] for each in differences} == {
            "gross_sales",
            "net_sales",
            "collected",
        }
    else:
        assert all(each[side] is None for each in differences)
    days = {each["day"] for each in differences}
    totals = result["export_totals"]
    off = {
        each["day"]
        for each in totals
        if each["figure"] == "net_sales" and each["export"] != each["lake"]
    }
    assert off == days and len(days) == 1


def test_an_order_in_quarantine_is_named_with_its_reason(filled: Filled) -> None:
    held = pa.table({"receipt_number": ["waits"], "reason": ["paid_not_closed"]})
    rows = rows_of(filled.body)
    body = written([*rows, _sale(rows) | {"Transaction ID": "waits"}])
    result = filled._replace(tables=filled.tables | {"quarantine": held}).compare(body)
    assert {(each["reason"], each["detail"]) for each in result["export_differences"]} == {
        ("quarantined", "paid_not_closed")
    }


SPANISH = {
    "Date": "Fecha",
    "Time Zone": "Zona horaria",
    "Gross Sales": "Ventas brutas",
    "Discounts": "Descuentos",
    "Service Charges": "Cargos por servicio",
    "Net Sales": "Ventas netas",
    "Gift Card Sales": "Ventas de tarjetas de regalo",
    "Tax": "Impuestos",
    "Tip": "Propina",
    "Partial Refunds": "Reembolsos parciales",
    "Total Collected": "Total cobrado",
    "Transaction ID": "ID de transacción",
    "Event Type": "TIPO DE EVENTO",
    "Location": "Ubicación",
}
FRENCH = SPANISH | {
    "Gross Sales": "Ventes brutes",
    "Discounts": "Remises",
    "Net Sales": "Ventes nettes",
    "Tax": "Taxe",
    "Transaction ID": "Identifiant de transaction",
    "Event Type": "Type d’événement",
}


def _parentheses(text: str) -> str:
    return f"({text.removeprefix('-')})" if text.startswith("-$") else text


def _europe(text: str) -> str:
    return text.replace(",", " ").replace(".", ",").replace("$", "€ ") if "$" in text else text


@pytest.mark.parametrize("names", [None, SPANISH, FRENCH], ids=["English", "Spanish", "French"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("separator", "cell"),
    [(",", _parentheses), (";", _europe), ("\t", lambda text: text.replace("$0.00", ""))],
    ids=["negative in parentheses", "decimal comma", "nothing for zero"],
)
def test_headings_signs_and_encodings_do_not_change_an_export(
    filled: Filled,
    names: dict[str, str] | None,
    encoding: str,
    separator: str,
    cell: Callable[[str], str],
) -> None:
    plain = filled.body
    rows = [{name: cell(text) for name, text in row.items()} for row in rows_of(plain)]
    other = written(rows, separator, names).decode().encode(encoding)
    assert amounts(other) == amounts(plain)


def amounts(body: bytes) -> dict[str, tuple[date, dict[str, Decimal]]]:
    export = read_export(body, 2, export_forms())
    (lines,) = export.readings.values()
    return {line.number: (line.day, line.amounts) for line in lines}


def rows_with(**cells: str) -> bytes:
    """An export of transactions of one row."""
    row = dict.fromkeys(TRANSACTIONS, "") | {
        "Date": "2024-08-24",
        "Time Zone": "Mountain Time (US & Canada)",
        "Transaction ID": "T1",
        "Event Type": "Payment",
    }
    return written([row | {name.replace("_", " "): text for name, text in cells.items()}])


def one_line(body: bytes) -> ExportLine:
    export: Export = read_export(body, 2, export_forms())
    ((line,),) = export.readings.values()
    assert export.timezone == "America/Denver"
    return line


def test_a_real_row_with_a_discount_and_cash_rounding() -> None:
    """1,658.53 and 82.93 of tax make 1,741.46; the buyer paid a cent less in cash."""
    line = one_line(
        rows_with(
            Gross_Sales="$1,842.81",
            Discounts="-$184.28",
            Service_Charges="$0.00",
            Net_Sales="$1,658.53",
            Tax="$82.93",
            Total_Collected="$1,741.45",
        )
    )
    assert {name: str(amount) for name, amount in line.amounts.items() if amount} == {
        "gross_sales": "1842.81",
        "discounts": "184.28",
        "net_sales": "1658.53",
        "taxes": "82.93",
        "collected": "1741.45",
    }


@pytest.mark.parametrize("sign", ["-", ""], ids=["negative", "positive"])
def test_a_refund_is_negative_whatever_sign_it_bears(sign: str) -> None:
    line = one_line(
        rows_with(
            Event_Type="Refund",
            Gross_Sales=f"{sign}$100.00",
            Discounts="$10.00" if sign else "-$10.00",
            Net_Sales=f"{sign}$90.00",
            Tax=f"{sign}$5.00",
            Total_Collected=f"{sign}$95.00",
        )
    )
    assert {name: int(amount) for name, amount in line.amounts.items() if amount} == {
        "gross_sales": -100,
        "discounts": -10,
        "net_sales": -90,
        "taxes": -5,
        "collected": -95,
    }


def test_a_total_that_is_less_a_partial_refund_is_the_total_of_the_sale() -> None:
    line = one_line(
        rows_with(
            Gross_Sales="$50.00",
            Net_Sales="$50.00",
            Tax="$4.00",
            Partial_Refunds="-$20.00",
            Total_Collected="$34.00",
        )
    )
    assert line.amounts["collected"] == 54


def test_the_real_export_of_items_is_read() -> None:
    body = (FIXTURES / "dashboard_items_sample.csv").read_bytes()
    export = read_export(body, 2, export_forms())
    (lines,) = export.readings.values()
    rows = rows_of(body)
    assert (export.kind, export.timezone) == ("items", "America/New_York")
    assert {line.number for line in lines} == {row["Transaction ID"] for row in rows}
    for line in lines:
        own = [row for row in rows if row["Transaction ID"] == line.number]
        net = sum(Decimal(row["Net Sales"].replace("$", "").replace(",", "")) for row in own)
        tax = sum(Decimal(row["Tax"].replace("$", "").replace(",", "")) for row in own)
        assert (line.amounts["net_sales"], line.amounts["item_taxes"]) == (net, tax)
        gross, discount = line.amounts["gross_sales"], line.amounts["discounts"]
        assert gross - discount == net
    assert any(line.amounts["net_sales"] < 0 for line in lines)
    assert any(line.amounts["discounts"] > 0 for line in lines)


@pytest.mark.parametrize("year", ["2022", "2024", "2026"])
@pytest.mark.parametrize("kind", ["transactions", "items_detail"])
def test_the_headings_of_every_year_are_understood(kind: str, year: str) -> None:
    real = json.loads((FIXTURES / "dashboard_headers.json").read_text())
    layouts = [text for name, text in real[kind].items() if name.startswith(year)]
    for headings in layouts:
        names = next(csv.reader([headings]))
        cells = {"Date": "2026-10-02", "Transaction ID": "T", "Event Type": "Payment"}
        line = ",".join(cells.get(name, "$1.00" if name in MONEY else "") for name in names)
        export = read_export(f"{headings}\n{line}\n".encode(), 2, export_forms())
        assert export.kind == ("items" if kind == "items_detail" else "receipts")
    assert layouts or (kind, year) == ("items_detail", "2022")


MONEY = ("Gross Sales", "Net Sales", "Tax", "Total Collected")


@pytest.mark.parametrize("layout", ["newer aggregate (id 20413671065)", "2024 (FA)"])
def test_an_export_without_orders_is_refused_with_what_to_export(layout: str) -> None:
    real = json.loads((FIXTURES / "dashboard_headers.json").read_text())
    headings = {**real["items_detail"], **real["item_sales_summary"]}
    text = real["item_sales_summary"].get(layout) or headings[layout]
    with pytest.raises(DataError, match=r"no column for .*'transaction id.*export Transactions"):
        read_export(f"{text}\n".encode(), 2, export_forms())


def test_an_unknown_event_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match="line 2: 'Layaway' is neither a sale nor a refund"):
        read_export(rows_with(Event_Type="Layaway"), 2, export_forms())
