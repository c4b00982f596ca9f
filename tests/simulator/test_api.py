"""The API's habits: paging, filters, limits, errors, the history limit, the rate limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.simulator import Query, Shop, ShopData
from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.loyverse.api import answer
from pipeline.simulator.loyverse.protocol import RESOURCES, ApiError, LoyverseRules
from pipeline.simulator.source import decode
from tests.support.faults import busiest
from tests.support.other_order import OtherOrder
from tests.support.server import serve

PAGED = sorted(name for name, resource in RESOURCES.items() if resource.pages)
WHOLE = sorted(name for name, resource in RESOURCES.items() if not resource.pages)


def pages(shop: ShopData, now: datetime, path: str, **params: str) -> list[list[dict]]:
    """Every page, asked for by the cursor alone after the first."""
    result, sent = [], params
    while len(result) < 2000:
        page = answer(shop, millis(now), path, sent, LoyverseRules())
        result.append([decode(row) for row in page.rows])
        if page.cursor is None:
            return result
        sent = {"cursor": page.cursor}
    raise AssertionError(f"{path} never ends")


def code(shop: Shop, now: datetime, path: str, **params: str) -> tuple[int, str, str | None]:
    with pytest.raises(ApiError) as refused:
        answer(shop, millis(now), path, params, LoyverseRules(history_days=31))
    error = decode(refused.value.body)["errors"][0]
    return refused.value.status, error["code"], error.get("field")


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 250),
    st.sampled_from(
        [
            {},
            {"updated_at_min": "2026-10-12T06:00:00.000Z"},
            {"created_at_max": "2026-10-20T00:00:00Z"},
            {
                "created_at_min": "2026-10-03T00:00:00Z",
                "updated_at_max": "2026-10-19T05:00:00.000Z",
            },
        ]
    ),
)
def test_pages_of_any_size_are_the_whole_list_newest_first(
    stall: Shop, limit: int, filters: dict[str, str]
) -> None:
    now = datetime(2026, 10, 31, tzinfo=UTC)
    total = answer(
        stall, millis(now), "/receipts", filters, LoyverseRules(default_limit=10**6)
    ).rows
    result = pages(stall, now, "/receipts", limit=str(limit), **filters)
    assert [row for page in result for row in page] == [decode(row) for row in total]
    assert all(len(page) == limit for page in result[:-1]) and len(result) == max(
        1, -(-len(total) // limit)
    )
    created = [row["created_at"] for page in result for row in page]
    assert created == sorted(created, reverse=True) and len(created) == len(
        {row["receipt_number"] for page in result for row in page}
    )


@pytest.mark.parametrize("order", ["created_desc", "updated_desc", "updated_asc"])
@pytest.mark.parametrize("offsets", [False, True])
def test_other_orders_and_offsets_list_the_same(stall: Shop, order: str, offsets: bool) -> None:
    now, other = datetime(2026, 10, 6, tzinfo=UTC), OtherOrder(stall, order, offsets)
    rows = [row for page in pages(other, now, "/receipts", limit="7") for row in page]
    assert {row["receipt_number"] for row in rows} == {
        entry.key for entry in stall.receipts(millis(now), Query())
    }
    field, _, way = order.partition("_")
    times = [row[f"{field}_at"] for row in rows]
    assert times == sorted(times, reverse=way == "desc")


def test_a_cursor_carries_its_filters_and_limit(stall: Shop, now: datetime) -> None:
    first = answer(
        stall,
        millis(now),
        "/receipts",
        {"limit": "3", "updated_at_min": "2026-10-28T00:00:00Z"},
        LoyverseRules(),
    )
    alone = answer(stall, millis(now), "/receipts", {"cursor": first.cursor}, LoyverseRules())
    same, other = (
        {"limit": "3", "updated_at_min": "2026-10-28T00:00:00Z"},
        {"created_at_max": "2026-10-01T00:00:00Z", "limit": "9"},
    )
    repeated = answer(
        stall, millis(now), "/receipts", {"cursor": first.cursor, **same}, LoyverseRules()
    )
    contrary = answer(
        stall, millis(now), "/receipts", {"cursor": first.cursor, **other}, LoyverseRules()
    )
    assert alone.rows == repeated.rows == contrary.rows[:3] and len(contrary.rows) == 9
    assert set(first.cursor) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_="
    )


def test_filters_of_receipts(stall: Shop, now: datetime) -> None:
    everything = [row for page in pages(stall, now, "/receipts", limit="250") for row in page]

    def numbers(**params: str) -> list[str]:
        return [
            row["receipt_number"]
            for page in pages(stall, now, "/receipts", limit="250", **params)
            for row in page
        ]

    middle = everything[40]
    exact = {"created_at_min": middle["created_at"], "created_at_max": middle["created_at"]}
    assert numbers(**exact) == [
        row["receipt_number"] for row in everything if row["created_at"] == middle["created_at"]
    ]
    assert numbers(updated_at_gte="2030-01-01T00:00:00Z", updatedAtMin="x", sort="asc") == [
        row["receipt_number"] for row in everything
    ]
    assert len(answer(stall, millis(now), "/receipts", {}, LoyverseRules()).rows) == 50


def test_one_receipt(stall: Shop, now: datetime) -> None:
    listed = {
        row["receipt_number"]: row
        for page in pages(stall, now, "/receipts", limit="250")
        for row in page
    }
    for number in list(listed)[::50]:
        assert (
            decode(answer(stall, millis(now), f"/receipts/{number}", {}, LoyverseRules()))
            == listed[number]
        )
    for number in ("1-999", "1-0001003", "7-1000", "1-99999999999999999999", "-", "1-²", "x"):
        assert code(stall, now, f"/receipts/{number}")[:2] == (404, "NOT_FOUND"), number


def test_errors(shop: Shop, now: datetime) -> None:
    other = answer(shop, millis(now), "/items", {"limit": "2"}, LoyverseRules()).cursor
    assert code(shop, now, "/receipts", limit="251") == (400, "INVALID_VALUE", "limit")
    assert (
        code(shop, now, "/receipts", limit="0")
        == code(shop, now, "/items", limit="-1")
        == (400, "INVALID_VALUE", "limit")
    )
    assert (
        code(shop, now, "/receipts", limit="many")
        == code(shop, now, "/receipts", limit="--5")
        == (400, "INCORRECT_VALUE_TYPE", "limit")
    )
    for cursor in ("null", "undefined", "", "garbage", "é", other):
        assert code(shop, now, "/receipts", cursor=cursor) == (
            400,
            "INVALID_CURSOR",
            "cursor",
        ), cursor
    assert code(shop, now, "/receipts", updated_at_min="yesterday") == (
        400,
        "INCORRECT_VALUE_TYPE",
        "updated_at_min",
    )
    assert code(
        shop,
        now,
        "/receipts",
        updated_at_min="2026-10-30T00:00:00Z",
        updated_at_max="2026-10-29T00:00:00Z",
    ) == (400, "INVALID_RANGE", "updated_at_max")
    for path in ("/", "/nothing", "/items/x", "/receipts/x/y", "/stores/x"):
        assert code(shop, now, path) == (404, "NOT_FOUND", None), path


@pytest.mark.parametrize("name", PAGED)
def test_what_pages(shop: Shop, name: str) -> None:
    now = datetime(2023, 11, 1, tzinfo=UTC)
    result = (
        pages(shop, now, f"/{name}", limit="250")
        if name == "receipts"
        else pages(shop, now, f"/{name}", limit="5")
    )
    assert all(len(page) in (5, 250) for page in result[:-1])
    rows = [row for page in result for row in page]
    keys = [row.get("receipt_number") or row["id"] for row in rows]
    assert len(keys) == len(set(keys)) and len(result) > 1


@pytest.mark.parametrize("name", WHOLE)
def test_what_does_not_page(shop: Shop, now: datetime, name: str) -> None:
    page = answer(
        shop, millis(now), f"/{name}", {"limit": "1", "cursor": "garbage"}, LoyverseRules()
    )
    assert page.cursor is None and len(page.rows) > 1


def test_rows_of_the_back_office_are_filtered_and_deleted_ones_hidden(
    shop: Shop, now: datetime
) -> None:
    def names(path: str, **params: str) -> list[str]:
        return [
            row.get("item_name") or row["name"]
            for page in pages(shop, now, path, **params)
            for row in page
        ]

    gone = set(names("/items", show_deleted="true", limit="250")) - set(
        names("/items", limit="250")
    )
    assert gone == {"Hot Dog Jumbo", "Combo Mundialista"}
    assert names("/items", created_at_min="2026-01-01T00:00:00Z", show_deleted="true") == [
        "Combo Mundialista"
    ]
    assert len(names("/categories", created_at_min="2026-01-01T00:00:00Z")) == 7, (
        "categories know no dates"
    )
    assert decode(answer(shop, millis(now), "/merchant/", {}, LoyverseRules()))["currency"] == {
        "code": "MXN",
        "decimal_places": 2,
    }


@pytest.mark.parametrize("limit", [1, 7, 250])
def test_the_history_limit_inside_a_fetch_fails_the_page_across_it(limit: int) -> None:
    stall, now = (
        Shop(seed=3, opened=date(2026, 9, 20), receipts_per_day=4),
        datetime(2026, 10, 31, 18, tzinfo=UTC),
    )
    rules, wall = LoyverseRules(history_days=31), now - timedelta(days=31)
    reachable = sum(1 for _ in stall.receipts(millis(now), Query(created_min=millis(wall))))
    served, sent = 0, {"limit": str(limit)}
    with pytest.raises(ApiError) as refused:
        while served <= reachable:
            page = answer(stall, millis(now), "/receipts", sent, rules)
            served, sent = served + len(page.rows), {"cursor": page.cursor}
    assert refused.value.status == 402 and served == reachable // limit * limit
    assert decode(refused.value.body) == {
        "errors": [
            {
                "code": "PAYMENT_REQUIRED",
                "details": (
                    "Unable to retrieve receipts created earlier "
                    "than 31 days ago. Please subscribe to Unlimited sales history."
                ),
            }
        ]
    }
    assert code(stall, now, "/receipts", created_at_min=stamp(millis(wall) - 1))[0] == 402
    assert answer(
        stall, millis(now), "/receipts", {"created_at_min": stamp(millis(wall))}, rules
    ).rows
    assert code(stall, now, "/receipts/1-1000")[0] == 402
    assert answer(
        stall, millis(now), "/receipts", {"limit": "1"}, replace(rules, history_days=None)
    ).rows


def test_tokens_scopes_and_methods(shop: Shop, now: datetime, get: Callable) -> None:
    with serve(shop, now=lambda: now, scopes=frozenset({"RECEIPTS_READ"})) as server:
        assert get(server, "/receipts", limit=1).status == 200
        for token in ("wrong", "", server.token + "x"):
            refused = get(server, "/receipts", token=token)
            assert refused.status == 401 and refused.json()["errors"][0]["code"] == "UNAUTHORIZED"
        assert get(server, "/items").json()["errors"][0]["code"] == "FORBIDDEN"
        assert get(server, "/receipts", method="POST").status == 405
        assert get(server, "/../receipts").status == 404
        assert (
            len(server.requests) == 7
            and [request.authorized for request in server.requests].count(False) == 3
        )
    with serve(shop) as entry, serve(shop) as two:
        assert entry.token != two.token and len(entry.token) == 32


def test_the_rate_limit_is_a_sliding_window(shop: Shop, now: datetime, get: Callable) -> None:
    seconds = [0.0]
    with serve(shop, now=lambda: now, rate_limit=(3, 300), clock=lambda: seconds[0]) as server:

        def ask(moment: float) -> int:
            seconds[0] = moment
            return get(server, "/stores").status

        assert [ask(0), ask(100), ask(299), ask(299.9), ask(300), ask(301), ask(399), ask(400)] == [
            200,
            200,
            200,
            429,
            200,
            429,
            429,
            200,
        ]
        refused = get(server, "/stores")
        assert (
            refused.json()["errors"][0]["code"] == "RATE_LIMITED"
            and "Retry-After" not in refused.headers
        )
        assert busiest(server, 300) == 7
