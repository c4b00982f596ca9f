"""The shop of the reference programs: its menu, its catalog, and the same as plain tables for
those that are written in SQL.
"""

from __future__ import annotations

import json
import random
from uuid import UUID

MENU = """
cash_rounding = 0
[channels]
dine_in = ["Dine in"]
takeaway = ["To go"]
delivery = ["Delivery"]
[dishes]
"Burger Chicken" = ["Burger Chiken"]
[[combos]]
sold_as = ["Combo *"]
parts = [{ modifier = "Burger*" }, { modifier = "Side" }, { modifier = "Drink" }]
with = [{ modifier = "Sauce", of = "Burger*" }]
"""
STORE = "6b365a0c-a2a8-4774-8904-06cedede22e6"
BURGERS = {
    "Burger Smash": 10500,
    "Burger Chicken": 11500,
    "Burger BBQ": 13550,
    "Burger Veggie": 9900,
}
SIDES = {"Fries": 4500, "Onion Rings": 5250, "Salad": 6100}
DRINKS = {"Cola": 3200, "Water": 2200, "Beer": 4875, "Lemonade": 3350}
OTHERS = {
    f"{kind} {n}": 2000 + 310 * n for kind in ("Dessert", "Coffee", "Snack") for n in range(1, 9)
}
COMBOS = {"Combo Solo": 15900, "Combo Pa' Dos": 26950, "Combo Duo Ligero": 21000}
PRICES = {**BURGERS, **SIDES, **DRINKS, **OTHERS, **COMBOS}
CATEGORY = {
    name: category
    for names, category in (
        (BURGERS, "Burgers"),
        (SIDES, "Sides"),
        (DRINKS, "Drinks"),
        (OTHERS, "Others"),
        (COMBOS, "Combos"),
    )
    for name in names
}
OPTIONS = [
    "Burger Smash",
    "Burger Smash",
    "Burger Chiken",
    "Burger BBQ",
    "Burger Veggie",
    "Burger Mystery",
]


def identifier(*of: object) -> str:
    return str(UUID(int=random.Random(repr(of)).getrandbits(128)))


IDS = {name: (identifier("item", name), identifier("variant", name)) for name in PRICES}


def catalog() -> bytes:
    """The catalog, as RawCatalog keeps it."""
    items = [
        {
            "id": IDS[name][0],
            "item_name": name,
            "category_id": CATEGORY[name],
            "is_composite": False,
            "components": [],
            "deleted_at": None,
            "sold_by_weight": False,
            "variants": [
                {
                    "variant_id": IDS[name][1],
                    "default_price": price / 100,
                    "cost": None,
                    "stores": [],
                }
            ],
        }
        for name, price in PRICES.items()
    ]
    return json.dumps(
        {
            "items": items,
            "categories": [{"id": name, "name": name} for name in set(CATEGORY.values())],
        }
    ).encode()


def dishes() -> list[tuple[str, str, str | None, str | None, str | None, int | None, bool]]:
    """(option of a combo, dish, item id, variant id, category, list price in cents, known) of every
    option.
    """
    options = [*BURGERS, *SIDES, *DRINKS, "Burger Chiken", "Burger Mystery"]
    named = {"Burger Chiken": "Burger Chicken"}
    result = []
    for option in options:
        dish = named.get(option, option)
        item_id, variant_id = IDS.get(dish, (None, None))
        result.append(
            (
                option,
                dish,
                item_id,
                variant_id,
                CATEGORY.get(dish),
                PRICES.get(dish),
                dish in PRICES,
            )
        )
    return result
