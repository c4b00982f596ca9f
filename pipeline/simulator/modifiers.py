"""Modifiers of the menu: questions about a line, and their options.

Money is in centavos. Names contain mistakes of real menus ("Chiken", trailing blanks).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Option(NamedTuple):
    """Option of a modifier: its text, its price, its relative frequency."""

    name: str
    price: int
    weight: int
    since: date | None = None


class Modifier(NamedTuple):
    """Question about a line; names are not unique ("Mayonesa" of a combo for two)."""

    name: str
    options: tuple[Option, ...]


def _options(text: str) -> tuple[Option, ...]:
    """Options from "weight name, weight name +pesos"."""
    parts = [part.partition(" +") for part in text.split(", ")]
    named = [(*option.split(" ", 1), pesos) for option, _, pesos in parts]
    return tuple(
        Option(name, int(100 * float(pesos or 0)), int(weight)) for weight, name, pesos in named
    )


_MAYONESAS = _options("34 Ajo, 38 Chipotle, 16 Cilantro, 12 Sin mayonesa")
_SABORES = _options(
    "40 Coca Cola, 10 Coca Cola Light, 9 Sprite, 12 Manzanita, 8 Squirt, 13 Agua Natural,"
    " 8 Agua de Jamaica +5"
)
_PAPAS = _options("70 Papas Chicas, 18 Papas Gajo +15, 12 Aros de cebolla +20")


def _burgers(number: int | str = "") -> tuple[Option, ...]:
    """Burger options as a combo spells them; `number` as in "Hamburguesa 1"."""
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
        "Extras", _options("38 Tocino +20, 30 Queso extra +15, 20 Aguacate +18, 12 Doble carne +45")
    ),
    "extras_2": Modifier("Extras", _options("50 Piña +10, 50 Huevo +12.5")),
    "quitar": Modifier("Quitar", _options("50 Sin cebolla, 30 Sin jitomate, 20 Sin pepinillos")),
    "salsa": Modifier("Salsa", _options("34 BBQ, 28 Búfalo, 24 Mango Habanero, 14 Lemon Pepper")),
    "sabor": Modifier("Refresco Sabor", _SABORES),
    "sabor_2": Modifier("Refresco Sabor", _SABORES),
    "sabor_jarra": Modifier("Refresco 2 L", _options("70 Coca Cola 2L, 30 Manzanita 2 lts")),
    "agua": Modifier("Sabor", _options("40 Jamaica, 36 Horchata, 24 Limón con chía")),
    "malteada": Modifier("Sabor", _options("30 Vainilla, 36 Chocolate, 24 Fresa, 10 Oreo +12")),
    "hamburguesa": Modifier("Hamburguesa", _burgers()),
    **{f"hamburguesa_{n}": Modifier(f"Hamburguesa {n}", _burgers(n)) for n in range(1, 5)},
    "papas": Modifier("Papas", _PAPAS),
    "papas_2": Modifier("Papas", _PAPAS),
    "papas_grandes": Modifier("Papas", _options("100 Papas Grandes")),
    "boneless": Modifier("Boneless", _options("80 Boneless 6 pz, 20 Boneless 12pz +75")),
}
