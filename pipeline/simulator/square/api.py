"""Square's API as a pure function: a source, an instant and a request in, a page or an error out.

Orders, payments, refunds, locations, catalog, team members: what a client that only reads sales
needs. Lists are sorted as the request asks (newest `created_at` first by default); a missing end is
the instant of the first page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from ..source import encode
from . import office
from .protocol import (
    SquareError,
    SquarePage,
    SquareRequest,
    SquareRules,
    choice_of,
    instant_of,
    limit_of,
    object_of,
    request_of,
    strings_of,
)
from .render import Json
from .searching import BodyFilter, parse_search
from .source import OrderSource, Row
from .timeline import OrderQuery

_YEAR = 365 * 86_400_000
MAX_BATCH = 100


class Call(NamedTuple):
    """One request: `fields` are those of the body, or of the query string of a GET."""

    source: OrderSource
    now: int
    path: str
    fields: Mapping[str, Any]
    rules: SquareRules


def search_orders(call: Call) -> SquarePage:
    """POST /v2/orders/search."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    decimals = frozenset(row["id"] for row in call.source.locations(call.now))
    query, limit = (
        parse_search(call.fields, request.began, decimals),
        limit_of(call.fields, call.rules.default_limit, call.rules.max_limit),
    )
    wanted = BodyFilter(call.fields)
    rows: Iterator[Row] = _from(request, query, lambda part: call.source.orders(call.now, part))
    if wanted.active:
        rows = (row for row in rows if wanted.admits(row.read()))
    page = _page(call, request, "orders", rows, limit)
    if call.fields.get("return_entries") is True:
        page.name = "order_entries"
    return page


def batch_orders(call: Call) -> SquarePage:
    """POST /v2/orders/batch-retrieve: ids that do not exist are skipped."""
    names = strings_of(call.fields, "order_ids")
    if not names:
        raise SquareError(
            400, "MISSING_REQUIRED_PARAMETER", "At least 1 order_id is needed.", "order_ids"
        )
    if len(names) > MAX_BATCH:
        raise SquareError(
            400, "ARRAY_LENGTH_TOO_LONG", f"At most {MAX_BATCH} order_ids.", "order_ids"
        )
    place = call.fields.get("location_id")
    orders = (call.source.find(call.now, name) for name in names)
    rows = [row for row in orders if row and place in (None, row["location_id"])]
    return SquarePage("orders", [encode(row) for row in rows])


def one_order(call: Call) -> bytes:
    """GET /v2/orders/{id}."""
    name = call.path.rpartition("/")[2]
    order = call.source.find(call.now, name)
    if order is None:
        raise SquareError(404, "NOT_FOUND", f"Order not found for id {name}", "order_id")
    return encode({"order": order})


def list_locations(call: Call) -> SquarePage:
    """GET /v2/locations: all on one page."""
    return SquarePage("locations", [encode(row) for row in call.source.locations(call.now)])


def list_payments(call: Call) -> SquarePage:
    """GET /v2/payments."""
    return _money_list(call, "payments", call.source.payments)


def list_refunds(call: Call) -> SquarePage:
    """GET /v2/refunds."""
    return _money_list(call, "refunds", call.source.refunds)


def list_catalog(call: Call) -> SquarePage:
    """GET /v2/catalog/list: 100 a page, nothing deleted, nested types only on request."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    text = str(call.fields.get("types") or "")
    types = {name.strip().upper() for name in text.split(",")} - {""}
    rows = _objects(call, types, False)
    return _page(call, request, "objects", _after(request, rows), 100)


def search_catalog(call: Call) -> SquarePage:
    """POST /v2/catalog/search: `begin_time` is exclusive; `latest_time` is the next one."""
    if call.fields.get("query"):
        raise SquareError(400, "BAD_REQUEST", "This shop searches without a query.", "query")
    request = request_of(call.path, call.fields, call.now, call.rules)
    begin = instant_of(call.fields, "begin_time")
    deleted = call.fields.get("include_deleted_objects") is True
    types = set(strings_of(call.fields, "object_types"))
    rows = [row for row in _objects(call, types, deleted) if begin is None or row.instant > begin]
    limit = limit_of(call.fields, 100, 1000)
    page = _page(call, request, "objects", _after(request, rows), limit)
    newest = max((row["updated_at"] for row in call.source.catalog(call.now)), default=None)
    page.more = {} if newest is None else {"latest_time": newest}
    return page


def search_team(call: Call) -> SquarePage:
    """POST /v2/team-members/search."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    filters = object_of(object_of(call.fields, "query"), "filter", "query.")
    decimals = set(strings_of(filters, "location_ids", "query.filter."))
    rows = []
    for row in call.source.team_members(call.now):
        assigned = row["assigned_locations"].get("location_ids")
        if filters.get("status") in (None, row["status"]) and (
            not decimals or assigned is None or decimals & set(assigned)
        ):
            rows.append(Row(0, row["id"], partial(_same, row)))
    rows.sort(key=lambda row: row[:2])
    limit = limit_of(call.fields, 100, 200)
    return _page(call, request, "team_members", _after(request, rows), limit)


def token_status(call: Call) -> bytes:
    """POST /oauth2/token/status: a token that lives for another 30 days."""
    return encode(
        {"scopes": [], "expires_at": "2099-01-01T00:00:00Z", "merchant_id": office.MERCHANT}
    )


def _same(row: Json) -> Json:
    return row


def _objects(call: Call, types: set[str], deleted: bool) -> list[Row]:
    """Catalog objects of the types (all top-level ones if none), oldest change first."""
    objects = call.source.catalog(call.now)
    nested = [
        row
        for parent in objects
        for row in (
            *parent.get("item_data", {}).get("variations", []),
            *parent.get("modifier_list_data", {}).get("modifiers", []),
        )
        if row["type"] in types
    ]
    chosen = [row for row in objects if not types or row["type"] in types] + nested
    rows = [
        Row(row["version"], row["id"], partial(_same, row))
        for row in chosen
        if deleted or not row["is_deleted"]
    ]
    return sorted(rows, key=lambda row: row[:2])


def _money_list(
    call: Call, name: str, source: Callable[[int, OrderQuery], Iterator[Row]]
) -> SquarePage:
    """A list of payments or refunds: by creation in the last year, unless asked otherwise."""
    fields = _numbers(call.fields)
    request = request_of(call.path, call.fields, call.now, call.rules)
    field = choice_of(fields, "sort_field", ("CREATED_AT", "UPDATED_AT"), "")
    start, end = (instant_of(fields, key) for key in ("begin_time", "end_time"))
    updates = [instant_of(fields, f"updated_at_{key}") for key in ("begin_time", "end_time")]
    if field == "UPDATED_AT":
        start, end = updates
    elif any(bound is not None for bound in updates):
        raise SquareError(400, "BAD_REQUEST", "sort_field must be UPDATED_AT.", "sort_field")
    place = fields.get("location_id")
    query = OrderQuery(
        field.removesuffix("_AT").lower(),
        choice_of(fields, "sort_order", ("DESC", "ASC"), "") == "ASC",
        request.began - _YEAR if start is None else start,
        request.began if end is None else end,
        frozenset([str(place)]) if place else None,
    )
    rows = _from(request, query, lambda part: source(call.now, part))
    return _page(call, request, name, rows, limit_of(fields, 100, 100))


def _numbers(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a query string, `limit` as a number where it is one."""
    limit = str(fields.get("limit", ""))
    return {**fields, "limit": int(limit)} if limit.lstrip("-").isdecimal() else dict(fields)


def _from(
    request: SquareRequest, query: OrderQuery, read: Callable[[OrderQuery], Iterator[Row]]
) -> Iterator[Row]:
    """The rows from the request's position on."""
    if request.after is None:
        return read(query)
    position = (request.after[0], request.after[1])
    if query.ascending:
        part = query._replace(start=max(query.start or 0, position[0]))
        return (row for row in read(part) if row[:2] > position)
    part = query._replace(end=min(query.end or position[0], position[0]))
    return (row for row in read(part) if row[:2] < position)


def _after(request: SquareRequest, rows: list[Row]) -> Iterator[Row]:
    """The rows of a sorted list from the request's position on."""
    position = tuple(request.after) if request.after else (-1, "")
    return (row for row in rows if row[:2] > position)


def _page(
    call: Call, request: SquareRequest, name: str, rows: Iterable[Row], limit: int
) -> SquarePage:
    """The next page of `rows` and the cursor to the one behind it."""
    size = max(1, limit - request.page % 3) if call.rules.ragged else limit
    batch = list(islice(rows, size + 1))
    cursor = None
    if len(batch) > size:
        last = batch[size - 1]
        cursor = replace(request, issued=call.now, after=last[:2], page=request.page + 1).cursor()
    shown = [row.read() for row in batch[:size]]
    if call.fields.get("return_entries") is True:
        keys = ("order_id", "location_id", "version")
        shown = [
            dict(zip(keys, (row["id"], row["location_id"], row["version"]), strict=True))
            for row in shown
        ]
    return SquarePage(name, [encode(row) for row in shown], cursor, request)


ROUTES: dict[tuple[str, str], tuple[str | None, Callable[[Call], SquarePage | bytes]]] = {
    ("POST", "/v2/orders/search"): ("ORDERS_READ", search_orders),
    ("POST", "/v2/orders/batch-retrieve"): ("ORDERS_READ", batch_orders),
    ("GET", "/v2/orders/*"): ("ORDERS_READ", one_order),
    ("GET", "/v2/locations"): ("MERCHANT_PROFILE_READ", list_locations),
    ("GET", "/v2/catalog/list"): ("ITEMS_READ", list_catalog),
    ("POST", "/v2/catalog/search"): ("ITEMS_READ", search_catalog),
    ("GET", "/v2/payments"): ("PAYMENTS_READ", list_payments),
    ("GET", "/v2/refunds"): ("PAYMENTS_READ", list_refunds),
    ("POST", "/v2/team-members/search"): ("EMPLOYEES_READ", search_team),
    ("POST", "/oauth2/token/status"): (None, token_status),
}


def answer(method: str, call: Call) -> SquarePage | bytes:
    """What the server says to the call; raises SquareError."""
    pattern = call.path
    if call.path.startswith("/v2/orders/") and ("POST", call.path) not in ROUTES:
        pattern = "/v2/orders/*"
    route = ROUTES.get((method, pattern))
    if route is None:
        others = any(path == pattern for _, path in ROUTES)
        code, text = (405, "METHOD_NOT_ALLOWED") if others else (404, "NOT_FOUND")
        raise SquareError(code, text, f"There is no {method} {call.path}.")
    scope, act = route
    if scope and call.rules.scopes is not None and scope not in call.rules.scopes:
        raise SquareError(
            403, "INSUFFICIENT_SCOPES", f"The access token does not have the scope {scope}."
        )
    return act(call)
