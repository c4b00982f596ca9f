"""Lists of payments and refunds: GET /v2/payments and GET /v2/refunds.

The default range is the last year by creation. `begin_time` and `end_time` filter `created_at` for
every sort order; the bounds of `updated_at` require the sort by `updated_at`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from ..ids import parse_stamp
from .lists import Call, make_page, rows_from
from .protocol import SquareError, SquarePage, choice_of, instant_of, limit_of, request_of
from .render import Json
from .source import Row
from .timeline import OrderQuery

_YEAR = 365 * 86_400_000
_MAX_LIMIT = 100


def list_payments(call: Call) -> SquarePage:
    """GET /v2/payments."""
    return _money_list(call, "payments", call.source.payments)


def list_refunds(call: Call) -> SquarePage:
    """GET /v2/refunds."""
    return _money_list(call, "refunds", call.source.refunds)


def _money_list(
    call: Call, name: str, source: Callable[[int, OrderQuery], Iterator[Row]]
) -> SquarePage:
    fields = _numbers(call.fields)
    request = request_of(call.path, call.fields, call.now, call.rules)
    by_update = choice_of(fields, "sort_field", ("CREATED_AT", "UPDATED_AT"), "") == "UPDATED_AT"
    prefix = "updated_at_" if by_update else ""
    start, end = (instant_of(fields, prefix + key) for key in ("begin_time", "end_time"))
    if not by_update:
        start = request.began - _YEAR if start is None else start
        for key in ("updated_at_begin_time", "updated_at_end_time"):
            if fields.get(key):
                raise SquareError(400, "BAD_REQUEST", "sort_field must be UPDATED_AT.", key)
    location = fields.get("location_id")
    query = OrderQuery(
        "updated" if by_update else "created",
        choice_of(fields, "sort_order", ("DESC", "ASC"), "") == "ASC",
        start,
        request.began if end is None else end,
        frozenset([str(location)]) if location else None,
    )
    rows = rows_from(request, query, lambda part: source(call.now, part))
    tests = _tests(fields, by_update)
    if tests:
        rows = (row for row in rows if all(test(row.read()) for test in tests))
    return make_page(call, request, name, rows, limit_of(fields, _MAX_LIMIT, _MAX_LIMIT))


def _tests(fields: Mapping[str, Any], by_update: bool) -> list[Callable[[Json], bool]]:
    """Filters on fields of the payment or refund itself."""
    tests: list[Callable[[Json], bool]] = [
        partial(_equals, read, fields[name]) for name, read in _READERS.items() if fields.get(name)
    ]
    if by_update:
        tests += _span(fields, "", lambda row: row["created_at"])
    tests += _span(
        fields,
        "offline_",
        lambda row: row.get("offline_payment_details", {}).get("client_created_at"),
    )
    return tests


def _equals(read: Callable[[Json], Any], value: object, row: Json) -> bool:
    return bool(read(row) == value)


def _span(
    fields: Mapping[str, Any], prefix: str, read: Callable[[Json], str | None]
) -> list[Callable[[Json], bool]]:
    start, end = (instant_of(fields, prefix + key) for key in ("begin_time", "end_time"))
    if start is None and end is None:
        return []

    def inside(row: Json) -> bool:
        text = read(row)
        instant = None if text is None else parse_stamp(text)
        return instant is not None and (
            (start is None or instant >= start) and (end is None or instant <= end)
        )

    return [inside]


def _card(row: Json) -> Json:
    card: Json = row.get("card_details", {}).get("card", {})
    return card


_READERS: dict[str, Callable[[Json], Any]] = {
    "total": lambda row: row.get("total_money", {}).get("amount"),
    "last_4": lambda row: _card(row).get("last_4"),
    "card_brand": lambda row: _card(row).get("card_brand"),
    "status": lambda row: row["status"],
    "source_type": lambda row: row.get("destination_type"),
}


def _numbers(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a query string, with numeric text as numbers."""
    numbers = {
        name: int(text)
        for name in ("limit", "total")
        if (text := str(fields.get(name, ""))).removeprefix("-").isdecimal()
    }
    return {**fields, **numbers}
