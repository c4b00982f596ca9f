"""Orders planted by hand: the published ones are served as they stand, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulator.ids import millis
from pipeline.simulator.square import OrderQuery, SquareRules, SquareShop
from tests.support.order_book import OrderBook
from tests.support.server import serve_square

Json = dict[str, Any]
Pages = Callable[..., Iterator[list[Json]]]
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
FIXTURES = Path(__file__).parents[2] / "fixtures" / "square"
PUBLISHED = [
    order
    for path in sorted(FIXTURES.glob("orders_*.json"))
    for order in json.loads(path.read_text(encoding="utf-8"))["orders"]
    if "id" in order and "updated_at" in order
]


def search(places: list[str], limit: int = 50) -> Json:
    return {
        "location_ids": places,
        "limit": limit,
        "query": {
            "filter": {"date_time_filter": {"updated_at": {"start_at": "2010-01-01T00:00:00Z"}}},
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        },
    }


def test_published_orders_come_through_as_they_stand(pages: Pages) -> None:
    places = sorted({row["location_id"] for row in PUBLISHED})
    book = OrderBook(locations=[{"id": place} for place in places])
    for order in PUBLISHED:
        book.plant(order, NOW)
    expected = {row["id"]: row for row in PUBLISHED}
    rows: list[Json] = []
    with serve_square(book, now=lambda: NOW) as server:
        for start in range(0, len(places), 10):
            for batch in pages(server, search(places[start : start + 10], 3)):
                rows += batch
    assert len(rows) == len(expected) > 15
    assert {row["id"]: row for row in rows} == expected


def test_an_order_that_changes_between_two_pages_is_not_lost(
    small: SquareShop, pages: Pages
) -> None:
    book = OrderBook(small)
    clock = {"now": NOW}
    places = [row["id"] for row in small.locations(millis(NOW))]
    order = [row.read() for row in small.orders(millis(NOW), OrderQuery("updated", True))][300]
    body = search(places, 100)
    body["query"]["filter"]["date_time_filter"]["updated_at"]["end_at"] = "2026-12-01T00:00:00Z"
    seen: list[Json] = []
    rules = SquareRules(cursor_minutes=60)
    with serve_square(book, now=lambda: clock["now"], rules=rules) as server:
        for number, batch in enumerate(pages(server, body)):
            seen += [row for row in batch if row["id"] == order["id"]]
            if number in (1, 5):  # it moves to the end, twice
                clock["now"] += timedelta(minutes=3)
                book.change(order["id"], clock["now"], ticket_name=f"after page {number}")
    assert [row.get("ticket_name") for row in seen] == ["after page 5"]
    assert seen[-1]["version"] == order["version"] + 2
    before = book.find(millis(NOW), order["id"])
    assert before == order


def test_payments_and_refunds_are_planted_too(call: Callable[..., Any]) -> None:
    path = FIXTURES / "orders_real_pos_card_2020_refunded.json"
    payment = json.loads(path.read_text(encoding="utf-8"))["payments"][0]
    book = OrderBook()
    book.plant(payment, NOW, "payments")
    with serve_square(book, now=lambda: NOW) as server:
        span = {"begin_time": "2020-01-01T00:00:00Z"}
        assert call(server, "GET", "/v2/payments", **span).body == {"payments": [payment]}
        assert call(server, "GET", "/v2/payments").body == {}  # older than a year
        assert call(server, "GET", "/v2/refunds", **span).body == {}


def test_an_order_cannot_change_before_it_is_there() -> None:
    with pytest.raises(KeyError, match="not there yet"):
        OrderBook().change("X", NOW)
