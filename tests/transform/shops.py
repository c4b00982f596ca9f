"""Random shops, far nastier than the simulator's; Hypothesis may draw them.

A shop is a menu, a catalog, stores in several zones and currencies, and receipts whose own sums tie
but which are otherwise as odd as the API allows: repeated and misspelt modifiers, combos of
unknown, composite, free and priceless dishes, negative and fractional quantities, amounts below
zero, refunds with either sign, discounts that lines carry, half carry or do not carry, several
versions of a receipt in several objects.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from shop_menus import DISHES, catalog_of, menu_of, number

from pipeline.transform import Catalog, Raw, Rules, Store, read_menu

ZONES = (
    "America/Mexico_City",
    "UTC",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
)
DAY = date(2024, 9, 8)  # Santiago's clocks jump over midnight
SPELLINGS = (
    "TACO",
    " taco ",
    "Tako",
    "Torta 1",
    "torta  2",
    "Papas Chica",
    "Papas / Grande",
    "papas (chica)",
    "agua",
    "Cafe",
    "flan [1]",
    "Pozole",
    "Sin nada",
    "Combo Uno",
    "",
    "Ñandú 🌮",
)
MODIFIERS = ("Plato", "Plato 1", "PLATO 2", "Bebida", "bebida ", "Salsa", "salsa", "Nota", "Extra")


@dataclass(frozen=True)
class NastyShop:
    menu: str
    catalog: bytes
    stores: dict[str, Store]
    default: Store
    decimals: int
    raws: list[Raw]

    @property
    def rules(self) -> Rules:
        return Rules(
            self.stores, self.default, read_menu(self.menu, "menu.toml"), self.decimals, b"key"
        )

    def read_catalog(self) -> Catalog:
        return Catalog.read(self.catalog)


def line_of(rng, decimals: int, big: int) -> dict:
    amount = lambda most: Decimal(str(number(rng, most, decimals)))  # noqa: E731
    n = rng.randrange(14)
    gross = amount(big) * rng.choice([1, 1, 1, 1, 1, -1])
    modifiers = [
        {
            "name": rng.choice(MODIFIERS),
            "option": rng.choice(SPELLINGS),
            "price": 0,
            "money_amount": amount(rng.choice([0, 0, 0, 500, big])) * rng.choice([1, 1, 1, -1]),
        }
        for _ in range(rng.choice([0, 0, 1, 3, 6]))
    ]
    return {
        "id": "x",
        "item_id": rng.choice([f"i{n}", None, "gone"]),
        "variant_id": rng.choice(["v1", None]),
        "item_name": rng.choice(
            [
                *DISHES,
                "Combo Dos",
                "Combo  DOS",
                "Caja Grande",
                "caja mixta",
                "Menú X",
                "Takito rico",
            ]
        ),
        "variant_name": rng.choice([None, "CH", "Grande", ""]),
        "sku": "1",
        "quantity": rng.choice([1, 1, 1, 2, 3, 12, 0, -1, 0.25, 1.2345, -0.5, 250]),
        "price": amount(big),
        "gross_total_money": gross,
        "total_money": 0,
        "cost": rng.choice([0, None, 3, 1.234567]),
        "cost_total": rng.choice([0, None, amount(big)]),
        "line_note": None,
        "line_taxes": [
            {
                "type": rng.choice(["INCLUDED", "ADDED"]),
                "name": "t",
                "rate": 16,
                "money_amount": amount(big // 7),
            }
            for _ in range(rng.choice([0, 1, 1, 2]))
        ],
        "total_discount": (
            min(gross, amount(big)) if gross > 0 and rng.random() < 0.4 else Decimal(0)
        ),
        "line_discounts": [],
        "line_modifiers": modifiers,
    }


def receipt_of(rng, number_: str, stores: dict[str, Store], default: Store) -> dict:
    store_id = rng.choice(["s1", "s2", "s3"])
    decimals = stores.get(store_id, default).decimals
    big = rng.choice([100, 10_000, 10_000, 3_000_000, 10**10])
    lines = [line_of(rng, decimals, big) for _ in range(rng.choice([0, 1, 1, 2, 3, 6]))]
    spread = sum((line["total_discount"] for line in lines), Decimal(0))
    discount = spread + (
        Decimal(str(number(rng, big, decimals))) if lines and rng.random() < 0.3 else 0
    )
    taxes = [
        {
            "id": "t",
            "type": kind,
            "name": "IVA",
            "rate": rng.choice([16, 0, 8.875]),
            "money_amount": amount,
        }
        for kind in ("INCLUDED", "ADDED")
        if (
            amount := sum(
                (
                    t["money_amount"]
                    for line in lines
                    for t in line["line_taxes"]
                    if t["type"] == kind
                ),
                Decimal(0),
            )
        )
        or rng.random() < 0.2
    ]
    tip, surcharge = (
        Decimal(str(number(rng, rng.choice([0, 0, 1000]), decimals))) for _ in range(2)
    )
    total = (
        sum((line["gross_total_money"] for line in lines), Decimal(0))
        - discount
        + tip
        + surcharge
        + sum((t["money_amount"] for t in taxes if t["type"] == "ADDED"), Decimal(0))
    )
    total += (
        rng.choice([0, 0, 0, Decimal(1).scaleb(-decimals), -Decimal(5).scaleb(-decimals)])
        if decimals
        else 0
    )
    sold = datetime.combine(DAY, time(), UTC) + timedelta(
        minutes=rng.randint(-1440, 1440), seconds=rng.choice([0, 0, 1, 59])
    )
    updated = sold + timedelta(hours=rng.choice([0, 0, 1, 50]))
    receipt = {
        "receipt_number": number_,
        "note": "x",
        "receipt_type": rng.choice(["SALE", "SALE", "SALE", "REFUND"]),
        "refund_for": None,
        "order": rng.choice([None, "T1", "Mesa 4", "Juan 55-0000-0134"]),
        "created_at": sold.isoformat(),
        "updated_at": updated.isoformat(),
        "source": rng.choice(["point of sale", None]),
        "receipt_date": sold.isoformat().replace("+00:00", "Z"),
        "cancelled_at": updated.isoformat() if rng.random() < 0.1 else None,
        "total_money": total,
        "total_tax": sum((t["money_amount"] for t in taxes), Decimal(0)),
        "points_earned": 0,
        "total_discount": discount,
        "customer_id": rng.choice([None, "c-1", "c-2"]),
        "employee_id": rng.choice([None, "e1"]),
        "store_id": store_id,
        "pos_device_id": None,
        "dining_option": rng.choice([None, "MESA 1", "Para Llevar", "?"]),
        "tip": tip,
        "surcharge": surcharge,
        "total_discounts": _split(rng, discount),
        "total_taxes": taxes,
        "line_items": lines,
        "payments": [
            {
                "payment_type_id": None,
                "name": rng.choice(["Efectivo", "cash"]),
                "type": "CASH",
                "money_amount": total,
                "paid_at": rng.choice([None, sold.isoformat()]),
                "payment_details": None,
            }
            for _ in range(rng.choice([0, 1, 1, 2]))
        ],
    }
    return (
        _negated(receipt) if receipt["receipt_type"] == "REFUND" and rng.random() < 0.3 else receipt
    )


def _split(rng, discount: Decimal) -> list[dict]:
    rows = [discount] if discount or rng.random() < 0.2 else []
    return [
        {
            "id": "d",
            "type": rng.choice(["FIXED_PERCENT", "DISCOUNT_BY_POINTS"]),
            "name": "Promo",
            "money_amount": row,
        }
        for row in rows
    ]


def _negated(value):
    """The same receipt as a POS would send it that writes refunds with a sign."""
    keys = {
        "total_money",
        "total_tax",
        "total_discount",
        "tip",
        "surcharge",
        "gross_total_money",
        "money_amount",
        "quantity",
        "cost_total",
    }
    if isinstance(value, list):
        return [_negated(row) for row in value]
    if isinstance(value, dict):
        return {k: -v if k in keys and v is not None else _negated(v) for k, v in value.items()}
    return value


def encode(receipt: dict) -> bytes:
    """Numbers as they are: a Decimal is written with its own digits."""
    return json.dumps(
        receipt, default=lambda d: int(d) if d == int(d) else float(d), ensure_ascii=False
    ).encode()


def shop_of(rng) -> NastyShop:
    """A whole shop; `rng` is a random.Random, Hypothesis' or a seeded one."""
    decimals = rng.choice([2, 2, 2, 3])
    zone = lambda: rng.choice(ZONES)  # noqa: E731
    cut = lambda: time(rng.choice([0, 0, 3, 5, 23]), rng.choice([0, 0, 30]))  # noqa: E731
    stores = {
        "s1": Store(zone(), cut(), "MXN", 2),
        "s2": Store(zone(), cut(), rng.choice(["JPY", "MXN"]), rng.choice([0, decimals])),
    }
    default = Store(zone(), cut(), "MXN", 2)
    receipts = [
        receipt_of(rng, f"1-{rng.randint(1, 8)}", stores, default)
        for _ in range(rng.randint(0, 10))
    ]
    raws = []
    for n in range(rng.randint(1, 3)):
        own = [
            encode(r).replace(b"+00:00", b"Z" if n == 0 else b"+00:00")
            for r in receipts
            if rng.random() < 0.7
        ]
        raws.append(
            Raw(
                f"2024-09-{8 + n:02d}",
                f"raw/receipts/sold=2024-09-08/{n}.ndjson.zst",
                b"".join(body + b"\n" for body in own),
            )
        )
    return NastyShop(menu_of(rng), catalog_of(rng, decimals), stores, default, decimals, raws)
