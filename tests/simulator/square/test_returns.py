"""A return names its sale, moves it, and gives back no more than it sold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipeline.simulator import Shop
from pipeline.simulator.ids import millis
from pipeline.simulator.square import OrderQuery, SquareShop
from tests.simulator.square.laws import amount, total
from tests.support.square_events import EventShop

Json = dict[str, Any]
NOW = millis(datetime(2026, 11, 2, 15, tzinfo=UTC))


@pytest.fixture(scope="module", params=[EventShop, SquareShop], ids=["events", "same sales"])
def shop(request: pytest.FixtureRequest) -> SquareShop:
    return request.param(Shop(seed=9, opened=date(2026, 9, 28), receipts_per_day=60))


@pytest.fixture(scope="module")
def orders(shop: SquareShop) -> dict[str, Json]:
    return {row.id: row.read() for row in shop.orders(NOW, OrderQuery("updated", True))}


def returns(orders: dict[str, Json]) -> list[tuple[Json, Json]]:
    return [(row, entry) for row in orders.values() for entry in row.get("returns", [])]


def test_a_return_moves_its_sale_and_leaves_its_amounts(
    shop: SquareShop, orders: dict[str, Json]
) -> None:
    linked = 0
    for order, entry in returns(orders):
        if "source_order_id" not in entry:
            continue
        sale = orders[entry["source_order_id"]]
        born = shop.timeline.find(NOW, order["id"])
        assert born is not None
        before = shop.find(born.order.born - 1, sale["id"])
        after = shop.find(born.order.born, sale["id"])
        assert before and after and after["version"] > before["version"]
        assert after["updated_at"] > before["updated_at"]
        assert after["total_money"] == before["total_money"] and "returns" not in before
        assert sale["updated_at"] >= after["updated_at"]
        linked += 1
    assert linked > 15


def test_what_is_given_back_was_sold(orders: dict[str, Json]) -> None:
    given: dict[str, int] = defaultdict(int)
    quantities: dict[str, float] = defaultdict(float)
    for order, entry in returns(orders):
        if "source_order_id" not in entry or order["state"] == "CANCELED":
            continue
        sale = orders[entry["source_order_id"]]
        lines = {row["uid"]: row for row in sale["line_items"]}
        given[sale["id"]] += amount(order["return_amounts"], "total_money")
        assert given[sale["id"]] <= amount(sale, "total_money")
        for row in entry["return_line_items"]:
            if row["item_type"] == "CUSTOM_AMOUNT":
                assert "source_line_item_uid" not in row and "catalog_object_id" not in row
                continue
            source = lines[row["source_line_item_uid"]]
            for key in ("catalog_object_id", "name", "variation_name", "base_price_money"):
                assert row[key] == source[key]
            quantities[source["uid"]] += float(row["quantity"])
            assert quantities[source["uid"]] <= float(source["quantity"])
        tip = {row["source_tender_id"] for row in entry.get("return_tips", [])}
        assert tip <= {row["id"] for row in sale.get("tenders", [])}


def test_refunds_pay_out_what_returns_take_back(shop: SquareShop, orders: dict[str, Json]) -> None:
    paid_out: dict[str, list[Json]] = defaultdict(list)
    for row in shop.refunds(NOW, OrderQuery("updated", True)):
        refund = row.read()
        paid_out[refund["order_id"]].append(refund)
    exchanges = 0
    for order, _ in returns(orders):
        back = amount(order["return_amounts"], "total_money")
        handed = total(paid_out[order["id"]], "amount_money")
        if "line_items" in order:
            exchanges += 1
            paid = total(order.get("tenders", []), "amount_money")
            assert paid - handed == amount(order, "total_money") - back
            assert not (paid and handed)
            assert order["net_amount_due_money"]["amount"] == 0
        else:
            assert handed == back
            assert {row["unlinked"] for row in paid_out[order["id"]]} <= {
                "source_order_id" not in order["returns"][0]
            }
    assert bool(exchanges) == isinstance(shop, EventShop)
    assert paid_out.keys() <= {order["id"] for order, _ in returns(orders)}


def test_a_cancelled_sale_is_returned_or_void(shop: SquareShop, orders: dict[str, Json]) -> None:
    sources = {
        entry.get("source_order_id"): order
        for order, entry in returns(orders)
        if order["state"] == "COMPLETED"
    }
    cancelled = 0
    for day in range(date(2026, 9, 28).toordinal(), date(2026, 10, 28).toordinal()):
        for planned in shop.schedule.created_on(day):
            if planned.refunds or not 0 < planned.cancelled * 1000 <= NOW:
                continue
            order = orders[shop.timeline.order_of(planned).id]
            cancelled += 1
            if isinstance(shop, EventShop):
                returned = sources[order["id"]]
                assert order["state"] == "COMPLETED"
                assert returned["return_amounts"] == order["net_amounts"]
            else:
                assert order["state"] == "CANCELED" and "tenders" not in order
                assert order["net_amount_due_money"] == order["total_money"]
    assert cancelled > 5
