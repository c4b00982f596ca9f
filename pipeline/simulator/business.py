"""The restaurant's stores, devices, employees, tenders and discounts.

Weights are relative; money is in centavos. Addresses and people are invented; telephone numbers and
domains are of the kinds reserved for examples.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

BUSINESS, COUNTRY, CURRENCY, DECIMALS = "La Brasa Hamburguesas", "MX", "MXN", 2
TIMEZONE = "America/Mexico_City"


class Store(NamedTuple):
    """Store of the business.

    `size` is relative to the average store; `weekdays` are in percent of the store's own average,
    Monday first.
    """

    name: str
    region: str
    size: float
    weekdays: tuple[int, ...]
    people: tuple[str, ...]


class Register(NamedTuple):
    """Device of a store; `number` is the prefix of its receipts' numbers.

    A web channel has no device and no employee: both are null on its receipts.
    """

    number: int
    name: str
    store: int
    share: float
    web: bool = False
    roams: bool = False  # a tablet that may be offline for days


class Tender(NamedTuple):
    name: str
    kind: str  # Loyverse's payment type


class Discount(NamedTuple):
    """Discount; `value` is a percentage, or centavos of an AMOUNT; None if typed."""

    name: str
    kind: str
    value: int | None
    on_ticket: bool  # on the whole ticket, else on one line
    chance: float  # share of a day's receipts (lines if not `on_ticket`) that it applies to
    weekday: int | None = None
    since: date | None = None


def _words(text: str) -> list[str]:
    return text.split()


STORES = (
    Store(
        "La Brasa Centro",
        "Cuauhtémoc",
        1.05,
        (74, 80, 88, 98, 126, 134, 100),
        ("Ana Torres", "Luis Mora", "Carla Ríos", "Iván Peña"),
    ),
    Store(
        "La Brasa Del Valle",
        "Benito Juárez",
        0.95,
        (88, 94, 100, 104, 118, 108, 88),
        ("Sofía Luna", "Raúl Soto", "Elena Cruz"),
    ),
    Store(
        "La Brasa Coyoacán",
        "Coyoacán",
        1.0,
        (70, 78, 86, 96, 120, 140, 110),
        ("Marta Gil", "Hugo Vega", "Nora Paz"),
    ),
    Store(
        "La Brasa Satélite",
        "Naucalpan",
        0.9,
        (78, 82, 90, 98, 122, 132, 98),
        ("Óscar León", "Irma Díaz", "Saúl Ruiz"),
    ),
)
OWNER = "Pilar Brasa"
FORMER_EMPLOYEE = ("Iván Peña", date(2025, 5, 1))  # an employee who was deleted that day


def registers(stores: int) -> tuple[Register, ...]:
    """Registers of the first stores; the first has a tablet and a web shop too."""
    first = (
        Register(1, "Caja 1", 0, 0.70),
        Register(2, "Tableta terraza", 0, 0.265, roams=True),
        Register(9, "Pedidos web", 0, 0.035, web=True),
    )
    return first + tuple(Register(index + 2, "Caja", index, 1.0) for index in range(1, stores))


TENDERS = (
    Tender("Efectivo", "CASH"),
    Tender("Tarjeta", "NONINTEGRATEDCARD"),
    Tender("Transferencia", "OTHER"),
    Tender("Mercado Pago", "MERCADOPAGO"),
    Tender("Uber Eats", "OTHER"),
    Tender("Rappi", "OTHER"),
)
CASH, CARD, TRANSFER, WALLET, UBER, RAPPI = range(6)

DISCOUNTS = (
    Discount("Promo martes", "FIXED_PERCENT", 15, True, 0.55, weekday=1, since=date(2025, 6, 1)),
    Discount("INAPAM", "FIXED_PERCENT", 10, True, 0.012),
    Discount("Empleado", "FIXED_PERCENT", 50, True, 0.01),
    Discount("Cupón $50", "FIXED_AMOUNT", 50_00, True, 0.02),
    Discount("Ajuste", "VARIABLE_AMOUNT", None, True, 0.006),
    Discount("Cortesía", "VARIABLE_PERCENT", None, True, 0.004),
    Discount("Malteada a mitad", "FIXED_PERCENT", 50, False, 0.25, weekday=2),
    Discount("Detalle", "FIXED_PERCENT", 10, False, 0.008),
)
# Its chance is a share of the receipts of known customers.
POINTS = Discount("Puntos", "DISCOUNT_BY_POINTS", None, True, 0.05)
HALF_PRICE_SHAKE = 6  # DISCOUNTS[6] is only for shakes

DINING_OPTIONS = {  # channel -> (spelling, weight)
    "aquí": (("Comer aquí", 70), ("comer aqui", 10), ("Mesa", 15), ("Dine in", 5)),
    "llevar": (("Para llevar", 72), ("para llevar ", 12), ("PARA LLEVAR", 10), ("To go", 6)),
    "domicilio": (("A domicilio", 75), ("a domicilio", 13), ("A Domicilio ", 8), ("Domicilio", 4)),
    "app": (("Uber Eats", 55), ("UberEats", 10), ("Rappi", 35)),
}

FIRST_NAMES = _words(
    "Ana Beto Carmen Diego Elsa Fer Gaby Héctor Inés Jorge Karla Leo Mónica Nico Olga Pepe Rosa"
    " Santi Tere Ximena"
)
LAST_NAMES = _words(
    "Acosta Bravo Cano Duarte Espino Fuentes Galindo Huerta Ibarra Juárez Lara Mata Nieto"
    " Ortega Pineda Quiroz Rojas Salas Tapia Zamora"
)
ORDERS = ("Mesa 3", "Mesa 4", "Mesa 7", "Mesa 11", "Mesa 12", "Barra", "Terraza 2")
LINE_NOTES = (
    "bien cocida por favor",
    "sin sal",
    "partida a la mitad",
    "para niño",
    "extra servilletas 🙏",
)
NOTES = (
    "cliente espera afuera",
    "llamar al 55 0000 0134",
    "facturar: compras@example.com",
    "cumpleaños 🎉",
)
