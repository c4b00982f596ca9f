"""Format of Square's requests and answers: errors, cursors, pages, field checks.

A cursor is opaque. It contains the request that it belongs to, the position and the instant of the
first page, and it expires some minutes after it was issued. Unknown keys are ignored, as by the
real API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from ..cursor import seal, unseal
from ..ids import parse_stamp
from ..loyverse.protocol import ApiError
from ..source import encode
from .render import Json

_CATEGORIES = {401: "AUTHENTICATION_ERROR", 403: "AUTHENTICATION_ERROR", 429: "RATE_LIMIT_ERROR"}


class SquareError(ApiError):
    """Error answer: {"errors": [{"category", "code", "detail", "field"?}]}."""

    def __init__(self, status: int, code: str, details: str, parameter: str | None = None):
        super().__init__(status, code, details, parameter)
        category = "API_ERROR" if status >= 500 else "INVALID_REQUEST_ERROR"
        error = {"category": _CATEGORIES.get(status, category), "code": code, "detail": details}
        self.body = encode({"errors": [error | ({"field": parameter} if parameter else {})]})


@dataclass(frozen=True)
class SquareRules:
    """Settings of the account and the server."""

    default_limit: int = 500  # of order searches; all other lists have their own
    cursor_minutes: float = 5.0
    scopes: frozenset[str] | None = None  # None: a personal token, which may read everything


@dataclass(frozen=True)
class SquareRequest:
    """Request for page number `page`; `after` is the last position before it."""

    path: str
    digest: int  # of all but cursor and limit
    began: int  # instant of the first page
    issued: int
    after: Any = None
    page: int = 1

    def cursor(self) -> str:
        """Cursor that leads to this request."""
        return seal([self.path, self.digest, self.began, self.issued, self.after, self.page])


@dataclass
class SquarePage:
    """One page of a list; `more` are fields beside the rows.

    `request` leads to this page, `cursor` to the next one. A page without rows has no key for them.
    """

    name: str
    rows: list[bytes] = field(default_factory=list)
    cursor: str | None = None
    request: SquareRequest | None = None
    extra_fields: Json = field(default_factory=dict)

    def body(self) -> bytes:
        """JSON object of the answer."""
        parts = [encode(name) + b":" + encode(value) for name, value in self.extra_fields.items()]
        if self.rows:
            parts.insert(0, encode(self.name) + b":[" + b",".join(self.rows) + b"]")
        if self.cursor is not None:
            parts.append(b'"cursor":' + encode(self.cursor))
        return b"{" + b",".join(parts) + b"}"


def check(is_right: bool, code: str, detail: str, parameter: str) -> None:
    """Raise SquareError 400 unless the request is right."""
    if not is_right:
        raise SquareError(400, code, detail, parameter)


def parse_cursor(cursor: object) -> SquareRequest:
    """Request in a cursor; raises SquareError for a damaged one."""
    try:
        return SquareRequest(*unseal(str(cursor)))
    except (ValueError, TypeError) as error:
        raise bad_cursor() from error


def bad_cursor() -> SquareError:
    """Error for a cursor that is damaged, expired or another request's."""
    return SquareError(400, "INVALID_CURSOR", "The cursor is invalid or has expired.", "cursor")


def request_of(path: str, fields: Mapping[str, Any], now: int, rules: SquareRules) -> SquareRequest:
    """List request of the fields, at the position of their cursor if any."""
    same = {name: value for name, value in fields.items() if name not in ("cursor", "limit")}
    digest = crc32(json.dumps(same, sort_keys=True).encode())
    if not fields.get("cursor"):
        return SquareRequest(path, digest, now, now)
    request = parse_cursor(fields["cursor"])
    dead = now - request.issued > rules.cursor_minutes * 60_000
    if dead or (request.path, request.digest) != (path, digest):
        raise bad_cursor()
    return request


def limit_of(fields: Mapping[str, Any], default: int, highest: int) -> int:
    """The page size; a query string has it as text, a body as a number."""
    value = fields.get("limit")
    if value is None:
        return default
    check(type(value) is int, "EXPECTED_INTEGER", "Expected an integer value.", "limit")
    check(value >= 1, "VALUE_TOO_LOW", "`limit` must be at least 1.", "limit")
    check(value <= highest, "VALUE_TOO_HIGH", f"`limit` must be at most {highest}.", "limit")
    return int(value)


def object_of(fields: Mapping[str, Any], name: str, prefix: str = "") -> dict[str, Any]:
    """The object under `name`, {} if absent."""
    value: Any = {} if fields.get(name) is None else fields[name]
    check(isinstance(value, dict), "EXPECTED_OBJECT", "Expected an object.", prefix + name)
    return dict(value)


def strings_of(fields: Mapping[str, Any], name: str, prefix: str = "") -> list[str]:
    """The array of strings under `name`, [] if absent."""
    value: Any = [] if fields.get(name) is None else fields[name]
    is_right = isinstance(value, list) and all(isinstance(text, str) for text in value)
    check(is_right, "EXPECTED_ARRAY", "Expected an array of strings.", prefix + name)
    return list(value)


def listed_ids(fields: Mapping[str, Any], name: str, most: int) -> list[str]:
    """The ids under `name`, at least one."""
    names = strings_of(fields, name)
    check(bool(names), "MISSING_REQUIRED_PARAMETER", f"At least 1 of {name} is needed.", name)
    check(len(names) <= most, "ARRAY_LENGTH_TOO_LONG", f"At most {most} {name}.", name)
    return names


def instant_of(fields: Mapping[str, Any], name: str, prefix: str = "") -> int | None:
    """The instant under `name` in milliseconds, None if absent."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        return parse_stamp(str(value))
    except ValueError as error:
        raise SquareError(
            400, "INVALID_TIME", "The timestamp is not in RFC 3339 format.", prefix + name
        ) from error


def choice_of(fields: Mapping[str, Any], name: str, choices: tuple[str, ...], prefix: str) -> str:
    """The enum value under `name`; the first of `choices` if absent."""
    value = fields.get(name) or choices[0]
    detail = f"`{value}` is not a valid enum value."
    check(value in choices, "INVALID_ENUM_VALUE", detail, prefix + name)
    return str(value)
