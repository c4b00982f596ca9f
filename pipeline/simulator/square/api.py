"""Square's API as a pure function of a source, an instant and a request.

Covers what a client that only reads sales needs: orders, payments, refunds, locations, catalog and
team members. Lists are sorted as the request says (default: newest `created_at` first). The default
end of a range is the instant of the first page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ..ids import stamp
from ..source import encode
from . import office
from .lists import Call, make_page, rows_after, rows_from
from .money_lists import list_payments, list_refunds
from .protocol import (
    SquareError,
    SquarePage,
    instant_of,
    limit_of,
    object_of,
    request_of,
    strings_of,
)
from .render import Json
from .searching import BodyFilter, parse_search
from .source import Row

MAX_BATCH = 100


def search_orders(call: Call) -> SquarePage:
    """POST /v2/orders/search."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    locations = frozenset(row["id"] for row in call.source.locations(call.now))
    query, limit = (
        parse_search(call.fields, request.began, locations),
        limit_of(call.fields, call.rules.default_limit, call.rules.max_limit),
    )
    body_filter = BodyFilter(call.fields)
    rows: Iterator[Row] = rows_from(request, query, lambda part: call.source.orders(call.now, part))
    if body_filter.active:
        rows = (row for row in rows if body_filter.admits(row.read()))
    if call.fields.get("return_entries") is True:
        entries = (Row(row.instant, row.id, partial(_entry, row)) for row in rows)
        return make_page(call, request, "order_entries", entries, limit)
    return make_page(call, request, "orders", rows, limit)


def _entry(row: Row) -> Json:
    order = row.read()
    return {
        "order_id": order["id"],
        "location_id": order["location_id"],
        "version": order["version"],
    }


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
    location = call.fields.get("location_id")
    orders = (call.source.find(call.now, name) for name in names)
    rows = [row for row in orders if row and location in (None, row["location_id"])]
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


def list_catalog(call: Call) -> SquarePage:
    """GET /v2/catalog/list: 100 a page, nothing deleted, nested types only on request."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    text = str(call.fields.get("types") or "")
    types = {name.strip().upper() for name in text.split(",")} - {""}
    rows = _objects(call, types, False)
    return make_page(call, request, "objects", rows_after(request, rows), 100)


def search_catalog(call: Call) -> SquarePage:
    """POST /v2/catalog/search: objects changed after `begin_time`, which is exclusive.

    The answer's `latest_time` is the next `begin_time`.
    """
    if call.fields.get("query"):
        raise SquareError(400, "BAD_REQUEST", "This shop searches without a query.", "query")
    request = request_of(call.path, call.fields, call.now, call.rules)
    begin = instant_of(call.fields, "begin_time")
    deleted = call.fields.get("include_deleted_objects") is True
    types = set(strings_of(call.fields, "object_types"))
    rows = [row for row in _objects(call, types, deleted) if begin is None or row.instant > begin]
    limit = limit_of(call.fields, 100, 1000)
    page = make_page(call, request, "objects", rows_after(request, rows), limit)
    newest = max((row["updated_at"] for row in call.source.catalog(call.now)), default=None)
    page.extra_fields = {} if newest is None else {"latest_time": newest}
    return page


def search_team(call: Call) -> SquarePage:
    """POST /v2/team-members/search."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    filters = object_of(object_of(call.fields, "query"), "filter", "query.")
    locations = set(strings_of(filters, "location_ids", "query.filter."))
    rows = []
    for row in call.source.team_members(call.now):
        assigned = row["assigned_locations"].get("location_ids")
        if filters.get("status") in (None, row["status"]) and (
            not locations or assigned is None or locations & set(assigned)
        ):
            rows.append(Row(0, row["id"], partial(_same, row)))
    rows.sort(key=lambda row: row[:2])
    limit = limit_of(call.fields, 100, 200)
    return make_page(call, request, "team_members", rows_after(request, rows), limit)


def token_status(call: Call) -> bytes:
    """POST /oauth2/token/status: a token that expires in 30 days."""
    expires = stamp(call.now + 30 * 86_400_000)
    return encode({"scopes": [], "expires_at": expires, "merchant_id": office.MERCHANT})


def _same(row: Json) -> Json:
    return row


def _objects(call: Call, types: set[str], deleted: bool) -> list[Row]:
    """Catalog objects of the types (if none: top-level), oldest change first."""
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
    """Answer to the call; raises SquareError."""
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
