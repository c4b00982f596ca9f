"""Months of a burger shop as verbatim receipts: three stores (one opens late), combos, refunds,
cancellations, tips, included and added tax, customers, evenings past midnight, a weekly closing
day, and the night of 3 April 2022, when the clock changed. `age` makes of such receipts a longer
history in which customers come and go, an item goes, another comes, and a price is raised.

Made of the receipts of the benchmarks' shop, whose combos are also worked out in SQL
(tests/reference/sales.sql).
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline import schema
from pipeline.summarize import MonthRows, summarize
from pipeline.transform import Catalog, Raw, Rules, Store, build_days, read_menu
from tests.reference import settings, shop

ZONE = ZoneInfo("America/Mexico_City")
MONTHS = (date(2022, 2, 1), date(2022, 3, 1), date(2022, 4, 1))
CLOSED = 1  # Tuesdays
STORES = tuple(f"{n}b365a0c-a2a8-4774-8904-06cedede22e6" for n in (1, 2, 3))


def receipts(
    count: int, seed: int = 11, days: int = 89, closed: Sequence[int] = (CLOSED,)
) -> list[dict]:
    """Receipts of `days` days from MONTHS on but for weekdays that are `closed`, some of them in
    two versions.
    """
    draw = random.Random(seed)
    built = []
    for n, text in enumerate(shop.receipts(count, seed)):
        entry = json.loads(text)
        store = n % 3
        day = MONTHS[0] + timedelta(days=draw.randrange(28 if store == 2 else 0, days))
        if day.weekday() in closed:
            near = (day + timedelta(days=n) for n in (1, -1, 2, -2, 3, -3))
            day = next(
                other
                for other in near
                if other.weekday() not in closed and other.month == day.month
            )
        hour = draw.choices((13, 14, 15, 19, 20, 21, 22, 24, 25), (5, 8, 4, 6, 9, 9, 5, 2, 1))[0]
        wall = datetime.combine(day, time(hour % 24, draw.randrange(60)), ZONE) + timedelta(
            days=hour // 24
        )
        sold = wall.astimezone(UTC)
        stamp, sent = (
            f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" for moment in (sold, sold + timedelta(minutes=3))
        )
        entry |= {
            "receipt_date": stamp,
            "created_at": sent,
            "updated_at": sent,
            "store_id": STORES[store],
            "cancelled_at": entry["cancelled_at"] and sent,
            "customer_id": f"c-{draw.randrange(500)}" if n % 5 < 2 else None,
        }
        entry["payments"][0]["paid_at"] = stamp
        if entry["refund_for"]:
            entry["refund_for"] = f"{1 + store}-{n // 3}0"
        if n % 7 == 0:
            add_tax(entry)
        if n % 6 == 0 and entry["receipt_type"] == "SALE":
            entry["tip"] = 12.5
            pay(entry, 12.5)
        built.append(entry)
        if n % 50 == 0:  # as it was before it was edited
            built.append(
                {
                    **entry,
                    "note": "before",
                    "updated_at": stamp,
                    "total_discounts": [],
                    "dining_option": None,
                }
            )
    return built


def age(result: list[dict], seed: int = 3) -> list[dict]:
    """`found` with regular customers who come and go, Dessert 1 sold until day 200 only, Coffee 1
    from then on, Burger BBQ dearer from day 300.
    """
    draw, result = (
        random.Random(seed),
        [json.loads(json.dumps(entry)) for entry in result],
    )  # versions share their lines
    for entry in result:
        day = (datetime.fromisoformat(entry["receipt_date"]).date() - MONTHS[0]).days
        if entry["customer_id"]:
            entry["customer_id"] = f"c-{max(0, int(6 + day / 6 - draw.expovariate(1 / 12)))}"
        for line in entry["line_items"]:
            gone = "Dessert 1" if day >= 200 else "Coffee 1"
            if line["item_name"] == gone:
                name = "Coffee 2" if gone == "Coffee 1" else "Dessert 2"
                line |= {
                    "item_name": name,
                    "item_id": settings.IDS[name][0],
                    "variant_id": settings.IDS[name][1],
                }
            if line["item_name"] == "Burger BBQ" and day >= 300:
                raise_price(entry, line, 3.0)
    return result


def business_day(one: dict) -> date:
    """The business day of a receipt of this shop."""
    return (
        datetime.fromisoformat(one["receipt_date"]).astimezone(ZONE).replace(tzinfo=None)
        - timedelta(hours=5)
    ).date()


def raise_price(one: dict, line: dict, by: float) -> None:
    more = round(by * line["quantity"], 2)
    line["price"], line["gross_total_money"] = (
        round(line["price"] + by, 2),
        round(line["gross_total_money"] + more, 2),
    )
    line["total_money"] = round(line["total_money"] + more, 2)
    pay(one, more)


def add_tax(one: dict) -> None:
    """8 % on top of every line."""
    total = 0.0
    for line in one["line_items"]:
        tax = round((line["gross_total_money"] - line["total_discount"]) * 0.08, 2)
        line["line_taxes"].append(
            {"id": "t-2", "type": "ADDED", "name": "IEPS", "rate": 8.0, "money_amount": tax}
        )
        line["total_money"] = round(line["total_money"] + tax, 2)
        total = round(total + tax, 2)
    one["total_taxes"].append(
        {"id": "t-2", "type": "ADDED", "name": "IEPS", "rate": 8.0, "money_amount": total}
    )
    one["total_tax"] = round(one["total_tax"] + total, 2)
    pay(one, total)


def pay(one: dict, amount: float) -> None:
    one["total_money"] = round(one["total_money"] + amount, 2)
    one["payments"][0]["money_amount"] = one["total_money"]


def name_of(day: date) -> str:
    """The object of the receipts that were sold on a UTC date."""
    return f"raw/sold={day}"


def summaries(
    result: list[dict], months: Sequence[date] = MONTHS, last: date = date.max
) -> dict[date, dict[str, pa.Table]]:
    """The summary of each of `months`, of its days up to `last`, by way of the pipeline."""
    rules = Rules(
        {},
        Store("America/Mexico_City", time(5), "MXN", 2),
        read_menu(settings.MENU, "menu.toml"),
        2,
    )
    given = json.loads(settings.catalog()) | {
        "stores": [{"id": store, "name": f"Store {store[0]}"} for store in STORES]
    }
    catalog = Catalog.read(json.dumps(given).encode())
    by_date, traded = defaultdict(list), set(map(business_day, result))
    for entry in result:
        by_date[date.fromisoformat(entry["receipt_date"][:10])].append(json.dumps(entry).encode())
    rows = {}
    for month in months:
        days = [
            day
            for n in range(31)
            if (day := month + timedelta(days=n)).month == month.month
            and day <= last
            and day in traded
        ]
        objects = [
            Raw("b", name_of(day), b"\n".join(bodies) + b"\n")
            for day, bodies in by_date.items()
            if (month - day).days <= 1 and (day - month).days <= 31
        ]
        read_by = {day: [name_of(day), name_of(day + timedelta(days=1))] for day in days}
        built = build_days(read_by, objects, lambda _: catalog, rules).values()
        tables = {
            d.name: pa.concat_tables([getattr(entry, d.name) for entry in built])
            for d in schema.MONTH_TABLES
        }
        metadata = {
            name: sum(entry.metadata[name] for entry in built)
            for name in next(iter(built)).metadata
        }
        rows[month] = MonthRows(
            **tables,
            stores=catalog.stores_table(rules),
            employees=catalog.employees_table(rules),
            counts=metadata,
        )
    return summarize(rows, 2)
