"""The POS's laws: what holds on every real receipt holds, to the cent, on every generated one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from pipeline.simulator.ticket_lines import allocate

CENT = Decimal("0.01")
FIXTURES = Path(__file__).parents[1] / "fixtures"


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def tax_on(base: Decimal, tax: dict) -> Decimal:
    rate = Decimal(tax["rate"])
    return half_up(base * rate / (100 + rate if tax["type"] == "INCLUDED" else 100))


def check(receipt: dict) -> None:
    """The invariants A to O; each is always true of real receipts."""
    lines, name = receipt["line_items"], receipt["receipt_number"]

    def total(rows: list[dict], field: str = "money_amount") -> Decimal:
        return sum((Decimal(row[field]) for row in rows), Decimal(0))

    def law(letter: str, holds: bool) -> None:
        assert holds, f"law {letter} is broken on {name}: {receipt}"

    due = total(lines, "total_money") + receipt["tip"] + receipt["surcharge"]
    law("A", receipt["total_money"] == total(receipt["payments"]))
    cash = [payment["type"] for payment in receipt["payments"]] == ["CASH"]
    rounded = (
        cash
        and receipt["total_money"] % Decimal("0.5") == 0
        and 0 < due - receipt["total_money"] < Decimal("0.5")
    )
    law("B", receipt["total_money"] == due or rounded)
    law(
        "C",
        receipt["total_discount"]
        == total(lines, "total_discount")
        == total(receipt["total_discounts"]),
    )
    taxes: dict[str, list] = defaultdict(list)
    for line in lines:
        gross, discount = Decimal(line["gross_total_money"]), Decimal(line["total_discount"])
        modifiers = total(line["line_modifiers"])
        law("E", gross == half_up(Decimal(line["price"]) * line["quantity"]) + modifiers)
        law(
            "F",
            all(
                Decimal(row["money_amount"]) == Decimal(row["price"]) * line["quantity"]
                for row in line["line_modifiers"]
            ),
        )
        added = total([tax for tax in line["line_taxes"] if tax["type"] == "ADDED"])
        law("G", line["total_money"] == gross - discount + added)
        law("H", discount == total(line["line_discounts"]) and 0 <= discount <= gross)
        law("M", line["cost_total"] == half_up(Decimal(line["cost"]) * line["quantity"]))
        for tax in line["line_taxes"]:
            taxes[tax["id"]].append((gross - discount, tax))
    law(
        "D",
        receipt["total_tax"]
        == total(receipt["total_taxes"])
        == total([tax for rows in taxes.values() for _, tax in rows]),
    )
    law("D", {tax["id"] for tax in receipt["total_taxes"]} == set(taxes))
    for tax in receipt["total_taxes"]:
        rows, running, given = taxes[tax["id"]], Decimal(0), Decimal(0)
        law("I", tax["money_amount"] == tax_on(sum(base for base, _ in rows), tax))
        for base, line_tax in rows:
            running += base
            law("K", line_tax["money_amount"] == tax_on(running, tax) - given)
            given = tax_on(running, tax)
    law(
        "N",
        receipt["created_at"] >= receipt["receipt_date"]
        and receipt["updated_at"] >= receipt["created_at"],
    )
    law(
        "N",
        all(
            timedelta(0)
            <= datetime.fromisoformat(receipt["receipt_date"])
            - datetime.fromisoformat(payment["paid_at"])
            <= timedelta(seconds=1)
            for payment in receipt["payments"]
        ),
    )
    law("O", all(value >= 0 for value in _numbers(receipt)))


def _numbers(value: object) -> Iterator[Decimal | int]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, int | Decimal):
        yield value


@pytest.fixture(scope="module")
def receipts(shop: Shop, now: datetime) -> list[dict]:
    """A month of receipts and a few days of each earlier price list."""
    dates = ((2023, 10, 1), (2024, 7, 1), (2025, 2, 1), (2026, 6, 10))
    starts = [datetime(*date, tzinfo=UTC) for date in dates]
    spans = [(now - timedelta(days=24), now)] + [
        (start, start + timedelta(days=3)) for start in starts
    ]
    return [
        json.loads(entry.read(), parse_float=Decimal)
        for start, end in spans
        for entry in shop.receipts(
            millis(now), Query(created_min=millis(start), created_max=millis(end))
        )
    ]


def test_every_receipt_obeys_the_laws_of_real_ones(receipts: list[dict]) -> None:
    assert len(receipts) > 6000
    for receipt in receipts:
        check(receipt)


def test_the_laws_are_those_of_real_receipts() -> None:
    for receipt in json.loads((FIXTURES / "receipts_page.json").read_text(), parse_float=Decimal)[
        "receipts"
    ]:
        check(receipt)


def test_a_discount_on_the_receipt_is_spread_by_cumulative_rounding(receipts: list[dict]) -> None:
    seen = 0
    for receipt in receipts:
        discounts = receipt["total_discounts"]
        everywhere = all(len(line["line_discounts"]) == 1 for line in receipt["line_items"])
        if (
            receipt["receipt_type"] == "SALE"
            and len(discounts) == 1
            and everywhere
            and len(receipt["line_items"]) > 1
        ):
            bases = [int(line["gross_total_money"] * 100) for line in receipt["line_items"]]
            shares = allocate(int(discounts[0]["money_amount"] * 100), bases)
            assert [int(line["total_discount"] * 100) for line in receipt["line_items"]] == shares
            assert ("percentage" in discounts[0]) == discounts[0]["type"].endswith("PERCENT")
            seen += 1
    assert seen > 100


def test_the_hard_cases_all_occur(receipts: list[dict]) -> None:
    """A shop that shows none of these would prove nothing."""
    lines = [line for receipt in receipts for line in receipt["line_items"]]
    discounts = [discount for receipt in receipts for discount in receipt["total_discounts"]]
    numbers = {receipt["receipt_number"] for receipt in receipts}
    refunds = [receipt for receipt in receipts if receipt["receipt_type"] == "REFUND"]
    result: dict[str, Callable[[], bool]] = {
        "tip": lambda: any(receipt["tip"] for receipt in receipts),
        "surcharge": lambda: any(receipt["surcharge"] for receipt in receipts),
        "cash rounding": lambda: any(
            receipt["total_money"]
            != receipt["tip"]
            + receipt["surcharge"]
            + sum(line["total_money"] for line in receipt["line_items"])
            for receipt in receipts
        ),
        "split payment": lambda: any(len(receipt["payments"]) > 1 for receipt in receipts),
        "nothing to pay": lambda: any(receipt["total_money"] == 0 for receipt in receipts),
        "paid with points": lambda: any(
            discount["type"] == "DISCOUNT_BY_POINTS" for discount in discounts
        ),
        "percent and amount": lambda: (
            {"FIXED_PERCENT", "FIXED_AMOUNT", "VARIABLE_AMOUNT"}
            <= {discount["type"] for discount in discounts}
        ),
        "two discounts": lambda: any(len(receipt["total_discounts"]) > 1 for receipt in receipts),
        "both taxes": lambda: (
            {"ADDED", "INCLUDED"}
            <= {tax["type"] for receipt in receipts for tax in receipt["total_taxes"]}
        ),
        "0 % tax": lambda: any(tax["rate"] == 0 for line in lines for tax in line["line_taxes"]),
        "weighed": lambda: any(line["quantity"] % 1 for line in lines),
        "no cost": lambda: any(line["cost"] == 0 for line in lines),
        "no sku": lambda: any(line["sku"] == "" for line in lines),
        "sizes": lambda: any(line["variant_name"] for line in lines),
        "paid modifier of two": lambda: any(
            line["quantity"] > 1 and any(row["price"] for row in line["line_modifiers"])
            for line in lines
        ),
        "a modifier's name twice": lambda: any(
            len({row["name"] for row in line["line_modifiers"]}) < len(line["line_modifiers"])
            for line in lines
        ),
        "a typo": lambda: any(
            "Chiken" in row["option"] for line in lines for row in line["line_modifiers"]
        ),
        "a part that is no dish": lambda: any(
            row["option"] == "La Bestia" for line in lines for row in line["line_modifiers"]
        ),
        "whole refund": lambda: any(len(receipt["line_items"]) > 1 for receipt in refunds),
        "refund of an earlier month": lambda: any(
            receipt["refund_for"] not in numbers for receipt in refunds
        ),
        "cancelled sale": lambda: any(
            receipt["cancelled_at"] and receipt["receipt_type"] == "SALE" for receipt in receipts
        ),
        "web order": lambda: any(
            receipt["employee_id"] is None and receipt["pos_device_id"] is None
            for receipt in receipts
        ),
        "card details": lambda: any(
            payment["payment_details"] for receipt in receipts for payment in receipt["payments"]
        ),
        "no dining option": lambda: any(receipt["dining_option"] is None for receipt in receipts),
        "same second": lambda: len({receipt["created_at"] for receipt in receipts}) < len(receipts),
    }
    assert [name for name, occurs in result.items() if not occurs()] == []
