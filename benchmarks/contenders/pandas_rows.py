"""Row by row into a pandas frame, as scripts do it.

python -m benchmarks.contenders.pandas_rows FILE OUT
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from pipeline.schema import SALES, arrow
from tests.reference import settings

ZONE, CENT = ZoneInfo("America/Mexico_City"), Decimal("0.01")
CHANNELS = {"Dine in": "dine_in", "To go": "takeaway", "Delivery": "delivery"}
DISHES = {row[0]: row for row in settings.dishes()}
CATEGORIES = {settings.IDS[name][0]: settings.CATEGORY[name] for name in settings.PRICES}


def cents(amount: Decimal) -> int:
    """An amount in cents."""
    return int(amount * 100)


def share(amount: int, weights: list[int]) -> list[int]:
    """Divide an amount by weight, largest remainders first."""
    weights = weights if sum(weights) else [1] * len(weights)
    parts = [amount * weight // sum(weights) for weight in weights]
    rest = [amount * weight % sum(weights) for weight in weights]
    largest = sorted(range(len(parts)), key=lambda n: (-rest[n], n))
    for position in largest[: amount - sum(parts)]:
        parts[position] += 1
    return parts


def components(line: dict) -> list[dict]:
    """The dishes of a combo with their modifiers and share of the money, in cents."""
    parts = [
        m
        for m in line["line_modifiers"]
        if m["name"].startswith("Burger") or m["name"] in ("Side", "Drink")
    ]
    rows = [
        {
            "slot": m["name"],
            "option": m["option"],
            "upgrade": cents(m["money_amount"]),
            "own": cents(m["money_amount"]),
            "modifiers": [],
        }
        for m in parts
    ]
    burgers = [row for row in rows if row["slot"].startswith("Burger")]
    for modifier in (m for m in line["line_modifiers"] if m not in parts):
        sauces = sum(m["name"] == "Sauce" for row in rows for m in row["modifiers"])
        row = (
            burgers[min(sauces, len(burgers) - 1)]
            if modifier["name"] == "Sauce" and burgers
            else rows[0]
        )
        row["modifiers"].append(modifier)
        row["own"] += cents(modifier["money_amount"])
    prices = [DISHES[row["option"]][5] for row in rows]
    listed = [price for price in prices if price is not None]
    weights = [sum(listed) if price is None else price * len(listed) for price in prices]
    gross = share(cents(line["gross_total_money"]) - sum(row["own"] for row in rows), weights)
    gross = [amount + row["own"] for amount, row in zip(gross, rows, strict=True)]
    discount = share(cents(line["total_discount"]), gross)
    net = [a - b for a, b in zip(gross, discount, strict=True)]
    split = {
        "gross": gross,
        "discount": discount,
        "net": net,
        "cost": share(cents(line["cost_total"]), gross),
    }
    for name, kind in (("tax_included", "INCLUDED"), ("tax_added", "ADDED")):
        split[name] = share(
            sum(cents(t["money_amount"]) for t in line["line_taxes"] if t["type"] == kind), net
        )
    return [
        {**row, **{name: values[position] for name, values in split.items()}}
        for position, row in enumerate(rows)
    ]


def rows(receipt: dict) -> Iterator[dict]:
    """The rows of `sales` of a receipt."""
    sold_at = datetime.fromisoformat(receipt["receipt_date"])
    local = sold_at.astimezone(ZONE).replace(tzinfo=None)
    cancelled = receipt["cancelled_at"] is not None
    factor = 0 if cancelled else -1 if receipt["receipt_type"] == "REFUND" else 1
    head = {
        "business_day": (local - timedelta(hours=5)).date(),
        "store_id": receipt["store_id"],
        "receipt_number": receipt["receipt_number"],
        "receipt_type": receipt["receipt_type"],
        "is_cancelled": cancelled,
        "sold_at": sold_at,
        "sold_at_local": local,
        "channel": CHANNELS.get(receipt["dining_option"], "unmapped"),
        "currency": "MXN",
        "is_weighed": False,
    }

    def money(amount: int) -> Decimal:
        return amount * factor * CENT

    def chosen(modifiers: list[dict], quantity: Decimal) -> list[dict]:
        return [
            {
                "name": m["name"],
                "option": m["option"],
                "quantity": quantity,
                "amount": money(cents(m["money_amount"])),
            }
            for m in modifiers
        ]

    for number, line in enumerate(receipt["line_items"], 1):
        quantity, costed = line["quantity"] * factor, bool(line["cost"] or line["cost_total"])
        common = {**head, "line": number, "quantity": quantity, "units": quantity}
        if line["item_name"].startswith("Combo "):
            for component, part in enumerate(components(line), 1):
                _, name, item_id, variant_id, category, _, is_known = DISHES[part["option"]]
                yield {
                    **common,
                    "component": component,
                    "item_id": item_id,
                    "variant_id": variant_id,
                    "item": name,
                    "variant": None,
                    "category": category,
                    "item_as_sold": part["option"],
                    "combo": line["item_name"],
                    "combo_quantity": quantity,
                    "combo_price": line["price"],
                    "slot": part["slot"],
                    "is_known": is_known,
                    "unit_price": None,
                    "unit_cost": None,
                    "cost": money(part["cost"]) if costed else None,
                    "modifiers": chosen(part["modifiers"], quantity),
                    **{
                        k: money(part[k])
                        for k in (
                            "upgrade",
                            "gross",
                            "discount",
                            "net",
                            "tax_included",
                            "tax_added",
                        )
                    },
                }
            continue
        gross, discount = cents(line["gross_total_money"]), cents(line["total_discount"])
        tax = {
            kind: sum(cents(t["money_amount"]) for t in line["line_taxes"] if t["type"] == kind)
            for kind in ("INCLUDED", "ADDED")
        }
        yield {
            **common,
            "component": 0,
            "item_id": line["item_id"],
            "variant_id": line["variant_id"],
            "item": line["item_name"],
            "variant": line["variant_name"],
            "category": CATEGORIES.get(line["item_id"]),
            "item_as_sold": line["item_name"],
            "combo": None,
            "combo_quantity": None,
            "combo_price": None,
            "slot": None,
            "upgrade": money(0),
            "is_known": True,
            "unit_price": line["price"],
            "unit_cost": line["cost"] or None,
            "gross": money(gross),
            "discount": money(discount),
            "net": money(gross - discount),
            "tax_included": money(tax["INCLUDED"]),
            "tax_added": money(tax["ADDED"]),
            "cost": money(cents(line["cost_total"])) if costed else None,
            "modifiers": chosen(line["line_modifiers"], quantity),
        }


def main(path: str, out: str) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        frame = pd.DataFrame(
            [
                row
                for line in file
                for row in rows(json.loads(line, parse_float=Decimal, parse_int=Decimal))
            ]
        )
    frame = frame.sort_values(["sold_at", "receipt_number", "line", "component"])
    days = pd.to_datetime(frame["business_day"])
    frame["year"], frame["month"] = days.dt.year, days.dt.month
    schema = pa.schema(
        [*arrow(SALES, 2).remove_metadata(), ("year", pa.int32()), ("month", pa.int32())]
    )
    frame.to_parquet(
        out, partition_cols=["year", "month"], compression="zstd", index=False, schema=schema
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
