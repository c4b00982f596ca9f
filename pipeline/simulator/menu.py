"""Menu of the burger restaurant: items, sizes, combos, modifiers and options.

Money is in centavos (`105_00` = $105.00), IVA included unless the item has another tax. `part` of
an option is the item that it stands for in a combo: (item name, size or None), or None if its text
names no item. The API never shows it. Names contain mistakes of real menus ("Chiken", trailing
blanks, "COMBO"). FIXED_PARTS lists what a combo always contains.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

SMASH, DOBLE, CHICKEN, BBQ = (
    "Hamburguesa Smash",
    "Hamburguesa Doble Smash",
    "Hamburguesa Chicken",
    "Hamburguesa BBQ Tocino",
)
HAWAIANA, PORTOBELLO, BIRRIA, INFANTIL = (
    "Hamburguesa Hawaiana",
    "Hamburguesa Portobello",
    "Hamburguesa Birria",
    "Hamburguesa Infantil",
)


class Option(NamedTuple):
    """Option of a modifier: its text on the till and its price.

    `weight` is its relative frequency, `part` the item that it stands for.
    """

    name: str
    price: int
    weight: int
    part: tuple[str, str | None] | None = None
    since: date | None = None


class Modifier(NamedTuple):
    """Question that the till asks about a line.

    Names are not unique: a combo for two has two modifiers named "Mayonesa".
    """

    name: str
    options: tuple[Option, ...]


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
    components: tuple[
        tuple[str, str | None, float], ...
    ] = ()  # composite: (item name, size, quantity)
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
_MAYONESAS = (
    Option("Ajo", 0, 34),
    Option("Chipotle", 0, 38),
    Option("Cilantro", 0, 16),
    Option("Sin mayonesa", 0, 12),
)
_SABORES = (
    Option("Coca Cola", 0, 40, ("Refresco", None)),
    Option("Coca Cola Light", 0, 10, ("Refresco", None)),
    Option("Sprite", 0, 9, ("Refresco", None)),
    Option("Manzanita", 0, 12, ("Refresco", None)),
    Option("Squirt", 0, 8, ("Refresco", None)),
    Option("Agua Natural", 0, 13, ("Agua Natural", None)),
    Option("Agua de Jamaica", 5_00, 8, ("Agua de Sabor", "Medio litro")),
)
_PAPAS = (
    Option("Papas Chicas", 0, 70, ("Papas", "Chica")),
    Option("Papas Gajo", 15_00, 18, ("Papas Gajo", None)),
    Option("Aros de cebolla", 20_00, 12, ("Aros de Cebolla", None)),
)


def _burgers(number: int | str = "") -> tuple[Option, ...]:
    """Burger options, as the modifiers of a combo spell them.

    `number` is the suffix in "Hamburguesa 1", "Hamburguesa 2".
    """
    end = f" {number}" if number else ""
    return (
        Option(f"Hamburguesa Smash{end}", 0, 46, (SMASH, None)),
        Option(f"Hamburguesa Chiken{end}", 0, 27, (CHICKEN, None)),
        Option(f"Hamb. BBQ Tocino{end}", 18_00, 15, (BBQ, None)),
        Option(f"Hamburguesa Hawaiana {number}", 12_00, 9, (HAWAIANA, None)),
        Option("La Bestia", 45_00, 2, None, date(2025, 10, 1)),
    )


MODIFIERS = {
    "mayonesa": Modifier("Mayonesa", _MAYONESAS),
    "mayonesa_2": Modifier("Mayonesa", _MAYONESAS),
    "mayonesa_3": Modifier("Mayonesa", _MAYONESAS),
    "mayonesa_4": Modifier("mayonesa ", _MAYONESAS),
    "extras": Modifier(
        "Extras",
        (
            Option("Tocino", 20_00, 38),
            Option("Queso extra", 15_00, 30),
            Option("Aguacate", 18_00, 20),
            Option("Doble carne", 45_00, 12),
        ),
    ),
    "extras_2": Modifier("Extras", (Option("Piña", 10_00, 50), Option("Huevo", 12_50, 50))),
    "quitar": Modifier(
        "Quitar",
        (
            Option("Sin cebolla", 0, 50),
            Option("Sin jitomate", 0, 30),
            Option("Sin pepinillos", 0, 20),
        ),
    ),
    "salsa": Modifier(
        "Salsa",
        (
            Option("BBQ", 0, 34),
            Option("Búfalo", 0, 28),
            Option("Mango Habanero", 0, 24),
            Option("Lemon Pepper", 0, 14),
        ),
    ),
    "sabor": Modifier("Refresco Sabor", _SABORES),
    "sabor_2": Modifier("Refresco Sabor", _SABORES),
    "sabor_jarra": Modifier(
        "Refresco 2 L",
        (
            Option("Coca Cola 2L", 0, 70, ("Refresco 2 L", None)),
            Option("Manzanita 2 lts", 0, 30, ("Refresco 2 L", None)),
        ),
    ),
    "agua": Modifier(
        "Sabor",
        (Option("Jamaica", 0, 40), Option("Horchata", 0, 36), Option("Limón con chía", 0, 24)),
    ),
    "malteada": Modifier(
        "Sabor",
        (
            Option("Vainilla", 0, 30),
            Option("Chocolate", 0, 36),
            Option("Fresa", 0, 24),
            Option("Oreo", 12_00, 10),
        ),
    ),
    "hamburguesa": Modifier("Hamburguesa", _burgers()),
    "hamburguesa_1": Modifier("Hamburguesa 1", _burgers(1)),
    "hamburguesa_2": Modifier("Hamburguesa 2", _burgers(2)),
    "hamburguesa_3": Modifier("Hamburguesa 3", _burgers(3)),
    "hamburguesa_4": Modifier("Hamburguesa 4", _burgers(4)),
    "papas": Modifier("Papas", _PAPAS),
    "papas_2": Modifier("Papas", _PAPAS),
    "papas_grandes": Modifier("Papas", (Option("Papas Grandes", 0, 100, ("Papas", "Grande")),)),
    "boneless": Modifier(
        "Boneless",
        (
            Option("Boneless 6 pz", 0, 80, ("Boneless", "6 piezas")),
            Option("Boneless 12pz", 75_00, 20, ("Boneless", "12 piezas")),
        ),
    ),
}

_BURGER = (("mayonesa", 82), ("extras", 22), ("extras_2", 5), ("quitar", 14))
ITEMS = (
    Item(SMASH, "Hamburguesas", 30, (Size(None, 105_00, 34_50),), asks=_BURGER),
    Item(DOBLE, "Hamburguesas", 17, (Size(None, 139_00, 51_20),), asks=_BURGER),
    Item(CHICKEN, "Hamburguesas", 18, (Size(None, 115_00, 36_80),), asks=_BURGER),
    Item(BBQ, "Hamburguesas", 14, (Size(None, 135_00, 49_75),), asks=_BURGER),
    Item(HAWAIANA, "Hamburguesas", 8, (Size(None, 129_00, 46_10),), asks=_BURGER),
    Item(
        "Hamburguesa Vegetariana",
        "Hamburguesas",
        5,
        (Size(None, 119_00, 38_90),),
        asks=_BURGER,
        drift=12,
        renamed=(date(2025, 4, 1), PORTOBELLO),
    ),
    Item(
        BIRRIA,
        "Hamburguesas",
        12,
        (Size(None, 149_00, 62_40),),
        asks=_BURGER,
        since=date(2025, 9, 1),
        drift=25,
    ),
    Item(INFANTIL, "Hamburguesas", 5, (Size(None, 75_00, 24_30),), asks=(("quitar", 30),)),
    Item(
        "Hot Dog Jumbo",
        "Hamburguesas",
        6,
        (Size(None, 69_00, 22_15),),
        asks=(("quitar", 20),),
        drift=-20,
        until=date(2025, 7, 1),
    ),
    Item(
        "Boneless",
        "Complementos",
        9,
        (Size("6 piezas", 109_00, 41_00, 60), Size("12 piezas", 189_00, 79_50, 40)),
        asks=(("salsa", 100),),
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
        asks=(("sabor", 92),),
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
        asks=(("agua", 100),),
        season=_CALOR,
    ),
    Item(
        "Malteada",
        "Malteadas",
        12,
        (Size("Chica", 59_00, 19_80, 55), Size("Grande", 79_00, 27_30, 45)),
        "bebida",
        asks=(("malteada", 100),),
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
        asks=(
            ("hamburguesa", 100),
            ("mayonesa", 88),
            ("papas", 100),
            ("sabor", 100),
            ("extras", 14),
        ),
    ),
    Item(
        "Combo Chiken",
        "Combos",
        18,
        (Size(None, 165_00, 61_50),),
        "combo",
        asks=(("mayonesa", 85), ("papas", 100), ("sabor", 100)),
    ),
    Item(
        "Combo Pa' Dos",
        "Combos",
        22,
        (Size(None, 269_00, 103_40),),
        "combo",
        serves=2,
        asks=(
            ("hamburguesa_1", 100),
            ("hamburguesa_2", 100),
            ("mayonesa", 92),
            ("mayonesa_2", 84),
            ("papas_grandes", 100),
            ("sabor", 100),
            ("sabor_2", 100),
        ),
    ),
    Item(
        "COMBO FAMILIAR",
        "Combos",
        9,
        (Size(None, 519_00, 209_80),),
        "combo",
        serves=4,
        asks=(
            ("hamburguesa_1", 100),
            ("mayonesa", 85),
            ("hamburguesa_2", 100),
            ("mayonesa_2", 85),
            ("hamburguesa_3", 100),
            ("mayonesa_3", 80),
            ("hamburguesa_4", 100),
            ("mayonesa_4", 80),
            ("papas_grandes", 100),
            ("papas_2", 100),
            ("sabor_jarra", 100),
        ),
    ),
    Item(
        "Combo Boneless",
        "Combos",
        13,
        (Size(None, 185_00, 69_00),),
        "combo",
        drift=14,
        asks=(("boneless", 100), ("salsa", 96), ("papas", 100), ("sabor", 100)),
    ),
    Item(
        "Combo Mundialista",
        None,
        26,
        (Size(None, 199_00, 0),),
        "combo",  # its cost and category were never entered
        asks=(("hamburguesa", 100), ("papas", 100)),
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
            (INFANTIL, None, 1),
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
        components=((SMASH, None, 4), ("Papas", "Grande", 2), ("Refresco 2 L", None, 1)),
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

# Parts that no modifier of the combo names: its name alone says them.
FIXED_PARTS = {"Combo Chiken": ((CHICKEN, None),)}

# From that day on every price (but the typed ones) is `percent` of the list above, to the next
# whole peso; costs exactly so.
PRICE_LISTS = (
    (date(2024, 7, 1), 104, 103),
    (date(2025, 2, 1), 109, 107),
    (date(2026, 1, 15), 114, 113),
    (date(2026, 9, 1), 118, 116),
)

DINING_OPTIONS = {  # channel -> (spelling, weight)
    "aquí": (("Comer aquí", 70), ("comer aqui", 10), ("Mesa", 15), ("Dine in", 5)),
    "llevar": (("Para llevar", 72), ("para llevar ", 12), ("PARA LLEVAR", 10), ("To go", 6)),
    "domicilio": (("A domicilio", 75), ("a domicilio", 13), ("A Domicilio ", 8), ("Domicilio", 4)),
    "app": (("Uber Eats", 55), ("UberEats", 10), ("Rappi", 35)),
}
