"""Without events both APIs sell the same: receipt by receipt, to the cent, at every instant."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis, parse_stamp, stamp
from pipeline.simulator.square import OrderQuery, SquareShop
from pipeline.simulator.square.ids import catalog_token, location_id
from tests.simulator.square.laws import amount, check_order, total
from tests.support.square_events import receipt_order_id

Json = dict[str, Any]
Read = Callable[..., list[Json]]
TENDERS = {"Efectivo": "CASH", "Tarjeta": "CARD", "Mercado Pago": "WALLET"}


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Two years of prices lie between its first days and its last."""
    return Shop(seed=5, opened=date(2024, 6, 20), stores=2, receipts_per_day=30)


@pytest.fixture(scope="module")
def plain(shop: Shop) -> SquareShop:
    return SquareShop(shop)


def cents(value: float) -> int:
    return round(value * 100)


def milli(quantity: str | float) -> int:
    return round(float(quantity) * 1000)


def of_receipt(receipt: Json) -> Json:
    """What a receipt sells or gives back, in the words of `of_order`."""
    return {
        "place": location_id(receipt["store_id"]),
        "total": cents(receipt["total_money"]),
        "tax": cents(receipt["total_tax"]),
        "discount": cents(receipt["total_discount"]),
        "tip": cents(receipt["tip"]),
        "surcharge": cents(receipt["surcharge"]),
        "discounts": [
            (row["name"], cents(row["money_amount"])) for row in receipt["total_discounts"]
        ],
        "taxes": {
            (catalog_token("tax", row["id"]), cents(row["money_amount"]))
            for row in receipt["total_taxes"]
        },
        "lines": [
            (
                row["item_name"],
                row["variant_name"] or "Regular",
                catalog_token("variation", row["variant_id"]),
                milli(row["quantity"]),
                cents(row["price"]),
                cents(row["gross_total_money"]),
                cents(row["total_discount"]),
                sum(cents(tax["money_amount"]) for tax in row["line_taxes"]),
                cents(row["total_money"]),
                row["line_note"],
                [(part["option"], cents(part["money_amount"])) for part in row["line_modifiers"]],
            )
            for row in receipt["line_items"]
        ],
        "payments": [
            (TENDERS.get(row["name"], "OTHER"), cents(row["money_amount"]))
            for row in receipt["payments"]
        ],
    }


def of_order(order: Json) -> Json:
    """What an order sells or gives back."""
    entry = order["returns"][0] if "returns" in order else order
    prefix = "return_" if "returns" in order else ""
    sums = order["return_amounts"] if prefix else order["net_amounts"]
    return {
        "place": order["location_id"],
        "total": amount(sums, "total_money"),
        "tax": amount(sums, "tax_money"),
        "discount": amount(sums, "discount_money"),
        "tip": amount(sums, "tip_money"),
        "surcharge": amount(sums, "service_charge_money"),
        "discounts": [
            (row["name"], amount(row, "applied_money"))
            for row in entry.get(f"{prefix}discounts", [])
        ],
        "taxes": {
            (row["catalog_object_id"], amount(row, "applied_money"))
            for row in entry.get(f"{prefix}taxes", [])
        },
        "lines": [
            (
                row["name"],
                row["variation_name"],
                row["catalog_object_id"],
                milli(row["quantity"]),
                amount(row, "base_price_money"),
                amount(row, "gross_return_money" if prefix else "gross_sales_money"),
                amount(row, "total_discount_money"),
                amount(row, "total_tax_money"),
                amount(row, "total_money"),
                row.get("note"),
                [
                    (part["name"], amount(part, "total_price_money"))
                    for part in row.get(f"{prefix}modifiers", [])
                ],
            )
            for row in entry[f"{prefix}line_items"]
        ],
        "payments": [
            (row["type"], amount(row, "amount_money")) for row in order.get("tenders", [])
        ],
    }


def check_same(receipt: Json, order: Json, plain: SquareShop) -> None:
    """One receipt and its order."""
    sold, given = of_receipt(receipt), of_order(order)
    if receipt["receipt_type"] == "REFUND":
        source = order["returns"][0]["source_order_id"]
        assert source == receipt_order_id(plain, receipt["refund_for"])
        given["payments"] = sold["payments"]  # they are on the refunds, see below
    if receipt["cancelled_at"]:
        assert order["state"] == "CANCELED" and order["closed_at"] == receipt["cancelled_at"]
        given["payments"] = sold["payments"]
    else:
        assert order["state"] == "COMPLETED"
        assert parse_stamp(order["closed_at"]) // 1000 * 1000 == parse_stamp(
            receipt["created_at" if is_offline(receipt) else "receipt_date"]
        )
    assert given == sold
    assert order["updated_at"] >= receipt["updated_at"]


def is_offline(receipt: Json) -> bool:
    lag = parse_stamp(receipt["created_at"]) - parse_stamp(receipt["receipt_date"])
    return lag > 600_000


def receipts(shop: Shop, now: int, start: int, end: int) -> list[Json]:
    query = Query(created_min=start, created_max=end)
    return [json.loads(entry.read()) for entry in shop.receipts(now, query)]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 860), st.integers(0, 30 * 24))
def test_every_receipt_is_one_order(plain: SquareShop, day: int, later: int) -> None:
    start = datetime(2024, 6, 20, tzinfo=UTC) + timedelta(days=day)
    end = start + timedelta(days=1)
    now = millis(end) + later * 3_600_000
    sales = receipts(plain.shop, now, millis(start), millis(end))
    assert sales or (start.month, start.day) in ((1, 1), (12, 25))
    for receipt in sales:
        order = plain.find(now, receipt_order_id(plain, receipt["receipt_number"]))
        assert order is not None
        check_order(order)
        check_same(receipt, order, plain)


@pytest.mark.parametrize("hours", [0, 7, 200, 5_000])
def test_there_is_no_other_order_at_any_instant(
    plain: SquareShop, everything: Read, hours: int
) -> None:
    now = millis(datetime(2024, 7, 2, 20, tzinfo=UTC) + timedelta(hours=hours))
    start = max(now - 30 * 86_400_000, 0)
    numbers = {row["receipt_number"] for row in receipts(plain.shop, now, start, now)}
    orders = everything(plain, now, field="updated", start=start, end=now)
    expected = {receipt_order_id(plain, number) for number in numbers}
    fresh = {row["id"] for row in orders if row["version"] == 4}
    assert fresh <= expected <= {row["id"] for row in orders}
    assert len(numbers) > 500


def test_employees_devices_and_the_time_of_offline_sales_are_on_the_payments(
    plain: SquareShop,
) -> None:
    now = millis(datetime(2024, 9, 1, tzinfo=UTC))
    rows = receipts(plain.shop, now, now - 60 * 86_400_000, now)
    sales = {
        receipt_order_id(plain, row["receipt_number"]): row
        for row in rows
        if row["receipt_type"] == "SALE" and not row["cancelled_at"]
    }
    offline, paid = 0, dict.fromkeys(sales, 0)
    for row in plain.payments(now, OrderQuery("created", start=now - 75 * 86_400_000)):
        payment = row.read()
        receipt = sales.get(payment["order_id"])
        if receipt is None:
            continue
        paid[payment["order_id"]] += amount(payment, "total_money")
        person = receipt["employee_id"]
        assert (person is None) == ("team_member_id" not in payment)
        assert ("device_details" in payment) == (receipt["pos_device_id"] is not None)
        if is_offline(receipt):
            sold = payment["offline_payment_details"]["client_created_at"]
            assert payment["is_offline_payment"] and sold == receipt["receipt_date"]
            offline += 1
    assert offline > 20
    assert paid == {key: cents(row["total_money"]) for key, row in sales.items()}


def test_refunds_pay_back_what_the_receipts_do(plain: SquareShop) -> None:
    now = millis(datetime(2024, 9, 1, tzinfo=UTC))
    rows = receipts(plain.shop, now, now - 60 * 86_400_000, now)
    expected = {
        receipt_order_id(plain, row["receipt_number"]): cents(row["total_money"])
        for row in rows
        if row["receipt_type"] == "REFUND"
    }
    query = OrderQuery("created", start=now - 61 * 86_400_000)
    refunds = [row.read() for row in plain.refunds(now, query)]
    for identifier, due in expected.items():
        own = [row for row in refunds if row["order_id"] == identifier]
        assert total(own, "amount_money") == due
        order = plain.find(now, identifier)
        assert order is not None
        failed = order["state"] == "CANCELED"
        assert {row["status"] for row in own} == {"FAILED" if failed else "COMPLETED"}
    assert len(expected) > 10
    assert stamp(now) > refunds[0]["created_at"]
