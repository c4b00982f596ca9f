"""A small restaurant: `sell` builds one receipt and gives its rows of sales."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal

from pipeline.transform import Catalog, Raw, Rules, Store, build_day, read_menu

DAY = date(2026, 7, 1)
AT = "2026-07-01T18:00:00.000Z"
STORE = Store("America/Mexico_City", time(5), "MXN", 2)
PRICES = {"Smash": 105, "Chicken": 115, "Papas": 45, "Refresco": 32, "Agua": 22, "Regalo": None}
COMBO = """
[[combos]]
sold_as = ["Combo *"]
parts = [{ modifier = "Burger*" }, { modifier = "Side" }, { modifier = "Drink" }]
with = [{ modifier = "Sauce", of = "Burger*" }]
"""


def item(name: str, price: float | None, **more) -> dict:
    variant = {
        "variant_id": f"v-{name}",
        "default_price": price,
        "cost": None,
        "stores": [],
        "option1_value": None,
    }
    return {
        "id": f"i-{name}",
        "item_name": name,
        "category_id": "food",
        "is_composite": False,
        "components": [],
        "variants": [variant],
        "deleted_at": None,
        "sold_by_weight": False,
        **more,
    }


def catalog(*items: dict, **costs: float) -> Catalog:
    rows = [*(item(name, price) for name, price in PRICES.items()), *items]
    for row in rows:
        row["variants"][0]["cost"] = costs.get(row["item_name"])
    return Catalog.read(
        json.dumps({"items": rows, "categories": [{"id": "food", "name": "Food"}]}).encode()
    )


def rules(menu: str = COMBO, **more) -> Rules:
    return Rules(
        **{
            "stores": {},
            "default": STORE,
            "menu": read_menu(menu, "menu.toml"),
            "decimals": 2,
            **more,
        }
    )


def choose(*choices: str | tuple[str, float]) -> list[dict]:
    """Modifiers, each "Name: option" or ("Name: option", charge)."""
    pairs = [(choice, 0) if isinstance(choice, str) else choice for choice in choices]
    return [
        {"name": text.split(": ")[0], "option": text.split(": ")[1], "money_amount": amount}
        for text, amount in pairs
    ]


def line(name: str, gross: float, *choices: str | tuple[str, float], **more) -> dict:
    return {
        "item_id": f"i-{name}",
        "variant_id": None,
        "item_name": name,
        "variant_name": None,
        "quantity": 1,
        "price": gross,
        "gross_total_money": gross,
        "total_discount": 0,
        "cost": 0,
        "cost_total": 0,
        "line_taxes": [],
        "line_modifiers": choose(*choices),
        **more,
    }


def receipt(*lines: dict, **more) -> dict:
    gross, less = (
        sum(Decimal(str(x[name])) for x in lines)
        for name in ("gross_total_money", "total_discount")
    )
    taxes = [
        {"type": t["type"], "name": "IVA", "rate": 16, "money_amount": t["money_amount"]}
        for x in lines
        for t in x["line_taxes"]
    ]
    added = sum(Decimal(str(t["money_amount"])) for t in taxes if t["type"] == "ADDED")
    total = float(gross - less + added)
    discounts = (
        [{"name": "Promo", "type": "FIXED_PERCENT", "money_amount": float(less)}] if less else []
    )
    return {
        "receipt_number": "1-1",
        "receipt_type": "SALE",
        "refund_for": None,
        "order": None,
        "created_at": AT,
        "updated_at": AT,
        "source": None,
        "receipt_date": AT,
        "cancelled_at": None,
        "total_money": total,
        "total_tax": float(sum(Decimal(str(t["money_amount"])) for t in taxes)),
        "total_discount": float(less),
        "tip": 0,
        "surcharge": 0,
        "customer_id": None,
        "employee_id": None,
        "store_id": "s1",
        "pos_device_id": None,
        "dining_option": None,
        "total_discounts": discounts,
        "total_taxes": taxes,
        "line_items": list(lines),
        "payments": [
            {
                "payment_type_id": None,
                "name": "Efectivo",
                "type": "CASH",
                "money_amount": total,
                "paid_at": AT,
            }
        ],
        **more,
    }


def raw(*receipts: dict) -> list[Raw]:
    return [
        Raw(
            "2026-07-01",
            "raw/receipts/sold=2026-07-01/x",
            b"".join(json.dumps(r).encode() + b"\n" for r in receipts),
        )
    ]


def sell(*lines: dict, menu: str = COMBO, items: Catalog | None = None, **more) -> list[dict]:
    """The rows of sales of one receipt."""
    result = build_day(DAY, raw(receipt(*lines, **more)), items or catalog(), rules(menu))
    assert result.quarantine.to_pylist() == [], result.quarantine.to_pylist()
    return result.sales.to_pylist()


def brief(rows: list[dict], *names: str) -> list[tuple]:
    """Some columns of the rows; money and quantities as text."""
    return [
        tuple(
            str(row[name].normalize() + 0) if isinstance(row[name], Decimal) else row[name]
            for name in names
        )
        for row in rows
    ]


def extras(rows: list[dict]) -> list[tuple[str, list[str]]]:
    return [(row["item"], [modifier["option"] for modifier in row["modifiers"]]) for row in rows]
