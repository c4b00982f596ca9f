"""CSV exports of Square's Dashboard: Transactions, and Items with details.

Takes what the shop's API has said of orders and payments at an instant. Returns the bytes of a file
with the headings of 2026 and one row for each sale and each return (Transactions), or for each line
of one (Items). Only closed orders are in it. Amounts of a return are negative, discounts of a sale
too; Total Collected contains cash rounding. A sale rung offline has the register's time.

Not known of the real Dashboard, therefore options: whether Net Sales contains the service charges,
and whether Gross Sales and Net Sales are without the tax inside the price (in US and Canada they
are).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.simulator.ids import millis, parse_stamp
from pipeline.simulator.square.render import Json
from pipeline.simulator.square.source import OrderSource
from pipeline.simulator.square.timeline import OrderQuery


def _headings(line: str) -> tuple[str, ...]:
    """The names in a line of headings."""
    return tuple(next(csv.reader([line])))


TRANSACTIONS = _headings(
    "Date,Time,Time Zone,Gross Sales,Discounts,Service Charges,Net Sales,Gift Card Sales,Tax,Tip,"
    "Partial Refunds,Total Collected,Source,Card,Card Entry Methods,Cash,Square Gift Card,Other"
    " Tender,Other Tender Type,Tender Note,Fees,Net Total,Transaction ID,Payment ID,Card Brand,PAN"
    " Suffix,Device Name,Staff Name,Staff ID,Details,Description,Event Type,Location,Dining Option,"
    "Customer ID,Customer Name,Customer Reference ID,Device Nickname,Third Party Fees,Deposit ID,"
    "Deposit Date,Deposit Details,Fee Percentage Rate,Fee Fixed Rate,Refund Reason,Discount Name,"
    "Transaction Status,Cash App,Order Reference ID,Fulfillment Note,Free Processing Applied,"
    "Channel,Unattributed Tips,Table Info,International Fee"
)
ITEMS = _headings(
    "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,"
    "Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,"
    "Location,Dining Option,Customer ID,Customer Name,Customer Reference ID,Unit,Count,GTIN,"
    "Itemization Type,Commission,Employee,Fulfillment Note,Channel,Token,Card Brand,PAN Suffix"
)
GIFT_CARD = "GIFT_CARD"
_KINDS = {GIFT_CARD: "Gift Card", "CUSTOM_AMOUNT": "Custom Amount"}
_LATEST = timedelta(days=12)  # from a sale rung offline to the closing of its order
_APPORTIONED = "APPORTIONED_TREATMENT"


class Clock(NamedTuple):
    """A zone as the Dashboard names it, and as IANA does."""

    name: str = "Mexico City"
    zone: str = "America/Mexico_City"


class Style(NamedTuple):
    """What differs between Dashboards."""

    clock: Clock = Clock()
    net_has_charges: bool = False
    without_inside_tax: bool = False


class _Half(NamedTuple):
    """The sale or one return of an order; `sign` is -1 for a return."""

    order: Json
    sold: datetime
    sign: int
    lines: list[Json]
    fields: Json
    prefix: str


_PLAIN = Style()


def transactions_csv(
    source: OrderSource, now: datetime, days: tuple[date, date], style: Style = _PLAIN
) -> bytes:
    """Export of the transactions of calendar days, both included."""
    return _write(
        TRANSACTIONS, (_transaction(half, style) for half in _halves(source, now, days, style))
    )


def items_csv(
    source: OrderSource, now: datetime, days: tuple[date, date], style: Style = _PLAIN
) -> bytes:
    """Export of the lines of calendar days, both included."""
    return _write(
        ITEMS,
        (
            _item(half, line, style)
            for half in _halves(source, now, days, style)
            for line in half.lines
        ),
    )


def _halves(
    source: OrderSource, now: datetime, days: tuple[date, date], style: Style
) -> Iterator[_Half]:
    zone, instant = ZoneInfo(style.clock.zone), millis(now)
    first, last = (datetime.combine(day, time(), zone) for day in days)
    span = OrderQuery("closed", start=millis(first), end=millis(last + _LATEST))
    offline = {
        payment["order_id"]: payment["offline_payment_details"]["client_created_at"]
        for payment in (row.read() for row in source.payments(instant, span))
        if "offline_payment_details" in payment
    }
    for row in source.orders(instant, span):
        order = row.read()
        if order.get("state") != "COMPLETED":
            continue
        sold = parse_stamp(offline.get(order["id"]) or order["closed_at"])
        moment = datetime.fromtimestamp(sold / 1000, zone)
        if not days[0] <= moment.date() <= days[1]:
            continue
        if order.get("line_items"):
            yield _Half(order, moment, 1, order["line_items"], order, "")
        for entry in order.get("returns", []):
            yield _Half(order, moment, -1, entry["return_line_items"], entry, "return_")


def _transaction(half: _Half, style: Style) -> dict[str, str]:
    goods = [line for line in half.lines if line.get("item_type") != GIFT_CARD]
    gifts = [line for line in half.lines if line.get("item_type") == GIFT_CARD]
    charges = half.fields.get(f"{half.prefix}service_charges", [])
    inside = _inside_tax(half, goods) if style.without_inside_tax else 0
    gross = sum(_gross(line, half.prefix) for line in goods) - inside
    discount = _sum(goods, "total_discount_money")
    charge = _sum(charges, "applied_money")
    net = gross - discount + (charge if style.net_has_charges else 0)
    separate = [row for row in charges if row.get("treatment_type") != _APPORTIONED]
    tax = _sum(goods, "total_tax_money") + _sum(separate, "total_tax_money")
    tip = (
        _amount(half.order, "total_tip_money")
        if half.sign > 0
        else _sum(half.fields.get("return_tips", []), "applied_money")
    )
    total = (
        _amount(half.order, "total_money") if half.sign > 0 else _returned_total(half, goods, gifts)
    )
    amounts = {
        "Gross Sales": gross,
        "Discounts": -discount,
        "Service Charges": charge,
        "Net Sales": net,
        "Gift Card Sales": _sum(gifts, "total_money"),
        "Tax": tax,
        "Tip": tip,
        "Partial Refunds": 0,
        "Total Collected": total,
    }
    tenders = half.order.get("tenders", [])
    return (
        _place(half, style)
        | {name: _money(half.sign * units) for name, units in amounts.items()}
        | {
            "Payment ID": tenders[0]["id"] if tenders else "",
            "Source": half.order.get("source", {}).get("name", "Point of Sale"),
            "Transaction Status": "Complete",
        }
    )


def _item(half: _Half, line: Json, style: Style) -> dict[str, str]:
    inside = _inside_tax(half, [line]) if style.without_inside_tax else 0
    gross, discount = _gross(line, half.prefix) - inside, _amount(line, "total_discount_money")
    amounts = {
        "Gross Sales": gross,
        "Discounts": -discount,
        "Net Sales": gross - discount,
        "Tax": _amount(line, "total_tax_money"),
    }
    return (
        _place(half, style)
        | {name: _money(half.sign * units) for name, units in amounts.items()}
        | {
            "Item": line.get("name", "Custom Amount"),
            "Qty": f"{half.sign * float(line['quantity'])}",
            "Price Point Name": line.get("variation_name", ""),
            "Modifiers Applied": ", ".join(
                row["name"] for row in line.get(f"{half.prefix}modifiers", [])
            ),
            "Itemization Type": _KINDS.get(line.get("item_type", ""), "Prepared Food and Beverage"),
            "Token": line.get("catalog_object_id", ""),
        }
    )


def _place(half: _Half, style: Style) -> dict[str, str]:
    """The cells that say when, where and of which order."""
    return {
        "Date": f"{half.sold:%Y-%m-%d}",
        "Time": f"{half.sold:%H:%M:%S}",
        "Time Zone": style.clock.name,
        "Transaction ID": half.order["id"],
        "Event Type": "Payment" if half.sign > 0 else "Refund",
        "Location": half.order["location_id"],
        "Customer ID": half.order.get("customer_id", ""),
    }


def _returned_total(half: _Half, goods: list[Json], gifts: list[Json]) -> int:
    amounts = half.fields.get("return_amounts") or half.order.get("return_amounts")
    if amounts:
        return _amount(amounts, "total_money")
    return _sum([*goods, *gifts], "total_money")


def _gross(line: Json, prefix: str) -> int:
    return _amount(line, "variation_total_price_money") + _sum(
        line.get(f"{prefix}modifiers", []), "total_price_money"
    )


def _inside_tax(half: _Half, lines: Iterable[Json]) -> int:
    """The tax inside the prices of the lines."""
    inside = {
        tax["uid"]
        for tax in half.fields.get(f"{half.prefix}taxes", [])
        if tax["type"] == "INCLUSIVE"
    }
    return sum(
        _amount(share, "applied_money")
        for line in lines
        for share in line.get("applied_taxes", [])
        if share["tax_uid"] in inside
    )


def _amount(fields: Json, name: str) -> int:
    return int(fields.get(name, {}).get("amount", 0))


def _sum(rows: Iterable[Json], name: str) -> int:
    return sum(_amount(row, name) for row in rows)


def _money(units: int) -> str:
    return f"{'-' if units < 0 else ''}${abs(units) // 100:,}.{abs(units) % 100:02d}"


def _write(headings: Sequence[str], rows: Iterable[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([row.get(name, "") for name in headings] for row in rows)
    return out.getvalue().encode()
