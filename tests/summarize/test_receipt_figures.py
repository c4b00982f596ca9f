"""Which receipts a later version of a month counts differently: all of them, and no other."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.summarize.receipt_figures import changed_receipts, prepare_query
from pipeline.summarize.relations import MonthRows, connect, register, tabulate_months
from tests.summarize.lake_month import Month, draw_month
from tests.support.inputs import tries

SILENT = ("touched", "same")
EDITS = (*SILENT, "left", "staff", "customer", "tender", "quarantined", "moved")


def figures_of(month: Month):
    months = {month.first: MonthRows(**month.tables(), counts=month.metadata)}
    with connect(1, "500MB", None) as connection:
        months = register(connection, months)
        query = prepare_query(connection, months)
        tables = tabulate_months(connection, query, schema.RECEIPT_FIGURES, month.decimals, months)
    return tables[month.first]


def is_of(row: dict, key: tuple[str, str]) -> bool:
    return (row["store_id"], row["receipt_number"]) == key


def edit(month: Month, key: tuple[str, str], how: str, rng: Random) -> bool:
    """Change the receipt `key` of `month`; whether a figure follows it."""
    (receipt,) = (row for row in month.receipts if is_of(row, key))
    parts = [row for rows in (month.sales, month.payments) for row in rows if is_of(row, key)]
    if how in SILENT:
        if how == "touched":
            receipt["updated_at"] += timedelta(days=1)
            receipt["raw_partition"] = "2026-02-27"
            receipt["pos_device_id"] = "another"
        return False
    if receipt["is_cancelled"] and how in ("customer", "tender"):
        return False
    if how == "staff":
        receipt["employee_id"] = {"ana": "beto"}.get(receipt["employee_id"], "ana")
    elif how == "customer":
        receipt["customer_id"] = f"new-{rng.random()}"
    elif how == "moved":
        day = receipt["business_day"]
        day = day.replace(day=day.day % 28 + 1)
        for row in (receipt, *parts):
            row["business_day"] = day
    elif how == "tender":
        payments = [row for row in month.payments if is_of(row, key)]
        if not payments:
            return False
        payments[0]["tender"] = "Another tender"
    else:
        for rows in (month.receipts, month.sales, month.payments):
            rows[:] = [row for row in rows if not is_of(row, key)]
        if how == "quarantined":
            month.quarantine.append(
                {
                    "business_day": receipt["business_day"],
                    "store_id": key[0],
                    "receipt_number": key[1],
                    "receipt_type": receipt["receipt_type"],
                    "reason": "totals_differ",
                    "pointer": "/total_money",
                    "detail": "1",
                    "total": receipt["total"],
                    "raw_partition": "2026-02-27",
                    "record": "r#1",
                    "verbatim": "{}",
                }
            )
    return True


@settings(max_examples=tries(4, 20))
@given(st.integers(0, 10_000), st.data())
def test_exactly_the_receipts_that_count_differently_are_named(seed: int, data) -> None:
    before = draw_month(seed, 12)
    before.quarantine.clear()
    after = deepcopy(before)
    expected = set()
    for row in before.receipts:
        key = (row["store_id"], row["receipt_number"])
        how = data.draw(st.sampled_from(EDITS))
        if edit(after, key, how, Random(seed)):
            expected.add((*key, how))
    rows = changed_receipts(figures_of(before), figures_of(after))
    named = {(row["store"], row["number"]): row["why"] for row in rows}
    assert named.keys() == {entry[:2] for entry in expected}
    gone = {entry[:2]: entry[2] for entry in expected if entry[2] in ("left", "quarantined")}
    assert {key: why for key, why in named.items() if why in ("left", "quarantined")} == gone
    months_before = changed_receipts(figures_of(after), figures_of(before))
    assert {(row["store"], row["number"]) for row in months_before} == named.keys()


@pytest.mark.parametrize(
    "amount",
    ["discount", "gift_cards", "rounding", "surcharge", "surcharge_tax", "tax_added", "tip"],
)
def test_an_amount_that_alone_has_changed_names_its_receipt(amount: str) -> None:
    before = draw_month(3, 12)
    after = deepcopy(before)
    receipt = next(row for row in after.receipts if not row["is_cancelled"])
    receipt[amount] += 1
    (row,) = changed_receipts(figures_of(before), figures_of(after))
    assert row["number"] == receipt["receipt_number"] and row["is_data"]


def test_the_rules_of_the_menu_change_figures_and_not_the_data_of_the_pos() -> None:
    before = draw_month(3, 12)
    after = deepcopy(before)
    for row in after.sales:
        row["item"], row["category"] = f"{row['item']}!", "Another category"
    rows = changed_receipts(figures_of(before), figures_of(after))
    assert rows and not any(row["is_data"] for row in rows)


def test_a_cancelled_receipt_and_a_new_one_are_distinguished() -> None:
    month = draw_month(5, 8)
    total, some = figures_of(month), month.part(lambda number: number[-1] in "02468")
    kept = {row["receipt_number"] for row in some.receipts}
    rows = changed_receipts(figures_of(some), total)
    assert {row["number"] for row in rows} >= {
        row["receipt_number"] for row in month.receipts if row["receipt_number"] not in kept
    }
    assert {row["why"] for row in rows} <= {"new", "late", "refunded", "cancelled", "quarantined"}
