"""The Loyverse API v1.0, as a pure function: a source, an instant and a request's parameters in, a
page or an error out.

Which filters each list knows (all others are ignored, as by the real one), which lists page, the
limits, the history wall. Receipts come newest `created_at` first, whatever the filter. A cursor is
opaque and carries filters, limit and position.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple
from zlib import crc32

from pipeline.simulator.ids import parse_stamp
from pipeline.simulator.source import Entry, Query, Source, decode, encode, entries_of

DAY = 86_400_000
_DATES = ("created_at_min", "created_at_max", "updated_at_min", "updated_at_max")
_ORDERS = {
    "created_desc": lambda entry: (-entry.created, -entry.id),
    "updated_desc": lambda entry: (-entry.updated, -entry.id),
    "updated_asc": lambda entry: (entry.updated, entry.id),
}


class ApiError(Exception):
    """An answer that is an error: {"errors": [{"code", "details", "field"?}]}."""

    def __init__(self, status: int, code: str, details: str, of: str | None = None):
        super().__init__(f"{status} {code}: {details}")
        self.status, self.body = (
            status,
            encode(
                {"errors": [{"code": code, "details": details, **({"field": of} if of else {})}]}
            ),
        )


@dataclass(frozen=True)
class Rules:
    """The account and the server. `order` and `offsets` are how others' APIs page, for tests of
    what a client relies on.
    """

    history_days: int | None = None
    default_limit: int = 50
    max_limit: int = 250
    order: str = "created_desc"
    offsets: bool = False
    floor: int | None = None  # receipts created before are silently missing
    scopes: frozenset[str] | None = None  # None = a personal token, which may read everything


class Resource(NamedTuple):
    scope: str
    key: str | None = None  # the parameter that lists ids
    dates: tuple[str, ...] = _DATES
    fields: tuple[tuple[str, str], ...] = ()  # further filters: (parameter, field of the row)
    pages: bool = True
    deleted: bool = True  # knows show_deleted
    gone: bool = True  # a deleted row's own address answers 404


RESOURCES = {
    "receipts": Resource(
        "RECEIPTS_READ",
        "receipt_numbers",
        _DATES,
        (("order", "order"), ("source", "source")),
        deleted=False,
    ),
    "items": Resource("ITEMS_READ", "items_ids"),
    "variants": Resource(
        "ITEMS_READ", "variants_ids", fields=(("items_ids", "item_id"), ("sku", "sku"))
    ),
    "categories": Resource("ITEMS_READ", "categories_ids", (), gone=False),
    "modifiers": Resource("ITEMS_READ", "modifier_ids"),
    "customers": Resource(
        "CUSTOMERS_READ", "customer_ids", fields=(("email", "email"),), deleted=False
    ),
    "employees": Resource("EMPLOYEES_READ", "employee_ids"),
    "inventory": Resource(
        "INVENTORY_READ",
        None,
        _DATES[2:],
        (("store_ids", "store_id"), ("variant_ids", "variant_id")),
        deleted=False,
    ),
    "shifts": Resource(
        "SHIFTS_READ", None, _DATES[:2], (("store_ids", "store_id"),), deleted=False
    ),
    "suppliers": Resource("SUPPLIERS_READ", "suppliers_ids", gone=False),
    "stores": Resource("STORES_READ", "store_ids", pages=False),
    "pos_devices": Resource("POS_DEVICES_READ", None, (), (("store_id", "store_id"),), pages=False),
    "payment_types": Resource("PAYMENT_TYPES_READ", "payment_type_ids", pages=False),
    "taxes": Resource("TAXES_READ", "tax_ids", pages=False),
    "discounts": Resource("ITEMS_READ", "discount_ids", pages=False),
    "webhooks": Resource("MERCHANT_READ", None, (), pages=False, deleted=False),
}


@dataclass
class Page:
    """One page of a list: rows as JSON bytes. `at` is the request that leads here, `cursor` the one
    that leads on.
    """

    name: str
    rows: list[bytes] = field(default_factory=list)
    cursor: str | None = None
    at: Request | None = None

    def body(self) -> bytes:
        cursor = b"" if self.cursor is None else b',"cursor":' + encode(self.cursor)
        return b'{"' + self.name.encode() + b'":[' + b",".join(self.rows) + b"]" + cursor + b"}"


@dataclass(frozen=True)
class Request:
    """A list request, from parameters or from a cursor; `after` is the position of the last row
    seen, `page` counts from 1.
    """

    resource: str
    params: dict[str, str]
    limit: int
    after: Any = None
    page: int = 1

    def cursor(self) -> str:
        text = json.dumps(
            [self.resource, self.params, self.limit, self.after, self.page], separators=(",", ":")
        ).encode()
        return urlsafe_b64encode(crc32(text).to_bytes(4, "big") + text).decode()

    @classmethod
    def from_cursor(cls, cursor: str, resource: str) -> Request:
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii"))
            if crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
                raise ValueError("checksum")
            request = cls(*json.loads(raw[4:]))
            if request.resource != resource:
                raise ValueError("another list")
        except (ValueError, TypeError) as error:
            raise ApiError(
                400, "INVALID_CURSOR", "The provided cursor was not found.", "cursor"
            ) from error
        return request


def answer(
    source: Source, now: int, path: str, params: Mapping[str, str], rules: Rules
) -> Page | bytes:
    """What the server says to GET `path` (below /v1.0) at `now`; raises ApiError."""
    resource, _, key = path.strip("/").partition("/")
    if resource == "merchant" and not key:
        _allow("MERCHANT_READ", rules)
        return encode(source.merchant())
    if resource not in RESOURCES or "/" in key:
        raise ApiError(404, "NOT_FOUND", f"There is no {path}.")
    _allow(RESOURCES[resource].scope, rules)
    return (
        _one(source, now, resource, key, rules)
        if key
        else _list(source, now, parse(resource, params, rules), rules)
    )


def parse(resource: str, params: Mapping[str, str], rules: Rules) -> Request:
    """The request as the server understands it: a cursor's own filters stand, unknown parameters do
    not count.
    """
    spec = RESOURCES[resource]
    limit = _limit(params["limit"], rules) if spec.pages and "limit" in params else None
    if spec.pages and "cursor" in params:
        request = Request.from_cursor(params["cursor"], resource)
        return request if limit is None else replace(request, limit=limit)
    known = {*spec.dates, *(name for name, _ in spec.fields), spec.key}
    if resource == "receipts":
        known |= {"store_id", "since_receipt_number", "before_receipt_number"}
    if spec.deleted:
        known.add("show_deleted")
    return Request(
        resource,
        {name: text for name, text in params.items() if name in known},
        limit or rules.default_limit,
    )


def _allow(scope: str, rules: Rules) -> None:
    if rules.scopes is not None and scope not in rules.scopes:
        raise ApiError(403, "FORBIDDEN", f"The access token does not have the scope {scope}.")


def _limit(text: str, rules: Rules) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
        raise ApiError(400, "INCORRECT_VALUE_TYPE", "The value must be an integer.", "limit")
    if not 1 <= int(text) <= rules.max_limit:
        raise ApiError(
            400, "INVALID_VALUE", f"The value must be from 1 to {rules.max_limit}.", "limit"
        )
    return int(text)


def _query(source: Source, now: int, request: Request, rules: Rules) -> Query:
    bounds: dict[str, int | None] = dict.fromkeys(_DATES)
    for name in _DATES:
        if name in request.params:
            try:
                bounds[name] = parse_stamp(request.params[name])
            except ValueError as error:
                raise ApiError(
                    400,
                    "INCORRECT_VALUE_TYPE",
                    "The value must be a date and time in UTC (ISO 8601).",
                    name,
                ) from error
    for start, end in (_DATES[:2], _DATES[2:]):
        if bounds[start] is not None and bounds[end] is not None and bounds[start] > bounds[end]:
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
        *(bounds[name] for name in _DATES),
        request.params.get("store_id") if request.resource == "receipts" else None,
        tuple(keys.split(",")) if keys else None,
    )


def _list(source: Source, now: int, request: Request, rules: Rules) -> Page:
    query, spec = _query(source, now, request, rules), RESOURCES[request.resource]
    if request.resource == "receipts":
        wall = None if rules.history_days is None else now - rules.history_days * DAY
        if wall is not None and query.created_min is not None and query.created_min < wall:
            raise _walled(rules)
        entries, position = _ordered(source, now, query, request, rules)
    else:
        wall, position, shown = None, None, request.params.get("show_deleted") == "true"
        entries = (
            row
            for row in sorted(_rows(source, now, request.resource), reverse=True)
            if query.admits(row)
            and (shown or not row.deleted)
            and (request.after is None or row[:2] < tuple(request.after))
            and _holds(row, request)
        )
    found = list(islice(entries, request.limit + 1)) if spec.pages else list(entries)
    page = found[: request.limit] if spec.pages else found
    if wall is not None and any(entry.created < wall for entry in page):
        raise _walled(rules)
    following = None
    if len(found) > len(page):
        following = replace(
            request,
            after=position(request, page) if position else page[-1][:2],
            page=request.page + 1,
        ).cursor()
    name = "inventory_levels" if request.resource == "inventory" else request.resource
    return Page(name, [entry.read() for entry in page], following, request)


def _holds(entry: Entry, request: Request) -> bool:
    """Whether the row's own fields are as the request's further filters want them; only some take
    several values.
    """
    for name, of in RESOURCES[request.resource].fields:
        if name in request.params:
            value, wanted = decode(entry.read()).get(of), request.params[name]
            if value is None or (
                value not in wanted.split(",") if name.endswith("s") else value != wanted
            ):
                return False
    return True


def _ordered(
    source: Source, now: int, query: Query, request: Request, rules: Rules
) -> tuple[Iterator[Entry], Any]:
    """The receipts from the request's position on, and how a position is told from a page."""
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


def _rows(source: Source, now: int, resource: str) -> list[Entry]:
    if resource == "variants":
        return entries_of(
            variant
            for item in source.rows(now, "items")
            for variant in decode(item.read())["variants"]
        )
    return source.rows(now, resource)


def _one(source: Source, now: int, resource: str, key: str, rules: Rules) -> bytes:
    if resource == "receipts":
        entry = source.find(now, key)
        if (
            entry
            and rules.history_days is not None
            and entry.created < now - rules.history_days * DAY
        ):
            raise _walled(rules)
    else:
        entry = next((row for row in _rows(source, now, resource) if row.key == key), None)
        entry = None if entry and entry.deleted and RESOURCES[resource].gone else entry
    if entry is None:
        raise ApiError(404, "NOT_FOUND", f"There is no {key} in {resource}.")
    return entry.read()


def _walled(rules: Rules) -> ApiError:
    return ApiError(
        402,
        "PAYMENT_REQUIRED",
        f"Unable to retrieve receipts created earlier than {rules.history_days} days ago. "
        "Please subscribe to Unlimited sales history.",
    )
