"""The list endpoints of Loyverse's API v1.0, their filters and paging.

The API ignores an unknown parameter and returns everything with status 200. So a filter is sent
only if it is listed here, and each row is checked against it. The value of a filter here is the
field of the row that it filters, "" if the row has no such field. The API cannot filter by customer
or by the time at the device.
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

Filter = str | bool | datetime | list[str]

_CREATED = {"created_at_min": "created_at", "created_at_max": "created_at"}
_UPDATED = {"updated_at_min": "updated_at", "updated_at_max": "updated_at"}
_DATES = {**_CREATED, **_UPDATED}
_DELETED = {"show_deleted": ""}


@dataclass(frozen=True)
class Endpoint:
    """A list endpoint; `key` is the key of its rows if that is not the path."""

    path: str
    filters: Mapping[str, str]
    is_paged: bool = True
    key: str = ""

    @property
    def rows_key(self) -> str:
        return self.key or self.path


ENDPOINTS = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint(
            "receipts",
            {
                "receipt_numbers": "receipt_number",
                "since_receipt_number": "",
                "before_receipt_number": "",
                "store_id": "store_id",
                "order": "order",
                "source": "source",
                **_DATES,
            },
        ),
        Endpoint("items", {"items_ids": "id", **_DATES, **_DELETED}),
        Endpoint(
            "variants",
            {
                "variants_ids": "variant_id",
                "items_ids": "item_id",
                "sku": "sku",
                **_DATES,
                **_DELETED,
            },
        ),
        Endpoint("categories", {"categories_ids": "id", **_DELETED}),
        Endpoint("modifiers", {"modifier_ids": "id", **_DATES, **_DELETED}),
        Endpoint("customers", {"customer_ids": "id", "email": "email", **_DATES}),
        Endpoint("employees", {"employee_ids": "id", **_DATES, **_DELETED}),
        Endpoint(
            "inventory",
            {"store_ids": "store_id", "variant_ids": "variant_id", **_UPDATED},
            key="inventory_levels",
        ),
        Endpoint("shifts", {"store_ids": "store_id", **_CREATED}),
        Endpoint("stores", {"store_ids": "id", **_DATES, **_DELETED}, is_paged=False),
        Endpoint("pos_devices", {"store_id": "store_id", **_DELETED}, is_paged=False),
        Endpoint("payment_types", {"payment_type_ids": "id", **_DATES, **_DELETED}, is_paged=False),
        Endpoint("taxes", {"tax_ids": "id", **_DATES, **_DELETED}, is_paged=False),
        Endpoint("discounts", {"discount_ids": "id", **_DATES, **_DELETED}, is_paged=False),
    )
}


def query(endpoint: Endpoint, filters: Mapping[str, Filter]) -> dict[str, str]:
    """The filters as query values. Raises SourceFatal for one that would be ignored."""
    if unknown := sorted(set(filters) - set(endpoint.filters)):
        raise SourceFatal(
            f"/{endpoint.path} has no filter {', '.join(unknown)} and would answer as if it were"
            f" not there; it has {', '.join(endpoint.filters)}"
        )
    return {name: _write(value) for name, value in filters.items()}


def _write(value: Filter) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return write_instant(value)
    return value if isinstance(value, str) else ",".join(value)


@cache
def _decoder(fields: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """A decoder of the fields of a row that filters use."""
    kinds = [(field, (datetime if field.endswith("_at") else str) | None, None) for field in fields]
    return msgspec.json.Decoder(msgspec.defstruct("Filtered", kinds))


def check_rows(endpoint: Endpoint, filters: Mapping[str, Filter], rows: list[bytes]) -> None:
    """Raise SourceFatal if a row does not match the filters: the API has ignored them.

    Dates are checked with TOLERANCE. A field that is missing or unreadable passes.
    """
    fields = tuple(sorted({endpoint.filters[name] for name in filters} - {""}))
    check_filters(
        endpoint, filters, _read_filtered(rows, _decoder(fields).decode) if fields else ()
    )


def check_filters(
    endpoint: Endpoint, filters: Mapping[str, Filter], decoded: Iterable[object]
) -> None:
    """As `check_rows`, for decoded rows; a field is None if it is unreadable."""
    used = [
        (name, endpoint.filters[name], value)
        for name, value in filters.items()
        if endpoint.filters[name]
    ]
    for row in decoded:
        for name, field, value in used:
            actual = getattr(row, field)
            if actual is not None and not _fits(name, value, actual):
                # only instants are decoded: texts may be personal data
                what = f"{field} = {actual}" if isinstance(actual, datetime) else f"another {field}"
                raise SourceFatal(
                    f"/{endpoint.path} returned a row with {what} although {name} ="
                    f" {_write(value)[:60]} was asked for: the API ignores the filter; nothing of"
                    " the answer is kept"
                )


def _read_filtered(rows: list[bytes], decode: Callable[[bytes], object]) -> Iterator[object]:
    for row in rows:
        try:
            yield decode(row)
        except (msgspec.MsgspecError, RecursionError):
            continue


def _fits(name: str, value: Filter, actual: datetime | str) -> bool:
    if isinstance(value, datetime):
        assert isinstance(actual, datetime)  # as every field that has bounds
        moment = actual if actual.tzinfo else actual.replace(tzinfo=UTC)
        return moment >= value - TOLERANCE if name.endswith("_min") else moment <= value + TOLERANCE
    assert not isinstance(value, bool)  # no field of a row shows it
    return actual in ([value] if isinstance(value, str) else value)
