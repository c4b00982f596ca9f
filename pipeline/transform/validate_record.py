"""One record against every check: what is wrong with it, and where.

Takes the bytes of one record. Returns a RejectedRecord (reason, JSON pointer, the value there, and
what else is readable), or the record as canonical JSON with only the fields that are read. What is
checked of each field is in schema/receipt.py; checks that compare fields are in receipt_checks.py.
Reasons:

    not_json, not_an_object, too_deep        the record is not one JSON object, or nested too deep
    duplicate_key, missing_field, null_value, wrong_type, bad_text, empty, unknown_value,
    not_a_number, excess_precision, out_of_range, unreadable_date, implausible_date    of a field
    implausible_date, totals_differ          between fields
    other_currency                           not that of the store by the settings

`read` adds the reason `refused`: accepted here, but not by Arrow's JSON reader or validate_columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from pipeline.rules import Rules
from pipeline.rules.clock import micros
from pipeline.schema.receipt import RECEIPT, Field
from pipeline.transform.field_values import (
    MAX_DETAIL,
    FailedCheck,
    JsonNumber,
    JsonObject,
    read_object,
    read_value,
)
from pipeline.transform.nested import ReceiptSums
from pipeline.transform.receipt_checks import (
    is_impossible,
    is_too_late,
    rounding_limit,
    wrong_totals,
)

# pyarrow's reader accepts Inf in fields that are not read, json.loads does not
_INF = re.compile(r'"(?:[^"\\]|\\.)*"|-?(Inf)\b')


@dataclass(frozen=True)
class RejectedRecord:
    """Why a record is rejected, and what of it is readable.

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

    @property
    def signed_total(self) -> int | None:
        """The total, negative for a REFUND; None where it is unreadable."""
        return None if self.total is None else signed(self.total, self.receipt_type)


def signed(total: int, receipt_type: str | None) -> int:
    """The total of a receipt, negative for a REFUND."""
    return abs(total) * (-1 if receipt_type == "REFUND" else 1)


def validate_record(body: bytes, rules: Rules) -> RejectedRecord | bytes:
    """The reason why the record is invalid, or the record as canonical JSON."""
    try:
        text = _INF.sub(
            lambda match: "Infinity" if match[1] else match[0],
            body.decode("utf-8", "surrogateescape"),
        )
        record = json.loads(
            text,
            object_pairs_hook=JsonObject,
            parse_float=JsonNumber,
            parse_int=JsonNumber,
            parse_constant=JsonNumber,
        )
    except RecursionError:
        return RejectedRecord("too_deep", detail=f"{len(body)} bytes")
    except ValueError as error:
        return RejectedRecord("not_json", detail=str(error)[:MAX_DETAIL])
    if not isinstance(record, JsonObject):
        return RejectedRecord("not_an_object", detail=repr(record)[:MAX_DETAIL])
    try:
        receipt = read_object(record, RECEIPT, "", rules.decimals)
        _check(receipt, rules)
    except FailedCheck as rejection:
        detail = rejection.detail.encode("utf-8", "backslashreplace").decode()
        return RejectedRecord(
            rejection.reason, rejection.pointer, detail, **_readable(record, rules)
        )
    return json.dumps(receipt, default=_plain).encode() + b"\n"


def read_rejected(receipt: Mapping[str, object], rules: Rules) -> RejectedRecord:
    """What is readable of a canonical receipt that its point of sale's reader rejects."""
    parsed = json.loads(
        json.dumps(receipt),
        object_pairs_hook=JsonObject,
        parse_float=JsonNumber,
        parse_int=JsonNumber,
    )
    return RejectedRecord("", **_readable(parsed, rules))


def _plain(value: Decimal | datetime) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat().replace("+00:00", "Z")


def _readable(record: JsonObject, rules: Rules) -> dict[str, Any]:
    """What else of a rejected record is readable; an impossible date of sale is not."""
    values: dict[str, Any] = {}
    for field in RECEIPT:
        try:
            values[field.name] = (
                None if field.kind == "rows" else read_value(record, field, "", rules.decimals)
            )
        except FailedCheck:
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


def _check(receipt: dict[str, Any], rules: Rules) -> None:
    """Raise for the first check between fields that the receipt fails."""
    store = rules.store(receipt["store_id"])
    if receipt["currency"] not in (None, store.currency):
        raise FailedCheck("other_currency", "/currency", receipt["currency"])
    _check_precision(receipt, RECEIPT, "", store.decimals)
    sold, created = micros(receipt["receipt_date"]), micros(receipt["created_at"])
    if is_impossible(sold, created) or is_too_late(sold, created, rules):
        raise FailedCheck("implausible_date", "/receipt_date", _plain(receipt["receipt_date"]))
    amounts = _amounts(receipt)
    units = {name: np.array([int(a.scaleb(rules.decimals))]) for name, a in amounts.items()}
    receipt_sums = ReceiptSums(lines=np.array([len(receipt["line_items"])]), **units)
    limit = np.array([rounding_limit(store, rules)])
    is_included = amounts["named_included"] != amounts["tax_included"]
    details = {
        "/total_discount": str(amounts["discount"]),
        "/total_taxes": str(amounts["named_included" if is_included else "named_added"]),
        "/total_tax": str(amounts["tax"]),
        "/total_money": f"{receipt['total_money']}, and its parts make"
        f" {receipt['total_money'] - amounts['rounding']}",
    }
    for pointer, wrong in wrong_totals(receipt_sums, limit).items():
        if wrong.any():
            raise FailedCheck("totals_differ", pointer, details[pointer])


def _amounts(receipt: dict[str, Any]) -> dict[str, Decimal]:
    """The sums of one receipt, by the field names of ReceiptSums."""
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
            raise FailedCheck("excess_precision", field_pointer, str(value))
