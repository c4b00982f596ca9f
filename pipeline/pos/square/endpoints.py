"""The calls of Square's API that are used: paths, page sizes, bodies.

The API ignores a misspelt or misplaced key of a body and returns everything. So bodies are made
only here, and each returned order is checked against the request. Source: the reference of the
version VERSION.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from pipeline.errors import SourceFatal
from pipeline.pos.pages import write_instant
from pipeline.pos.source import Record

VERSION = "2026-09-16"
ORDERS, LOCATIONS = "/v2/orders/search", "/v2/locations"
CATALOG, TEAM = "/v2/catalog/search", "/v2/team-members/search"
PAYMENTS, REFUNDS = "/v2/payments", "/v2/refunds"
MAX_LOCATIONS, ORDER_LIMIT, LIST_LIMIT, CATALOG_LIMIT, TEAM_LIMIT = 10, 500, 100, 1000, 200
OBJECT_TYPES = ("ITEM", "CATEGORY", "MODIFIER_LIST", "TAX", "DISCOUNT", "MEASUREMENT_UNIT")
RESOLUTION = timedelta(milliseconds=1)  # of an instant; both bounds of a search are inclusive


def search_body(
    locations: list[str], since: datetime, until: datetime | None, limit: int, cursor: str | None
) -> bytes:
    """Body of an order search: `updated_at` in [since, until), oldest change first."""
    bounds = {"start_at": write_instant(since)}
    if until is not None:
        bounds["end_at"] = write_instant(until - RESOLUTION)
    body: dict[str, object] = {
        "location_ids": locations,
        "limit": limit,
        "query": {
            "filter": {"date_time_filter": {"updated_at": bounds}},
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        },
    }
    return _encode(body, cursor)


def _encode(body: dict[str, object], cursor: str | None) -> bytes:
    return msgspec.json.encode(body | ({"cursor": cursor} if cursor else {}))


def catalog_body(cursor: str | None) -> bytes:
    """The body of a catalog search: everything, deleted objects included."""
    body = {"object_types": OBJECT_TYPES, "include_deleted_objects": True, "limit": CATALOG_LIMIT}
    return _encode(body, cursor)


def team_body(cursor: str | None) -> bytes:
    """The body of a search of team members: all of them."""
    return _encode({"limit": TEAM_LIMIT}, cursor)


def money_params(
    location: str, start: datetime, end: datetime, *, is_created: bool
) -> dict[str, str]:
    """Query of a list of payments or refunds, by time of creation or change."""
    prefix = "" if is_created else "updated_at_"
    return {
        "location_id": location,
        "sort_field": "CREATED_AT" if is_created else "UPDATED_AT",
        "sort_order": "ASC",
        f"{prefix}begin_time": write_instant(start),
        f"{prefix}end_time": write_instant(end),
        "limit": str(LIST_LIMIT),
    }


def check_orders(
    records: list[Record],
    stores: list[set[str]],
    locations: list[str],
    since: datetime,
    until: datetime | None,
) -> None:
    """Raise SourceFatal for orders that do not match the request or its sort.

    Instants are checked to a second; an order with unreadable fields passes.
    """
    second, last = timedelta(seconds=1), since - timedelta(seconds=1)
    for record, named in zip(records, stores, strict=True):
        moment = record.updated_at
        if moment is None:
            continue
        if moment < since - second or (until is not None and moment >= until + second):
            raise _ignored(f"updated_at = {moment}")
        if not named <= set(locations):
            raise _ignored("another location_id")
        if moment < last - second:
            raise SourceFatal(
                f"{ORDERS} returned an order changed at {moment} after one changed at {last}: the"
                " API ignores the sort; nothing of the answer is kept"
            )
        last = moment


def _ignored(what: str) -> SourceFatal:
    return SourceFatal(
        f"{ORDERS} returned an order with {what} that was not asked for: the API ignores the"
        " filter; nothing of the answer is kept"
    )
