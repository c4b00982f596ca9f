"""Client of the Square API, https://connect.squareup.com (developer.squareup.com).

Orders are searched by `updated_at`, oldest change first, ten locations in a request. An order that
changes while its pages are read moves to the end, so it comes twice and is never lost. A record is
the order verbatim in an envelope with the listed fields of its payments and refunds (employee,
device, fees, money paid back). The API's cursors expire after minutes: then the search continues
from the `updated_at` of the last complete page. Raises SourceRetriable (run again later),
Unauthorized and SourceFatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from pipeline.errors import SourceFatal
from pipeline.extract.http import Http
from pipeline.extract.http_faults import RefusedRequest
from pipeline.extract.read_ahead import read_ahead
from pipeline.pos.api import ApiClient, ApiRows, CursorRefused, open_http, page_reader, read_object
from pipeline.pos.pages import slice_page, split_page, write_instant
from pipeline.pos.source import ApiPage, Reader, Record
from pipeline.pos.square import endpoints, reader
from pipeline.pos.square.money import MoneyLists
from pipeline.pos.square.refusals import explain

MAX_RESTARTS = 100  # of one search, each from a later instant than the one before
MAX_PAGES = 20_000


class Square(ApiClient):
    """A shop on Square; `limit` orders a page."""

    reader: Reader = reader
    explain = staticmethod(explain)
    is_oldest_first = True

    def __init__(self, http: Http, connection_id: str, limit: int = endpoints.ORDER_LIMIT):
        super().__init__(http, connection_id)
        self._limit = limit
        self._money = MoneyLists(self._list)

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        """Orders that changed in [since, until), ten locations at a time.

        The cursor is the number of the group of locations and the last `updated_at` of the page.
        The next pages are requested while one is stored.
        """
        return read_ahead(self._pages(since, until, cursor))

    def _pages(
        self, since: datetime, until: datetime | None, cursor: str | None
    ) -> Iterator[ApiPage]:
        locations = sorted(msgspec.json.decode(row)["id"] for row in self._locations())
        groups = [
            locations[first : first + endpoints.MAX_LOCATIONS]
            for first in range(0, len(locations), endpoints.MAX_LOCATIONS)
        ]
        if not groups:
            raise SourceFatal(
                f"GET {endpoints.LOCATIONS}: the account has no location; check the token's account"
            )
        begin, start = _read_cursor(cursor, since)
        for number in range(begin, len(groups)):
            for records, last, is_end in self._group(groups[number], start, until):
                is_last = is_end and number == len(groups) - 1
                group, instant = (number + 1, since) if is_end else (number, last)
                following = f"{group} {write_instant(instant)}"
                yield ApiPage(records, None if is_last else following)
            start = since

    def _group(
        self, locations: list[str], since: datetime, until: datetime | None
    ) -> Iterator[tuple[list[Record], datetime, bool]]:
        """(records, the last change, whether it is the last page) of some locations."""
        start, last, restarts = since, since, 0
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            try:
                body = endpoints.search_body(locations, start, until, self._limit, cursor)
                orders, cursor = self._post(endpoints.ORDERS, body, "orders")
            except CursorRefused:
                restarts += 1
                if cursor is None or restarts > MAX_RESTARTS:
                    raise
                start, cursor = last, None
                continue
            records = [reader.read_record(order) for order in orders]
            stores = [reader.store_ids(order) for order in orders]
            endpoints.check_orders(records, stores, locations, start, until)
            moments = [record.updated_at for record in records if record.updated_at]
            last = max(moments, default=start)
            yield self._money.join(orders, records, stores), last, cursor is None
            if cursor is None:
                return
        raise SourceFatal(
            f"{endpoints.ORDERS}: no end after {MAX_PAGES:,} pages; ask for a shorter period"
        )

    def receipt(self, number: str) -> Record | None:
        """The order of that id as it is now; None if there is none."""
        order = self._get_if_known(f"/v2/orders/{quote(number, safe='')}", _order_in)
        if order is None:
            return None
        record = reader.read_record(order)
        return self._money.join([order], [record], [reader.store_ids(order)])[0]

    def account(self) -> tuple[str, str] | None:
        """Id and name of the merchant, as its locations tell them."""
        for row in self._locations():
            location = msgspec.json.decode(row)
            if location.get("merchant_id"):
                name = location.get("business_name") or location.get("name") or ""
                return str(location["merchant_id"]), str(name)
        return None

    def catalog(self) -> dict[str, list[bytes]]:
        """The shop as it is now, deleted objects included and contacts left out."""
        rows = {
            "merchant": [],
            "stores": self._locations(),
            "objects": self._all(endpoints.CATALOG, endpoints.catalog_body, "objects"),
            "employees": self._all(endpoints.TEAM, endpoints.team_body, "team_members"),
        }
        return {name: reader.redact_rows(name, rows[name]) for name in reader.CATALOG}

    def _locations(self) -> list[bytes]:
        """All locations, which are not paged."""
        rows, _ = self._get(endpoints.LOCATIONS, {}, "locations")
        return rows

    def _all(self, path: str, body: Callable[[str | None], bytes], key: str) -> list[bytes]:
        """Every row of a search."""
        return _chained(path, lambda cursor: self._post(path, body(cursor), key))

    def _list(self, path: str, params: Mapping[str, str], key: str) -> list[bytes]:
        """Every row of a list of payments or refunds."""

        def page(cursor: str | None) -> ApiRows:
            return self._get(path, {**params, **({"cursor": cursor} if cursor else {})}, key)

        return _chained(path, page)

    def _get(self, path: str, params: Mapping[str, str], key: str) -> ApiRows:
        try:
            return self._http.get(path, params, _reader(key))
        except RefusedRequest as refused:
            raise explain(refused, f"GET {path}") from None

    def _post(self, path: str, body: bytes, key: str) -> ApiRows:
        try:
            return self._http.post(path, body, _reader(key))
        except RefusedRequest as refused:
            raise explain(refused, f"POST {path}") from None


def _chained(path: str, read: Callable[[str | None], ApiRows]) -> list[bytes]:
    """The rows of all pages. Raises SourceFatal if they do not end."""
    rows: list[bytes] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page, cursor = read(cursor)
        rows += page
        if cursor is None:
            return rows
    raise SourceFatal(f"{path}: no end after {MAX_PAGES:,} pages; report it to the support")


def _read_cursor(cursor: str | None, since: datetime) -> tuple[int, datetime]:
    """The group of locations and the instant from which the search continues."""
    if cursor is None:
        return 0, since
    number, _, moment = cursor.partition(" ")
    return int(number), datetime.fromisoformat(moment)


def _reader(key: str) -> Callable[[bytes], ApiRows]:
    """A function that splits a page into rows and cursor."""

    def split(body: bytes) -> ApiRows:
        if not body.lstrip().startswith(b"{") or body.lstrip().startswith(b'{"errors"'):
            raise ValueError("no page, but an error or a text")
        return split_page(body, key, is_optional=True)

    def slice_rows(body: bytes) -> ApiRows:
        return slice_page(body, key) if f'"{key}"'.encode() in body else split(body)

    return page_reader(split, slice_rows)


def _order_in(body: bytes) -> bytes:
    """The order in an answer about one, verbatim."""
    fields = read_object(body)
    if "order" not in fields:
        raise ValueError("no order")
    return bytes(fields["order"])


def open_square(
    *,
    url: str = "https://connect.squareup.com",
    token: str,
    rate: tuple[int, float] | None = (600, 300.0),
    limit: int = endpoints.ORDER_LIMIT,
    **options: Any,
) -> Square:
    """Open a shop on Square, with the options of `open_http`. Raises ConfigError.

    Square documents no rate: the default is a cautious one, and a refusal is retried with
    exponential backoff.
    """
    headers = {"Square-Version": endpoints.VERSION, "Content-Type": "application/json"}
    http, connection_id = open_http("square", url, token, rate=rate, headers=headers, **options)
    return Square(http, connection_id, limit)
