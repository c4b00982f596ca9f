"""The shop of benchmarks/transform.py: as many receipts as wanted, the same for a seed.

About 3.1 kB and 2.8 lines a receipt, 35 % of them with modifiers, 12 % of the lines combos of two
to four dishes (one option is misspelt, one is unknown), 2 % refunds, 0.5 % cancelled, 10 % with a
discount; one store, Mexico City, over `days` days. Receipts are written in the order in which the
server had them. Every receipt is faultless, so that the contenders need not find faults; ours looks
for them all the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.reference.settings import (
    BURGERS,
    CATEGORY,
    COMBOS,
    DRINKS,
    IDS,
    OPTIONS,
    OTHERS,
    PRICES,
    SIDES,
    STORE,
    identifier,
)

FIRST = datetime(2022, 1, 1, 13, tzinfo=UTC)


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else f"{cents // 100}.0"


def _modifier(name: str, option: str, cents: int) -> str:
    amount = _money(cents)
    return (
        f'{{"id": "{identifier("m", name)}", "modifier_option_id": "{identifier("o", option)}",'
        f' "name": "{name}", "option": "{option}", "price": {amount}, "money_amount": {amount}}}'
    )


_modifier_text = {
    (n, o, c): _modifier(n, o, c)
    for n, options in (
        ("Burger 1", OPTIONS),
        ("Burger 2", OPTIONS),
        ("Side", SIDES),
        ("Drink", DRINKS),
        ("Sauce", ("Garlic", "Chipotle", "None")),
        ("Extras", ("Bacon", "Cheese")),
    )
    for o in options
    for c in (0, 1500)
}


def _line(draw: random.Random, at: int) -> tuple[str, int, int, int]:
    """(JSON, gross, discount, included tax) of a line."""
    kind, quantity, modifiers = draw.random(), draw.choice((1, 1, 1, 1, 2, 3)), []
    if kind < 0.12:
        name, quantity = draw.choice(tuple(COMBOS)), 1 if draw.random() < 0.95 else 2
        burgers = 1 if name == "Combo Solo" else 2
        modifiers = [("Drink", draw.choice(tuple(DRINKS)), 0)] if draw.random() < 0.5 else []
        for n in range(1, burgers + 1):
            modifiers.append((f"Burger {n}", draw.choice(OPTIONS), draw.choice((0, 0, 0, 1500))))
        modifiers += [
            ("Sauce", draw.choice(("Garlic", "Chipotle", "None")), 0)
            for _ in range(draw.randint(0, burgers))
        ]
        modifiers += [("Side", draw.choice(tuple(SIDES)), 0)] if name != "Combo Duo Ligero" else []
    else:
        name = (
            draw.choice(tuple(BURGERS))
            if kind < 0.4
            else draw.choice(tuple({**SIDES, **DRINKS, **OTHERS}))
        )
        if kind < 0.27:
            modifiers = [("Sauce", draw.choice(("Garlic", "Chipotle", "None")), 0)]
            modifiers += (
                [("Extras", draw.choice(("Bacon", "Cheese")), 1500)] if draw.random() < 0.3 else []
            )
    price = PRICES[name]
    gross = (price + sum(m[2] for m in modifiers)) * quantity
    discount = gross * draw.choice((10, 15)) // 100 if draw.random() < 0.05 else 0
    tax = ((gross - discount) * 32 + 116) // 232
    cost = price * 38 // 100 if name in CATEGORY and not name.startswith("Snack") else 0
    item_id, variant_id = IDS[name]
    given = (
        '{"id": "9d3f8a52-11aa-4c53-9e11-5e2ab3a7c001", "type": "FIXED_PERCENT", "name": "Promo",'
        f' "percentage": 10.0, "money_amount": {_money(discount)}}}'
        if discount
        else ""
    )
    text = (
        f'{{"id": "9553152a-9db0-{at:04x}-f6a3-2ab7f1d4516c", "item_id": "{item_id}", "variant_id":'
        f' "{variant_id}", "item_name": "{name}", "variant_name": null, "sku": "1{at:04d}",'
        f' "quantity": {quantity}, "price": {_money(price)}, "gross_total_money": {_money(gross)},'
        f' "total_money": {_money(gross - discount)}, "cost": {_money(cost)}, "cost_total":'
        f' {_money(cost * quantity)}, "line_note": null, "line_taxes": [{{"id":'
        ' "c2afb81c-d75f-4f70-8acc-dd0112b37aae", "type": "INCLUDED", "name": "VAT", "rate": 16.0,'
        f' "money_amount": {_money(tax)}}}], "total_discount": {_money(discount)},'
        f' "line_discounts": [{given}], "line_modifiers": ['
        + ", ".join(
            _modifier_text[n, o, c] if quantity == 1 else _modifier(n, o, c * quantity)
            for n, o, c in modifiers
        )
        + "]}"
    )
    return text, gross, discount, tax


def receipts(count: int, seed: int = 7) -> Iterator[str]:
    """`count` lines of JSON, 700 a day."""
    draw = random.Random(seed)
    for n in range(count):
        day, second = divmod(n, 700)
        sold = FIRST + timedelta(days=day, seconds=second * 61)
        server = sold + timedelta(seconds=draw.randint(1, 280))
        number = f"{1 + n % 3}-{n // 3}"
        lines = [
            _line(draw, position) for position in range(draw.choice((1, 1, 2, 2, 3, 3, 3, 4, 4, 5)))
        ]
        gross, discount, tax = (sum(line[position] for line in lines) for position in (1, 2, 3))
        total, kind, fate = gross - discount, draw.random(), draw.random()
        stamp = server.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        refund, cancelled = fate < 0.02, 0.02 <= fate < 0.025
        promo = (
            '{"id": "9d3f8a52-11aa-4c53-9e11-5e2ab3a7c001", "type": "FIXED_PERCENT", "name":'
            f' "Promo", "percentage": 10.0, "money_amount": {_money(discount)}}}'
            if discount
            else ""
        )
        tender = (
            ("Cash", "CASH")
            if kind < 0.5
            else ("Card", "NONINTEGRATEDCARD")
            if kind < 0.9
            else ("Transfer", "OTHER")
        )
        yield (
            f'{{"receipt_number": "{number}", "note": null, "receipt_type":'
            f' "{"REFUND" if refund else "SALE"}", "refund_for":'
            f' {f""""{number}0" """.strip() if refund else "null"}, "order": null, "created_at":'
            f' "{stamp}", "updated_at": "{stamp}", "source": "point of sale", "receipt_date":'
            f' "{sold.strftime("%Y-%m-%dT%H:%M:%S.000Z")}", "cancelled_at":'
            f' {f""""{stamp}" """.strip() if cancelled else "null"}, "total_money":'
            f' {_money(total)}, "total_tax": {_money(tax)}, "points_earned": 0.0,'
            ' "points_deducted": 0.0, "points_balance": 0.0, "customer_id": null,'
            f' "total_discount": {_money(discount)}, "employee_id":'
            f' "5ffe6714-87d3-4256-8248-89{n % 7:010x}", "store_id": "{STORE}", "pos_device_id":'
            f' "e7ed9593-1bb8-400a-bf76-01{n % 3:010x}", "dining_option":'
            f' "{("Dine in", "To go", "Delivery", "Dine in")[n % 4]}", "total_discounts":'
            f' [{promo}], "total_taxes": [{{"id": "c2afb81c-d75f-4f70-8acc-dd0112b37aae", "type":'
            f' "INCLUDED", "name": "VAT", "rate": 16.0, "money_amount": {_money(tax)}}}], "tip":'
            ' 0.0, "surcharge": 0.0, "line_items": ['
            + ", ".join(line[0] for line in lines)
            + '], "payments": [{"payment_type_id": "e68a8970-7792-49f7-a0f3-f72c61371d46",'
            f' "name": "{tender[0]}", "type": "{tender[1]}", "money_amount": {_money(total)},'
            f' "paid_at": "{stamp}", "payment_details": null}}]}}\n'
        )


def write(path: Path, count: int) -> Path:
    """The file of `count` receipts, made once."""
    if not path.exists():
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(receipts(count))
        partial.replace(path)
    return path
