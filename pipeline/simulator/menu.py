"""Menu of the burger restaurant: items with their sizes, and combos.

Money is in centavos (`105_00` = $105.00), IVA included unless the item has another tax. Names
contain mistakes of real menus ("COMBO").
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Size(NamedTuple):
    """Variant of an item; `weight` is its frequency among the item's sizes."""

    name: str | None
    price: int
    cost: int
    weight: int = 1


class Item(NamedTuple):
    """Item of the catalogue.

    `asks` are (modifier key, percent of lines that answer it). A cost of 0 was never entered.
    """

    name: str
    category: str | None
    weight: int  # popularity within its role
    sizes: tuple[Size, ...]
    role: str = "plato"  # plato, lado, bebida, postre, combo, extra, envío
    asks: tuple[tuple[str, int], ...] = ()
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


def _asks(text: str) -> tuple[tuple[str, int], ...]:
    """Asks of an item from "modifier percent, modifier percent"."""
    return tuple((key, int(percent)) for key, percent in map(str.split, text.split(",")))


_BURGER = _asks("mayonesa 82, extras 22, extras_2 5, quitar 14")
ITEMS = (
    Item("Hamburguesa Smash", "Hamburguesas", 30, (Size(None, 105_00, 34_50),), asks=_BURGER),
    Item("Hamburguesa Doble Smash", "Hamburguesas", 17, (Size(None, 139_00, 51_20),), asks=_BURGER),
    Item("Hamburguesa Chicken", "Hamburguesas", 18, (Size(None, 115_00, 36_80),), asks=_BURGER),
    Item("Hamburguesa BBQ Tocino", "Hamburguesas", 14, (Size(None, 135_00, 49_75),), asks=_BURGER),
    Item("Hamburguesa Hawaiana", "Hamburguesas", 8, (Size(None, 129_00, 46_10),), asks=_BURGER),
    Item(
        "Hamburguesa Vegetariana",
        "Hamburguesas",
        5,
        (Size(None, 119_00, 38_90),),
        asks=_BURGER,
        drift=12,
        renamed=(date(2025, 4, 1), "Hamburguesa Portobello"),
    ),
    Item(
        "Hamburguesa Birria",
        "Hamburguesas",
        12,
        (Size(None, 149_00, 62_40),),
        asks=_BURGER,
        since=date(2025, 9, 1),
        drift=25,
    ),
    Item(
        "Hamburguesa Infantil",
        "Hamburguesas",
        5,
        (Size(None, 75_00, 24_30),),
        asks=_asks("quitar 30"),
    ),
    Item(
        "Hot Dog Jumbo",
        "Hamburguesas",
        6,
        (Size(None, 69_00, 22_15),),
        asks=_asks("quitar 20"),
        drift=-20,
        until=date(2025, 7, 1),
    ),
    Item(
        "Boneless",
        "Complementos",
        9,
        (Size("6 piezas", 109_00, 41_00, 60), Size("12 piezas", 189_00, 79_50, 40)),
        asks=_asks("salsa 100"),
        drift=14,
    ),
    Item(
        "Papas",
        "Complementos",
        52,
        (
            Size("Chica", 45_00, 11_20, 40),
            Size("Mediana", 55_00, 14_60, 35),
            Size("Grande", 69_00, 19_90, 25),
        ),
        "lado",
    ),
    Item("Papas Gajo", "Complementos", 18, (Size(None, 59_00, 15_75),), "lado"),
    Item("Aros de Cebolla", "Complementos", 14, (Size(None, 65_00, 18_40),), "lado"),
    Item("Ensalada de la casa", None, 4, (Size(None, 79_00, 0),), "lado"),
    Item(
        "Refresco",
        "Bebidas",
        40,
        (Size(None, 32_00, 13_50),),
        "bebida",
        asks=_asks("sabor 92"),
        season=_CALOR,
    ),
    Item(
        "Refresco 2 L", "Bebidas", 5, (Size(None, 58_00, 33_00),), "bebida", serves=3, season=_CALOR
    ),
    Item(
        "Agua Natural",
        "Bebidas",
        10,
        (Size(None, 22_00, 7_80),),
        "bebida",
        tax="iva0",
        season=_CALOR,
    ),
    Item(
        "Agua de Sabor",
        "Bebidas",
        20,
        (Size("Medio litro", 28_00, 6_40, 65), Size("Litro", 42_00, 10_90, 35)),
        "bebida",
        asks=_asks("agua 100"),
        season=_CALOR,
    ),
    Item(
        "Malteada",
        "Malteadas",
        12,
        (Size("Chica", 59_00, 19_80, 55), Size("Grande", 79_00, 27_30, 45)),
        "bebida",
        asks=_asks("malteada 100"),
        season=_CALOR,
    ),
    Item("Cerveza", "Bebidas", 14, (Size(None, 48_00, 21_00),), "bebida", season=_CALOR),
    Item("Café Americano", "Bebidas", 7, (Size(None, 35_00, 0),), "bebida", season=_FRIO),
    Item("Brownie con helado", "Postres", 24, (Size(None, 68_00, 22_60),), "postre"),
    Item("Pay de limón", "Postres", 14, (Size(None, 55_00, 0),), "postre"),
    Item("Churros (6 pz)", "Postres", 18, (Size(None, 49_00, 12_30),), "postre", season=_FRIO),
    Item(
        "Costilla BBQ (kg)", "Parrilla", 60, (Size(None, 420_00, 214_00),), "extra", by_weight=True
    ),
    Item(
        "Carne para asar (kg)",
        "Parrilla",
        25,
        (Size(None, 265_50, 171_35),),
        "extra",
        tax="iva0",
        by_weight=True,
    ),
    Item(
        "Playera La Brasa",
        None,
        12,
        (Size("CH", 220_00, 96_00), Size("M", 220_00, 96_00), Size("G", 220_00, 96_00)),
        "extra",
        tax=None,
    ),
    Item("Varios", None, 10, (Size(None, 0, 0),), "extra", typed_price=True),
    Item("Envío", None, 1, (Size(None, 35_00, 0),), "envío", tax="mas_iva"),
    Item(
        "Combo Smash",
        "Combos",
        36,
        (Size(None, 159_00, 59_20),),
        "combo",
        asks=_asks("hamburguesa 100, mayonesa 88, papas 100, sabor 100, extras 14"),
    ),
    Item(
        "Combo Chiken",
        "Combos",
        18,
        (Size(None, 165_00, 61_50),),
        "combo",
        asks=_asks("mayonesa 85, papas 100, sabor 100"),
    ),
    Item(
        "Combo Pa' Dos",
        "Combos",
        22,
        (Size(None, 269_00, 103_40),),
        "combo",
        serves=2,
        asks=_asks(
            "hamburguesa_1 100, hamburguesa_2 100, mayonesa 92, mayonesa_2 84, "
            "papas_grandes 100, sabor 100, sabor_2 100"
        ),
    ),
    Item(
        "COMBO FAMILIAR",
        "Combos",
        9,
        (Size(None, 519_00, 209_80),),
        "combo",
        serves=4,
        asks=_asks(
            "hamburguesa_1 100, mayonesa 85, hamburguesa_2 100, mayonesa_2 85, "
            "hamburguesa_3 100, mayonesa_3 80, hamburguesa_4 100, mayonesa_4 80, "
            "papas_grandes 100, papas_2 100, sabor_jarra 100"
        ),
    ),
    Item(
        "Combo Boneless",
        "Combos",
        13,
        (Size(None, 185_00, 69_00),),
        "combo",
        drift=14,
        asks=_asks("boneless 100, salsa 96, papas 100, sabor 100"),
    ),
    Item(
        "Combo Mundialista",
        None,
        26,
        (Size(None, 199_00, 0),),
        "combo",  # its cost and category were never entered
        asks=_asks("hamburguesa 100, papas 100"),
        since=date(2026, 6, 5),
        until=date(2026, 7, 21),
    ),
    Item(
        "Paquete Lunch",
        "Combos",
        8,
        (Size(None, 129_00, 41_90),),
        "combo",
        components=(
            ("Hamburguesa Infantil", None, 1),
            ("Papas", "Chica", 1),
            ("Agua de Sabor", "Medio litro", 1),
        ),
    ),
    Item(
        "Paquete Parrillero",
        "Combos",
        5,
        (Size(None, 599_00, 210_80),),
        "combo",
        serves=4,
        components=(
            ("Hamburguesa Smash", None, 4),
            ("Papas", "Grande", 2),
            ("Refresco 2 L", None, 1),
        ),
    ),
    Item(
        "Charola Costilla",
        "Combos",
        4,
        (Size(None, 319_00, 152_40),),
        "combo",
        serves=2,
        components=(
            ("Costilla BBQ (kg)", None, 0.5),
            ("Aros de Cebolla", None, 1),
            ("Refresco", None, 2),
        ),
    ),
)
