"""A month of the lake drawn from a seed: consistent rows of plain Python.

Amounts are whole numbers of 10**-decimals, quantities of 10**-4. `Month.tables` gives the Arrow
tables that summarize() reads, `summarize_month` what it counts of one month.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa

from pipeline import schema
from pipeline.summarize import MonthRows, summarize

ONE = 10**schema.QUANTITY_DECIMALS
STORES = (("centro", "MXN", 2), ("ginza", "JPY", 0), ("salmiya", "KWD", 3), ("norte", "MXN", 2))
MENU = (
    ("Hamburguesa", "Comida"),
    ("Papas", "Comida"),
    ("Agua", "Bebidas"),
    ("Refresco", "Bebidas"),
    ("Salsa", None),
    ("Ñandú 🍟", "Otros"),
    ("Papas", "Botanas"),
    ("Combo Pa' Dos", "Comida"),
)
COMBOS = ("Combo Pa' Dos", "Combo Solo")


@dataclass
class Month:
    first: date
    decimals: int
    receipts: list[dict] = field(default_factory=list)
    sales: list[dict] = field(default_factory=list)
    payments: list[dict] = field(default_factory=list)
    quarantine: list[dict] = field(default_factory=list)
    stores: list[dict] = field(default_factory=list)
    superseded: int = 0
    worth: int = 1

    @property
    def metadata(self) -> dict[str, int]:
        return {
            "received": len(self.receipts) + len(self.quarantine),
            "counted": len(self.receipts),
            "quarantined": len(self.quarantine),
            "superseded": self.superseded,
        }

    def tables(self) -> dict[str, pa.Table]:
        rows = {
            schema.RECEIPTS: self.receipts,
            schema.SALES: self.sales,
            schema.PAYMENTS: self.payments,
            schema.QUARANTINE: self.quarantine,
            schema.STORES: self.stores,
            schema.EMPLOYEES: employees(),
        }
        return {
            dataset.name: to_table(matches, dataset, self.decimals)
            for dataset, matches in rows.items()
        }

    def arguments(self) -> dict:
        return {
            "month": self.first,
            **self.tables(),
            "metadata": self.metadata,
            "decimals": self.decimals,
        }

    def part(self, expected) -> Month:
        """The month of the receipts whose number is `expected`, and their quarantine."""
        return Month(
            self.first,
            self.decimals,
            *(
                [row for row in rows if expected(row["receipt_number"])]
                for rows in (self.receipts, self.sales, self.payments, self.quarantine)
            ),
            self.stores,
            self.superseded if expected("superseded") else 0,
        )


def summarize_month(
    month: date, *, metadata: dict[str, int], decimals: int, **rows_and_options: object
) -> dict[str, pa.Table]:
    """Every table of one month by name; the rows as `Month.tables`, and options of summarize."""
    names = [name for name in MonthRows._fields if name in rows_and_options]
    rows = MonthRows(**{name: rows_and_options.pop(name) for name in names}, counts=metadata)
    return summarize({month: rows}, decimals, **rows_and_options)[month]


def employees() -> list[dict]:
    return [{"employee_id": name, "alias": name.title()} for name in ("ana", "beto")]


def exact(value, kind: pa.DataType):
    """`value` as the lake holds it: whole numbers become decimals, in lists too."""
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value).scaleb(-kind.scale)
    if pa.types.is_list(kind):
        return [{f.name: exact(entry[f.name], f.type) for f in kind.value_type} for entry in value]
    return value


def to_table(rows: list[dict], dataset: schema.Dataset, decimals: int) -> pa.Table:
    plain = [
        pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
        for f in schema.arrow(dataset, decimals)
    ]
    columns = [pa.array([exact(row[f.name], f.type) for row in rows], f.type) for f in plain]
    return schema.conform(pa.Table.from_arrays(columns, schema=pa.schema(plain)), dataset, decimals)


def draw_month(
    seed: int,
    receipts: int,
    *,
    first: date = date(2026, 2, 1),
    stores=STORES,
    decimals: int = 3,
    all_refunds: bool = False,
    worth: int = 1,
) -> Month:
    """`worth` multiplies every amount."""
    rng = Random(seed)
    month = Month(first, decimals, superseded=rng.randrange(3), worth=worth)
    month.stores = [
        {
            "store_id": store,
            "currency": currency,
            "name": store.title(),
            "timezone": "UTC",
            "day_starts_at": "05:00",
        }
        for store, currency, _ in stores
    ]
    for index in range(receipts):
        place = rng.randrange(len(stores))  # two stores may give the same number, one store never
        draw_receipt(
            rng,
            month,
            index + place,
            stores[place],
            "REFUND" if all_refunds or rng.random() < 0.15 else "SALE",
        )
    for index in range(rng.randrange(3)):
        store = rng.choice((None, stores[0][0], "elsewhere"))
        month.quarantine.append(
            {
                "business_day": first,
                "store_id": store,
                "receipt_number": f"q-{index}",
                "receipt_type": None,
                "reason": rng.choice(("not_json", "missing_field")),
                "pointer": "",
                "detail": "",
                "total": rng.choice((None, 1500)),
                "raw_partition": "2026-02-03",
                "record": f"{index}",
                "verbatim": "{",
            }
        )
    return month


def draw_receipt(
    rng: Random, month: Month, number: int, store: tuple[str, str, int], kind: str
) -> None:
    """Add one receipt with its sales and payments.

    A cancelled one may keep its amounts and quantities, which must not count.
    """
    store_id, currency, decimals = store
    unit = month.worth * 10 ** (month.decimals - decimals)
    day = month.first + timedelta(
        days=rng.randrange(monthrange(month.first.year, month.first.month)[1])
    )
    local = datetime.combine(day, time(5)) + timedelta(seconds=rng.randrange(86_400))
    sold_at = (local + timedelta(hours=6)).replace(tzinfo=UTC)
    created_at = sold_at + timedelta(
        seconds=rng.choice((-90, 0, 3, 3600, 3601, 864_000)), microseconds=rng.choice((0, 500))
    )
    cancelled, sign = rng.random() < 0.1, 1 if kind == "SALE" else -1
    head = {
        "business_day": day,
        "store_id": store_id,
        "receipt_number": f"1-{number}",
        "receipt_type": kind,
        "is_cancelled": cancelled,
    }
    when = {
        "sold_at": sold_at,
        "sold_at_local": local,
        "channel": rng.choice(("dine_in", "takeaway", "unmapped")),
        "currency": currency,
    }
    rows = [
        row
        for line in range(1, rng.choice((1, 1, 2, 3, 5)) + (rng.random() > 0.05))
        for row in draw_line(rng, line, unit)
    ]
    extras = {name: rng.choice((0, 0, 0, 500)) * unit for name in ("tip", "surcharge")} | {
        "rounding": rng.choice((0, 0, 0, -3, 2)) * unit,
        "surcharge_tax": (len(month.receipts) % 7 == 3) * 80 * unit,
        "gift_cards": (len(month.receipts) % 9 == 4) * 2000 * unit,
    }
    sums = {
        name: sum(row[name] for row in rows)
        for name in ("gross", "discount", "net", "tax_included", "tax_added")
    }
    total = sums["net"] + sums["tax_added"] + sum(extras.values())
    paid = total + rng.choice((0, 0, 0, 0, 7)) * unit
    lines = {row["line"]: row["combo_quantity"] or row["units"] for row in rows}
    discounts = [
        {
            "name": rng.choice(("Feliz", "Martes")),
            "type": rng.choice(("FIXED_PERCENT", "DISCOUNT_BY_POINTS")),
            "amount": part,
        }
        for part in spread(rng, sums["discount"], rng.randrange(1, 4))
        if part
    ]
    points = sum(given["amount"] for given in discounts if given["type"] == "DISCOUNT_BY_POINTS")
    keep = 0 if cancelled and rng.random() < 0.5 else sign
    month.receipts.append(
        head
        | when
        | {
            "refund_for": rng.choice((None, "1-0")) if kind == "REFUND" else None,
            "created_at": created_at,
            "updated_at": created_at,
            "cancelled_at": created_at if cancelled else None,
            "dining_option": rng.choice(("Mesa", None)),
            "source": None,
            "pos_device_id": None,
            "employee_id": rng.choice(("ana", "beto", None)),
            "customer_id": rng.choice((None, None, "c1", "c2", "c3")),
            "lines": abs(keep) * len(lines),
            "units": keep * sum(lines.values()),
            **{name: keep * amount for name, amount in (sums | extras).items()},
            "total": keep * total,
            "paid": keep * paid,
            "points_discount": keep * points,
            "cancelled_total": sign * total if cancelled else 0,
            "discounts": [given | {"amount": keep * given["amount"]} for given in discounts],
            "taxes": [],
            "raw_partition": "2026-02-03",
        }
    )
    for row in rows:
        quantities = {name: keep * row[name] for name in ("quantity", "units")} | {
            "combo_quantity": row["combo_quantity"] and keep * row["combo_quantity"]
        }
        amounts = {
            name: keep * row[name]
            for name in ("gross", "discount", "net", "tax_included", "tax_added", "upgrade")
        }
        month.sales.append(
            head
            | when
            | row
            | quantities
            | amounts
            | {
                "cost": None if row["cost"] is None else keep * row["cost"],
                "modifiers": [
                    choice
                    | {
                        "quantity": keep * choice["quantity"],
                        "amount": keep * choice["amount"],
                    }
                    for choice in row["modifiers"]
                ],
            }
        )
    for payment, part in enumerate(spread(rng, paid, rng.choice((1, 1, 2))), 1):
        tender = rng.choice(
            (("Efectivo", "CASH"), ("Tarjeta", "NONINTEGRATEDCARD"), ("Vales", "OTHER"))
        )
        month.payments.append(
            head
            | {
                "currency": currency,
                "payment": payment,
                "payment_type_id": None,
                "tender": tender[0],
                "tender_type": tender[1],
                "amount": keep * part,
                "fee": None,
                "paid_at": sold_at,
            }
        )


def draw_line(rng: Random, line: int, unit: int) -> list[dict]:
    """The rows of a plain line, or the components of a combo; amounts positive."""
    quantity = rng.choice((1, 1, 2, 3)) * ONE
    gross = rng.choice((0, 9500, 4000, 12_345)) * unit * (quantity // ONE)
    discount = rng.choice((0, 0, gross // unit // 10)) * unit
    if rng.random() < 0.3:
        parts = rng.randrange(1, 5)
        shares = zip(
            spread(rng, gross, parts, unit), spread(rng, discount, parts, unit), strict=True
        )
        name, price = rng.choice(COMBOS), rng.choice((24_000, 26_000)) * unit
        return [
            draw_row(
                rng,
                line,
                unit,
                component,
                quantity * rng.choice((1, 2)),
                own,
                taken,
                combo=name,
                combo_quantity=quantity,
                combo_price=price,
                slot=rng.choice(("Bebida", "Plato", None)),
                upgrade=rng.choice((0, 0, 1500)) * unit,
            )
            for component, (own, taken) in enumerate(shares, 1)
        ]
    weighed = rng.random() < 0.1
    return [
        draw_row(
            rng,
            line,
            unit,
            0,
            2500 if weighed else quantity,
            gross,
            discount,
            is_weighed=weighed,
            units=ONE if weighed else quantity,
            unit_price=rng.choice((9500, 9900)) * unit,
        )
    ]


def draw_row(
    rng: Random,
    line: int,
    unit: int,
    component: int,
    quantity: int,
    gross: int,
    discount: int,
    **given,
) -> dict:
    item, category = rng.choice(MENU)
    choices = [
        {
            "name": "Mayonesa",
            "option": rng.choice(("Ajo", "Sin mayonesa")),
            "quantity": quantity,
            "amount": rng.choice((0, 500)) * unit,
        }
        for _ in range(rng.choice((0, 0, 1, 2)))
    ]
    return {
        "line": line,
        "component": component,
        "item_id": None,
        "variant_id": None,
        "item": item,
        "variant": rng.choice((None, "Grande")),
        "category": category,
        "item_as_sold": item,
        "combo": None,
        "combo_quantity": None,
        "combo_price": None,
        "slot": None,
        "upgrade": 0,
        "is_known": not component or rng.random() < 0.8,
        "is_weighed": False,
        "quantity": quantity,
        "units": quantity,
        "unit_price": None,
        "unit_cost": None,
        "gross": gross,
        "discount": discount,
        "net": gross - discount,
        "tax_included": gross // unit // 8 * unit,
        "tax_added": rng.choice((0, 800)) * unit,
        "cost": rng.choice((None, gross // unit // 3 * unit)),
        "modifiers": choices,
    } | given


def spread(rng: Random, amount: int, parts: int, unit: int = 1) -> list[int]:
    """`amount` in `parts` pieces, some of them 0, that add up to it."""
    cuts = sorted(rng.randrange(abs(amount) // unit + 1) * unit for _ in range(parts - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, amount], strict=True)]
