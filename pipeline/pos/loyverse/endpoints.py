"""The list endpoints of Loyverse's API v1.0, their filters and paging.

The API ignores an unknown parameter and returns everything with status 200. So a filter is sent
only if it is listed here, and each row is checked against it. Only the filters that are used are
listed: bounds of instants, and deleted rows. The API cannot filter by customer or by the time at
the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from pipeline.errors import SourceFatal
from pipeline.pos.pages import write_instant

PAGE_LIMIT = 250  # 251 is refused, not clamped

# The API does not document whether bounds are inclusive, and has returned whole seconds only.
TOLERANCE = timedelta(seconds=1)

Filter = bool | datetime

_CREATED = ("created_at_min", "created_at_max")
_UPDATED = ("updated_at_min", "updated_at_max")
_DATES = (*_CREATED, *_UPDATED)
_DELETED = ("show_deleted",)


@dataclass(frozen=True)
class Endpoint:
    """A list endpoint; `key` is the key of its rows if that is not the path."""

    path: str
    filters: tuple[str, ...]
    is_paged: bool = True
    key: str = ""

    @property
    def rows_key(self) -> str:
        return self.key or self.path


ENDPOINTS = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint("receipts", _DATES),
        Endpoint("items", _DATES + _DELETED),
        Endpoint("variants", _DATES + _DELETED),
        Endpoint("categories", _DELETED),
        Endpoint("modifiers", _DATES + _DELETED),
        Endpoint("customers", _DATES),
        Endpoint("employees", _DATES + _DELETED),
        Endpoint("inventory", _UPDATED, key="inventory_levels"),
        Endpoint("shifts", _CREATED),
        Endpoint("stores", _DATES + _DELETED, is_paged=False),
        Endpoint("pos_devices", _DELETED, is_paged=False),
        Endpoint("payment_types", _DATES + _DELETED, is_paged=False),
        Endpoint("taxes", _DATES + _DELETED, is_paged=False),
        Endpoint("discounts", _DATES + _DELETED, is_paged=False),
    )
}


def query(endpoint: Endpoint, filters: Mapping[str, Filter]) -> dict[str, str]:
    """The filters as query values. Raises SourceFatal for one that would be ignored."""
    if unknown := sorted(set(filters) - set(endpoint.filters)):
        raise SourceFatal(
            f"/{endpoint.path} has no filter {', '.join(unknown)} and would answer as if it were"
            f" not there; it has {', '.join(endpoint.filters)}"
        )
    return {
        name: write_instant(value) if isinstance(value, datetime) else str(value).lower()
        for name, value in filters.items()
    }


@cache
def _decoder(fields: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """A decoder of the instants of a row that filters use."""
    kinds = [(field, datetime | None, None) for field in fields]
    return msgspec.json.Decoder(msgspec.defstruct("Filtered", kinds))


def check_rows(endpoint: Endpoint, filters: Mapping[str, Filter], rows: list[bytes]) -> None:
    """Raise SourceFatal if a row does not match the filters: the API has ignored them.

    Dates are checked with TOLERANCE. A field that is missing or unreadable passes.
    """
    fields = tuple(sorted({field for _, field, _ in _bounds(filters)}))
    check_filters(
        endpoint, filters, _read_filtered(rows, _decoder(fields).decode) if fields else ()
    )


def check_filters(
    endpoint: Endpoint, filters: Mapping[str, Filter], decoded: Iterable[object]
) -> None:
    """As `check_rows`, for decoded rows; a field is None if it is unreadable."""
    bounds = _bounds(filters)
    for row in decoded:
        for name, field, bound in bounds:
            actual = getattr(row, field)
            if actual is not None and not _fits(name, bound, actual):
                raise SourceFatal(
                    f"/{endpoint.path} returned a row with {field} = {actual} although {name} ="
                    f" {write_instant(bound)} was asked for: the API ignores the filter; nothing of"
                    " the answer is kept"
                )


def _bounds(filters: Mapping[str, Filter]) -> list[tuple[str, str, datetime]]:
    """(name, field, instant) of the filters that rows can be checked against."""
    return [
        (name, name.rpartition("_")[0], value)
        for name, value in filters.items()
        if isinstance(value, datetime)
    ]


def _read_filtered(rows: list[bytes], decode: Callable[[bytes], object]) -> Iterator[object]:
    for row in rows:
        try:
            yield decode(row)
        except (msgspec.MsgspecError, RecursionError):
            continue


def _fits(name: str, bound: datetime, actual: datetime) -> bool:
    moment = actual if actual.tzinfo else actual.replace(tzinfo=UTC)
    return moment >= bound - TOLERANCE if name.endswith("_min") else moment <= bound + TOLERANCE
