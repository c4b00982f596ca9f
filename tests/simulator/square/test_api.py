"""Square's API: its filters, its errors, and what it silently ignores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.simulator.ids import millis, parse_stamp, stamp
from pipeline.simulator.square import OrderQuery, SquareRules, SquareServer, SquareShop
from pipeline.simulator.square.server import VERSION
from tests.support.faults import Fault
from tests.support.server import serve_square

Json = dict[str, Any]
Call = Callable[..., Any]
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
SEARCH = "/v2/orders/search"


@pytest.fixture(scope="module")
def server(small: SquareShop) -> Any:
    with serve_square(small, now=lambda: NOW) as running:
        yield running


@pytest.fixture(scope="module")
def place(small: SquareShop) -> str:
    return str(small.locations(millis(NOW))[0]["id"])


def by(field: str, **bounds: str) -> Json:
    return {"date_time_filter": {field: bounds}}


def sort(field: str, order: str = "ASC") -> Json:
    return {"sort_field": field, "sort_order": order}


def orders(server: SquareServer, call: Call, place: str, **query: Any) -> list[Json]:
    """All orders of one place that a query gives."""
    body = {"location_ids": [place], "limit": 1000, "query": query}
    rows: list[Json] = []
    while True:
        reply = call(server, "POST", SEARCH, body)
        assert reply.status == 200, reply
        rows += reply.body.get("orders", [])
        if "cursor" not in reply.body:
            return rows
        body["cursor"] = reply.body["cursor"]


def test_by_default_the_newest_created_come_first(
    server: SquareServer, call: Call, place: str
) -> None:
    page = call(server, "POST", SEARCH, {"location_ids": [place]}).body["orders"]
    created = [row["created_at"] for row in page]
    assert len(page) == 500 and created == sorted(created, reverse=True)
    assert {row["location_id"] for row in page} == {place}


def test_both_bounds_are_inclusive(server: SquareServer, call: Call, place: str) -> None:
    row = orders(server, call, place)[50]
    for field in ("created_at", "updated_at"):
        bounds = {"start_at": row[field], "end_at": row[field]}
        page = orders(server, call, place, filter=by(field, **bounds), sort=sort(field.upper()))
        assert row["id"] in {other["id"] for other in page}
        assert {other[field] for other in page} == {row[field]}


def test_misplaced_keys_are_ignored(server: SquareServer, call: Call, place: str) -> None:
    plain = {"location_ids": [place], "limit": 20}
    expected = call(server, "POST", SEARCH, plain).body["orders"]
    for stray in (
        {"filter": by("updated_at", start_at=stamp(0)), "sort": sort("UPDATED_AT")},
        {"query": {"sort": {"sort_feild": "UPDATED_AT"}, "filters": {"x": 1}}},
        {"query": {"filter": {"state": ["OPEN"]}}, "return_entry": True},
    ):
        assert call(server, "POST", SEARCH, plain | stray).body["orders"] == expected


def test_filters_give_what_they_name(server: SquareServer, call: Call, place: str) -> None:
    everything = orders(server, call, place)
    for states in (["OPEN"], ["COMPLETED"], ["DRAFT", "CANCELED"]):
        page = orders(server, call, place, filter={"state_filter": {"states": states}})
        assert page == [row for row in everything if row["state"] in states]


def test_nothing_has_no_key(server: SquareServer, call: Call, place: str) -> None:
    empty = by("created_at", start_at="2020-01-01T00:00:00Z", end_at="2020-01-02T00:00:00Z")
    body = {"location_ids": [place], "query": {"filter": empty}}
    assert call(server, "POST", SEARCH, body).body == {}


SPAN = {"created_at": {"start_at": stamp(0)}, "updated_at": {"start_at": stamp(0)}}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"location_ids": []}, "MISSING_REQUIRED_PARAMETER", "location_ids"),
        ({"location_ids": ["L"] * 11}, "ARRAY_LENGTH_TOO_LONG", "location_ids"),
        ({"location_ids": ["LNONE"]}, "INVALID_LOCATION", "location_ids"),
        ({"location_ids": "L"}, "EXPECTED_ARRAY", "location_ids"),
        ({"limit": 0}, "VALUE_TOO_LOW", "limit"),
        ({"limit": 1001}, "VALUE_TOO_HIGH", "limit"),
        ({"limit": "500"}, "EXPECTED_INTEGER", "limit"),
        ({"query": {"filter": {"date_time_filter": SPAN}}}, "BAD_REQUEST", None),
        ({"query": {"filter": by("updated_at", start_at=stamp(0))}}, "BAD_REQUEST", None),
        ({"query": {"filter": by("created_at", start_at="now")}}, "INVALID_TIME", None),
        ({"query": {"sort": sort("CLOSED_AT")}}, "BAD_REQUEST", "query.sort.sort_field"),
        ({"query": {"sort": sort("PRICE")}}, "INVALID_ENUM_VALUE", "query.sort.sort_field"),
        ({"query": {"filter": {"state_filter": {"states": ["PAID"]}}}}, "INVALID_ENUM_VALUE", None),
        ({"query": []}, "EXPECTED_OBJECT", "query"),
        (
            {"query": {"filter": by("created_at", start_at=stamp(9), end_at=stamp(8))}},
            "INVALID_TIME_RANGE",
            None,
        ),
    ],
)
def test_a_wrong_search_is_refused(
    server: SquareServer, call: Call, place: str, change: Json, code: str, field: str | None
) -> None:
    reply = call(server, "POST", SEARCH, {"location_ids": [place]} | change)
    error = reply.body["errors"][0]
    assert (reply.status, error["code"]) == (400, code)
    assert error["category"] == "INVALID_REQUEST_ERROR" and error["detail"]
    assert field is None or error["field"] == field


def test_orders_are_read_by_id(server: SquareServer, call: Call, small: SquareShop) -> None:
    rows = [row.read() for row in small.orders(millis(NOW), OrderQuery())][:30]
    for row in rows:
        assert call(server, "GET", f"/v2/orders/{row['id']}").body == {"order": row}
    missing = call(server, "GET", "/v2/orders/" + rows[0]["id"][:-1] + "X")
    assert (missing.status, missing.body["errors"][0]["code"]) == (404, "NOT_FOUND")


def test_an_order_is_not_there_before_it_arrives(small: SquareShop) -> None:
    order = next(iter(small.timeline.search(millis(NOW), OrderQuery()))).order
    assert small.find(order.born - 1, order.id) is None
    assert small.find(order.born, order.id) is not None


def test_the_token_and_its_scopes_are_checked(small: SquareShop, call: Call, place: str) -> None:
    rules = SquareRules(scopes=frozenset({"ORDERS_READ"}))
    with serve_square(small, now=lambda: NOW, rules=rules) as server:
        reply = call(server, "GET", "/v2/locations", headers={"Authorization": "Bearer wrong"})
        error = reply.body["errors"][0]
        assert (reply.status, error["category"], error["code"]) == (
            401,
            "AUTHENTICATION_ERROR",
            "UNAUTHORIZED",
        )
        assert call(server, "POST", SEARCH, {"location_ids": [place]}).status == 200
        for path in ("/v2/payments", "/v2/refunds", "/v2/locations"):
            reply = call(server, "GET", path)
            assert (reply.status, reply.body["errors"][0]["code"]) == (403, "INSUFFICIENT_SCOPES")
        server.faults.append(Fault("status", status=401, code="ACCESS_TOKEN_EXPIRED"))
        reply = call(server, "GET", "/v2/locations")
        assert reply.body["errors"][0]["code"] == "ACCESS_TOKEN_EXPIRED"


def test_a_limited_rate_answers_429_and_not_for_how_long(small: SquareShop, call: Call) -> None:
    with serve_square(small, now=lambda: NOW, rate_limit=(2, 3600), clock=lambda: 0.0) as server:
        replies = [call(server, "GET", "/v2/locations") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    error = replies[2].body["errors"][0]
    assert (error["category"], error["code"]) == ("RATE_LIMIT_ERROR", "RATE_LIMITED")
    assert not {name for name in replies[2].headers if "retry" in name.lower()}


def test_the_version_is_echoed(server: SquareServer, call: Call) -> None:
    path = "/v2/locations"
    assert call(server, "GET", path).headers["Square-Version"] == VERSION
    old = call(server, "GET", path, headers={"Square-Version": "2023-06-08"})
    assert old.headers["Square-Version"] == "2023-06-08"
    for text in ("2099-01-01", "latest", "2001-01-01"):
        reply = call(server, "GET", path, headers={"Square-Version": text})
        assert reply.status == 400
        assert reply.body["errors"][0]["code"] == "INVALID_SQUARE_VERSION_FORMAT"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", SEARCH, b"{", 400),
        ("POST", SEARCH, b"[]", 400),
        ("GET", SEARCH, None, 405),
        ("DELETE", "/v2/locations", None, 405),
        ("GET", "/v2/loyalty/programs", None, 404),
        ("GET", "/v1/me/orders", None, 404),
    ],
)
def test_what_cannot_be_answered_is_an_error(
    server: SquareServer, call: Call, method: str, path: str, body: bytes | None, status: int
) -> None:
    assert call(server, method, path, body).status == status


def test_payments_filter_by_creation_even_where_they_sort_by_update(
    server: SquareServer, call: Call, small: SquareShop
) -> None:
    rows = [row.read() for row in small.payments(millis(NOW), OrderQuery("created", True))]
    start, end = rows[100]["created_at"], rows[140]["created_at"]
    expected = {row["id"] for row in rows if start <= row["created_at"] <= end}
    span = {"begin_time": start, "end_time": end}
    for more in ({}, {"sort_field": "UPDATED_AT", "sort_order": "ASC"}):
        page = call(server, "GET", "/v2/payments", **span, **more).body["payments"]
        assert {row["id"] for row in page} == expected
    reply = call(server, "GET", "/v2/payments", updated_at_begin_time=start)
    assert reply.status == 400
    assert call(server, "GET", "/v2/payments", limit=101).status == 400


def test_a_payment_knows_what_was_paid_back(small: SquareShop) -> None:
    payments = {
        row.id: row.read() for row in small.payments(millis(NOW), OrderQuery("created", True))
    }
    by_id = {row["id"]: row for row in payments.values()}
    refunds = [row.read() for row in small.refunds(millis(NOW), OrderQuery("created", True))]
    paid_back: dict[str, int] = {}
    for refund in refunds:
        if refund["status"] == "COMPLETED" and "payment_id" in refund:
            amount = refund["amount_money"]["amount"]
            paid_back[refund["payment_id"]] = paid_back.get(refund["payment_id"], 0) + amount
            assert refund["id"] in by_id[refund["payment_id"]]["refund_ids"]
    recorded = {
        row["id"]: row["refunded_money"]["amount"]
        for row in payments.values()
        if "refunded_money" in row
    }
    assert recorded == paid_back and len(recorded) > 10
    assert all(
        row["refunded_money"]["amount"] <= row["total_money"]["amount"]
        for row in payments.values()
        if "refunded_money" in row
    )


def test_the_catalog_lists_types_and_pages(server: SquareServer, call: Call) -> None:
    def read_pages(**fields: list[str]) -> list[Json]:
        rows, cursor = [], {}
        while True:
            body = call(server, "POST", "/v2/catalog/search", fields | cursor).body
            rows += body["objects"]
            assert len(body["objects"]) <= 100
            if "cursor" not in body:
                return rows
            cursor = {"cursor": body["cursor"]}

    everything = read_pages()
    kinds = {row["type"] for row in everything}
    assert kinds == {"ITEM", "CATEGORY", "MODIFIER_LIST", "TAX", "DISCOUNT", "MEASUREMENT_UNIT"}
    variations = read_pages(object_types=["ITEM_VARIATION", "MODIFIER"])
    assert len(variations) > 100 and {row["type"] for row in variations} == {
        "ITEM_VARIATION",
        "MODIFIER",
    }
    assert not any(row["is_deleted"] for row in everything)


def test_every_id_on_an_order_is_in_the_catalog(
    server: SquareServer, call: Call, small: SquareShop
) -> None:
    body = {"include_deleted_objects": True, "limit": 1000}
    names: set[str] = set()
    for types in (["ITEM_VARIATION", "MODIFIER"], ["TAX", "DISCOUNT"]):
        reply = call(server, "POST", "/v2/catalog/search", body | {"object_types": types}).body
        names |= {row["id"] for row in reply["objects"]}
    for row in small.orders(millis(NOW), OrderQuery()):
        order = row.read()
        for line in order.get("line_items", []):
            used = [line, *line.get("modifiers", [])]
            used += [*order.get("taxes", []), *order.get("discounts", [])]
            assert {
                part["catalog_object_id"] for part in used if "catalog_object_id" in part
            } <= names


def test_a_catalog_search_begins_after_its_time(server: SquareServer, call: Call) -> None:
    path = "/v2/catalog/search"
    everything = call(server, "POST", path, {"limit": 1000, "include_deleted_objects": True}).body
    latest = everything["latest_time"]
    assert latest == max(row["updated_at"] for row in everything["objects"])
    assert call(server, "POST", path, {"begin_time": latest}).body == {"latest_time": latest}
    before = stamp(parse_stamp(latest) - 1)
    rows = call(server, "POST", path, {"begin_time": before}).body["objects"]
    assert {row["updated_at"] for row in rows} == {latest}
    deleted = [row for row in everything["objects"] if row["is_deleted"]]
    assert call(server, "POST", path, {"query": {"exact_query": {}}}).status == 400
    visible = call(server, "POST", path, {"limit": 1000}).body["objects"]
    assert len(visible) + len(deleted) == len(everything["objects"])


def test_people_are_searched_by_status(server: SquareServer, call: Call) -> None:
    def people(**filters: Any) -> list[Json]:
        body = {"query": {"filter": filters}, "limit": 3}
        rows, cursor = [], {}
        while True:
            page = call(server, "POST", "/v2/team-members/search", body | cursor).body
            rows += page.get("team_members", [])
            if "cursor" not in page:
                return rows
            cursor = {"cursor": page["cursor"]}

    everyone = people()
    assert len(everyone) == len({row["id"] for row in everyone}) == 7
    assert {row["status"] for row in people(status="ACTIVE")} == {"ACTIVE"}
