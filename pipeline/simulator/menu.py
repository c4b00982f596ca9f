"""Menu of the burger restaurant: items with their sizes, and combos.

Money is in centavos (`105_00` = $105.00), IVA (Mexico's value added tax) included unless the item
has another tax. Names contain irregularities of real menus, such as COMBO in capitals.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple


class Size(NamedTuple):
    """Variant of an item; `weight` is its frequency among the item's sizes."""

    name: str | None
    price: int
    cost: int
    weight: int = 1


class Item(NamedTuple):
    """Item; `modifiers`: (key, percent of lines). A cost of 0 was never entered."""

    name: str
    category: str | None
    weight: int  # popularity within its role
    sizes: tuple[Size, ...]
    role: str = "plato"  # plato, lado, bebida, postre, combo, extra, envío
    modifiers: tuple[tuple[str, int], ...] = ()
    tax: str | None = "iva"  # key of TAXES
    serves: int = 1  # people that it feeds
    by_weight: bool = False
    typed_price: bool = False  # VARIABLE pricing: the cashier types it
    # Of a composite: (item name, size, quantity)
    components: tuple[tuple[str, str | None, float], ...] = ()
    since: date | None = None
    until: date | None = None  # deleted that day
    renamed: tuple[date, str] | None = None  # (day, name from that day on)
    season: tuple[int, ...] = (100,) * 12  # percent of weight per calendar month
    drift: int = 0  # percent of weight gained per year


TAXES = {  # key -> (type, name, rate)
    "iva": ("INCLUDED", "IVA", 16),
    "iva0": ("INCLUDED", "IVA 0%", 0),
    "mas_iva": ("ADDED", "IVA agregado", 16),
}
CATEGORIES = (
    "Hamburguesas",
    "Combos",
    "Complementos",
    "Bebidas",
    "Malteadas",
    "Postres",
    "Parrilla",
)

_CALOR = (80, 90, 115, 130, 135, 120, 110, 110, 95, 90, 80, 75)  # cold drinks by month
_FRIO = (140, 130, 95, 75, 65, 70, 80, 85, 95, 110, 130, 150)  # hot ones


def _item(
    name: str, category: str | None, weight: int, *sizes: Size, modifiers: str = "", **more: Any
) -> Item:
    """An item; `modifiers` are "modifier percent, modifier percent"."""
    pairs = tuple((key, int(percent)) for key, percent in re.findall(r"(\w+) (\d+)", modifiers))
    return Item(name, category, weight, sizes, modifiers=pairs, **more)


def _dish(name: str, category: str | None, weight: int, price: int, cost: int, **more: Any) -> Item:
    """An item of one size."""
    return _item(name, category, weight, Size(None, price, cost), **more)


def _burger(
    name: str, weight: int, price: int, cost: int, modifiers: str = "", **more: Any
) -> Item:
    modifiers = modifiers or "mayonesa 82, extras 22, extras_2 5, quitar 14"
    return _dish(name, "Hamburguesas", weight, price, cost, modifiers=modifiers, **more)


def _combo(
    name: str, weight: int, price: int, cost: int, category: str | None = "Combos", **more: Any
) -> Item:
    return _dish(name, category, weight, price, cost, role="combo", **more)


ITEMS = (
    _burger("Hamburguesa Smash", 30, 105_00, 34_50),
    _burger("Hamburguesa Doble Smash", 17, 139_00, 51_20),
    _burger("Hamburguesa Chicken", 18, 115_00, 36_80),
    _burger("Hamburguesa BBQ Tocino", 14, 135_00, 49_75),
    _burger("Hamburguesa Hawaiana", 8, 129_00, 46_10),
    _burger(
        "Hamburguesa Vegetariana",
        5,
        119_00,
        38_90,
        renamed=(date(2025, 4, 1), "Hamburguesa Portobello"),
        drift=12,
    ),
    _burger("Hamburguesa Birria", 12, 149_00, 62_40, since=date(2025, 9, 1), drift=25),
    _burger("Hamburguesa Infantil", 5, 75_00, 24_30, modifiers="quitar 30"),
    _burger(
        "Hot Dog Jumbo", 6, 69_00, 22_15, until=date(2025, 7, 1), drift=-20, modifiers="quitar 20"
    ),
    _item(
        "Boneless",
        "Complementos",
        9,
        Size("6 piezas", 109_00, 41_00, 60),
        Size("12 piezas", 189_00, 79_50, 40),
        drift=14,
        modifiers="salsa 100",
    ),
    _item(
        "Papas",
        "Complementos",
        52,
        Size("Chica", 45_00, 11_20, 40),
        Size("Mediana", 55_00, 14_60, 35),
        Size("Grande", 69_00, 19_90, 25),
        role="lado",
    ),
    _dish("Papas Gajo", "Complementos", 18, 59_00, 15_75, role="lado"),
    _dish("Aros de Cebolla", "Complementos", 14, 65_00, 18_40, role="lado"),
    _dish("Ensalada de la casa", None, 4, 79_00, 0, role="lado"),
    _dish(
        "Refresco", "Bebidas", 40, 32_00, 13_50, role="bebida", season=_CALOR, modifiers="sabor 92"
    ),
    _dish("Refresco 2 L", "Bebidas", 5, 58_00, 33_00, role="bebida", serves=3, season=_CALOR),
    _dish("Agua Natural", "Bebidas", 10, 22_00, 7_80, role="bebida", tax="iva0", season=_CALOR),
    _item(
        "Agua de Sabor",
        "Bebidas",
        20,
        Size("Medio litro", 28_00, 6_40, 65),
        Size("Litro", 42_00, 10_90, 35),
        role="bebida",
        season=_CALOR,
        modifiers="agua 100",
    ),
    _item(
        "Malteada",
        "Malteadas",
        12,
        Size("Chica", 59_00, 19_80, 55),
        Size("Grande", 79_00, 27_30, 45),
        role="bebida",
        season=_CALOR,
        modifiers="malteada 100",
    ),
    _dish("Cerveza", "Bebidas", 14, 48_00, 21_00, role="bebida", season=_CALOR),
    _dish("Café Americano", "Bebidas", 7, 35_00, 0, role="bebida", season=_FRIO),
    _dish("Brownie con helado", "Postres", 24, 68_00, 22_60, role="postre"),
    _dish("Pay de limón", "Postres", 14, 55_00, 0, role="postre"),
    _dish("Churros (6 pz)", "Postres", 18, 49_00, 12_30, role="postre", season=_FRIO),
    _dish("Costilla BBQ (kg)", "Parrilla", 60, 420_00, 214_00, role="extra", by_weight=True),
    _dish(
        "Carne para asar (kg)",
        "Parrilla",
        25,
        265_50,
        171_35,
        role="extra",
        tax="iva0",
        by_weight=True,
    ),
    _item(
        "Playera La Brasa",
        None,
        12,
        Size("CH", 220_00, 96_00),
        Size("M", 220_00, 96_00),
        Size("G", 220_00, 96_00),
        role="extra",
        tax=None,
    ),
    _dish("Varios", None, 10, 0, 0, role="extra", typed_price=True),
    _dish("Envío", None, 1, 35_00, 0, role="envío", tax="mas_iva"),
    _combo(
        "Combo Smash",
        36,
        159_00,
        59_20,
        modifiers="hamburguesa 100, mayonesa 88, papas 100, sabor 100, extras 14",
    ),
    _combo("Combo Chiken", 18, 165_00, 61_50, modifiers="mayonesa 85, papas 100, sabor 100"),
    _combo(
        "Combo Pa' Dos",
        22,
        269_00,
        103_40,
        serves=2,
        modifiers="hamburguesa_1 100, hamburguesa_2 100, mayonesa 92, mayonesa_2 84, "
        "papas_grandes 100, sabor 100, sabor_2 100",
    ),
    _combo(
        "COMBO FAMILIAR",
        9,
        519_00,
        209_80,
        serves=4,
        modifiers="hamburguesa_1 100, mayonesa 85, hamburguesa_2 100, mayonesa_2 85, "
        "hamburguesa_3 100, mayonesa_3 80, hamburguesa_4 100, mayonesa_4 80, "
        "papas_grandes 100, papas_2 100, sabor_jarra 100",
    ),
    _combo(
        "Combo Boneless",
        13,
        185_00,
        69_00,
        drift=14,
        modifiers="boneless 100, salsa 96, papas 100, sabor 100",
    ),
    _combo(
        "Combo Mundialista",
        26,
        199_00,
        0,
        category=None,
        since=date(2026, 6, 5),
        until=date(2026, 7, 21),
        modifiers="hamburguesa 100, papas 100",
    ),  # its cost and category were never entered
    _combo(
        "Paquete Lunch",
        8,
        129_00,
        41_90,
        components=(
            ("Hamburguesa Infantil", None, 1),
            ("Papas", "Chica", 1),
            ("Agua de Sabor", "Medio litro", 1),
        ),
    ),
    _combo(
        "Paquete Parrillero",
        5,
        599_00,
        210_80,
        serves=4,
        components=(
            ("Hamburguesa Smash", None, 4),
            ("Papas", "Grande", 2),
            ("Refresco 2 L", None, 1),
        ),
    ),
    _combo(
        "Charola Costilla",
        4,
        319_00,
        152_40,
        serves=2,
        components=(
            ("Costilla BBQ (kg)", None, 0.5),
            ("Aros de Cebolla", None, 1),
            ("Refresco", None, 2),
        ),
    ),
)
