"""Every order that the simulator makes obeys the conservation laws, as real orders do."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulator import Shop
from pipeline.simulator.ids import millis
from pipeline.simulator.square import SquareShop
from tests.simulator.square.laws import BrokenLaw, amount, check_order, total
from tests.support.square_events import EventShop

FIXTURES = Path(__file__).parents[2] / "fixtures" / "square"
REAL = sorted(FIXTURES.glob("orders_*.json"))
NOW = millis(datetime(2026, 11, 2, 15, tzinfo=UTC))
Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def busy() -> SquareShop:
    """A shop old enough for the prices that need rounding, busy enough for all events."""
    return EventShop(Shop(seed=3, opened=date(2024, 6, 1), stores=3, receipts_per_day=40))


@pytest.fixture(scope="module")
def orders(busy: SquareShop, everything: Read) -> list[dict[str, Any]]:
    """Two periods of the busy shop, as they are much later."""
    spans = [(datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 6, 20, tzinfo=UTC))]
    spans.append((datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC)))
    return [
        order
        for start, end in spans
        for order in everything(busy, NOW, field="created", start=millis(start), end=millis(end))
    ]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_published_orders_obey_the_laws(path: Path) -> None:
    for order in json.loads(path.read_text(encoding="utf-8"))["orders"]:
        check_order(order)


def test_simulated_orders_obey_the_laws(orders: list[dict[str, Any]]) -> None:
    for order in orders:
        check_order(order)
    assert len(orders) > 4_000


def test_orders_obey_the_laws_at_every_step_of_their_lives(
    small: SquareShop, everything: Read
) -> None:
    steps = 0
    for day in range(21, 31):
        for hour in (19, 21, 23):
            now = millis(datetime(2026, 9, day, hour, 30, tzinfo=UTC))
            for order in everything(small, now, start=now - 86_400_000):
                check_order(order)
                steps += order["state"] == "OPEN"
    assert steps >= 10


def test_a_broken_order_is_noticed(orders: list[dict[str, Any]]) -> None:
    sale = next(row for row in orders if row.get("taxes") and row.get("tenders"))
    for change in (
        lambda row: row["line_items"][0]["base_price_money"].update(amount=1),
        lambda row: row["line_items"][0]["gross_sales_money"].update(amount=1),
        lambda row: row["taxes"][0]["applied_money"].update(amount=1),
        lambda row: row["tenders"][0]["amount_money"].update(amount=1),
        lambda row: row["total_money"].update(amount=1),
        lambda row: row["net_amounts"]["tax_money"].update(amount=-1),
        lambda row: row["net_amount_due_money"].update(amount=1),
    ):
        broken = copy.deepcopy(sale)
        change(broken)
        with pytest.raises(BrokenLaw):
            check_order(broken)


def test_all_that_only_square_has_occurs(orders: list[dict[str, Any]]) -> None:
    seen: Counter[str] = Counter()
    for order in orders:
        lines, entries = order.get("line_items", []), order.get("returns", [])
        returned = [line for entry in entries for line in entry["return_line_items"]]
        seen["exchange"] += bool(lines and entries)
        seen["itemized return"] += bool(returned and not lines and "name" in returned[0])
        seen["amount refund"] += any(line["item_type"] == "CUSTOM_AMOUNT" for line in returned)
        seen["unlinked"] += any("source_order_id" not in entry for entry in entries)
        seen["gift card sold"] += any(line["item_type"] == "GIFT_CARD" for line in lines)
        seen["custom amount"] += any(line["item_type"] == "CUSTOM_AMOUNT" for line in lines)
        types = [tender["type"] for tender in order.get("tenders", [])]
        seen["gift card redeemed"] += "SQUARE_GIFT_CARD" in types
        seen["drawer opened"] += types == ["NO_SALE"] and not lines
        seen["two tenders"] += len(types) == 2
        charges = order.get("service_charges", [])
        seen["taxed charge"] += any(amount(row, "total_tax_money") for row in charges)
        seen["percentage charge"] += any("percentage" in row for row in charges)
        seen["nameless gratuity"] += any("name" not in row for row in charges)
        seen["cash rounding"] += "rounding_adjustment" in order
        seen["return without totals"] += bool(entries) and "total_money" not in order
        seen["weighed"] += any("quantity_unit" in line for line in lines)
        seen["reward"] += any("reward_ids" in row for row in order.get("discounts", []))
        seen["additive"] += any(row["type"] == "ADDITIVE" for row in order.get("taxes", []))
        seen["moved"] += order["version"] > 4
        seen[order["state"]] += 1
        seen["ticket voided"] += order["state"] == "CANCELED"
    missing = [name for name, count in seen.items() if not count]
    assert not missing and len(seen) > 20
    assert total(orders, "total_money") > 0


def test_a_tip_is_keyed_later_and_an_order_closes_when_it_is_fulfilled(busy: SquareShop) -> None:
    timeline, moments = busy.timeline, Counter[str]()
    first = date(2026, 9, 12).toordinal()
    planned_receipts = [
        planned for day in range(first, first + 4) for planned in busy.schedule.created_on(day)
    ]
    for planned in planned_receipts:
        order = timeline.order_of(planned)
        for instant, what in order.changes:
            before, after = (busy.find(now, order.id) for now in (instant - 1, instant))
            assert before and after and before["updated_at"] < after["updated_at"]
            assert after["version"] == before["version"] + 1
            moments[what] += 1
            if what == "tip":
                gained = amount(after, "total_money") - amount(before, "total_money")
                assert gained == amount(after, "total_tip_money") > 0
                assert amount(before, "total_tip_money") == 0
            if what == "fulfilled":
                assert (before["state"], after["state"]) == ("OPEN", "COMPLETED")
                assert before["tenders"] and "closed_at" not in before
                assert after["closed_at"] == after["updated_at"]
            if what == "refunded":
                assert before["net_amounts"] == after["net_amounts"]
    assert moments["tip"] and moments["fulfilled"] and moments["refunded"]
