"""Paging: every order comes exactly once; one that changes meanwhile comes again, none is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.square import OrderQuery, SquareRules, SquareShop
from tests.support.faults import Fault
from tests.support.server import serve_square

Json = dict[str, Any]
Pages = Callable[..., Iterator[list[Json]]]
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)


class Clock:
    """A server's clock that a test sets."""

    def __init__(self, instant: datetime):
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant


def places(shop: SquareShop) -> list[str]:
    return [row["id"] for row in shop.locations(millis(NOW))]


def search(shop: SquareShop, order: str = "ASC", limit: int = 100, **span: str) -> Json:
    """The body of the recipe: all that was updated in a span."""
    return {
        "location_ids": places(shop),
        "limit": limit,
        "query": {
            "filter": {"date_time_filter": {"updated_at": span or {"start_at": stamp(0)}}},
            "sort": {"sort_field": "UPDATED_AT", "sort_order": order},
        },
    }


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("limit", [47, 1000])
def test_all_orders_come_once(small: SquareShop, pages: Pages, order: str, limit: int) -> None:
    with serve_square(small, now=lambda: NOW) as server:
        batches = list(pages(server, search(small, order, limit)))
    rows = [row for batch in batches for row in batch]
    expected = [row.id for row in small.orders(millis(NOW), OrderQuery("updated", order == "ASC"))]
    assert [row["id"] for row in rows] == expected and len(expected) > 500
    keys = [(row["updated_at"], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=order == "DESC")
    assert {len(batch) for batch in batches[:-1]} <= {limit}


@pytest.mark.parametrize("field", ["created", "closed"])
def test_the_other_fields_page_as_well(small: SquareShop, pages: Pages, field: str) -> None:
    body = search(small, "ASC", 50)
    states = ["COMPLETED", "CANCELED"]
    body["query"] = {
        "filter": {
            "state_filter": {"states": states},
            "date_time_filter": {f"{field}_at": {"start_at": stamp(0)}},
        },
        "sort": {"sort_field": f"{field.upper()}_AT", "sort_order": "ASC"},
    }
    with serve_square(small, now=lambda: NOW) as server:
        rows = [row for batch in pages(server, body) for row in batch]
    everything = small.orders(millis(NOW), OrderQuery("updated", True))
    expected = {row.id for row in everything if row.read()["state"] in states}
    assert len(rows) == len(expected) and {row["id"] for row in rows} == expected
    assert [row[f"{field}_at"] for row in rows] == sorted(row[f"{field}_at"] for row in rows)


@pytest.mark.parametrize(
    ("path", "field", "order"),
    [
        ("/v2/payments", "CREATED_AT", "ASC"),
        ("/v2/payments", "UPDATED_AT", "DESC"),
        ("/v2/refunds", "CREATED_AT", "DESC"),
        ("/v2/refunds", "UPDATED_AT", "ASC"),
    ],
)
def test_payments_and_refunds_come_once(
    small: SquareShop, call: Callable[..., Any], path: str, field: str, order: str
) -> None:
    rows: list[Json] = []
    cursor: dict[str, str] = {}
    with serve_square(small, now=lambda: NOW) as server:
        while True:
            params = {"sort_field": field, "sort_order": order, "limit": 61} | cursor
            body = call(server, "GET", path, **params).body
            rows += body.get(path.rpartition("/")[2], [])
            if "cursor" not in body:
                break
            cursor = {"cursor": body["cursor"]}
    source = small.payments if path == "/v2/payments" else small.refunds
    expected = [row.read()["id"] for row in source(millis(NOW), OrderQuery("created", True))]
    assert sorted(row["id"] for row in rows) == sorted(expected)
    assert len(set(expected)) == len(expected) > 10
    values = [row[field.lower()] for row in rows]
    assert values == sorted(values, reverse=order == "DESC")


def test_an_order_that_changes_while_paging_is_seen_again_and_none_is_lost(
    small: SquareShop, pages: Pages
) -> None:
    clock = Clock(datetime(2026, 10, 20, 20, tzinfo=UTC))
    seen: Counter[str] = Counter()
    newest: dict[str, int] = {}
    start = datetime(2026, 10, 17, tzinfo=UTC)
    body = search(small, "ASC", 4, start_at=stamp(millis(start)), end_at="2026-10-25T00:00:00Z")
    rules = SquareRules(cursor_minutes=10**6)
    with serve_square(small, now=clock, rules=rules) as server:
        for batch in pages(server, body):
            for row in batch:
                seen[row["id"]] += 1
                newest[row["id"]] = max(row["version"], newest.get(row["id"], 0))
            clock.instant = min(clock.instant + timedelta(hours=1), NOW)
    assert clock.instant > datetime(2026, 10, 22, tzinfo=UTC)
    bound = millis(datetime(2026, 10, 25, tzinfo=UTC))
    final = {
        row.id: row.read()["version"]
        for row in small.orders(
            millis(clock.instant), OrderQuery("updated", True, millis(start), bound)
        )
    }
    assert final.keys() <= seen.keys()
    assert all(newest[key] == version for key, version in final.items())
    assert any(count > 1 for count in seen.values())


def test_two_runs_whose_spans_touch_lose_nothing(small: SquareShop, pages: Pages) -> None:
    """A missing end is the first request's instant; what changes later is the next run's."""
    clock = Clock(datetime(2026, 10, 10, 20, tzinfo=UTC))
    newest: dict[str, int] = {}
    began = clock.instant
    with serve_square(small, now=clock, rules=SquareRules(cursor_minutes=10**6)) as server:
        for start in (datetime(2026, 9, 1, tzinfo=UTC), began):
            for batch in pages(server, search(small, start_at=stamp(millis(start)))):
                for row in batch:
                    if start < began:
                        assert row["updated_at"] <= stamp(millis(began))
                        clock.instant += timedelta(seconds=7)
                    newest[row["id"]] = max(row["version"], newest.get(row["id"], 0))
    final = small.orders(millis(clock.instant), OrderQuery("updated", True))
    assert {row.id: row.read()["version"] for row in final} == newest


def test_a_cursor_dies_and_belongs_to_its_request(
    small: SquareShop, call: Callable[..., Any]
) -> None:
    clock = Clock(NOW)
    path, body = "/v2/orders/search", search(small, limit=5)
    with serve_square(small, now=clock, rules=SquareRules(cursor_minutes=5)) as server:
        first = call(server, "POST", path, body).body
        clock.instant += timedelta(minutes=4)
        second = call(server, "POST", path, body | {"cursor": first["cursor"]})
        assert second.status == 200
        clock.instant += timedelta(minutes=4)
        following = body | {"cursor": second.body["cursor"]}
        assert call(server, "POST", path, following | {"limit": 6}).status == 200  # renewed by use
        for cursor, change in (
            (first["cursor"], {}),
            (second.body["cursor"], {"location_ids": places(small)[:1]}),
            (second.body["cursor"][:-4] + "AAAA", {}),
            ("nonsense", {}),
        ):
            dead = call(server, "POST", path, body | {"cursor": cursor} | change)
            error = dead.body["errors"][0]
            assert (dead.status, error["code"]) == (400, "INVALID_CURSOR")
            assert (error["category"], error["field"]) == ("INVALID_REQUEST_ERROR", "cursor")


def test_scripted_faults_strike_pages(small: SquareShop, pages: Pages, call: Any) -> None:
    second = [Fault("status", status=400, code="INVALID_CURSOR", on=lambda row: row.page == 2)]
    body = search(small, limit=50)
    with serve_square(small, now=lambda: NOW, faults=second) as server:
        first = call(server, "POST", "/v2/orders/search", body).body
        struck = call(server, "POST", "/v2/orders/search", body | {"cursor": first["cursor"]})
        assert struck.body["errors"][0]["code"] == "INVALID_CURSOR"
        server.faults += [Fault("duplicate", seed=1), Fault("loop", on=lambda row: row.page == 3)]
        rows = [row["id"] for batch in pages(server, body) for row in batch]
        assert len(rows) > len(set(rows)) == len(list(small.orders(millis(NOW), OrderQuery())))
        assert [row.page for row in server.requests[2:6]] == [1, 2, 3, 3]
        assert server.requests[-1].params["limit"] == "50"
