"""The fields of a canonical receipt that Loyverse lacks: one rule for columns and single records."""

from __future__ import annotations

import copy
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pipeline.transform import Catalog, Raw, build_day
from pipeline.transform.read import read
from pipeline.transform.validate_record import RejectedRecord, validate_record
from tests.pos.third_source import SALES, to_canonical
from tests.pos.two_apis import rules_of

RULES = rules_of("loyverse")
PLAIN: dict[str, Any] = json.loads(to_canonical(json.dumps(SALES[0]).encode())[0])
DAY = date.fromisoformat(PLAIN["receipt_date"][:10])


def sale(**fields: Any) -> bytes:
    receipt = copy.deepcopy(PLAIN) | fields
    receipt["payments"][0]["money_amount"] = receipt["total_money"]
    return json.dumps(receipt).encode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"currency": "MXN"}, None),
        ({"currency": "USD"}, "other_currency"),
        ({"gift_cards": "50.00", "total_money": "54.50"}, None),
        ({"gift_cards": "50.00", "total_money": "64.50"}, "totals_differ"),
        ({"surcharge": "1.00", "surcharge_tax": "0.16", "total_money": "5.66"}, None),
        ({"surcharge_tax": "9.00"}, "totals_differ"),
        ({"gift_cards": "0.001"}, "excess_precision"),
    ],
)
def test_a_page_and_a_record_are_validated_alike(
    fields: dict[str, Any], reason: str | None
) -> None:
    body = sale(**fields)
    verdict = validate_record(body, RULES)
    records = read([Raw("2026-10-01", "raw/x", body + b"\n")], RULES)
    assert (verdict.reason if isinstance(verdict, RejectedRecord) else None) == reason
    assert [rejected.reason for rejected in records.rejected] == ([reason] if reason else [])


def test_a_gift_card_is_in_the_total_and_in_no_row_of_sales() -> None:
    body = sale(gift_cards="50.00", surcharge="1.00", surcharge_tax="0.16", total_money="55.66")
    refund = json.loads(body) | {"receipt_type": "REFUND", "receipt_number": "back"}
    refund["payments"][0]["fee"] = "0.30"
    lines = body + b"\n" + json.dumps(refund).encode() + b"\n"
    day = build_day(DAY, [Raw("2026-10-01", "raw/x", lines)], Catalog.read(b"{}"), RULES)
    sums = {
        name: [row[name] for row in day.receipts.to_pylist()]
        for name in ("gift_cards", "surcharge_tax", "rounding", "net", "total")
    }
    assert sorted(sums["gift_cards"]) == [Decimal("-50.00"), Decimal("50.00")]
    assert sorted(sums["surcharge_tax"]) == [Decimal("-0.16"), Decimal("0.16")]
    assert set(sums["rounding"]) == {0} and sorted(sums["total"])[1] == Decimal("55.66")
    assert sum(abs(row["net"]) for row in day.sales.to_pylist()) == sum(map(abs, sums["net"]))
    assert {row["fee"] for row in day.payments.to_pylist()} == {None, Decimal("-0.30")}
