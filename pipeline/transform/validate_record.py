"""One record against every rule: what is wrong with it, and where.

Takes the bytes of one record. Returns a RejectedRecord (reason, JSON pointer, the value there, and
what else is readable), or the record as canonical JSON with only the fields that are read. Rules of
each field are in schema/receipt.py, those between fields in receipt_rules.py. Reasons:

    not_json, not_an_object, too_deep        the record is not one JSON object, or nested too deep
    duplicate_key, missing_field, null_value, wrong_type, bad_text, empty, unknown_value,
    not_a_number, excess_precision, out_of_range, unreadable_date, implausible_date    of a field
    implausible_date, totals_differ          between fields
    other_currency                           not that of the store by the settings
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np

from pipeline.rules import Rules
from pipeline.rules.clock import micros
from pipeline.schema.receipt import DIGITS, RECEIPT, Field, scale
from pipeline.transform.nested import Tally
from pipeline.transform.receipt_rules import (
    EARLIEST,
    LATEST,
    is_impossible,
    is_too_late,
    rounding_limit,
    wrong_totals,
)

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE]\+?-?\d+)?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T"
    r" ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
# pyarrow's reader accepts Inf in fields that are not read, json.loads does not
_INF = re.compile(r'"(?:[^"\\]|\\.)*"|-?(Inf)\b')
_DETAIL = 200


@dataclass(frozen=True)
class RejectedRecord:
    """Why a record is refused, and what of it is readable.

    Amounts in minor units as received, instants in microseconds. `sold_at` decides the business day
    that counts it: for a sale dated too long before its arrival, the instant of arrival. `raw` is
    the index of its object, `position` its line there, from 1.
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
    """A rule is broken: reason, JSON pointer, the value there."""

    def __init__(self, reason: str, pointer: str, value: object):
        self.reason, self.pointer = reason, pointer
        self.detail = (value if isinstance(value, str) else json.dumps(value, default=str))[
            :_DETAIL
        ]


class _Literal(str):
    """A JSON number as written."""


class _Object(dict[str, Any]):
    """A JSON object with the keys that occur twice in it."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.twice = {key for key, _ in pairs} if len(self) < len(pairs) else set()
        if self.twice:
            keys = [key for key, _ in pairs]
            self.twice = {key for key in self.twice if keys.count(key) > 1}


def validate_record(body: bytes, rules: Rules) -> RejectedRecord | bytes:
    """The reason why the record is invalid, or the record as canonical JSON."""
    try:
        text = _INF.sub(
            lambda match: "Infinity" if match[1] else match[0],
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


def read_rejected(receipt: Mapping[str, object], rules: Rules) -> RejectedRecord:
    """What is readable of a canonical receipt that its point of sale's rules reject."""
    parsed = json.loads(
        json.dumps(receipt), object_pairs_hook=_Object, parse_float=_Literal, parse_int=_Literal
    )
    return RejectedRecord("", **_readable(parsed, rules))


def _plain(value: Decimal | datetime) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat().replace("+00:00", "Z")


def _readable(record: _Object, rules: Rules) -> dict[str, Any]:
    """What else of a refused record is readable; an impossible date of sale is not."""
    values: dict[str, Any] = {}
    for field in RECEIPT:
        try:
            values[field.name] = (
                None if field.kind == "rows" else _value(record, field, "", rules.decimals)
            )
        except _RejectedError:
            values[field.name] = None
    total = values["total_money"]
    updated, sold, created = (
        values[name] and micros(values[name])
        for name in ("updated_at", "receipt_date", "created_at")
    )
    if sold is not None:
        created = sold if created is None else created
        if is_impossible(sold, created):
            sold = None
        elif is_too_late(sold, created, rules):
            sold = created
    return {
        "number": values["receipt_number"],
        "store_id": values["store_id"],
        "receipt_type": values["receipt_type"],
        "total": None if total is None else int(total.scaleb(rules.decimals)),
        "updated_at": updated,
        "sold_at": sold,
    }


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
            _object(row, field.fields, f"{pointer}/{index}", decimals)
            for index, row in enumerate(value)
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
    if not isinstance(exponent, int) or exponent + zeros < -scale(kind, decimals):
        raise _RejectedError("excess_precision", pointer, value)
    return number.quantize(Decimal(1).scaleb(-scale(kind, decimals)))


def _instant(value: str, pointer: str) -> datetime:
    match = _INSTANT.fullmatch(value)
    if not match:
        raise _RejectedError("unreadable_date", pointer, value)
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
        raise _RejectedError("unreadable_date", pointer, value) from error
    if not 1999 <= year <= 2100 or not EARLIEST <= micros(instant) < LATEST:
        raise _RejectedError("implausible_date", pointer, value)
    return instant.astimezone(UTC)


def _check(receipt: dict[str, Any], rules: Rules) -> None:
    """Raise for the first rule between fields that the receipt breaks."""
    store = rules.store(receipt["store_id"])
    if receipt["currency"] not in (None, store.currency):
        raise _RejectedError("other_currency", "/currency", receipt["currency"])
    _check_precision(receipt, RECEIPT, "", store.decimals)
    sold, created = micros(receipt["receipt_date"]), micros(receipt["created_at"])
    if is_impossible(sold, created) or is_too_late(sold, created, rules):
        raise _RejectedError("implausible_date", "/receipt_date", _plain(receipt["receipt_date"]))
    amounts = _amounts(receipt)
    units = {name: np.array([int(a.scaleb(rules.decimals))]) for name, a in amounts.items()}
    tally = Tally(lines=np.array([len(receipt["line_items"])]), **units)
    limit = np.array([rounding_limit(store, rules)])
    is_included = amounts["named_included"] != amounts["tax_included"]
    details = {
        "/total_discount": str(amounts["discount"]),
        "/total_taxes": str(amounts["named_included" if is_included else "named_added"]),
        "/total_tax": str(amounts["tax"]),
        "/total_money": f"{receipt['total_money']}, and its parts make"
        f" {receipt['total_money'] - amounts['rounding']}",
    }
    for pointer, wrong in wrong_totals(tally, limit).items():
        if wrong.any():
            raise _RejectedError("totals_differ", pointer, details[pointer])


def _amounts(receipt: dict[str, Any]) -> dict[str, Decimal]:
    """The sums of one receipt, by the names of Tally."""
    lines = receipt["line_items"]
    line_taxes = [tax for line in lines for tax in line["line_taxes"]]

    def total(rows: list[dict[str, Any]], name: str = "money_amount", kind: str = "") -> Decimal:
        return sum((row[name] for row in rows if not kind or row["type"] == kind), Decimal(0))

    amounts = {
        "gross": total(lines, "gross_total_money"),
        "discount": receipt["total_discount"],
        "line_discount": total(lines, "total_discount"),
        "named_discount": total(receipt["total_discounts"]),
        "points": total(receipt["total_discounts"], kind="DISCOUNT_BY_POINTS"),
        "tax": receipt["total_tax"],
        "tax_included": total(line_taxes, kind="INCLUDED"),
        "tax_added": total(line_taxes, kind="ADDED"),
        "named_included": total(receipt["total_taxes"], kind="INCLUDED"),
        "named_added": total(receipt["total_taxes"], kind="ADDED"),
    }
    charged = amounts["gross"] - amounts["discount"] + amounts["tax_added"]
    charged += receipt["tip"] + receipt["surcharge"]
    charged += (receipt["surcharge_tax"] or 0) + (receipt["gift_cards"] or 0)
    return amounts | {"rounding": receipt["total_money"] - charged}


def _check_precision(
    row: dict[str, Any], fields: tuple[Field, ...], pointer: str, decimals: int
) -> None:
    """Raise for money that is finer than the store's currency."""
    for field in fields:
        value, field_pointer = row[field.name], f"{pointer}/{field.name}"
        if field.kind == "rows":
            for index, below in enumerate(value):
                _check_precision(below, field.fields, f"{field_pointer}/{index}", decimals)
        elif field.kind == "money" and value is not None and value % Decimal(1).scaleb(-decimals):
            raise _RejectedError("excess_precision", field_pointer, str(value))
