"""Exports of the Back Office, from verbatim receipts by the definitions of the glossary.

Refunds have a positive gross and a negative net and total, as in published exports; "Taxes" are the
included and the added. A dialect says how it is written: separator, decimal sign, thousands, date,
headings, encoding.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pipeline.pos import export_forms
from pipeline.summarize.read_exports import Export, read_export

RECEIPTS = (
    "Date",
    "Receipt number",
    "Receipt type",
    "Gross sales",
    "Discounts",
    "Net sales",
    "Taxes",
    "Total collected",
    "Cost of goods",
    "Gross profit",
    "Payment type",
    "Description",
    "Dining option",
    "POS",
    "Store",
    "Cashier name",
    "Customer name",
    "Customer contacts",
    "Status",
)
ITEMS = (
    "Date",
    "Receipt number",
    "Receipt type",
    "Category",
    "SKU",
    "Item",
    "Variant",
    "Modifiers applied",
    "Quantity",
    "Gross sales",
    "Discounts",
    "Net sales",
    "Cost of goods",
    "Gross profit",
    "Taxes",
    "Dining option",
    "POS",
    "Store",
    "Cashier name",
    "Customer name",
    "Customer contacts",
    "Comment",
    "Status",
)
SUMMARY = (
    "Date",
    "Gross sales",
    "Refunds",
    "Discounts",
    "Net sales",
    "Cost of goods",
    "Gross profit",
    "Margin",
    "Taxes",
)
SPANISH = {
    "Date": "Fecha",
    "Receipt number": "Número de recibo",
    "Receipt type": "Tipo de recibo",
    "Gross sales": "Ventas brutas",
    "Refunds": "Reembolsos",
    "Discounts": "Descuentos",
    "Net sales": "Ventas netas",
    "Taxes": "Impuestos",
    "Cost of goods": "Costo de los bienes",
    "Gross profit": "Beneficio bruto",
    "Margin": "Margen",
}
PRIVATE = "Persona Privada 55-1234"


@dataclass(frozen=True)
class Shop:
    """A store's zone, and the decimals of its currency."""

    timezone: str
    decimals: int


def newest(bodies: Iterable[bytes]) -> list[dict]:
    """The newest version of every receipt; of equal `updated_at` the later one."""
    versions: dict[tuple[str, str], dict] = {}
    for body in bodies:
        receipt = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        name = receipt["store_id"], receipt["receipt_number"]
        if name not in versions or versions[name]["updated_at"] <= receipt["updated_at"]:
            versions[name] = receipt
    return list(versions.values())


@dataclass(frozen=True)
class Dialect:
    """How an export is written; the default is the Back Office in English."""

    separator: str = ","
    decimal: str = "."
    thousands: str = ""
    day: str = "%-m/%-d/%y"
    time: str = " %-I:%M %p"
    spanish: bool = False
    encoding: str = "utf-8"
    sign: str = ""

    def money(self, amount: Decimal, decimals: int) -> str:
        total, _, fraction = f"{abs(amount):,.{decimals}f}".partition(".")
        result = (
            self.sign
            + total.replace(",", self.thousands)
            + (self.decimal + fraction if decimals else "")
        )
        return f"-{result}" if amount < 0 else result

    def write(self, headings: Iterable[str], rows: Iterable[Mapping[str, str]]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.separator, lineterminator="\r\n")
        writer.writerow([SPANISH.get(name, name) if self.spanish else name for name in headings])
        for row in rows:
            writer.writerow([row.get(name, "") for name in headings])
        return out.getvalue().encode(self.encoding)


def amounts(receipt: dict, items: Iterable[dict] | None = None) -> dict[str, Decimal]:
    """Figures of a receipt, or of some of its lines, positive."""
    lines = receipt["line_items"] if items is None else list(items)
    gross = sum((abs(line["gross_total_money"]) for line in lines), Decimal(0))
    discount = (
        abs(receipt["total_discount"])
        if items is None
        else sum((abs(line["total_discount"]) for line in lines), Decimal(0))
    )
    taxes = sum(
        (
            abs(tax["money_amount"])
            for owner in ([receipt] if items is None else lines)
            for tax in owner["total_taxes" if items is None else "line_taxes"]
        ),
        Decimal(0),
    )
    return {
        "Gross sales": gross,
        "Discounts": discount,
        "Net sales": gross - discount,
        "Taxes": taxes,
        "Total collected": abs(receipt["total_money"]),
    }


def day_of(receipt: dict, shop: Shop) -> date:
    return wall(receipt, shop).date()


def wall(receipt: dict, shop: Shop) -> datetime:
    sold = datetime.fromisoformat(receipt["receipt_date"])
    return sold.astimezone(ZoneInfo(shop.timezone))


def cell(
    receipt: dict, shop: Shop, dialect: Dialect, stated: Mapping[str, Decimal]
) -> dict[str, str]:
    refund = receipt["receipt_type"] == "REFUND"
    signed = {
        name: -amount if refund and name in ("Net sales", "Taxes", "Total collected") else amount
        for name, amount in stated.items()
    }
    kind = (
        ("Reembolso" if refund else "Venta") if dialect.spanish else receipt["receipt_type"].title()
    )
    return {
        "Date": wall(receipt, shop).strftime(dialect.day + dialect.time),
        "Receipt number": receipt["receipt_number"],
        "Receipt type": kind,
        "Store": receipt["store_id"],
        "Customer name": PRIVATE,
        "Customer contacts": PRIVATE,
        "Cashier name": PRIVATE,
        "Description": PRIVATE,
        "Comment": PRIVATE,
        "Status": "Cancelled" if receipt["cancelled_at"] else "Closed",
        **{name: dialect.money(amount, shop.decimals) for name, amount in signed.items()},
    }


def receipts_csv(
    receipts: Iterable[dict], shops: Mapping[str, Shop], dialect: Dialect | None = None
) -> bytes:
    dialect = dialect or Dialect()
    return dialect.write(
        [name for name in RECEIPTS if name in SPANISH or not dialect.spanish],
        [cell(entry, shops[entry["store_id"]], dialect, amounts(entry)) for entry in receipts],
    )


def items_csv(
    receipts: Iterable[dict], shops: Mapping[str, Shop], dialect: Dialect | None = None
) -> bytes:
    dialect = dialect or Dialect()
    return dialect.write(
        ITEMS,
        [
            cell(entry, shops[entry["store_id"]], dialect, amounts(entry, [line]))
            | {"Item": line["item_name"]}
            for entry in receipts
            for line in entry["line_items"]
        ],
    )


def summary_csv(
    receipts: Iterable[dict], shops: Mapping[str, Shop], dialect: Dialect | None = None
) -> bytes:
    dialect = dialect or Dialect()
    figures = ("Gross sales", "Refunds", "Discounts", "Net sales", "Taxes")
    days: dict[date, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(figures, Decimal(0)))
    for entry in receipts:
        day, stated, sign = (
            days[day_of(entry, shops[entry["store_id"]])],
            amounts(entry),
            1 if entry["receipt_type"] == "SALE" else -1,
        )
        if not entry["cancelled_at"]:
            day["Gross sales" if sign > 0 else "Refunds"] += stated["Gross sales"]
            for name in ("Discounts", "Net sales", "Taxes"):
                day[name] += sign * stated[name]
    decimals = next(iter(shops.values())).decimals
    return dialect.write(
        SUMMARY,
        [
            {
                "Date": day.strftime(dialect.day),
                **{name: dialect.money(amount, decimals) for name, amount in stated.items()},
            }
            for day, stated in sorted(days.items(), reverse=True)
        ],
    )


def read_export_text(body: bytes, decimals: int) -> Export:
    """An export in the form of a point of sale that is known."""
    return read_export(body, decimals, export_forms())
