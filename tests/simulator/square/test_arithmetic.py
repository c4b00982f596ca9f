"""Taxes round half to even, once on the whole base, as Square's results show."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.simulator.square.arithmetic import half_even, percent_of, tax_shares
from pipeline.simulator.square.order_content import Charge, Content, OrderLine, OrderTax, price
from pipeline.simulator.square.render import quantity, sale_fields, totals
from tests.simulator.square.laws import check_order

FIXTURES = Path(__file__).parents[2] / "fixtures" / "square"
CASES = json.loads((FIXTURES / "rounding_cases.json").read_text(encoding="utf-8"))["cases"]

percentages = st.decimals(0, 100, places=3, allow_nan=False)
amounts = st.integers(0, 10**7)


def tax_on(base: int, percentage: Decimal, inclusive: bool) -> int:
    return tax_shares([base], percentage, inclusive)[0]


def line(place: int, amount: int, tax: str | None) -> OrderLine:
    return OrderLine(
        f"line{place}", "ITEM", "Dish", "Regular", None, 1000, False, amount, amount, tax=tax
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["src"])
def test_an_order_has_the_tax_that_square_computed(case: dict) -> None:
    tax = OrderTax("tax", None, "Sales tax", Decimal(case["rate"]), case["type"] == "INCLUSIVE")
    content = Content(
        tuple(line(place, amount, "tax") for place, amount in enumerate(case["lines"])), (), (tax,)
    )
    priced = price(content)
    order = sale_fields(content, priced, 1) | totals(priced)
    check_order(order)
    assert order["total_tax_money"]["amount"] == case["tax"]
    assert order["total_money"]["amount"] == sum(case["lines"]) + case["tax"]


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_half_even_is_the_decimal_rounding(numerator: int, denominator: int) -> None:
    low, high = numerator // denominator, -(-numerator // denominator)
    nearest = half_even(numerator, denominator)
    assert nearest in (low, high)
    assert abs(2 * (nearest * denominator - numerator)) <= denominator
    if 2 * (numerator - low * denominator) == denominator:
        assert nearest % 2 == 0


@given(amounts, percentages)
def test_a_percentage_is_rounded_once(base: int, percentage: Decimal) -> None:
    exact = (base * percentage / 100).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert percent_of(base, percentage) == exact == tax_on(base, percentage, inclusive=False)


@given(st.lists(amounts, max_size=8), percentages, st.booleans())
def test_the_lines_shares_add_up_to_the_tax_on_their_sum(
    bases: list[int], percentage: Decimal, inclusive: bool
) -> None:
    shares = tax_shares(bases, percentage, inclusive)
    assert sum(shares) == tax_on(sum(bases), percentage, inclusive)
    assert all(share >= 0 for share in shares)


@given(st.lists(amounts, min_size=1, max_size=6), amounts, percentages, st.booleans())
def test_a_charge_shares_the_base_of_its_tax(
    bases: list[int], fee: int, percentage: Decimal, inclusive: bool
) -> None:
    lines = tuple(line(place, amount, "tax") for place, amount in enumerate(bases))
    charge = Charge("charge", "Fee", "CUSTOM", "SUBTOTAL_PHASE", fee, None, "tax")
    tax = OrderTax("tax", None, "Tax", percentage, inclusive)
    content = Content(lines, (), (tax,), (charge,), tip=7, rounding=-2)
    priced = price(content)
    check_order(sale_fields(content, priced, 1) | totals(priced))
    assert priced.tax == tax_on(sum(bases) + fee, percentage, inclusive)
    added = 0 if inclusive else priced.tax
    assert priced.total == sum(bases) + fee + added + 7 - 2


def test_a_percentage_of_more_decimals_than_square_has_is_refused() -> None:
    with pytest.raises(ValueError, match="five decimals"):
        percent_of(100, Decimal("0.000001"))


@pytest.mark.parametrize(
    ("milli", "text"), [(1000, "1"), (10_000, "10"), (735, "0.735"), (1_500, "1.5"), (20, "0.02")]
)
def test_a_quantity_has_no_needless_zeros(milli: int, text: str) -> None:
    assert quantity(milli) == text
