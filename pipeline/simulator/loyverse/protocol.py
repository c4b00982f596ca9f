"""Format of Loyverse's requests and answers: lists, errors, pages and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.simulator.cursor import seal, unseal
from pipeline.simulator.source import encode

DATES = ("created_at_min", "created_at_max", "updated_at_min", "updated_at_max")


class ApiError(Exception):
    """Error answer: {"errors": [{"code", "details", "field"?}]}."""

    def __init__(self, status: int, code: str, details: str, parameter: str | None = None):
        super().__init__(f"{status} {code}: {details}")
        error = {"code": code, "details": details, **({"field": parameter} if parameter else {})}
        self.status, self.body = status, encode({"errors": [error]})


@dataclass(frozen=True)
class LoyverseRules:
    """How account and server behave.

    `order` sorts receipts; with `offsets` a cursor is an offset. Both are for tests of the client.
    """

    history_days: int | None = None
    default_limit: int = 50
    max_limit: int = 250
    order: str = "created_desc"
    offsets: bool = False
    floor: int | None = None  # milliseconds; receipts created before are left out silently
    scopes: frozenset[str] | None = None  # None = a personal token, which may read everything


class Resource(NamedTuple):
    """List of the API and the filters that it supports."""

    scope: str
    key: str | None = None  # the parameter that lists ids
    dates: tuple[str, ...] = DATES
    fields: tuple[tuple[str, str], ...] = ()  # further filters: (parameter, field of the row)
    pages: bool = True
    deleted: bool = True  # supports show_deleted
    gone: bool = True  # the address of a deleted row answers 404


RESOURCES = {
    "receipts": Resource(
        "RECEIPTS_READ",
        "receipt_numbers",
        DATES,
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
        DATES[2:],
        (("store_ids", "store_id"), ("variant_ids", "variant_id")),
        deleted=False,
    ),
    "shifts": Resource("SHIFTS_READ", None, DATES[:2], (("store_ids", "store_id"),), deleted=False),
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
    """One page of JSON rows; `request` leads to it, `cursor` to the next (None: last)."""

    name: str
    rows: list[bytes]
    cursor: str | None
    request: Request

    def body(self) -> bytes:
        cursor = b"" if self.cursor is None else b',"cursor":' + encode(self.cursor)
        return b'{"' + self.name.encode() + b'":[' + b",".join(self.rows) + b"]" + cursor + b"}"


@dataclass(frozen=True)
class Request:
    """Request for page number `page`; `after` is the last position before it."""

    resource: str
    params: dict[str, str]
    limit: int
    after: Any = None
    page: int = 1

    def cursor(self) -> str:
        return seal([self.resource, self.params, self.limit, self.after, self.page])

    @classmethod
    def from_cursor(cls, cursor: str, resource: str) -> Request:
        try:
            request = cls(*unseal(cursor))
            if request.resource != resource:
                raise ValueError("another list")
        except (ValueError, TypeError) as error:
            raise ApiError(
                400, "INVALID_CURSOR", "The provided cursor was not found.", "cursor"
            ) from error
        return request
