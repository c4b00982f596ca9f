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
    """How account and server behave."""

    history_days: int | None = None
    default_limit: int = 50
    max_limit: int = 250
    scopes: frozenset[str] | None = None  # None = a personal token, which may read everything


class Resource(NamedTuple):
    """List of the API, and those of its filters that the pipeline uses."""

    scope: str
    dates: tuple[str, ...] = DATES
    pages: bool = True
    deleted: bool = True  # supports show_deleted


RESOURCES = {
    "receipts": Resource("RECEIPTS_READ", deleted=False),
    "items": Resource("ITEMS_READ"),
    "categories": Resource("ITEMS_READ", ()),
    "modifiers": Resource("ITEMS_READ"),
    "employees": Resource("EMPLOYEES_READ"),
    "shifts": Resource("SHIFTS_READ", DATES[:2], deleted=False),
    "stores": Resource("STORES_READ", pages=False),
    "pos_devices": Resource("POS_DEVICES_READ", (), pages=False),
    "payment_types": Resource("PAYMENT_TYPES_READ", pages=False),
    "taxes": Resource("TAXES_READ", pages=False),
    "discounts": Resource("ITEMS_READ", pages=False),
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
