"""Body of POST /v2/orders/search: its query and its errors.

Source: the API's reference. Filters are under `query.filter`. The date filter takes exactly one
field, and the sort must use the same field. Both bounds are inclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .protocol import SquareError, choice_of, instant_of, object_of, strings_of
from .render import Json
from .timeline import OrderQuery

STATES = ("OPEN", "COMPLETED", "CANCELED", "DRAFT")
_FIELDS = ("CREATED_AT", "UPDATED_AT", "CLOSED_AT")
_FILTER = "query.filter."
MAX_LOCATIONS = 10


def parse_search(body: Mapping[str, Any], began: int, locations: frozenset[str]) -> OrderQuery:
    """Query in a body.

    `began` is the instant of the first page; `locations` are the ids of the shop's locations.
    """
    query = object_of(body, "query")
    filters, sort = object_of(query, "filter", "query."), object_of(query, "sort", "query.")
    field = choice_of(sort, "sort_field", _FIELDS, "query.sort.")
    ascending = choice_of(sort, "sort_order", ("DESC", "ASC"), "query.sort.") == "ASC"
    states = _states(filters)
    closed_only = states is not None and states <= {"COMPLETED", "CANCELED"}
    if field == "CLOSED_AT" and not closed_only:
        raise SquareError(
            400,
            "BAD_REQUEST",
            "Sorting by CLOSED_AT needs a state_filter of COMPLETED or CANCELED only.",
            "query.sort.sort_field",
        )
    start, end = _dates(filters, field)
    return OrderQuery(
        field.removesuffix("_AT").lower(),
        ascending,
        start,
        began if end is None else end,
        _locations(body, locations),
        states,
    )


def _locations(body: Mapping[str, Any], locations: frozenset[str]) -> frozenset[str]:
    names = strings_of(body, "location_ids")
    if not names:
        raise SquareError(
            400,
            "MISSING_REQUIRED_PARAMETER",
            "At least 1 location_id must be provided.",
            "location_ids",
        )
    if len(names) > MAX_LOCATIONS:
        raise SquareError(
            400,
            "ARRAY_LENGTH_TOO_LONG",
            f"At most {MAX_LOCATIONS} location_ids can be provided.",
            "location_ids",
        )
    unknown = sorted(set(names) - locations)
    if unknown:
        raise SquareError(
            400, "INVALID_LOCATION", f"There is no location {unknown[0]}.", "location_ids"
        )
    return frozenset(names)


def _states(filters: Mapping[str, Any]) -> frozenset[str] | None:
    states = strings_of(object_of(filters, "state_filter", _FILTER), "states", _FILTER)
    for state in states:
        choice_of({"states": state}, "states", STATES, f"{_FILTER}state_filter.")
    return frozenset(states) or None


def _dates(filters: Mapping[str, Any], field: str) -> tuple[int | None, int | None]:
    dates, prefix = object_of(filters, "date_time_filter", _FILTER), f"{_FILTER}date_time_filter."
    given = [name for name in ("created_at", "updated_at", "closed_at") if dates.get(name)]
    if not given:
        return None, None
    if len(given) > 1:
        raise SquareError(
            400, "BAD_REQUEST", "date_time_filter takes exactly one time range.", prefix[:-1]
        )
    if given[0].upper() != field:
        raise SquareError(
            400,
            "BAD_REQUEST",
            f"sort_field must be {given[0].upper()}, as the date_time_filter is.",
            "query.sort.sort_field",
        )
    bounds, prefix = object_of(dates, given[0], prefix), f"{prefix}{given[0]}."
    start, end = (instant_of(bounds, name, prefix) for name in ("start_at", "end_at"))
    if start is not None and end is not None and end < start:
        raise SquareError(
            400, "INVALID_TIME_RANGE", "end_at is before start_at.", f"{prefix}end_at"
        )
    return start, end


class BodyFilter:
    """Filters on the order itself: source, customer, fulfillment."""

    def __init__(self, body: Mapping[str, Any]):
        filters = object_of(object_of(body, "query"), "filter", "query.")
        self.sources = _names(filters, "source_filter", "source_names")
        self.customers = _names(filters, "customer_filter", "customer_ids")
        self.types = _names(filters, "fulfillment_filter", "fulfillment_types")
        self.progress = _names(filters, "fulfillment_filter", "fulfillment_states")

    @property
    def active(self) -> bool:
        """Whether any of the filters is set."""
        return bool(self.sources or self.customers or self.types or self.progress)

    def admits(self, order: Json) -> bool:
        """Whether the filters admit the order."""
        if self.sources and order.get("source", {}).get("name") not in self.sources:
            return False
        if self.customers and order.get("customer_id") not in self.customers:
            return False
        if not (self.types or self.progress):
            return True
        return any(
            (not self.types or row["type"] in self.types)
            and (not self.progress or row["state"] in self.progress)
            for row in order.get("fulfillments", [])
        )


def _names(filters: Mapping[str, Any], outer: str, inner: str) -> list[str]:
    return strings_of(object_of(filters, outer, _FILTER), inner, f"{_FILTER}{outer}.")
