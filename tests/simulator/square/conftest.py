"""The shop in Square's form, with and without what only Square has, and a plain HTTP client."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

from pipeline.simulator import Shop
from pipeline.simulator.square import OrderQuery, SquareServer, SquareShop
from tests.support.square_events import EventShop


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


def _call(
    server: SquareServer,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    **params: object,
) -> Reply:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        content = (
            body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        )
        connection.request(
            method,
            path + ("?" + urlencode(params) if params else ""),
            content,
            {"Authorization": f"Bearer {server.token}"} | (headers or {}),
        )
        response = connection.getresponse()
        return Reply(response.status, dict(response.headers), json.loads(response.read()))
    finally:
        connection.close()


@pytest.fixture(scope="session")
def call() -> Callable[..., Reply]:
    """One request: server, method, path, body (JSON or bytes), headers, query parameters."""
    return _call


def _pages(server: SquareServer, body: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    cursor: dict[str, str] = {}
    for _ in range(5_000):
        reply = _call(server, "POST", "/v2/orders/search", body | cursor)
        assert reply.status == 200, reply
        yield reply.body.get("orders", [])
        if "cursor" not in reply.body:
            return
        cursor = {"cursor": reply.body["cursor"]}
    raise AssertionError("the search never ends")


@pytest.fixture(scope="session")
def pages() -> Callable[..., Iterator[list[dict[str, Any]]]]:
    """All pages of an order search, one after the other."""
    return _pages


@pytest.fixture(scope="session")
def square(shop: Shop) -> SquareShop:
    """The shop that everyone gets, with what only Square has."""
    return EventShop(shop)


@pytest.fixture(scope="session")
def small() -> SquareShop:
    """A small young shop with all events, for tests that read everything."""
    return EventShop(Shop(seed=11, opened=date(2026, 9, 20), receipts_per_day=25))


@pytest.fixture(scope="session")
def everything() -> Callable[..., list[dict[str, Any]]]:
    """All orders of a shop as they are at an instant, oldest first."""

    def read(shop: SquareShop, now: int, **query: Any) -> list[dict[str, Any]]:
        rows = shop.orders(now, OrderQuery(**{"field": "updated", "ascending": True} | query))
        return [row.read() for row in rows]

    return read
