"""Random orders by Square's own arithmetic, and what each must become in the lake.

The reference computes with Decimal from prices, rates and quantities, as Square documents:
discounts before service charges before tax, each tax once on the whole base, half to even, cents
spread over the lines. It shares no code with the reader.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import time
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.pos.square import reader
from pipeline.schema.iso4217 import DECIMALS
from pipeline.transform import Store
from pipeline.transform.validate_record import validate_record
from tests.pos.two_apis import rules_of

FIXTURES = Path(__file__).parents[1] / "fixtures" / "square"
Json = dict[str, Any]


def whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


def tax_on(base: int, rate: Decimal, *, inside: bool) -> int:
    """The tax of a base in minor units, once, half to even."""
    return whole(base * rate / (100 + rate)) if inside else whole(base * rate / 100)


def spread(total: int, weights: list[int]) -> list[int]:
    """`total` in shares by weight that add up to it."""
    shares, rest, before = [], sum(weights), 0
    seen = 0
    for weight in weights:
        seen += weight
        upto = total * seen // rest if rest else 0
        shares.append(upto - before)
        before = upto
    return shares


@dataclass
class Half:
    """What an order sells, or takes back: its JSON and its true figures."""

    lines: list[Json] = field(default_factory=list)
    taxes: list[Json] = field(default_factory=list)
    discounts: list[Json] = field(default_factory=list)
    charges: list[Json] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


@st.composite
def halves(draw: st.DrawFn, code: str, prefix: str) -> Half:
    def money(units: int) -> Json:
        return {"amount": units, "currency": code}

    half = Half()
    kinds = ["ITEM", "ITEM", "CUSTOM_AMOUNT", "COMBO", None]
    item_types = draw(st.lists(st.sampled_from([*kinds, "GIFT_CARD"]), min_size=1, max_size=4))
    rate = draw(st.sampled_from([None, Decimal("8.875"), Decimal("16"), Decimal("6.5")]))
    inside = draw(st.booleans())
    percent = draw(st.sampled_from([0, 0, 10, 33, 100]))
    plain: list[dict[str, int]] = []
    for place, kind in enumerate(item_types):
        quantity = draw(st.sampled_from(["1", "2", "0.35", "1.5", "3.00000"]))
        price = draw(st.sampled_from([0, 1, 600, 1880, 99_999]))
        variation = whole(Decimal(quantity) * price)
        extra = draw(st.sampled_from([0, 0, 75])) if kind in ("ITEM", "COMBO") else 0
        gross = variation + extra
        discount = 0 if kind == "GIFT_CARD" else whole(Decimal(gross) * percent / 100)
        line: Json = {
            "uid": f"l{place}",
            "quantity": quantity,
            "base_price_money": money(price),
            "variation_total_price_money": money(variation),
            "item_type": kind,
            "name": None if kind == "CUSTOM_AMOUNT" else f"Dish {place}",
            "total_discount_money": money(discount),
        }
        if extra:
            line[f"{prefix}modifiers"] = [
                {"uid": "m", "name": "Extra", "catalog_object_id": "M", "quantity": "1"}
                | {"base_price_money": money(extra), "total_price_money": money(extra)},
                {"uid": "z", "name": "No ice", "quantity": "0", "total_price_money": money(0)},
            ]
        if discount:
            line["applied_discounts"] = [{"discount_uid": "d", "applied_money": money(discount)}]
        half.lines.append(line)
        plain.append({"gross": gross, "discount": discount, "net": gross - discount})
    is_good = [kind != "GIFT_CARD" for kind in item_types]
    base = [part["net"] if good else 0 for part, good in zip(plain, is_good, strict=True)]
    subtotal = draw(st.sampled_from([0, 0, 200])) if not inside else 0
    tax = tax_on(sum(base) + subtotal, rate, inside=inside) if rate else 0
    *shares, on_charge = spread(tax, [*base, subtotal])
    added = 0 if inside else 1
    for line, part, share in zip(half.lines, plain, shares, strict=True):
        line["total_tax_money"] = money(share)
        line["total_money"] = money(part["net"] + added * share)
        if share:
            line["applied_taxes"] = [{"tax_uid": "t", "applied_money": money(share)}]
    if rate:
        kind = "INCLUSIVE" if inside else "ADDITIVE"
        half.taxes = [
            {"uid": "t", "type": kind, "percentage": str(rate), "applied_money": money(tax)}
        ]
    if any(part["discount"] for part in plain):
        off = sum(part["discount"] for part in plain)
        half.discounts = [{"uid": "d", "type": "FIXED_PERCENTAGE", "applied_money": money(off)}]
    if subtotal:
        half.charges.append(
            {"uid": "s", "type": "AUTO_GRATUITY", "calculation_phase": "SUBTOTAL_PHASE"}
            | {"applied_money": money(subtotal), "total_tax_money": money(on_charge)}
            | {"total_money": money(subtotal + on_charge)}
            | {"applied_taxes": [{"tax_uid": "t", "applied_money": money(on_charge)}]}
        )
    late = draw(st.sampled_from([0, 0, 150]))
    if late:
        half.charges.append(
            {"uid": "p", "type": "CUSTOM", "name": "Party", "calculation_phase": "TOTAL_PHASE"}
            | {"applied_money": money(late), "total_money": money(late)}
        )
    gifts = sum(part["gross"] for part, good in zip(plain, is_good, strict=True) if not good)
    goods = [part for part, good in zip(plain, is_good, strict=True) if good]
    half.figures = {
        "gross": sum(part["gross"] for part in goods),
        "discount": sum(part["discount"] for part in goods),
        "tax_inside": 0 if added else tax,
        "tax_added": added * (tax - on_charge),
        "surcharge": subtotal + late,
        "surcharge_tax": on_charge,
        "gift_cards": gifts,
    }
    paid = ("gross", "tax_added", "surcharge", "surcharge_tax", "gift_cards")
    half.figures["total"] = sum(half.figures[name] for name in paid) - half.figures["discount"]
    return half


def sold(half: Half, code: str, tip: int, rounding: int, with_nulls: bool) -> Json:
    def money(units: int) -> Json:
        return {"amount": units, "currency": code}

    tax = half.figures["tax_inside"] + half.figures["tax_added"] + half.figures["surcharge_tax"]
    total = half.figures["total"] + tip + rounding
    fields = {
        "line_items": half.lines,
        "taxes": half.taxes or None,
        "discounts": half.discounts or None,
        "service_charges": half.charges or None,
        "total_money": money(total),
        "total_tax_money": money(tax),
        "total_discount_money": money(half.figures["discount"]),
        "total_tip_money": money(tip),
        "rounding_adjustment": {"amount_money": money(rounding)} if rounding else None,
        "returns": None,
    }
    return fields if with_nulls else {k: v for k, v in fields.items() if v is not None}


def returned(half: Half, code: str) -> Json:
    def money(units: int) -> Json:
        return {"amount": units, "currency": code}

    entry = {
        "source_order_id": "before",
        "return_line_items": half.lines,
        "return_taxes": half.taxes,
        "return_discounts": half.discounts,
        "return_service_charges": half.charges,
    }
    amounts = {"total_money": money(half.figures["total"])}
    return {"returns": [entry], "return_amounts": amounts}


def check(receipt: Json, half: Half, scale: Decimal, tip: int = 0, rounding: int = 0) -> None:
    """Hold every figure of a receipt against the true ones."""
    true = {name: units * scale for name, units in half.figures.items()}
    lines, taxes = receipt["line_items"], receipt["total_taxes"]
    sums = {
        "gross": sum((Decimal(line["gross_total_money"]) for line in lines), Decimal(0)),
        "discount": Decimal(receipt["total_discount"]),
        "tax_inside": sum(
            (Decimal(tax["money_amount"]) for tax in taxes if tax["type"] == "INCLUDED"), Decimal(0)
        ),
        "tax_added": sum(
            (Decimal(tax["money_amount"]) for tax in taxes if tax["type"] == "ADDED"), Decimal(0)
        ),
        "surcharge": Decimal(receipt["surcharge"]),
        "surcharge_tax": Decimal(receipt["surcharge_tax"]),
        "gift_cards": Decimal(receipt["gift_cards"]),
        "total": Decimal(receipt["total_money"]) - (tip + rounding) * scale,
    }
    assert sums == true
    assert Decimal(receipt["tip"]) == tip * scale
    paid = sum(Decimal(payment["money_amount"]) for payment in receipt["payments"])
    assert paid == Decimal(receipt["total_money"])
    code = receipt["currency"]
    store = Store("America/Mexico_City", time(5), code, DECIMALS[code])
    rules = replace(rules_of("square"), default=store, decimals=max(2, store.decimals))
    assert isinstance(validate_record(json.dumps(receipt).encode(), rules), bytes)


NO_SHRINK = (Phase.explicit, Phase.generate)
STAMPS = dict.fromkeys(("created_at", "updated_at", "closed_at"), "2026-10-01T12:00:00Z")
ORDER = {"id": "A", "location_id": "L", "state": "COMPLETED", "version": 4, **STAMPS}


@settings(max_examples=150, deadline=None, phases=NO_SHRINK)
@given(data=st.data())
def test_every_order_becomes_its_true_figures(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(["USD", "USD", "JPY", "GBP", "ISK", "KWD"]))
    scale = Decimal(1).scaleb(-DECIMALS[code])
    shape = data.draw(st.sampled_from(["sale", "return", "exchange"]))
    tip = data.draw(st.sampled_from([0, 150])) if shape == "sale" else 0
    rounding = data.draw(st.sampled_from([0, 2, -2])) if shape == "sale" else 0
    order: Json = {**ORDER}
    sale = back = None
    if shape != "return":
        sale = data.draw(halves(code, ""))
        order |= sold(sale, code, tip, rounding, data.draw(st.booleans()))
    if shape != "sale":
        back = data.draw(halves(code, "return_"))
        order |= returned(back, code)
    due = (sale.figures["total"] if sale else 0) + tip + rounding
    due -= back.figures["total"] if back else 0
    if due > 0:
        paid = {"amount_money": {"amount": due, "currency": code}}
        order["tenders"] = [{"id": "t", "type": "CARD", **paid}]
    if sale and not sale.figures["total"]:
        order.pop("tenders", None)
        tip = rounding = 0 if not back else tip
        order |= {"total_money": {"amount": 0, "currency": code}}
        order |= {"total_tip_money": {"amount": 0, "currency": code}}
        order.pop("rounding_adjustment", None)
        order.pop("tenders", None)
    receipts = [json.loads(body) for body in reader.translator({})(json.dumps(order).encode())]
    assert [receipt["receipt_type"] for receipt in receipts] == {
        "sale": ["SALE"],
        "return": ["REFUND"],
        "exchange": ["SALE", "REFUND"],
    }[shape]
    if sale:
        check(receipts[0], sale, scale, tip, rounding)
    if back:
        check(receipts[-1], back, scale)
        assert receipts[-1]["refund_for"] == "before"


@pytest.mark.parametrize(
    "case",
    json.loads((FIXTURES / "rounding_cases.json").read_text())["cases"],
    ids=lambda case: f"{case['lines']}-{case['rate']}",
)
def test_the_tax_that_square_computed_is_that_of_the_reference(case: Json) -> None:
    """So the orders above have the tax that the real API says."""
    assert tax_on(sum(case["lines"]), Decimal(case["rate"]), inside=False) == case["tax"]
