"""Modifiers of the menu: questions about a line, and their options.

Money is in centavos. Names contain mistakes of real menus ("Chiken", trailing blanks).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Option(NamedTuple):
    """Option of a modifier: its text on the register and its price.

    `weight` is its relative frequency.
    """

    name: str
    price: int
    weight: int
    since: date | None = None


class Modifier(NamedTuple):
    """Question that the register asks about a line.

    Names are not unique: a combo for two has two modifiers named "Mayonesa".
    """

    name: str
    options: tuple[Option, ...]


_MAYONESAS = (
    Option("Ajo", 0, 34),
    Option("Chipotle", 0, 38),
    Option("Cilantro", 0, 16),
    Option("Sin mayonesa", 0, 12),
)
_SABORES = (
    Option("Coca Cola", 0, 40),
    Option("Coca Cola Light", 0, 10),
    Option("Sprite", 0, 9),
    Option("Manzanita", 0, 12),
    Option("Squirt", 0, 8),
    Option("Agua Natural", 0, 13),
    Option("Agua de Jamaica", 5_00, 8),
)
_PAPAS = (
    Option("Papas Chicas", 0, 70),
    Option("Papas Gajo", 15_00, 18),
    Option("Aros de cebolla", 20_00, 12),
)


def _burgers(number: int | str = "") -> tuple[Option, ...]:
    """Burger options, as the modifiers of a combo spell them.

    `number` is the suffix in "Hamburguesa 1", "Hamburguesa 2".
    """
    end = f" {number}" if number else ""
    return (
        Option(f"Hamburguesa Smash{end}", 0, 46),
        Option(f"Hamburguesa Chiken{end}", 0, 27),
        Option(f"Hamb. BBQ Tocino{end}", 18_00, 15),
        Option(f"Hamburguesa Hawaiana {number}", 12_00, 9),
        Option("La Bestia", 45_00, 2, date(2025, 10, 1)),
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
        "Refresco 2 L", (Option("Coca Cola 2L", 0, 70), Option("Manzanita 2 lts", 0, 30))
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
    "papas_grandes": Modifier("Papas", (Option("Papas Grandes", 0, 100),)),
    "boneless": Modifier(
        "Boneless", (Option("Boneless 6 pz", 0, 80), Option("Boneless 12pz", 75_00, 20))
    ),
}
