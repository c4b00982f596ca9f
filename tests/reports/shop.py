"""A small random shop and the summaries of its months."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import pyarrow as pa

from pipeline import schema

MENU = (
    ("Hamburguesa clásica", "Hamburguesas", 95, 34),
    ("Hamburguesa doble con queso", "Hamburguesas", 139, 58),
    ("Hamburguesa de pollo", "Hamburguesas", 105, 41),
    ("Hamburguesa vegetariana", "Hamburguesas", 99, 45),
    ("Papas a la francesa", "Acompañamientos", 45, 11),
    ("Aros de cebolla", "Acompañamientos", 55, 19),
    ("Refresco", "Bebidas", 32, 9),
    ("Agua de jamaica", "Bebidas", 28, 5),
    ("Malteada de vainilla", "Bebidas", 69, 31),
    ("Cerveza", "Bebidas", 45, 24),
    ("Pay de queso", "Postres", 58, 27),
    ("Helado", "Postres", 38, 0),
)


COMBO = "Combo clásico"


SAUCES = ("Mayonesa", "Sin mayonesa", "Chipotle", "BBQ")


@dataclass(frozen=True)
class Shop:
    """What a test shop is like; the defaults are a Mexican burger place with two stores."""

    seed: int = 7
    stores: tuple[tuple[str, str, str], ...] = (
        ("s1", "Centro", "MXN"),
        ("s2", "Roma Norte", "MXN"),
    )
    menu: tuple[tuple[str, str | None, int, int], ...] = MENU
    receipts: int = 30
    combo: str | None = COMBO
    customers: int = 220
    costs: bool = True
    lake_decimals: int = 2
    closed: Callable[[date], bool] = lambda day: (
        day.weekday() == 1 or (day.month, day.day) == (12, 25)
    )
    refunds: float = 0.02
    tenders: tuple[tuple[str, str], ...] = (
        ("Efectivo", "CASH"),
        ("Tarjeta", "NONINTEGRATEDCARD"),
        ("Rappi", "OTHER"),
    )
    discounts: tuple[str, ...] = ("Descuento amigo", "2x1 martes")
    employees: tuple[tuple[str, str], ...] = (
        ("e1", "Ana G."),
        ("e2", "Luis P."),
        ("e3", "Sofía R."),
    )
    first: date = date(2023, 1, 1)


class _Counts(defaultdict):
    def __init__(self):
        super().__init__(lambda: defaultdict(int))

    def add(self, key, **values):
        row = self[key]
        for name, value in values.items():
            row[name] += value


def _split(amount: int, weights: list[int]) -> list[int]:
    total, given, out = sum(weights) or len(weights), 0, []
    running = 0
    for weight in weights:
        running += weight if sum(weights) else 1
        share = amount * running // total - given
        given += share
        out.append(share)
    return out


def summaries(shop: Shop, months: list[date]) -> dict[date, dict[str, pa.Table]]:
    """The SUMMARY tables of each month of `shop`; a month is counted once in this process."""
    return {month: dict(_count(shop, month)) for month in months}


@cache
def _count(shop: Shop, month: date) -> dict[str, pa.Table]:
    return _Month(shop, month).tables()


def key_of(dataset: schema.Dataset) -> tuple[str, ...]:
    """What a row of the table is counted by: all that names it, and the price that makes a row of
    `prices`.
    """
    named = [
        c.name
        for c in dataset.columns
        if c.kind in ("day", "label", "text", "flag", "ordinal") or c.name == "unit_price"
    ]
    return tuple(name for name in named if not name.startswith(("first_", "last_")))


class _Month:
    def __init__(self, shop: Shop, month: date):
        self.shop, self.month = shop, month
        self.random = random.Random(f"{shop.seed}-{month}")
        self.count = {d.name: _Counts() for d in schema.SUMMARY}
        self.span: dict = {}
        self.number = 0
        day = month
        while day.month == month.month:
            if not shop.closed(day):
                for store in shop.stores:
                    self.trade(day, store)
            day += timedelta(days=1)
        counted: dict[tuple[str, str], int] = defaultdict(int)
        for (_, store, currency, _), row in self.count["days"].items():
            names = ("receipts", "refund_receipts", "cancelled_receipts")
            counted[store, currency] += sum(row[name] for name in names)
        quality = self.count["quality"]
        for store, _, currency in shop.stores:
            quality.add((store, currency, "counted", ""), count=counted[store, currency])
            quality.add((store, currency, "quarantined", ""), count=0)
        for check, n in (("received", sum(counted.values())), ("superseded", 3)):
            quality.add((None, None, check, ""), count=n)

    def trade(self, day: date, store: tuple[str, str, str]) -> None:
        grow = 1 + 0.012 * ((day.year - 2023) * 12 + day.month)
        season = (0.95, 1.0, 1.0, 1.02, 1.08, 1.0, 1.05, 1.0, 0.93, 1.0, 1.04, 1.2)[day.month - 1]
        busy = (0.8, 0.7, 0.85, 0.95, 1.35, 1.6, 1.2)[day.weekday()]
        n = int(self.shop.receipts * grow * season * busy * self.random.uniform(0.85, 1.15))
        n = max(n, 1) if self.shop.receipts else 0
        for _ in range(n):
            self.receipt(day, store, refund=self.random.random() < self.shop.refunds)

    def receipt(self, day: date, store: tuple[str, str, str], refund: bool) -> None:
        r, shop, (sid, _, currency) = self.random, self.shop, store
        self.number += 1
        sign = -1 if refund else 1
        unit = 10**shop.lake_decimals
        hour = r.choices((13, 14, 15, 18, 19, 20, 21, 22, 0), (6, 9, 5, 5, 9, 14, 12, 6, 1))[0]
        channel = r.choices(("dine_in", "takeaway", "delivery", "unmapped"), (55, 28, 16, 1))[0]
        employee = r.choice(shop.employees)[0] if shop.employees else None
        customer = (
            f"c{r.randrange(shop.customers):04d}" if shop.customers and r.random() < 0.35 else None
        )
        sold = []  # (item, category, combo, slot, list price, cost)
        with_combo = shop.combo and len(shop.menu) > 6 and r.random() < 0.3
        if with_combo:
            for slot, item in (
                (None, shop.menu[0]),
                ("Acompañamiento", r.choice(shop.menu[4:6])),
                ("Bebida", r.choice(shop.menu[6:9])),
            ):
                sold.append((item, shop.combo, slot))
        weights = [len(shop.menu) * 2 // (i + 1) + 1 for i in range(len(shop.menu))]
        for item in r.choices(shop.menu, weights, k=r.randint(0 if with_combo else 1, 3)):
            sold.append((item, None, None))
        combo_price = 149 * unit
        parts = [s for s in sold if s[1]]
        shares = iter(_split(combo_price, [p[0][2] for p in parts]))
        lines = [
            (
                item,
                combo,
                slot,
                (
                    next(shares)
                    if combo
                    else item[2] * unit + (800 if r.random() < 0.1 and unit == 100 else 0)
                ),
            )
            for item, combo, slot in sold
        ]
        gross = sum(line[3] for line in lines)
        discount = gross // 10 if shop.discounts and r.random() < 0.12 else 0
        parted = _split(discount, [line[3] for line in lines])
        net = gross - discount
        included = net * 16 // 116
        tip = net // 10 if r.random() < 0.2 and not refund else 0
        collected = net + tip
        sale = not refund
        self.span.setdefault((day, sid, currency, channel), []).append(
            datetime.combine(day + timedelta(days=hour < 5), time(hour, 15))
        )
        amounts = {
            "receipts": sale,
            "refund_receipts": refund,
            "units": (len([1 for x in lines if not x[1]]) + bool(parts)) * sale,
            "gross_sales": gross * sale,
            "sale_discounts": discount * sale,
            "refund_discounts": discount * refund,
            "refunds": gross * refund,
            "net_sales": sign * net,
            "tax_included": sign * included,
        }
        given = [
            (line, d) for line, d in zip(lines, parted, strict=True) if shop.costs and line[0][3]
        ]
        cost = sum(line[0][3] * unit for line, _ in given)
        costed = sum(line[3] - d for line, d in given)
        self.count["days"].add(
            (day, sid, currency, channel),
            **amounts,
            tips=tip,
            collected=sign * collected,
            paid=sign * collected,
            cost=sign * cost,
            costed_net=sign * costed,
            costed_tax_included=sign * (costed * 16 // 116),
            identified_receipts=sale and customer is not None,
            combo_receipts=sale and bool(parts),
            cancelled_receipts=r.random() < 0.01,
        )
        self.count["hours"].add((day, sid, currency, hour), receipts=sale, net_sales=sign * net)
        self.count["channel_hours"].add(
            (sid, currency, channel, hour), receipts=sale, net_sales=sign * net
        )
        for (item, combo, slot, price), d in zip(lines, parted, strict=True):
            has_cost = shop.costs and item[3]
            self.count["items"].add(
                (sid, currency, item[1], item[0], combo is not None),
                units=sale * 10_000,
                refunded_units=refund * 10_000,
                gross_sales=price * sale,
                discounts=sign * d,
                refunds=price * refund,
                net_sales=sign * (price - d),
                tax_included=sign * ((price - d) * 16 // 116),
                cost=sign * item[3] * unit if has_cost else 0,
                costed_units=sign * 10_000 if has_cost else 0,
                costed_net=sign * (price - d) if has_cost else 0,
                costed_tax_included=sign * ((price - d) * 16 // 116) if has_cost else 0,
            )
            self.count["item_weekdays"].add(
                (sid, currency, day.weekday(), item[1], item[0]), net_sales=sign * (price - d)
            )
            if combo:
                self.count["combo_parts"].add(
                    (sid, currency, combo, slot, item[0], True),
                    units=sale * 10_000,
                    net_sales=sign * (price - d),
                )
            elif sale:
                key = (sid, currency, item[0], None, item[2] * unit)
                self.count["prices"].add(key, units=10_000)
                self.span.setdefault(("price", *key), []).append(day)
            if item[1] == shop.menu[0][1] and sale:
                option = r.choice(SAUCES)
                self.count["choices"].add((sid, currency, item[0], "Salsa", option), units=10_000)
                if price != item[2] * unit and not combo:
                    self.count["choices"].add(
                        (sid, currency, item[0], "Extras", "Tocino"),
                        units=10_000,
                        amount=800,
                        charged_units=10_000,
                    )
            if refund:
                self.count["refunded_items"].add(
                    (sid, currency, combo or item[0], employee),
                    receipts=1,
                    units=10_000,
                    refunds=price,
                )
        if parts:
            total = sum(line[3] for line in lines if line[1])
            off = sum(d for line, d in zip(lines, parted, strict=True) if line[1])
            self.count["combos"].add(
                (sid, currency, shop.combo),
                receipts=sale,
                units=sale * 10_000,
                refunded_units=refund * 10_000,
                gross_sales=total * sale,
                discounts=sign * off,
                refunds=total * refund,
                net_sales=sign * (total - off),
            )
        if discount:
            self.count["discounts"].add(
                (sid, currency, r.choice(shop.discounts), "FIXED_PERCENT"),
                receipts=sale,
                amount=sign * discount,
            )
        tender = r.choices(shop.tenders, range(len(shop.tenders) + 1, 1, -1))[0]
        self.count["tenders"].add(
            (sid, currency, *tender),
            payments=sale,
            refund_payments=refund,
            sales_amount=collected * sale,
            refunds_amount=collected * refund,
        )
        self.count["staff"].add(
            (sid, currency, employee),
            receipts=sale,
            net_sales=sign * net,
            discounts=sign * discount,
            refund_receipts=refund,
            refunds=gross * refund,
        )
        for item, in_combo in {(line[0], line[1] is not None) for line in lines}:
            key = (sid, currency, item[1], item[0], in_combo)
            self.count["items"].add(key, receipts=sale)
        for item in {line[0] for line in lines}:
            self.count["item_weekdays"].add(
                (sid, currency, day.weekday(), item[1], item[0]), receipts=sale
            )
        for category in {line[0][1] for line in lines}:
            self.count["categories"].add((sid, currency, category), receipts=sale)
        if sale:
            names = sorted({line[1] or line[0][0] for line in lines})
            for i, entry in enumerate(names):
                for other in names[i:]:
                    self.count["baskets"].add(
                        (sid, currency, entry, other), receipts=1, plain_receipts=not parts
                    )
        if customer:
            self.count["customers"].add(
                (sid, currency, customer), receipts=sale, net_sales=sign * net
            )
            if sale:
                self.span.setdefault(("customer", sid, currency, customer), []).append(day)

    def tables(self) -> dict[str, pa.Table]:
        built = {
            d.name: self.table(d, key_of(d))
            for d in schema.SUMMARY
            if d not in (schema.STORES, schema.EMPLOYEES)
        }
        zone = {"timezone": "America/Mexico_City", "day_starts_at": "05:00"}
        stores = [{"store_id": s, "currency": c, "name": n, **zone} for s, n, c in self.shop.stores]
        built["stores"] = self.arrow(schema.STORES, stores)
        built["employees"] = self.arrow(
            schema.EMPLOYEES, [{"employee_id": e, "alias": a} for e, a in self.shop.employees]
        )
        return built

    def table(self, dataset: schema.Dataset, key: tuple[str, ...]) -> pa.Table:
        rows = []
        for values, counts in self.count[dataset.name].items():
            row = dict(zip(key, values, strict=True)) | {k: int(v) for k, v in counts.items()}
            if dataset.name == "days":
                seen = self.span[values]
                row |= {
                    "units": row["units"] * 10_000,
                    "first_sold_at": min(seen),
                    "last_sold_at": max(seen),
                }
            if dataset.name in ("prices", "customers"):
                seen = self.span.get((dataset.name[:-1], *values))
                if not seen:
                    continue
                row |= {"first_day": min(seen), "last_day": max(seen)}
            rows.append(row)
        rows.sort(key=lambda row: [str(row[k]) for k in dataset.key])
        return self.arrow(dataset, rows)

    def arrow(self, dataset: schema.Dataset, rows: list[dict]) -> pa.Table:
        expected = schema.arrow(dataset, self.shop.lake_decimals)
        columns = []
        for f, column in zip(expected, dataset.columns, strict=True):
            values = [row.get(f.name, None if column.null else 0) for row in rows]
            if pa.types.is_decimal(f.type):
                values = [None if v is None else Decimal(v).scaleb(-f.type.scale) for v in values]
            columns.append(
                pa.array(
                    values, type=f.type.value_type if pa.types.is_dictionary(f.type) else f.type
                ).cast(f.type)
            )
        return pa.Table.from_arrays(columns, schema=expected)


def drawers(shop: Shop, month: date, *, miscount: int = 7) -> pa.Table:
    """The shifts of a month: one a store and open day, closed by midnight.

    Every `miscount`-th is over or short. Amounts are whole units of the currency.
    """
    rows = []
    days = [month + timedelta(n) for n in range(31)]
    for n, day in enumerate(d for d in days if d.month == month.month and not shop.closed(d)):
        for place, (store, name, currency) in enumerate(shop.stores):
            number = n * len(shop.stores) + place
            paid, back, out = 4000 + 37 * number % 900, 50 * (number % 5 == 0), 350 * (n % 9 == 0)
            off = 0 if number % miscount else (-1) ** number * (5 + number)
            opened, closed = datetime.combine(day, time(11)), datetime.combine(day, time(22, 30))
            expected = 1000 + paid - back - out
            money = {
                "opening_cash": 1000,
                "cash_payments": paid,
                "cash_refunds": back,
                "paid_in": 0,
                "paid_out": out,
                "expected_cash": expected,
                "counted_cash": expected + off,
                "difference": off,
            }
            rows.append(
                {
                    "business_day": day,
                    "store_id": store,
                    "currency": currency,
                    "register": f"Caja {name}",
                    "shift_id": f"{store}-{day}",
                    "opened_at": opened.replace(tzinfo=UTC),
                    "closed_at": closed.replace(tzinfo=UTC),
                    "closed_day": day,
                    "opened_at_local": opened,
                    "closed_at_local": closed,
                    "opened_by": shop.employees[0][0],
                    "closed_by": shop.employees[number % len(shop.employees)][0],
                    **{key: Decimal(units) for key, units in money.items()},
                }
            )
    return pa.Table.from_pylist(rows, schema=schema.arrow(schema.SHIFTS, shop.lake_decimals))
