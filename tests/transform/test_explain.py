"""The text of `pos explain`: each line as sold, the rule, its rows, and sums that close."""

from __future__ import annotations

import pytest
from kitchen import AT, catalog, line, raw, receipt, rules

from pipeline.transform import explain

COMBO_RULE = "[[combos]] number 1 of the menu, divided by list_price, remainder largest"
NO_TAX = "tax_included 0.00  tax_added 0.00  cost unknown"


def text_of(*receipts: dict, number: str = "1-1") -> list[str]:
    return explain(number, raw(*receipts), catalog(), rules()).text.splitlines()


def test_the_rows_of_a_combo_stand_below_it_in_order_with_their_amounts():
    choices = ("Burger 1: Smash", ("Side: Papas", 5), "Drink: Mezcal", "Sauce: Ajo")
    text = text_of(receipt(line("Combo Dos", 259, *choices, total_discount=9)))
    assert text == [
        "SALE 1-1, store s1, business day 2026-07-01 (2026-07-01 12:00 local), unmapped, MXN;"
        " 1 revision found, the newest from 2026-07-01",
        "",
        f"line 1: 1 x Combo Dos, gross 259.00, discount 9.00, cost 0.00: {COMBO_RULE}",
        "    Burger 1: Smash  0.00",
        "    Side: Papas  5.00",
        "    Drink: Mezcal  0.00",
        "    Sauce: Ajo  0.00",
        "  -> 1 x Smash",
        f"     gross 118.53  discount 4.12  net 114.41  {NO_TAX}",
        "     + Sauce: Ajo  0.00",
        "  -> 1 x Papas",
        f"     gross 55.80  discount 1.94  net 53.86  {NO_TAX}  upgrade 5.00",
        "  -> 1 x Mezcal  (no rule and no item of the catalog names it)",
        f"     gross 84.67  discount 2.94  net 81.73  {NO_TAX}",
        f"  =  gross 259.00  discount 9.00  net 250.00  {NO_TAX}",
        "",
        "gross 259.00 - discount 9.00 = net 250.00 (tax included 0.00)",
        "net 250.00 + tax added 0.00 + tip 0.00 + surcharge 0.00 + rounding 0.00 = total 250.00",
        "paid 250.00: Efectivo 250.00",
    ]


@pytest.mark.parametrize(
    ("sold", "rule"),
    [
        (line("Agua", 22), "a plain line"),
        (
            line("Combo Solo", 50),
            "a combo by its name, but nothing names its parts: kept as a plain line",
        ),
    ],
)
def test_a_line_that_stays_one_row_says_why(sold: dict, rule: str):
    assert text_of(receipt(sold))[2].endswith(f"cost 0.00: {rule}")


@pytest.mark.parametrize("cancelled_at", [None, AT])
def test_a_cancelled_receipt_and_no_other_says_that_it_counts_nothing(cancelled_at: str | None):
    text = text_of(receipt(line("Agua", 22), cancelled_at=cancelled_at))
    assert ("CANCELLED: every amount and quantity counts 0" in text[0]) is bool(cancelled_at)
    assert f"gross {'0.00' if cancelled_at else '22.00'} - discount" in text[-3]


def test_a_rejected_record_is_explained_by_its_own_reason_whatever_stands_beside_it():
    """Each of the records mentions the numbers of all, so that all are read."""
    sound = receipt(line("Agua", 22), order="1-1 1-2 1-3")
    broken = {**sound, "receipt_number": "1-2", "tip": None}
    other = {**sound, "receipt_number": "1-3", "surcharge": None}
    for number, field in (("1-2", "tip"), ("1-3", "surcharge")):
        explanation = explain(number, raw(sound, broken, other), catalog(), rules())
        assert explanation.text == f"{number} is in quarantine: null_value at /{field} (null)"
        assert explanation.record is None
    explanation = explain("1-1", raw(sound, broken, other), catalog(), rules())
    assert explanation.rejection is None and explanation.record["receipt_number"] == "1-1"
