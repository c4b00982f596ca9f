"""Square's client against its simulated API: nothing lost, whatever cursors, rates and tokens do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest

from pipeline.errors import SourceFatal, Unauthorized
from pipeline.pos import open_source
from pipeline.pos.source import Record
from pipeline.pos.square import endpoints, reader
from pipeline.simulator import Shop
from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.source import encode
from pipeline.simulator.square import OrderQuery, SquareRules, SquareServer, SquareShop
from tests.pos.two_apis import instant
from tests.support.faults import Fault, on_path
from tests.support.order_book import OrderBook
from tests.support.server import serve_square
from tests.support.square_events import EventShop

NOW, SINCE = instant("2026-10-08"), instant("2026-10-01")
SQUARE = EventShop(Shop(seed=4, opened=date(2026, 9, 20), stores=2, receipts_per_day=12))


@contextmanager
def started(source: object = SQUARE, limit: int = 500, **options: object) -> Iterator[tuple]:
    """(server, client, waits): waiting takes no time."""
    waits: list[float] = []
    rules = options.pop("client", {})
    with serve_square(source, **({"now": lambda: NOW} | options)) as server:
        client = open_source(
            "square",
            url=server.url,
            rate=None,
            limit=limit,
            sleep=waits.append,
            **({"token": server.token} | rules),
        )
        yield server, client, waits


def fetch_all(
    client: object, since: datetime = SINCE, until: datetime | None = NOW
) -> list[Record]:
    return [record for page in client.receipts(since, until) for record in page.records]


def expected(now: datetime = NOW) -> dict[str, bytes]:
    query = OrderQuery("updated", True, millis(SINCE), millis(now) - 1)
    return {row.id: encode(row.read()) for row in SQUARE.orders(millis(now), query)}


def order_in(record: Record) -> bytes:
    """The order as it stands in a record."""
    body = record.body
    return (
        body[len(b'{"order":') : body.index(b',"payments":')]
        if body.startswith(b'{"order"')
        else body
    )


def paths(server: SquareServer) -> list[str]:
    return [request.path for request in server.requests]


def test_orders_are_kept_byte_for_byte_with_their_payments_and_refunds() -> None:
    with started() as (server, client, _waits):
        records = fetch_all(client)
    assert {record.number: order_in(record) for record in records} == expected()
    paid, returned = 0, 0
    for record in records:
        parsed = json.loads(record.body)
        order = parsed.get("order", parsed)
        tenders = [t["id"] for t in order.get("tenders", []) if t["type"] != "NO_SALE"]
        assert [row["id"] for row in parsed.get("payments", [])] == tenders
        paid += len(tenders)
        if order.get("returns") and parsed.get("refunds"):
            assert {row["order_id"] for row in parsed["refunds"]} == {record.number}
            returned += 1
        assert all("card_details" not in row for row in parsed.get("payments", []))
    assert paid > 100 and returned > 3
    lists = [path for path in paths(server) if path.endswith("/payments")]
    assert 1 <= len(lists) < paid / 10, "payments are read by spans, not for each order"


@pytest.mark.parametrize("limit", [7, 50])
def test_cursors_that_die_at_once_lose_nothing(limit: int) -> None:
    now = [NOW]

    def clock() -> datetime:
        now[0] += timedelta(minutes=1)
        return now[0]

    with started(limit=limit, now=clock, rules=SquareRules(cursor_minutes=0.5)) as (_, client, _w):
        assert {record.number for record in fetch_all(client)} == set(expected())


def test_a_rate_that_is_refused_without_a_wait_is_tried_again_later_and_later() -> None:
    faults = [Fault("status", status=429, on=on_path("/v2/orders/search"), times=3)]
    with started(faults=faults) as (_, client, waits):
        assert {record.number for record in fetch_all(client)} == set(expected())
    assert len(waits) == 3 and 5 <= waits[0] < waits[1] < waits[2]


def test_more_than_ten_locations_are_asked_for_ten_at_a_time() -> None:
    places = [{"id": f"L{n:02d}", "name": f"Shop {n}"} for n in range(23)]
    book = OrderBook(locations=places)
    for n in range(46):
        moment = SINCE + timedelta(hours=n)
        row = {
            "id": f"order-{n}",
            "location_id": f"L{n % 23:02d}",
            "state": "OPEN",
            "created_at": stamp(millis(moment)),
            "updated_at": stamp(millis(moment)),
        }
        book.plant(row, moment)
    with started(book, limit=4) as (server, client, _waits):
        pages = list(client.receipts(SINCE, NOW))
        searched = [
            json.loads(r.params["location_ids"])
            for r in server.requests
            if "location_ids" in r.params
        ]
    assert {len(locations) for locations in searched} == {10, 3}
    assert len({record.number for page in pages for record in page.records}) == 46
    assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]


def test_the_end_of_a_span_is_not_in_it() -> None:
    book = OrderBook(locations=[{"id": "L"}])
    for n, moment in enumerate((SINCE, SINCE + timedelta(hours=1))):
        times = dict.fromkeys(("created_at", "updated_at"), stamp(millis(moment)))
        book.plant({"id": str(n), "location_id": "L", "state": "OPEN", **times}, moment)
    with started(book) as (_, client, _waits):
        assert [r.number for r in fetch_all(client, SINCE, SINCE + timedelta(hours=1))] == ["0"]
        assert [r.number for r in fetch_all(client, SINCE, None)] == ["0", "1"]


def test_a_token_that_is_wrong_or_weak_says_what_to_do() -> None:
    with (
        started(client={"token": "wrong"}) as (_, client, _waits),
        pytest.raises(Unauthorized, match="SQUARE_TOKEN"),
    ):
        fetch_all(client)
    rules = SquareRules(scopes=frozenset({"ORDERS_READ", "MERCHANT_PROFILE_READ"}))
    with (
        started(rules=rules) as (_, client, _waits),
        pytest.raises(Unauthorized, match="PAYMENTS_READ"),
    ):
        fetch_all(client)


def test_the_version_of_the_api_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "VERSION", "2099-01-01")
    with (
        started() as (_, client, _waits),
        pytest.raises(SourceFatal, match="INVALID_SQUARE_VERSION"),
    ):
        fetch_all(client)


def record(moment: datetime, location: str = "L") -> tuple[Record, set[str]]:
    row = {"id": "x", "location_id": location, "updated_at": moment.isoformat()}
    read = reader.read_record(json.dumps(row).encode())
    return read, reader.store_ids(read.body)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([record(SINCE - timedelta(days=1))], "filter"),
        ([record(NOW + timedelta(seconds=2))], "filter"),
        ([record(SINCE, "other")], "filter"),
        ([record(SINCE + timedelta(days=1)), record(SINCE)], "sort"),
    ],
    ids=["before", "after", "elsewhere", "newest first"],
)
def test_an_api_that_ignores_the_question_stops_the_fetch(rows: list, words: str) -> None:
    records, stores = zip(*rows, strict=True)
    with pytest.raises(SourceFatal, match=words):
        endpoints.check_orders(list(records), list(stores), ["L"], SINCE, NOW)
