"""One record against every rule, slowly and in words: what is wrong with it, and where.

In: the bytes of one record. Out: a Fault (reason, JSON pointer, what stood there, and what could
still be read), or the record written anew with only the fields that are read. The rules are those
of `wire` and `doubts`; they are said here again, in plain Python and Decimal, so that each path
tests the other.

    not_json, not_an_object, too_deep        the record is not one JSON object, or nested too deep
    to be read duplicate_key, missing_field, null_value, wrong_type, bad_text, empty, unknown_value
    not_a_number, excess_precision, out_of_range unreadable_date
    implausible_date    the sale before 2010, more than 48 hours after the server received it, or
                        more than Rules.max_days_late days before
    totals_differ       discounts, taxes or the total are not the sum of their rows
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pipeline.schema.receipt import DIGITS, RECEIPT, Field, scale
from pipeline.transform.days import DAY, micros
from pipeline.transform.rules import Rules
from pipeline.transform.validate_columns import AHEAD, EARLIEST, FIRST_SALE, LATEST, rounding_limit

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE]\+?-?\d+)?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T"
    r" ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_INF = re.compile(
    r'"(?:[^"\\]|\\.)*"|-?(Inf)\b'
)  # pyarrow's reader takes it where nothing is read, json.loads does not
_DETAIL = 200


@dataclass(frozen=True)
class RejectedRecord:
    """Why a record is refused, and what of it can be read: amounts in minor units as received,
    instants in microseconds. `sold_at` decides the business day that counts it: for a sale dated
    too long before its arrival, the instant of arrival.
    """

    reason: str
    pointer: str = ""
    detail: str = ""
    number: str | None = None
    store_id: str | None = None
    receipt_type: str | None = None
    total: int | None = None
    updated_at: int | None = None
    sold_at: int | None = None
    raw: int = -1
    position: int = 0
    body: bytes = b""


class _RejectedError(Exception):
    def __init__(self, reason: str, pointer: str, found: object):
        self.reason, self.pointer = reason, pointer
        self.detail = (found if isinstance(found, str) else json.dumps(found, default=str))[
            :_DETAIL
        ]


class _Literal(str):
    """A JSON number as it was written."""


class _Object(dict):
    """A JSON object that remembers the keys that it was given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.twice = {key for key, _ in pairs} if len(self) < len(pairs) else set()
        if self.twice:
            keys = [key for key, _ in pairs]
            self.twice = {key for key in self.twice if keys.count(key) > 1}


def validate_record(body: bytes, rules: Rules) -> RejectedRecord | bytes:
    """A Fault, or the record as canonical JSON."""
    try:
        text = _INF.sub(
            lambda found: "Infinity" if found[1] else found[0],
            body.decode("utf-8", "surrogateescape"),
        )
        record = json.loads(
            text,
            object_pairs_hook=_Object,
            parse_float=_Literal,
            parse_int=_Literal,
            parse_constant=_Literal,
        )
    except RecursionError:
        return RejectedRecord("too_deep", detail=f"{len(body)} bytes")
    except ValueError as error:
        return RejectedRecord("not_json", detail=str(error)[:_DETAIL])
    if not isinstance(record, _Object):
        return RejectedRecord("not_an_object", detail=repr(record)[:_DETAIL])
    try:
        receipt = _object(record, RECEIPT, "", rules.decimals)
        _check(receipt, rules)
    except _RejectedError as rejection:
        detail = rejection.detail.encode("utf-8", "backslashreplace").decode()
        return RejectedRecord(
            rejection.reason, rejection.pointer, detail, **_readable(record, rules)
        )
    return json.dumps(receipt, default=_plain).encode() + b"\n"


def _plain(value: Decimal | datetime) -> str:
    return (
        format(value, "f")
        if isinstance(value, Decimal)
        else value.isoformat().replace("+00:00", "Z")
    )


def _readable(record: _Object, rules: Rules) -> dict[str, Any]:
    """What of a refused record can be read by itself; a date of sale that cannot be true is none."""
    decimals = rules.decimals
    found: dict[str, Any] = {}
    for field in RECEIPT:
        try:
            found[field.name] = (
                None if field.kind == "rows" else _value(record, field, "", decimals)
            )
        except _RejectedError:
            found[field.name] = None
    total, updated, sold = (found[name] for name in ("total_money", "updated_at", "receipt_date"))
    created = found["created_at"] or sold
    if sold is not None and not _plausible(sold, created):
        sold = None
    if sold is not None and _is_too_late(sold, created, rules):
        sold = created
    return {
        "number": found["receipt_number"],
        "store_id": found["store_id"],
        "receipt_type": found["receipt_type"],
        "total": None if total is None else int(total.scaleb(decimals)),
        "updated_at": updated and micros(updated),
        "sold_at": sold and micros(sold),
    }


def _plausible(sold: datetime, created: datetime) -> bool:
    return FIRST_SALE <= micros(sold) <= micros(created) + AHEAD


def _is_too_late(sold: datetime, created: datetime, rules: Rules) -> bool:
    """Whether the sale is dated so long before its arrival that the till's clock was wrong."""
    return micros(sold) < micros(created) - rules.max_days_late * DAY


def _object(record: Any, fields: tuple[Field, ...], pointer: str, decimals: int) -> dict[str, Any]:
    if record is None:
        raise _RejectedError("null_value", pointer, None)
    if not isinstance(record, _Object):
        raise _RejectedError("wrong_type", pointer, record)
    return {field.name: _value(record, field, pointer, decimals) for field in fields}


def _value(record: _Object, field: Field, pointer: str, decimals: int) -> Any:
    pointer = f"{pointer}/{field.name}"
    if field.name in record.twice:
        raise _RejectedError("duplicate_key", pointer, record[field.name])
    value = record.get(field.name)
    if value is None:
        if field.null:
            return None
        raise _RejectedError(
            "null_value" if field.name in record else "missing_field", pointer, None
        )
    if field.kind == "rows":
        if not isinstance(value, list):
            raise _RejectedError("wrong_type", pointer, value)
        return [
            _object(row, field.fields, f"{pointer}/{at}", decimals) for at, row in enumerate(value)
        ]
    if not isinstance(value, str):
        raise _RejectedError("wrong_type", pointer, value)
    if field.kind in ("text", "id", "instant"):
        return _text(value, field, pointer)
    return _number(value, field.kind, pointer, decimals)


def _text(value: str, field: Field, pointer: str) -> str | datetime:
    if isinstance(value, _Literal):
        raise _RejectedError("wrong_type", pointer, value)
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise _RejectedError("bad_text", pointer, value)
    if field.kind == "instant":
        return _instant(value, pointer)
    if field.kind == "id" and not value:
        raise _RejectedError("empty", pointer, value)
    if field.values and value not in field.values:
        raise _RejectedError("unknown_value", pointer, value)
    return value


def _number(value: str, kind: str, pointer: str, decimals: int) -> Decimal:
    if not _NUMBER.fullmatch(value):
        raise _RejectedError("not_a_number", pointer, value)
    try:
        number = Decimal(value.replace("+-", "-"))
    except ArithmeticError as error:
        raise _RejectedError("out_of_range", pointer, value) from error
    if not number:
        return Decimal(0)
    if number.adjusted() >= DIGITS[kind] - scale(kind, decimals):
        raise _RejectedError("out_of_range", pointer, value)
    _, figures, exponent = number.as_tuple()
    zeros = len(figures) - len("".join(map(str, figures)).rstrip("0"))
    if exponent + zeros < -scale(kind, decimals):
        raise _RejectedError("excess_precision", pointer, value)
    return number.quantize(Decimal(1).scaleb(-scale(kind, decimals)))


def _instant(value: str, pointer: str) -> datetime:
    match = _INSTANT.fullmatch(value)
    if not match:
        raise _RejectedError("unreadable_date", pointer, value)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = (match[8] or "Z").replace(":", "")
    try:
        ahead = (
            timedelta()
            if offset == "Z"
            else timedelta(hours=int(offset[1:3]), minutes=int(offset[3:] or 0))
        )
        if int(offset[3:] or 0) > 59:
            raise ValueError("minutes of the offset")
        zone = timezone(-ahead if offset[0] == "-" else ahead)
        instant = datetime(
            max(year, 4),
            month,
            day,
            hour,
            minute,
            second,
            int((match[7] or "").ljust(6, "0")),
            zone,
        )
    except ValueError as error:
        raise _RejectedError("unreadable_date", pointer, value) from error
    if not 1999 <= year <= 2100 or not EARLIEST <= micros(instant) < LATEST:
        raise _RejectedError("implausible_date", pointer, value)
    return instant.astimezone(UTC)


def _check(receipt: dict[str, Any], rules: Rules) -> None:
    """The rules between fields."""
    store = rules.store(receipt["store_id"])
    _places(receipt, RECEIPT, "", store.decimals)
    instants = receipt["receipt_date"], receipt["created_at"]
    if not _plausible(*instants) or _is_too_late(*instants, rules):
        raise _RejectedError("implausible_date", "/receipt_date", _plain(receipt["receipt_date"]))
    lines, discount = receipt["line_items"], receipt["total_discount"]
    unspread = discount - sum(line["total_discount"] for line in lines)
    if sum(row["money_amount"] for row in receipt["total_discounts"]) != discount or (
        unspread and (unspread * discount <= 0 or abs(unspread) > abs(discount) or not lines)
    ):
        raise _RejectedError("totals_differ", "/total_discount", str(discount))
    tax = {}
    for kind in ("INCLUDED", "ADDED"):
        named, tax[kind] = (
            sum(row["money_amount"] for row in rows if row["type"] == kind)
            for rows in (
                receipt["total_taxes"],
                [row for line in lines for row in line["line_taxes"]],
            )
        )
        if named != tax[kind]:
            raise _RejectedError("totals_differ", "/total_taxes", str(named))
    if receipt["total_tax"] != sum(tax.values()):
        raise _RejectedError("totals_differ", "/total_tax", str(receipt["total_tax"]))
    charged = (
        sum(line["gross_total_money"] for line in lines)
        - discount
        + tax["ADDED"]
        + receipt["tip"]
        + receipt["surcharge"]
    )
    if abs(receipt["total_money"] - charged) > Decimal(rounding_limit(store, rules)).scaleb(
        -rules.decimals
    ):
        raise _RejectedError(
            "totals_differ",
            "/total_money",
            f"{receipt['total_money']}, and its parts make {charged}",
        )


def _places(row: dict[str, Any], fields: tuple[Field, ...], pointer: str, decimals: int) -> None:
    """Refuse money that is finer than the store's currency."""
    for field in fields:
        value = row[field.name]
        if field.kind == "rows":
            for at, below in enumerate(value):
                _places(below, field.fields, f"{pointer}/{field.name}/{at}", decimals)
        elif field.kind == "money" and value is not None and value % Decimal(1).scaleb(-decimals):
            raise _RejectedError("excess_precision", f"{pointer}/{field.name}", str(value))
