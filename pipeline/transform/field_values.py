"""The values of a record's fields, each checked as its field requires.

Takes objects that `json.loads` made with JsonObject and JsonNumber. Returns Decimal, datetime in
UTC, str, None or lists of dicts. Raises FailedCheck for the first field that is not as
schema/receipt.py requires.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pipeline.rules.clock import micros
from pipeline.schema.receipt import DIGITS, Field, scale
from pipeline.transform.receipt_checks import EARLIEST, LATEST

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE]\+?-?\d+)?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T"
    r" ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
MAX_DETAIL = 200
"""Characters of a value in a rejection's detail."""


class FailedCheck(Exception):
    """A check has failed: reason, JSON pointer, the value there."""

    def __init__(self, reason: str, pointer: str, value: object):
        self.reason, self.pointer = reason, pointer
        self.detail = (value if isinstance(value, str) else json.dumps(value, default=str))[
            :MAX_DETAIL
        ]


class JsonNumber(str):
    """A JSON number as written."""


class JsonObject(dict[str, Any]):
    """A JSON object with the keys that occur twice in it."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.twice = set[str]()
        if len(self) < len(pairs):
            self.twice = {key for key, n in Counter(key for key, _ in pairs).items() if n > 1}


def read_object(
    record: Any, fields: tuple[Field, ...], pointer: str, decimals: int
) -> dict[str, Any]:
    """The values of the object at `pointer` by field; others are left out."""
    if record is None:
        raise FailedCheck("null_value", pointer, None)
    if not isinstance(record, JsonObject):
        raise FailedCheck("wrong_type", pointer, record)
    return {field.name: read_value(record, field, pointer, decimals) for field in fields}


def read_value(record: JsonObject, field: Field, pointer: str, decimals: int) -> Any:
    """The value of a field of the object at `pointer`; None where it may be missing."""
    pointer = f"{pointer}/{field.name}"
    if field.name in record.twice:
        raise FailedCheck("duplicate_key", pointer, record[field.name])
    value = record.get(field.name)
    if value is None:
        if field.null:
            return None
        raise FailedCheck("null_value" if field.name in record else "missing_field", pointer, None)
    if field.kind == "rows":
        if not isinstance(value, list):
            raise FailedCheck("wrong_type", pointer, value)
        return [
            read_object(row, field.fields, f"{pointer}/{index}", decimals)
            for index, row in enumerate(value)
        ]
    if not isinstance(value, str):
        raise FailedCheck("wrong_type", pointer, value)
    if field.kind in ("text", "id", "instant"):
        return _text(value, field, pointer)
    return _number(value, field.kind, pointer, decimals)


def _text(value: str, field: Field, pointer: str) -> str | datetime:
    if isinstance(value, JsonNumber):
        raise FailedCheck("wrong_type", pointer, value)
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise FailedCheck("bad_text", pointer, value)
    if field.kind == "instant":
        return _instant(value, pointer)
    if field.kind == "id" and not value:
        raise FailedCheck("empty", pointer, value)
    if field.values and value not in field.values:
        raise FailedCheck("unknown_value", pointer, value)
    return value


def _number(value: str, kind: str, pointer: str, decimals: int) -> Decimal:
    if not _NUMBER.fullmatch(value):
        raise FailedCheck("not_a_number", pointer, value)
    try:
        number = Decimal(value.replace("+-", "-"))
    except ArithmeticError as error:
        raise FailedCheck("out_of_range", pointer, value) from error
    if not number:
        return Decimal(0)
    if number.adjusted() >= DIGITS[kind] - scale(kind, decimals):
        raise FailedCheck("out_of_range", pointer, value)
    _, figures, exponent = number.as_tuple()
    zeros = len(figures) - len("".join(map(str, figures)).rstrip("0"))
    if not isinstance(exponent, int) or exponent + zeros < -scale(kind, decimals):
        raise FailedCheck("excess_precision", pointer, value)
    return number.quantize(Decimal(1).scaleb(-scale(kind, decimals)))


def _instant(value: str, pointer: str) -> datetime:
    match = _INSTANT.fullmatch(value)
    if not match:
        raise FailedCheck("unreadable_date", pointer, value)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = (match[8] or "Z").replace(":", "")
    try:
        hours, minutes = (0, 0) if offset == "Z" else (int(offset[1:3]), int(offset[3:] or 0))
        if minutes > 59:
            raise ValueError("minutes of the offset")
        ahead = timedelta(hours=hours, minutes=minutes)
        zone = timezone(-ahead if offset[0] == "-" else ahead)
        fraction = int((match[7] or "").ljust(6, "0"))
        instant = datetime(max(year, 4), month, day, hour, minute, second, fraction, zone)
    except ValueError as error:
        raise FailedCheck("unreadable_date", pointer, value) from error
    if not 1999 <= year <= 2100 or not EARLIEST <= micros(instant) < LATEST:
        raise FailedCheck("implausible_date", pointer, value)
    return instant.astimezone(UTC)
