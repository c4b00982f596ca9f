"""The menus and catalogs of the nasty shops: see shops.py."""

from __future__ import annotations

import json
from decimal import Decimal

DISHES = ("Taco", "Torta", "Papas", "Agua", "Café", "Flan [1]", "Menú *", "Combo Uno", "Nadie")
NAMES = """
cash_rounding = "{rounding}"
[channels]
dine_in = [{missing}]
away = ['Para llevar', 'togo']
[tickets]
table = ['T?', 'mesa *']
[items]
'Taco' = ['tako', 'takito*']
[dishes]
'Torta' = ['Torta ?']
'Papas / Grande' = ['XL*']
'Sopa / Chica' = ['Pozole']
[variants]
'Chica' = ['CH', 'chica']
[modifiers]
'Salsa' = []
[options]
'Verde' = ['verd*']
[categories]
'Antojitos' = ['Tac*']
[category_names]
'Bebidas' = ['bebida']
[composites]
split = {split}
share = "{share}"
remainder = "{remainder}"
never_split = ['Caja*']
"""


def text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def menu_of(rng) -> str:
    """A menu.toml of combos that overlap, share and round in every way."""
    pick = rng.choice
    rounding = pick(["0.05", "1", "2.50"])
    missing = "'Mesa*', ''" if rng.random() < 0.3 else "'Mesa*'"
    split, share, remainder = (
        text(rng.random() < 0.8),
        pick(["list_price", "equal"]),
        pick(["largest", "first", "last"]),
    )
    lines = [
        NAMES.format(
            rounding=rounding, missing=missing, split=split, share=share, remainder=remainder
        )
    ]
    for names in (["Combo *"], ["Combo Uno", "Menú ?"], ["Caja"], []):
        share = pick(["list_price", "weights", "equal"])
        weight = lambda share=share: f", weight = {rng.randint(0, 9)}" if share == "weights" else ""  # noqa: E731
        parts = [
            (
                f"{{ modifier = 'Plato*', quantity = {pick(['1', '2', '0.5', '1.25'])}, choice ="
                f" {text(rng.random() < 0.4)}{weight()} }}"
            ),
            f"{{ modifier = 'Bebida', nothing = ['Sin *']{weight()} }}",
        ]
        if rng.random() < 0.5:
            parts.insert(
                rng.randint(0, 2),
                f"{{ dish = {text(pick(['Papas', 'Torta', 'Papas / Chica', 'Quesadilla']))},"
                f" quantity = {pick(['1', '3'])}{weight()} }}",
            )
        claims = (
            f"sold_as = {text(names)}"
            if names
            else f"item_ids = {text(['i3'])}\ncategories = ['Paquetes']"
        )
        lines += [
            "[[combos]]",
            claims,
            f"share = {text(share)}",
            f"remainder = {text(pick(['largest', 'first', 'last']))}",
            f"parts = [{', '.join(parts)}]",
            (
                f"with = [{{ modifier = 'salsa', of = 'plato*', each = {pick(['1', '2'])} }}, {{"
                " modifier = 'Extra', of = 'BEBIDA' }]"
            ),
        ]
        if rng.random() < 0.3:
            lines.insert(
                lines.index("[[combos]]", len(lines) - 6) + 1,
                f"name = {text('El ' + (names or ['otro'])[0])}",
            )
    return "\n".join(lines) + "\n"


def catalog_of(rng, decimals: int) -> bytes:
    """A catalog of odd items: priceless, twins by name, deleted, composites."""

    def price():
        return (
            None
            if rng.random() < 0.2
            else number(rng, rng.choice([0, 1, 3, 100, 10_000, 999_999_999]), decimals)
        )

    items, variants = [], []
    for n, name in enumerate((*DISHES, "taco", "Caja Grande", "Caja Mixta")):
        sizes = rng.choice([[None], [None], ["Chica", "Grande"], ["CH"]])
        rows = [
            {
                "variant_id": f"v{n}{size or ''}",
                "option1_value": size,
                "option2_value": None,
                "option3_value": None,
                "cost": price(),
                "default_price": price(),
                "stores": [
                    {"store_id": s, "price": price()} for s in ("s1", "s2") if rng.random() < 0.5
                ],
            }
            for size in sizes
        ]
        variants += [row["variant_id"] for row in rows]
        composite = name.startswith(("Caja", "Menú")) and rng.random() < 0.7
        parts = (
            [
                {
                    "variant_id": rng.choice([*variants, "gone"]),
                    "quantity": rng.choice([1, 2, 0.5, 10, 0.0001, 1.3]),
                }
                for _ in range(rng.randint(0, 4))
            ]
            if composite
            else []
        )
        items.append(
            {
                "id": f"i{n}",
                "item_name": name,
                "category_id": rng.choice(["c1", "c2", None, "c9"]),
                "sold_by_weight": rng.random() < 0.2,
                "is_composite": composite,
                "components": parts,
                "variants": rows,
                "deleted_at": "2024-01-01T00:00:00.000Z" if rng.random() < 0.2 else None,
            }
        )
    categories = [{"id": "c1", "name": "bebida"}, {"id": "c2", "name": "Paquetes"}]
    return json.dumps({"items": items, "categories": categories}, default=str).encode()


def number(rng, most: int, decimals: int) -> float | int:
    """An amount up to `most` as in JSON: 5 or 5.0, never finer than `decimals`."""
    value = (
        Decimal(rng.randint(0, most)).scaleb(-decimals)
        if decimals
        else Decimal(rng.randint(0, most))
    )
    return int(value) if value == int(value) and rng.random() < 0.5 else float(value)
