"""The API's own habits: filters that it ignores, cursors that lead nowhere, the history limit of 31
days, records that are no JSON.
"""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, SourceFatal, SourceRetriable, Unauthorized
from pipeline.pos import open_source
from pipeline.pos.loyverse.client import open_loyverse
from pipeline.pos.loyverse.endpoints import ENDPOINTS, _fits, query
from pipeline.pos.pages import write_instant
from pipeline.simulator import Shop
from pipeline.simulator.loyverse.protocol import RESOURCES
from tests.extract.small_shop import (
    NOW,
    START,
    FakeClock,
    connect,
    fetch_first_windows,
    numbers,
    receipt,
    shop,
)
from tests.support.book import Book
from tests.support.faults import Fault, on_page, on_path

END = START + timedelta(days=1)


def read_all(source: object, since: datetime = START, until: datetime | None = None) -> list[str]:
    return [record.number for page in source.receipts(since, until) for record in page.records]


def test_every_page_repeats_the_same_filters_and_a_missing_cursor_ends_the_list(start) -> None:
    server, source = start(shop(30), limit=10)
    assert len(read_all(source, until=END)) == 30
    first, *others = [request.params for request in server.requests]
    assert first == {
        "updated_at_min": "2026-10-01T10:59:59.000Z",
        "updated_at_max": "2026-10-02T11:00:01.000Z",
        "limit": "10",
    }
    assert len(others) == 2 and all(
        {**params, "cursor": None} == {**first, "cursor": None} for params in others
    )


def test_a_null_cursor_ends_the_list_and_is_never_sent(start) -> None:
    server, source = start(
        shop(10),
        faults=[Fault("body", body=lambda body: body[:-1] + b',"cursor":null}')],
    )
    assert len(read_all(source)) == 10
    assert len(server.requests) == 1 and "cursor" not in server.requests[0].params


def test_records_are_kept_byte_for_byte(start) -> None:
    body = (
        b'{ "receipt_number":"9-1", "total_money":1.10,"tip":0.00'
        b' ,"new":{"deep":[1e400,-0,123456789012345678901234567890]},'
        b'"note":"\\u00e9\xc3\xa9'
        b' \\/","updated_at":"2026-10-01T12:00:00.000Z","created_at":"2026-10-01T12:00:00.000Z",'
        b'"receipt_date":"2026-10-01T12:00:00.000Z","total_money":2 }'
    )
    book = Book()
    book.plant(body, "9-1", START + timedelta(hours=1), START + timedelta(hours=1))
    _, source = start(book)
    [page] = source.receipts(START, None)
    assert page.records[0].body == body and page.records[0].number == "9-1"


@pytest.mark.parametrize("ignored", ["updated_at_min", "updated_at_max"])
def test_a_filter_that_the_api_ignores_stops_the_run(start, ignored: str) -> None:
    _, source = start(shop(100), faults=[Fault("ignore", names=(ignored,), times=None)])
    with pytest.raises(SourceFatal, match=f"although {ignored} = .* ignores the filter"):
        read_all(source, START + timedelta(hours=10), START + timedelta(hours=20))


@pytest.mark.parametrize("bounds", ["inclusive", "exclusive"])
def test_neither_kind_of_bound_loses_or_doubles_a_receipt(
    start, tmp_path: Path, bounds: str
) -> None:
    """Receipts stand on the very edges of the windows; a server with exclusive bounds is played by
    dropping its edge rows.
    """
    book = shop(49, step=timedelta(hours=1))
    edges = (
        b'"updated_at":"%s"' % write_instant(START - timedelta(seconds=1)).encode(),
        b'"updated_at":"2026-10-03T11:00:01.000Z"',
    )
    drop = Fault(
        "rows",
        act=lambda rows: [row for row in rows if not any(edge in row for edge in edges)],
        times=None,
    )
    _, source = start(book, faults=[drop] if bounds == "exclusive" else [])
    result = fetch_first_windows(source, 2, tmp_path, bounded=True)
    assert (
        sorted(numbers(result)) == [f"1-{n + 1000}" for n in range(48)]
        and result.other_windows == 1
    )


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_a_filter_in_another_spelling_is_refused_before_it_is_sent(name: str) -> None:
    for wrong in ("updated_at.gte", "item_ids", "updated_min", "show_deletd", "sort"):
        with pytest.raises(SourceFatal, match=f"no filter {wrong}"):
            query(ENDPOINTS[name], {wrong: "x"})


NUMBERS = [f"1-{number}" for number in range(1000, 1005)]


@pytest.mark.parametrize(
    "resource, filters, sent",
    [
        ("receipts", {"created_at_min": START + timedelta(hours=1)}, "2026-10-01T12:00:00.000Z"),
        ("items", {"show_deleted": True}, "true"),
        ("shifts", {"created_at_max": START}, "2026-10-01T11:00:00.000Z"),
        ("stores", {"show_deleted": False}, "false"),
    ],
)
def test_filters_are_spelled_as_the_api_wants_them(
    start, resource: str, filters: dict, sent: str
) -> None:
    server, source = start(shop(5))
    list(source.pages(resource, filters))
    [requested] = server.requests
    [name] = filters
    assert requested.params[name] == sent and requested.path == f"/{resource}"
    assert ("limit" in requested.params) == ENDPOINTS[resource].is_paged


@pytest.mark.parametrize(
    "filters, ignored",
    [
        ({"updated_at_min": START + timedelta(days=9)}, "updated_at_min"),
        ({"created_at_max": START}, "created_at_max"),
    ],
)
def test_every_filter_is_held_against_the_rows(start, filters: dict, ignored: str) -> None:
    _, source = start(shop(5), faults=[Fault("ignore", names=(ignored,))])
    with pytest.raises(SourceFatal, match=f"although {ignored}"):
        list(source.pages("receipts", filters))


def test_every_list_of_the_api_is_known_as_the_server_has_it(start) -> None:
    """The table against the simulator's, which was written from the same facts by other hands."""
    server, source = start(Shop(receipts_per_day=2))
    for name, resource in RESOURCES.items():
        rows = (
            [row for page, _ in source.pages(name, {}, 250) for row in page]
            if name not in ("receipts", "shifts")
            else []
        )
        for page, _ in source.pages(name, {}, 3):
            rows += page
            break
        assert rows, name
        assert ENDPOINTS[name].is_paged == resource.pages
        assert set(resource.dates) <= set(ENDPOINTS[name].filters)
        assert ("show_deleted" in ENDPOINTS[name].filters) == resource.deleted
    assert {request.status for request in server.requests} == {200}


def test_one_object_by_its_name(start) -> None:
    server, source = start(shop(3))
    assert source.receipt("1-1001").number == "1-1001"
    for odd in ("../items", "1-1?limit=1", "a/b", "%2e%2e"):
        assert source.receipt(odd) is None
    with pytest.raises(SourceFatal):
        source.receipt("..")
    assert all(request.path.startswith("/receipts/") for request in server.requests)


# Refusals


@pytest.mark.parametrize(
    "status, error, told",
    [
        (400, SourceFatal, "look for a newer one"),
        (401, Unauthorized, "set LOYVERSE_TOKEN"),
        (403, Unauthorized, "lacks permission"),
        (404, SourceFatal, "check the address"),
        (415, SourceFatal, "refuses"),
    ],
)
def test_a_refusal_says_who_must_do_what_and_is_not_retried(
    start, fake_clock: FakeClock, status: int, error: type, told: str
) -> None:
    server, source = start(shop(3), faults=[Fault("status", status=status, times=None)])
    with pytest.raises(error, match=f"HTTP {status}.*{told}"):
        read_all(source)
    assert len(server.requests) == 1 and fake_clock.slept == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>no</html>",
        b'{"errors":[]}',
        b'{"errors":null}',
        b"\xff",
        b'{"errors":[{"code":5}]}',
        b"x" * 200_000,
    ],
)
def test_a_refusal_without_a_reason_is_reported_too(start, body: bytes) -> None:
    _, source = start(shop(3), faults=[Fault("status", status=401, body=body)])
    with pytest.raises(Unauthorized, match="no reason given"):
        read_all(source)


def test_a_wrong_token(start, fake_clock: FakeClock) -> None:
    server, _ = start(shop(3))
    server.token += "x"
    source = connect(server, fake_clock)
    server.token = server.token[:-1]
    with pytest.raises(Unauthorized, match="401"):
        read_all(source)


# Cursors


@pytest.mark.parametrize("page", [2, 3, 4, 5])
def test_a_forgotten_cursor_begins_the_list_again(start, tmp_path: Path, page: int) -> None:
    forget = Fault("status", status=400, code="INVALID_CURSOR", on=on_page(page))
    server, source = start(shop(48), limit=10, faults=[forget])
    result = fetch_first_windows(source, 1, tmp_path)
    assert (
        sorted(set(numbers(result))) == [f"1-{n + 1000}" for n in range(48)]
        and len(server.requests) == page + 5
    )
    assert result.duplicates == 10 * (page - 1)


def test_a_cursor_that_is_always_forgotten_ends_the_run(start) -> None:
    server, source = start(
        shop(48),
        limit=10,
        faults=[Fault("status", status=400, code="INVALID_CURSOR", on=on_page(3), times=None)],
    )
    with pytest.raises(SourceRetriable, match="INVALID_CURSOR"):
        read_all(source)
    assert len(server.requests) == 12


@pytest.mark.parametrize("months_before", [1, 2, 3])
def test_cursors_that_go_round_in_circles_end_the_run(start, months_before: int) -> None:
    server, source = start(
        shop(48),
        limit=10,
        faults=[Fault("loop", back=months_before, on=on_page(4), times=None)],
    )
    with pytest.raises(SourceFatal, match="do not end"):
        read_all(source)
    assert len(server.requests) <= 8


def test_cursors_without_end_are_bounded(start) -> None:
    server, source = start(shop(48), limit=10, max_pages=30, faults=[Fault("endless", times=None)])
    with pytest.raises(SourceFatal, match="no end after 30 pages"):
        read_all(source)
    assert len(server.requests) == 30


@pytest.mark.parametrize("make", ["page {}".format, lambda n: "always the same"])
@pytest.mark.parametrize("rows", [48, 10, 2, 1])
def test_a_server_that_answers_the_first_page_for_ever_is_noticed(
    start, rows: int, make: Callable[[int], str]
) -> None:
    """Also where each answer bears another field, and the shop goes on selling."""
    count, book = itertools.count(1), shop(rows)

    def answer(body: bytes) -> bytes:
        n, page = next(count), json.loads(body)
        if n % 5 == 0:
            book.add(receipt(f"2-{n}", START + timedelta(hours=n)), START + timedelta(hours=n))
        page["receipts"] = [row | {"served": n} for row in page["receipts"]]
        return json.dumps({**page, "cursor": make(n)}).encode()

    ignore = Fault("ignore", names=("cursor",), times=None)
    server, source = start(
        book, limit=rows, faults=[ignore, Fault("body", body=answer, times=None)]
    )
    with pytest.raises(SourceFatal, match="do not end, their pages bring nothing new"):
        read_all(source)
    assert len(server.requests) < 80


def test_cursors_of_one_text_are_followed_while_they_make_progress(start) -> None:
    """A server that keeps the place of a list itself; its last page has an empty cursor."""
    pages = iter([(f"1-{n}", "go on" if n < 9 else "") for n in range(10)])

    def answer(_: bytes) -> bytes:
        number, cursor = next(pages)
        return json.dumps({"receipts": [receipt(number, START)], "cursor": cursor}).encode()

    faults = [
        Fault("ignore", names=("cursor",), times=None),
        Fault("body", body=answer, times=None),
    ]
    server, source = start(shop(1), faults=faults)
    assert read_all(source) == [f"1-{n}" for n in range(10)] and len(server.requests) == 10


def test_an_empty_cursor_ends_a_fetch(start, tmp_path: Path) -> None:
    end = Fault("body", body=lambda body: body[:-1] + b',"cursor":""}', on=on_page(5))
    server, source = start(shop(48), limit=10, faults=[end])
    assert (
        len(set(numbers(fetch_first_windows(source, 1, tmp_path)))) == 48
        and len(server.requests) == 5
    )


def test_empty_pages_without_end_are_bounded_sooner(start) -> None:
    server, source = start(shop(48), limit=10, faults=[Fault("endless", empty=True, times=None)])
    with pytest.raises(SourceFatal, match="are empty, 101 pages in a row"):
        read_all(source)
    assert len(server.requests) < 120


@pytest.mark.parametrize("page", [1, 2, 4])
def test_an_empty_page_with_a_cursor_goes_on(start, page: int) -> None:
    _, source = start(shop(48), limit=10, faults=[Fault("empty", on=on_page(page))])
    assert len(set(read_all(source))) == 48


def test_a_page_that_is_longer_than_any_page_can_be(start) -> None:
    _, source = start(shop(300), faults=[Fault("overfill", rows=300)])
    with pytest.raises(SourceFatal, match="300 rows in one page"):
        read_all(source)


def test_a_list_that_begins_to_page_is_noticed(start) -> None:
    _, source = start(
        Shop(receipts_per_day=2),
        faults=[Fault("cursor", cursor="abc", on=on_path("/stores"))],
    )
    with pytest.raises(SourceFatal, match="begun to page"):
        source.catalog()


# Records that are no JSON

BAD = [
    b'{"receipt_number":"bad","total":NaN}',
    b'{"note":"\\ud800","receipt_number":"bad"}',
    b'{"n":%s}' % (b"[" * 50_000 + b"]" * 50_000),
    b"-Infinity",
    b'{"a" "b"}',
    b'{"note":"tab\tand ]} in it"}',
    b'"a string, with ] and }"',
    b"null",
    b"7",
    b'{"n":%s}' % (b"9" * 5000),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda b: b[:20].decode())
def test_a_bad_record_never_fails_its_page(start, bad: bytes) -> None:
    plant = Fault("rows", act=lambda rows: [rows[0], bad, *rows[1:]], times=None, on=on_page(2))
    _, source = start(shop(30), limit=10, faults=[plant])
    pages = list(source.receipts(START, None))
    assert [len(page.records) for page in pages] == [10, 11, 10]
    assert pages[1].records[1].body == bad
    assert len({record.number for page in pages for record in page.records} - {None, "bad"}) == 30


def test_a_record_spoilt_on_the_way_is_asked_for_again(start) -> None:
    """Only what comes twice with the same bytes is taken for the shop's own."""
    spoil = Fault(
        "rows",
        act=lambda rows: [rows[0].replace(b'"note":null', b'"note":nul1'), *rows[1:]],
        on=on_page(2),
    )
    _, source = start(shop(30), limit=10, faults=[spoil])
    rows = [record for page in source.receipts(START, None) for record in page.records]
    assert len(rows) == 30 and all(json.loads(record.body) for record in rows) and spoil.struck == 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_spelled_in_milliseconds(moment: datetime) -> None:
    text = write_instant(moment)
    assert len(text) == 24 and text.endswith("Z")
    assert timedelta(0) <= moment - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_the_registry_opens_a_shop(start, tmp_path: Path) -> None:
    server, _ = start(shop(3))
    source = open_source("loyverse", url=server.url, token=server.token, state=tmp_path)
    assert len(read_all(source)) == 3 and source.server_time == NOW.replace(microsecond=0)
    [request_log] = tmp_path.iterdir()
    assert request_log.stat().st_mode & 0o777 == 0o600 and server.token not in request_log.name
    assert (
        source.connection_id
        != open_source("loyverse", url=server.url, token=server.token[::-1]).connection_id
    )
    with pytest.raises(ConfigError):
        open_loyverse(url=server.url, token="")
    assert "api.loyverse.com" in inspect.signature(open_loyverse).parameters["url"].default


@pytest.mark.parametrize(
    ("updated", "fits"),
    [
        ("2026-10-05T12:00:00", True),
        ("2026-10-05T14:00:00+02:00", True),
        ("2026-10-05T13:00:00+02:00", False),
        ("2026-10-05T11:00:00", False),
    ],
)
def test_an_instant_of_an_answer_is_utc_unless_it_says_otherwise(updated: str, fits: bool) -> None:
    since = datetime(2026, 10, 5, 12, tzinfo=UTC)
    assert _fits("updated_at_min", since, datetime.fromisoformat(updated)) is fits
