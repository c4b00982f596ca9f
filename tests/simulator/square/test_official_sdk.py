"""The official SDK pages through every list, parses all of it and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pipeline.simulator import Shop
from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.square import OrderQuery, SquareRules, SquareServer, SquareShop
from pipeline.simulator.square.server import VERSION
from tests.support.faults import Fault
from tests.support.server import serve_square
from tests.support.square_events import EventShop

if TYPE_CHECKING:
    from square import Square
    from square.types.order import Order

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
HEADER = "square-version"
NEWEST = {"updated_at": {"start_at": stamp(0)}}


def _search(client: Square, places: list[str], limit: int = 100) -> Iterator[Order]:
    query: Any = {
        "filter": {"date_time_filter": NEWEST},
        "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
    }
    cursor = None
    while True:
        page = client.orders.search(location_ids=places, query=query, limit=limit, cursor=cursor)
        yield from page.orders or []
        cursor = page.cursor
        if not cursor:
            return


def _unknown(model: Any, place: str = "") -> set[str]:
    """The keys of a parsed answer that its model does not have."""
    if isinstance(model, list):
        return {name for row in model for name in _unknown(row, place)}
    if not hasattr(model, "model_fields_set"):
        return set()
    names = {f"{place}.{name}" for name in model.model_extra or {}}
    for name in type(model).model_fields:
        names |= _unknown(getattr(model, name), f"{place}.{name}")
    return names


@contextmanager
def _client(server: SquareServer) -> Iterator[Square]:
    from square import Square  # takes a second

    with httpx.Client() as connections:
        yield Square(token=server.token, base_url=server.url, httpx_client=connections)


@pytest.fixture(scope="module")
def tiny() -> SquareShop:
    """A shop of twelve days: the SDK takes its time to parse."""
    return EventShop(Shop(seed=4, opened=date(2026, 10, 22), receipts_per_day=6))


def test_it_reads_and_understands_every_order(tiny: SquareShop) -> None:
    seen: list[str | None] = []
    look = Fault("call", times=None, act=lambda row: seen.append(row.request_headers.get(HEADER)))
    with serve_square(tiny, now=lambda: NOW, faults=[look]) as server, _client(server) as client:
        places = [str(row.id) for row in client.locations.list().locations or []]
        orders = list(_search(client, places, 40))
    expected = {row.id: row.read() for row in tiny.orders(millis(NOW), OrderQuery())}
    assert len(orders) == len(expected) > 60
    assert _unknown(orders) == set()
    for order in orders:
        plain = expected[str(order.id)]
        assert order.state == plain["state"] and order.version == plain["version"]
        assert len(order.line_items or []) == len(plain.get("line_items", []))
        assert order.net_amounts and order.net_amounts.total_money
        assert order.net_amounts.total_money.amount == plain["net_amounts"]["total_money"]["amount"]
        for entry in order.returns or []:
            assert entry.return_line_items
    assert set(seen) == {VERSION}


def test_it_reads_every_other_list(tiny: SquareShop) -> None:
    with serve_square(tiny, now=lambda: NOW) as server, _client(server) as client:
        locations = client.locations.list().locations or []
        payments = list(client.payments.list(limit=60, sort_field="UPDATED_AT", sort_order="ASC"))
        refunds = list(client.refunds.list(limit=1))
        items = client.catalog.search(object_types=["ITEM"], include_deleted_objects=True)
        team = client.team_members.search(query={"filter": {"status": "ACTIVE"}})
        order = client.orders.get(str(payments[0].order_id)).order
    assert [row.timezone for row in locations] == ["America/Mexico_City"] * 2
    assert len(payments) == len(list(tiny.payments(millis(NOW), OrderQuery())))
    assert len(refunds) == len(list(tiny.refunds(millis(NOW), OrderQuery()))) >= 3
    assert order and order.tenders and payments[0].id in {row.id for row in order.tenders}
    assert items.objects and team.team_members
    for rows in (locations, payments, refunds, list(items.objects), team.team_members):
        assert _unknown(list(rows)) == set()


def test_it_retries_a_limited_rate_and_raises_other_errors(tiny: SquareShop) -> None:
    from square.core.api_error import ApiError

    limited = Fault("status", status=429, code="RATE_LIMITED")
    with serve_square(tiny, now=lambda: NOW, faults=[limited]) as server, _client(server) as client:
        assert client.locations.list().locations
        assert [row.status for row in server.requests] == [429, 200]
        with pytest.raises(ApiError) as failure:
            client.orders.search(location_ids=["LNONE"])
        assert failure.value.status_code == 400
        assert failure.value.errors[0].code == "INVALID_LOCATION"


def test_a_dead_cursor_is_an_error_that_it_shows(tiny: SquareShop) -> None:
    from square.core.api_error import ApiError

    instants = iter([NOW, NOW, datetime(2026, 11, 2, 16, tzinfo=UTC)])
    with (
        serve_square(tiny, now=lambda: next(instants), rules=SquareRules()) as server,
        _client(server) as client,
    ):
        places = [str(row.id) for row in client.locations.list().locations or []]
        pages = _search(client, places, limit=5)
        with pytest.raises(ApiError) as failure:
            list(pages)
    assert failure.value.errors[0].code == "INVALID_CURSOR"
