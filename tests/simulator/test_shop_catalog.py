"""The back office fits the receipts: every id is known, prices are those of the day, shifts and
visits add up.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis, parse_stamp


def rows(shop: Shop, resource: str, now: datetime) -> dict[str, dict]:
    return {
        row.key: json.loads(row.read(), parse_float=Decimal)
        for row in shop.rows(millis(now), resource)
    }


def receipts(shop: Shop, now: datetime, start: datetime, end: datetime) -> list[dict]:
    query = Query(created_min=millis(start), created_max=millis(end))
    return [
        json.loads(entry.read(), parse_float=Decimal) for entry in shop.receipts(millis(now), query)
    ]


def test_every_id_on_a_receipt_is_in_the_back_office(shop: Shop, now: datetime) -> None:
    given = {
        name: rows(shop, name, now)
        for name in (
            "items",
            "modifiers",
            "stores",
            "pos_devices",
            "employees",
            "payment_types",
            "taxes",
            "discounts",
        )
    }
    options = {
        option["id"]: option
        for modifier in given["modifiers"].values()
        for option in modifier["modifier_options"]
    }
    early = receipts(shop, now, datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 4, tzinfo=UTC))
    for receipt in receipts(shop, now, now - timedelta(days=3), now) + early:
        assert receipt["store_id"] in given["stores"]
        assert receipt["employee_id"] is None or receipt["employee_id"] in given["employees"]
        assert receipt["pos_device_id"] is None or receipt["pos_device_id"] in given["pos_devices"]
        assert {payment["payment_type_id"] for payment in receipt["payments"]} <= given[
            "payment_types"
        ].keys()
        assert {tax["id"] for tax in receipt["total_taxes"]} <= given["taxes"].keys()
        assert {
            row["id"] for row in receipt["total_discounts"] if row["type"] != "DISCOUNT_BY_POINTS"
        } <= given["discounts"].keys()
        for line in receipt["line_items"]:
            item = given["items"][line["item_id"]]
            assert line["variant_id"] in {variant["variant_id"] for variant in item["variants"]}
            assert {row["id"] for row in line["line_modifiers"]} <= set(item["modifier_ids"])
            assert all(
                options[row["modifier_option_id"]]["name"] == row["option"]
                for row in line["line_modifiers"]
            )


def test_prices_names_and_costs_are_those_of_the_day(shop: Shop) -> None:
    sold = {}
    for month in (
        datetime(2024, 5, 9, tzinfo=UTC),
        datetime(2025, 3, 20, tzinfo=UTC),
        datetime(2026, 9, 15, tzinfo=UTC),
    ):
        items = rows(shop, "items", month)
        variants = {
            variant["variant_id"]: variant
            for item in items.values()
            for variant in item["variants"]
        }
        for receipt in receipts(shop, month, month - timedelta(hours=20), month):
            for line in receipt["line_items"] if receipt["receipt_type"] == "SALE" else ():
                assert line["item_name"] == items[line["item_id"]]["item_name"]
                variant = variants[line["variant_id"]]
                price = variant["default_price"]
                assert price is None or (line["price"], line["cost"]) == (price, variant["cost"])
                assert (variant["option1_value"], variant["sku"]) == (
                    line["variant_name"],
                    line["sku"],
                )
                sold.setdefault(line["variant_id"], set()).add(line["price"])
    assert max(map(len, sold.values())) >= 3, "no price ever changed"


def test_the_menu_changes_with_time(shop: Shop, now: datetime) -> None:
    early, late = rows(shop, "items", datetime(2024, 1, 1, tzinfo=UTC)), rows(shop, "items", now)
    names = {key: item["item_name"] for key, item in early.items()}
    assert any(names[key] != late[key]["item_name"] for key in names), "nothing was renamed"
    gone = [item for item in late.values() if item["deleted_at"]]
    assert {"Hot Dog Jumbo", "Combo Mundialista"} == {item["item_name"] for item in gone} and len(
        late
    ) > len(early)
    assert all(item["updated_at"] >= item["deleted_at"] >= item["created_at"] for item in gone)
    assert all(parse_stamp(item["updated_at"]) <= millis(now) for item in late.values())
    assert [row["deleted_at"] for row in rows(shop, "employees", now).values()].count(None) == len(
        rows(shop, "employees", now)
    ) - 1
    variants = {variant["variant_id"] for item in late.values() for variant in item["variants"]}
    composite = [item for item in late.values() if item["is_composite"]]
    assert len(composite) == 3 and all(
        part["variant_id"] in variants for item in composite for part in item["components"]
    )


def test_shifts_tie_with_the_receipts_of_their_device(now: datetime) -> None:
    shop = Shop(seed=5, opened=date(2026, 10, 12))
    listed = receipts(shop, now, now - timedelta(days=40), now)
    assert any(receipt["tip"] and receipt["receipt_type"] == "REFUND" for receipt in listed)
    tied = 0
    for entry in shop.rows(millis(now), "shifts"):
        shift = json.loads(entry.read(), parse_float=Decimal)
        inside = [
            receipt
            for receipt in listed
            if receipt["pos_device_id"] == shift["pos_device_id"]
            and shift["opened_at"] <= receipt["receipt_date"] <= shift["closed_at"]
        ]
        sums = Counter()
        for receipt in inside:
            sign = -1 if receipt["receipt_type"] == "REFUND" else 1
            gross = sum(line["gross_total_money"] for line in receipt["line_items"])
            sums["gross_sales" if sign > 0 else "refunds"] += gross
            sums["discounts"] += sign * receipt["total_discount"]
            sums["tip"] += sign * receipt["tip"]
            for payment in receipt["payments"]:
                sums[payment["payment_type_id"]] += sign * payment["money_amount"]
        assert {name: shift[name] for name in ("gross_sales", "refunds", "discounts", "tip")} == {
            name: sums[name] for name in ("gross_sales", "refunds", "discounts", "tip")
        }
        assert shift["net_sales"] == shift["gross_sales"] - shift["discounts"] - shift["refunds"]
        assert {row["payment_type_id"]: row["money_amount"] for row in shift["payments"]} == {
            key: amount for key, amount in sums.items() if len(key) == 36
        }
        assert shift["expected_cash"] == (
            shift["starting_cash"]
            + shift["cash_payments"]
            - shift["cash_refunds"]
            + shift["paid_in"]
            - shift["paid_out"]
        )
        tied += len(inside)
    assert tied == sum(receipt["pos_device_id"] is not None for receipt in listed)
