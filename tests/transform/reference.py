"""A second, simple `build_day` for valid receipts: plain Python, Decimal, loops.

It shares no code with pipeline.transform: it reads the menu from its TOML, the catalog and the
receipts from their JSON, and goes through them one by one. Rows are dicts with the columns of
pipeline.schema.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from reference_combos import ZERO, Kitchen, alias


class Reference(Kitchen):
    """Cleans receipts one by one."""

    def share(self, amount, weights, rule="largest"):
        """`amount` by `weights`, to the cent: floors, and the remainder by `rule`."""
        units, weights = int(abs(amount) / self.cent), [Fraction(weight) for weight in weights]
        total = sum(weights)
        weights = [weight / total if total else Fraction(1, len(weights)) for weight in weights]
        exact = [units * w for w in weights]
        parts = [int(x) for x in exact]
        left = units - sum(parts)
        if rule == "largest":
            for index in sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])[:left]:
                parts[index] += 1
        else:
            parts[0 if rule == "first" else -1] += left
        return [part * self.cent * (-1 if amount < 0 else 1) for part in parts]

    def weights(self, rule, components, store_id):
        kind = rule["share"]
        if kind == "weights":
            weights = [Fraction(c["weight"]) for c in components]
        elif kind == "equal":
            weights = [Fraction(c["quantity"]) for c in components]
        else:
            prices = []
            for c in components:
                variant = c["variant"] or (c["catalog"] and self.cheapest(c["catalog"]))
                price = variant and self.price(variant, store_id)
                prices.append(price if price is None or 0 <= price < 10**9 else None)
            names = [Fraction(int(p / self.cent)) for p in prices if p is not None]
            mean = sum(names) / len(names) if names else Fraction(0)
            weights = [
                (Fraction(int(p / self.cent)) if p is not None else mean) * Fraction(c["quantity"])
                for p, c in zip(prices, components, strict=True)
            ]
        return weights if any(weights) else [Fraction(c["quantity"]) for c in components]

    def costs(self, components, gross):
        costs = []
        for c in components:
            variant = c["variant"] or (c["catalog"] and self.cheapest(c["catalog"]))
            cost = variant and variant["cost"]
            costs.append(cost if cost is not None and 0 < cost < 10**9 else 0)
        return (
            [
                Fraction(cost) * Fraction(c["quantity"])
                for cost, c in zip(costs, components, strict=True)
            ]
            if all(costs)
            else [abs(g) for g in gross]
        )

    # --- receipts

    def rows(self, receipt, batch):
        """(receipt row, sales rows, payment rows) of one receipt."""
        store = self.store(receipt["store_id"])
        sold_at, lines = instant(receipt["receipt_date"]), receipt["line_items"]
        cancelled = receipt["cancelled_at"] is not None
        gross = sum((x["gross_total_money"] for x in lines), ZERO)
        negative = (gross if gross else receipt["total_money"]) < 0
        sign = (1 if negative else -1) if receipt["receipt_type"] == "REFUND" else 1
        factor = 0 if cancelled else sign
        tax = {
            kind: sum(
                (t["money_amount"] for x in lines for t in x["line_taxes"] if t["type"] == kind),
                ZERO,
            )
            for kind in ("INCLUDED", "ADDED")
        }
        discount = receipt["total_discount"]
        unallocated = discount - sum((x["total_discount"] for x in lines), ZERO)
        extra = (
            self.share(
                unallocated, [abs(x["gross_total_money"] - x["total_discount"]) for x in lines]
            )
            if unallocated
            else [ZERO] * len(lines)
        )
        local = sold_at.astimezone(ZoneInfo(store.timezone)).replace(tzinfo=None)
        day = business_day(sold_at, store)
        channel = alias(self.menu.get("channels", {}), receipt["dining_option"] or "", own=False)
        if channel is None and receipt["order"]:
            channel = alias(self.menu.get("tickets", {}), receipt["order"], own=False)
        head = {
            "business_day": day,
            "store_id": receipt["store_id"],
            "receipt_number": receipt["receipt_number"],
            "receipt_type": receipt["receipt_type"],
            "is_cancelled": cancelled,
            "currency": store.currency,
        }
        sold = {"sold_at": sold_at, "sold_at_local": local, "channel": channel or "unmapped"}
        sales, units = [], ZERO
        for number, (line, late) in enumerate(zip(lines, extra, strict=True), 1):
            result, line_units = self.line(
                line, number, line["total_discount"] + late, receipt["store_id"], factor
            )
            sales += [{**head, **sold, **row} for row in result]
            units += line_units
        customer = receipt["customer_id"]
        if customer is not None and self.key:
            customer = hmac.new(self.key, customer.encode(), hashlib.sha256).hexdigest()
        others = {name: receipt.get(name) or ZERO for name in ("surcharge_tax", "gift_cards")}
        amounts = {
            "gross": gross,
            "discount": discount,
            "net": gross - discount,
            "tax_included": tax["INCLUDED"],
            "tax_added": tax["ADDED"],
            "tip": receipt["tip"],
            "surcharge": receipt["surcharge"],
            **others,
            "rounding": (
                receipt["total_money"]
                - (gross - discount + tax["ADDED"] + receipt["tip"] + receipt["surcharge"])
                - sum(others.values())
            ),
            "total": receipt["total_money"],
            "paid": sum((p["money_amount"] for p in receipt["payments"]), ZERO),
            "points_discount": sum(
                (
                    d["money_amount"]
                    for d in receipt["total_discounts"]
                    if d["type"] == "DISCOUNT_BY_POINTS"
                ),
                ZERO,
            ),
        }
        row = {
            **head,
            **sold,
            **{
                name: receipt[name]
                for name in (
                    "refund_for",
                    "dining_option",
                    "source",
                    "pos_device_id",
                    "employee_id",
                )
            },
            **{
                name: instant(receipt[name])
                for name in ("created_at", "updated_at", "cancelled_at")
            },
            "customer_id": customer,
            "lines": 0 if cancelled else len(lines),
            "units": units,
            **{name: value * factor for name, value in amounts.items()},
            "cancelled_total": receipt["total_money"] * sign if cancelled else ZERO,
            "discounts": [
                {"name": d["name"], "type": d["type"], "amount": d["money_amount"] * factor}
                for d in receipt["total_discounts"]
            ],
            "taxes": [
                {
                    "name": t["name"],
                    "type": t["type"],
                    "rate": t["rate"],
                    "amount": t["money_amount"] * factor,
                }
                for t in receipt["total_taxes"]
            ],
            "raw_partition": batch,
        }
        payments = [
            {
                **head,
                "payment": n,
                "payment_type_id": p["payment_type_id"],
                "tender": p["name"],
                "tender_type": p["type"],
                "amount": p["money_amount"] * factor,
                "fee": p["fee"] * factor if p.get("fee") is not None else None,
                "paid_at": instant(p["paid_at"]),
            }
            for n, p in enumerate(receipt["payments"], 1)
        ]
        return row, sales, payments

    def line(self, line, number, discount, store_id, factor):
        """(rows of sales, units) of one line."""
        name, item = self.resolved("items", line["item_name"]), self.items.get(line["item_id"])
        quantity = line["quantity"] * factor
        weighed = bool(item and item["sold_by_weight"]) or line["quantity"] % 1 != 0
        units = units_of(quantity, weighed)
        costed = line["cost_total"] is not None and bool(line["cost_total"] or line["cost"])
        tax = [
            sum((t["money_amount"] for t in line["line_taxes"] if t["type"] == kind), ZERO)
            for kind in ("INCLUDED", "ADDED")
        ]
        money = [line["gross_total_money"], discount, *tax, line["cost_total"] or ZERO]
        recipe, components = self.explode(line)

        def row(component, owner, amounts, modifiers):
            gross, less, included, added, cost = amounts
            return {
                "line": number,
                "component": component,
                **owner,
                "gross": gross * factor,
                "discount": less * factor,
                "net": (gross - less) * factor,
                "tax_included": included * factor,
                "tax_added": added * factor,
                "cost": cost * factor if costed else None,
                "modifiers": [
                    {
                        "name": self.resolved("modifiers", m["name"]),
                        "option": self.resolved("options", m["option"]),
                        "quantity": units,
                        "amount": m["money_amount"] * factor,
                    }
                    for m in modifiers
                ],
            }

        if components is None:
            owner = {
                "item_id": line["item_id"],
                "variant_id": line["variant_id"],
                "item": name,
                "item_as_sold": line["item_name"],
                "variant": (
                    line["variant_name"] and self.resolved("variants", line["variant_name"])
                    if line["variant_name"] is not None
                    else None
                ),
                "category": self.category(name, item),
                "combo": None,
                "combo_quantity": None,
                "combo_price": None,
                "slot": None,
                "upgrade": ZERO,
                "is_known": True,
                "is_weighed": weighed,
                "quantity": quantity,
                "units": units,
                "unit_price": line["price"],
                "unit_cost": line["cost"] or None,
            }
            return [row(0, owner, money, line["line_modifiers"])], units
        combo, rule, _ = recipe
        rule = {
            "share": "list_price",
            "remainder": "largest",
            **(rule or self.menu.get("composites", {})),
        }
        own = [
            c["amount"] + sum((m["money_amount"] for m in c["modifiers"]), ZERO) for c in components
        ]
        base = self.share(
            money[0] - sum(own), self.weights(rule, components, store_id), rule["remainder"]
        )
        gross = [a + b for a, b in zip(base, own, strict=True)]
        less = self.share(money[1], [abs(g) for g in gross], rule["remainder"])
        net = [abs(g - d) for g, d in zip(gross, less, strict=True)]
        taxes = [self.share(amount, net, rule["remainder"]) for amount in tax]
        cost = self.share(money[4], self.costs(components, gross), rule["remainder"])
        rows = []
        for n, c in enumerate(components):
            exact = abs(quantity) * c["quantity"]
            amount = (
                ((exact * 10000 + Decimal("0.5")) // 1)
                / 10000
                * (1 if quantity > 0 else -1 if quantity < 0 else 0)
            )
            heavy = weighed or bool(c["catalog"] and c["catalog"]["sold_by_weight"])
            owner = {
                "item_id": c["catalog"] and c["catalog"]["id"],
                "variant_id": c["variant"] and c["variant"]["variant_id"],
                "item": c["item"],
                "variant": c["size"],
                "category": self.category(c["item"], c["catalog"]),
                "item_as_sold": c["as_sold"],
                "combo": combo,
                "combo_quantity": quantity,
                "combo_price": line["price"],
                "slot": c["slot"] and self.resolved("modifiers", c["slot"]),
                "upgrade": c["amount"] * factor,
                "is_known": c["known"],
                "is_weighed": heavy,
                "quantity": amount,
                "units": units_of(amount, heavy),
                "unit_price": None,
                "unit_cost": None,
            }
            rows.append(
                row(
                    n + 1,
                    owner,
                    (gross[n], less[n], taxes[0][n], taxes[1][n], cost[n]),
                    c["modifiers"],
                )
            )
        return rows, units

    def build_day(self, day, raws):
        """(receipts, sales, payments) of the receipts of `day`; every record is valid."""
        newest = {}
        for raw in sorted(raws, key=lambda r: (r.partition, r.name)):
            for body in raw.ndjson.splitlines():
                receipt = json.loads(body, parse_float=Decimal, parse_int=Decimal)
                key = receipt["store_id"], receipt["receipt_number"]
                if key not in newest or instant(receipt["updated_at"]) >= instant(
                    newest[key][0]["updated_at"]
                ):
                    newest[key] = receipt, raw.partition
        result = [self.rows(receipt, batch) for receipt, batch in newest.values()]
        result = sorted(
            (m for m in result if m[0]["business_day"] == day),
            key=lambda m: (m[0]["sold_at"], m[0]["receipt_number"], m[0]["store_id"]),
        )
        return (
            [m[0] for m in result],
            [row for m in result for row in m[1]],
            [row for m in result for row in m[2]],
        )


def units_of(quantity, weighed):
    if not weighed:
        return quantity
    return Decimal((quantity > 0) - (quantity < 0))


def instant(text):
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def business_day(index, store):
    """The last day that had begun.

    The store's clock had reached its day_starts_at at some instant up
    to `at`.
    """
    zone = ZoneInfo(store.timezone)
    day = index.astimezone(zone).date() + timedelta(days=1)
    while day_start(day, store.day_starts_at, zone) > index:
        day -= timedelta(days=1)
    return day


def day_start(day: date, starts_at, zone):
    """The first whole minute at which the clock shows `day` at `starts_at`, or later."""
    expected = datetime.combine(day, starts_at)
    guess = expected.replace(tzinfo=zone).astimezone(UTC) - timedelta(hours=3)
    while guess.astimezone(zone).replace(tzinfo=None) < expected:
        guess += timedelta(minutes=1)
    return guess
