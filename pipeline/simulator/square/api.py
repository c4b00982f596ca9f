"""Square's API as a pure function of a source, an instant and a request.

Covers what a client that only reads sales needs: orders, payments, refunds, locations, catalog and
team members. Lists are sorted as the request says (default: newest `created_at` first). The default
end of a range is the instant of the first page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ..ids import parse_stamp, stamp
from ..source import encode
from . import shop_objects
from .lists import Call, make_page, rows_after, rows_from
from .protocol import (
    SquareError,
    SquarePage,
    check,
    choice_of,
    instant_of,
    limit_of,
    object_of,
    request_of,
    strings_of,
)
from .searching import parse_search
from .source import Row
from .timeline import OrderQuery

MAX_MONEY = 100
_YEAR = 365 * 86_400_000


def search_orders(call: Call) -> SquarePage:
    """POST /v2/orders/search."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    locations = frozenset(row["id"] for row in call.source.locations(call.now))
    query = parse_search(call.fields, request.began, locations)
    limit = limit_of(call.fields, call.rules.default_limit, 1000)
    rows = rows_from(request, query, lambda part: call.source.orders(call.now, part))
    return make_page(call, request, "orders", rows, limit)


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


def list_payments(call: Call) -> SquarePage:
    """GET /v2/payments."""
    return _money_list(call, "payments", call.source.payments)


def list_refunds(call: Call) -> SquarePage:
    """GET /v2/refunds."""
    return _money_list(call, "refunds", call.source.refunds)


def _money_list(
    call: Call, name: str, source: Callable[[int, OrderQuery], Iterator[Row]]
) -> SquarePage:
    """Payments or refunds; `begin_time` and `end_time` always filter `created_at`."""
    limit = str(call.fields.get("limit", MAX_MONEY))
    fields = {**call.fields, "limit": int(limit) if limit.isdecimal() else limit}
    request = request_of(call.path, call.fields, call.now, call.rules)
    start, end = (instant_of(fields, key) for key in ("begin_time", "end_time"))
    start, end = start or 0, request.began if end is None else end
    location = fields.get("location_id")
    query = OrderQuery(
        ascending=choice_of(fields, "sort_order", ("DESC", "ASC"), "") == "ASC",
        start=start or request.began - _YEAR,
        end=end,
        locations=frozenset([str(location)]) if location else None,
    )
    if choice_of(fields, "sort_field", ("CREATED_AT", "UPDATED_AT"), "") == "UPDATED_AT":
        changed = (instant_of(fields, f"updated_at_{key}") for key in ("begin_time", "end_time"))
        query = query._replace(field="updated", start=next(changed), end=next(changed))
    else:
        for key in ("updated_at_begin_time", "updated_at_end_time"):
            check(not fields.get(key), "BAD_REQUEST", "sort_field must be UPDATED_AT.", key)
    rows = rows_from(request, query, lambda part: source(call.now, part))
    if query.field == "updated":
        rows = (row for row in rows if start <= parse_stamp(row.read()["created_at"]) <= end)
    return make_page(call, request, name, rows, limit_of(fields, MAX_MONEY, MAX_MONEY))


def search_team(call: Call) -> SquarePage:
    """POST /v2/team-members/search."""
    request = request_of(call.path, call.fields, call.now, call.rules)
    filters = object_of(object_of(call.fields, "query"), "filter", "query.")
    rows = [
        Row(0, row["id"], partial(dict, row))
        for row in sorted(call.source.team_members(call.now), key=lambda row: row["id"])
        if filters.get("status") in (None, row["status"])
    ]
    limit = limit_of(call.fields, 100, 200)
    return make_page(call, request, "team_members", rows_after(request, rows), limit)


def token_status(call: Call) -> bytes:
    """POST /oauth2/token/status: a token that expires in 30 days."""
    expires = stamp(call.now + 30 * 86_400_000)
    return encode({"scopes": [], "expires_at": expires, "merchant_id": shop_objects.MERCHANT})


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
        Row(row["version"], row["id"], partial(dict, row))
        for row in chosen
        if deleted or not row["is_deleted"]
    ]
    return sorted(rows, key=lambda row: row[:2])


ROUTES: dict[tuple[str, str], tuple[str | None, Callable[[Call], SquarePage | bytes]]] = {
    ("POST", "/v2/orders/search"): ("ORDERS_READ", search_orders),
    ("GET", "/v2/orders/*"): ("ORDERS_READ", one_order),
    ("GET", "/v2/locations"): ("MERCHANT_PROFILE_READ", list_locations),
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
