"""Loyverse API v1.0 as a pure function of a shop's data, an instant and a request.

It defines the filters of each list (the rest is ignored, as by the real API), the lists that have
pages, the limits and the history limit. Receipts are sorted by newest `created_at` first, whatever
the filter. A cursor is opaque; it holds filters, limit and position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from pipeline.simulator.ids import parse_stamp
from pipeline.simulator.loyverse.protocol import (
    DATES,
    RESOURCES,
    ApiError,
    LoyverseRules,
    Page,
    Request,
)
from pipeline.simulator.source import EVERYTHING, Entry, Query, ShopData, decode, encode, entries_of

DAY = 86_400_000
# Sort keys of receipts, whose ids are integers.
_ORDERS: dict[str, Callable[[Entry], tuple[int, int]]] = {
    "created_desc": lambda entry: (-entry.created, -int(entry.id)),
    "updated_desc": lambda entry: (-entry.updated, -int(entry.id)),
    "updated_asc": lambda entry: (entry.updated, int(entry.id)),
}


def answer(
    source: ShopData, now: int, path: str, params: Mapping[str, str], rules: LoyverseRules
) -> Page | bytes:
    """Answer to GET `path` (below /v1.0) at `now`; raises ApiError."""
    resource, _, key = path.strip("/").partition("/")
    if resource == "merchant" and not key:
        _allow("MERCHANT_READ", rules)
        return encode(source.merchant())
    if resource not in RESOURCES or "/" in key:
        raise ApiError(404, "NOT_FOUND", f"There is no {path}.")
    _allow(RESOURCES[resource].scope, rules)
    if key:
        return _one(source, now, resource, key, rules)
    return _list(source, now, parse(resource, params, rules), rules)


def parse(resource: str, params: Mapping[str, str], rules: LoyverseRules) -> Request:
    """Request from known parameters; a cursor's own filters replace all others."""
    spec = RESOURCES[resource]
    limit = _limit(params["limit"], rules) if spec.pages and "limit" in params else None
    if spec.pages and "cursor" in params:
        request = Request.from_cursor(params["cursor"], resource)
        return request if limit is None else replace(request, limit=limit)
    supported = {*spec.dates, *(name for name, _ in spec.fields), spec.key}
    if resource == "receipts":
        supported |= {"store_id", "since_receipt_number", "before_receipt_number"}
    if spec.deleted:
        supported.add("show_deleted")
    return Request(
        resource,
        {name: text for name, text in params.items() if name in supported},
        limit or rules.default_limit,
    )


def _allow(scope: str, rules: LoyverseRules) -> None:
    if rules.scopes is not None and scope not in rules.scopes:
        raise ApiError(403, "FORBIDDEN", f"The access token does not have the scope {scope}.")


def _limit(text: str, rules: LoyverseRules) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
        raise ApiError(400, "INCORRECT_VALUE_TYPE", "The value must be an integer.", "limit")
    if not 1 <= int(text) <= rules.max_limit:
        detail = f"The value must be from 1 to {rules.max_limit}."
        raise ApiError(400, "INVALID_VALUE", detail, "limit")
    return int(text)


def _query(source: ShopData, now: int, request: Request, rules: LoyverseRules) -> Query:
    bounds: dict[str, int | None] = dict.fromkeys(DATES)
    detail = "The value must be a date and time in UTC (ISO 8601)."
    for name in filter(request.params.__contains__, DATES):
        try:
            bounds[name] = parse_stamp(request.params[name])
        except ValueError as error:
            raise ApiError(400, "INCORRECT_VALUE_TYPE", detail, name) from error
    for start, end in (DATES[:2], DATES[2:]):
        earliest, latest = bounds[start], bounds[end]
        if earliest is not None and latest is not None and earliest > latest:
            raise ApiError(400, "INVALID_RANGE", f"{end} is earlier than {start}.", end)
    for name, bound, step, nearer in (
        ("since_receipt_number", "created_at_min", 1, max),
        ("before_receipt_number", "created_at_max", -1, min),
    ):
        if name in request.params:
            entry = source.find(now, request.params[name])
            if entry is None:
                raise ApiError(400, "INVALID_VALUE", "There is no receipt of that number.", name)
            bounds[bound] = nearer(
                value for value in (bounds[bound], entry.created + step) if value is not None
            )
    if rules.floor is not None:
        bounds["created_at_min"] = max(rules.floor, bounds["created_at_min"] or 0)
    keys = request.params.get(RESOURCES[request.resource].key or "")
    return Query(
        bounds["created_at_min"],
        bounds["created_at_max"],
        bounds["updated_at_min"],
        bounds["updated_at_max"],
        request.params.get("store_id") if request.resource == "receipts" else None,
        tuple(keys.split(",")) if keys else None,
    )


def _list(source: ShopData, now: int, request: Request, rules: LoyverseRules) -> Page:
    query, spec = _query(source, now, request, rules), RESOURCES[request.resource]
    if request.resource == "receipts":
        oldest = None if rules.history_days is None else now - rules.history_days * DAY
        if oldest is not None and query.created_min is not None and query.created_min < oldest:
            raise _beyond_history(rules)
        entries, position = _ordered(source, now, query, request, rules)
    else:
        oldest, position, shown = None, None, request.params.get("show_deleted") == "true"
        entries = (
            row
            for row in sorted(_rows(source, now, request.resource, query), reverse=True)
            if query.admits(row)
            and (shown or not row.deleted)
            and (request.after is None or row[:2] < tuple(request.after))
            and _holds(row, request)
        )
    batch = list(islice(entries, request.limit + 1)) if spec.pages else list(entries)
    page = batch[: request.limit] if spec.pages else batch
    if oldest is not None and any(entry.created < oldest for entry in page):
        raise _beyond_history(rules)
    following = None
    if len(batch) > len(page):
        after = position(request, page) if position else page[-1][:2]
        following = replace(request, after=after, page=request.page + 1).cursor()
    name = "inventory_levels" if request.resource == "inventory" else request.resource
    return Page(name, [entry.read() for entry in page], following, request)


def _holds(entry: Entry, request: Request) -> bool:
    """Whether a row matches the further filters; plural names accept several values."""
    for name, column in RESOURCES[request.resource].fields:
        if name in request.params:
            value, expected = decode(entry.read()).get(column), request.params[name]
            if value not in (expected.split(",") if name.endswith("s") else [expected]):
                return False
    return True


def _ordered(
    source: ShopData, now: int, query: Query, request: Request, rules: LoyverseRules
) -> tuple[Iterator[Entry], Callable[[Request, list[Entry]], Any] | None]:
    """Receipts from the request's position on, and the position after a page.

    The position is a function of the request and the page's entries; None stands for the
    (created, id) of the last entry.
    """
    if rules.order == "created_desc" and not rules.offsets:
        after = tuple(request.after) if request.after else None
        return (
            entry for entry in source.receipts(now, query, after) if _holds(entry, request)
        ), None
    key = _ORDERS[rules.order]
    everything = sorted(
        (entry for entry in source.receipts(now, query) if _holds(entry, request)), key=key
    )
    if rules.offsets:
        return iter(
            everything[request.after or 0 :]
        ), lambda request, page: (request.after or 0) + len(page)
    return (
        entry for entry in everything if not request.after or key(entry) > tuple(request.after)
    ), lambda _, page: key(page[-1])


def _rows(source: ShopData, now: int, resource: str, query: Query = EVERYTHING) -> list[Entry]:
    if resource == "variants":
        return entries_of(
            variant
            for item in source.rows(now, "items")
            for variant in decode(item.read())["variants"]
        )
    return source.rows(now, resource, query)


def _one(source: ShopData, now: int, resource: str, key: str, rules: LoyverseRules) -> bytes:
    if resource == "receipts":
        entry = source.find(now, key)
        limit = 0 if rules.history_days is None else now - rules.history_days * DAY
        if entry and entry.created < limit:
            raise _beyond_history(rules)
    else:
        entry = next((row for row in _rows(source, now, resource) if row.key == key), None)
        entry = None if entry and entry.deleted and RESOURCES[resource].gone else entry
    if entry is None:
        raise ApiError(404, "NOT_FOUND", f"There is no {key} in {resource}.")
    return entry.read()


def _beyond_history(rules: LoyverseRules) -> ApiError:
    return ApiError(
        402,
        "PAYMENT_REQUIRED",
        f"Unable to retrieve receipts created earlier than {rules.history_days} days ago. "
        "Please subscribe to Unlimited sales history.",
    )
