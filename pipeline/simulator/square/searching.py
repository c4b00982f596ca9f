"""Body of POST /v2/orders/search: its query and its errors.

Source: the API's reference. Filters are under `query.filter`. The date filter takes exactly one
field, and the sort must use the same field. Both bounds are inclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .protocol import check, choice_of, instant_of, listed_ids, object_of, strings_of
from .timeline import OrderQuery

STATES = ("OPEN", "COMPLETED", "CANCELED", "DRAFT")
_FIELDS = ("CREATED_AT", "UPDATED_AT", "CLOSED_AT")
_FILTER = "query.filter."
MAX_LOCATIONS = 10


def parse_search(body: Mapping[str, Any], began: int, locations: frozenset[str]) -> OrderQuery:
    """Query in a body; `began` is the first page's instant, `locations` known ids."""
    query = object_of(body, "query")
    filters, sort = object_of(query, "filter", "query."), object_of(query, "sort", "query.")
    field = choice_of(sort, "sort_field", _FIELDS, "query.sort.")
    ascending = choice_of(sort, "sort_order", ("DESC", "ASC"), "query.sort.") == "ASC"
    states = _states(filters)
    check(
        field != "CLOSED_AT" or (states is not None and states <= {"COMPLETED", "CANCELED"}),
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
    names = listed_ids(body, "location_ids", MAX_LOCATIONS)
    unknown = sorted(set(names) - locations)
    check(not unknown, "INVALID_LOCATION", f"There is no location {unknown[:1]}.", "location_ids")
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
    detail = "date_time_filter takes exactly one time range."
    check(len(given) == 1, "BAD_REQUEST", detail, prefix[:-1])
    detail = f"sort_field must be {given[0].upper()}, as the date_time_filter is."
    check(given[0].upper() == field, "BAD_REQUEST", detail, "query.sort.sort_field")
    bounds, prefix = object_of(dates, given[0], prefix), f"{prefix}{given[0]}."
    start, end = (instant_of(bounds, name, prefix) for name in ("start_at", "end_at"))
    is_right = start is None or end is None or start <= end
    check(is_right, "INVALID_TIME_RANGE", "end_at is before start_at.", f"{prefix}end_at")
    return start, end
