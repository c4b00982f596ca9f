"""What `clean` must make of readable receipts, said a second time and as simply as can be: plain Python, Decimal, loops.

It shares no code with pipeline.transform: it reads the menu from its TOML, the catalog and the receipts from their JSON,
and goes through them one by one. Rows are dicts with the columns of pipeline.schema.
"""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import json
import tomllib
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

ZERO = Decimal(0)


def same(text):
    stripped = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(stripped.casefold().split())


def fits(text, spelling):
    text, spelling = same(text), same(spelling)
    return fnmatch.fnmatchcase(text, spelling.replace("[", "[[]")) if "*" in spelling or "?" in spelling else text == spelling


def alias(table, *texts, own=True):
    """The name in {name: spellings} that one of `texts` is a spelling of; exact ones first, then the longest pattern."""
    pairs = [(name, spelling) for name, spellings in table.items() for spelling in (*spellings, *([name] if own else []))]
    plain = [(n, s) for n, s in pairs if not ("*" in s or "?" in s) or (own and s == n)]
    for text in texts:
        for name, spelling in plain:
            if same(text) == same(spelling):
                return name
    wild = sorted(((n, same(s)) for n, s in pairs if ("*" in s or "?" in s) and not (own and s == n)), key=lambda p: (-len(p[1]), p[1], p[0]))
    for name, spelling in wild:
        if any(fits(text, spelling) for text in texts):
            return name
    return None


def tidy(text):
    return " ".join(text.split())


class Reference:
    def __init__(self, menu_text, catalog_bytes, stores, default, places, key=None):
        self.menu, self.catalog = tomllib.loads(menu_text), json.loads(catalog_bytes, parse_float=Decimal, parse_int=Decimal)
        self.stores, self.default, self.places, self.key = stores, default, places, key
        living_last = sorted(self.catalog.get("items", []), key=lambda i: (i["deleted_at"] is None, i["id"]))
        self.items = {item["id"]: item for item in living_last}
        self.named = {same(item["item_name"]): item for item in living_last}
        self.variants = {v["variant_id"]: (item, v) for item in living_last for v in item["variants"]}
        self.categories = {c["id"]: tidy(c["name"]) for c in self.catalog.get("categories", [])}
        self.cent = Decimal(1).scaleb(-places)

    def store(self, store_id):
        return self.stores.get(store_id, self.default)

    def united(self, table, text):
        return alias(self.menu.get(table, {}), text) or tidy(text)

    # --- catalog

    def size(self, variant):
        return " / ".join(variant[f"option{n}_value"] for n in (1, 2, 3) if variant[f"option{n}_value"]) or None

    def price(self, variant, store_id):
        prices = {s["store_id"]: s["price"] for s in variant["stores"] if s["price"] is not None}
        if store_id in prices:
            return prices[store_id]
        if variant["default_price"] is not None:
            return variant["default_price"]
        return min(prices.values(), default=None)

    def cheapest(self, item):
        return min(item["variants"], key=lambda v: (self.price(v, "") is None, self.price(v, "") or 0, v["variant_id"]), default=None)

    def find(self, name):
        if same(name) in self.named:
            item = self.named[same(name)]
            return item, item["variants"][0] if len(item["variants"]) == 1 else None
        found = None
        for item in self.items.values():
            if self.named[same(item["item_name"])] is not item:
                continue
            for variant in item["variants"]:
                if self.size(variant):
                    for form in ("{} / {}", "{} {}", "{} ({})"):
                        if same(form.format(tidy(item["item_name"]), self.size(variant))) == same(name):
                            found = item, variant
        return found

    def category(self, name, item):
        found = alias(self.menu.get("categories", {}), name, own=False) or (item and self.categories.get(item["category_id"]))
        return found and self.united("category_names", found)

    # --- combos

    def rule_of(self, as_sold, name, item_id, category):
        combos = self.menu.get("combos", [])
        for combo in combos:
            if item_id in combo.get("item_ids", []):
                return combo
        by_name = alias({str(n): c.get("sold_as", []) for n, c in enumerate(combos)}, as_sold, name, own=False)
        if by_name is None and category:
            by_name = alias({str(n): c.get("categories", []) for n, c in enumerate(combos)}, category, own=False)
        return combos[int(by_name)] if by_name is not None else None

    def component(self, name, as_sold):
        listed = alias(self.menu.get("dishes", {}), name)
        wanted = listed or name
        found = self.find(wanted) or self.find(self.united("items", wanted))
        if found:
            item, variant = found
            size = variant and self.size(variant)
            return {"item": self.united("items", tidy(item["item_name"])), "as_sold": as_sold, "catalog": item, "variant": variant,
                    "known": True, "size": size and self.united("variants", size)}
        dish, size = (wanted.split(" / ", 1) + [None])[:2] if listed else (wanted, None)
        known = listed is not None or alias(self.menu.get("items", {}), wanted) is not None
        return {"item": self.united("items", dish), "as_sold": as_sold, "catalog": None, "variant": None, "known": known, "size": size or None}

    def recipe(self, line):
        """(name of the combo, rule or None, fixed components) of a line, or None."""
        name, item = self.united("items", line["item_name"]), self.items.get(line["item_id"])
        rule = self.rule_of(line["item_name"], name, line["item_id"], self.category(name, item))
        if rule:
            fixed = [{**self.component(p["dish"], p["dish"]), "quantity": Decimal(str(p.get("quantity", 1))), "weight": p.get("weight", 0),
                      "part": at, "slot": None, "amount": ZERO} for at, p in enumerate(rule["parts"]) if "dish" in p]
            return rule.get("name") or name, rule, fixed
        options = self.menu.get("composites", {})
        if item and item["is_composite"] and item["components"] and options.get("explode", True) and not any(
                fits(name, text) for text in options.get("whole", [])):
            fixed = []
            for part in item["components"]:
                known = self.variants.get(part["variant_id"])
                fixed.append({"item": self.united("items", tidy(known[0]["item_name"])) if known else part["variant_id"],
                              "as_sold": tidy(known[0]["item_name"]) if known else part["variant_id"], "catalog": known and known[0],
                              "variant": known and known[1], "known": known is not None, "size": known and self.size(known[1]),
                              "quantity": part["quantity"], "weight": 0, "part": None, "slot": None, "amount": ZERO})
            return name, None, fixed
        return None

    def explode(self, line):
        """(recipe, components each with its modifiers), or (recipe or None, None) for a plain line."""
        recipe = self.recipe(line)
        if recipe is None:
            return None, None
        _, rule, fixed = recipe
        components, companions, others = [], [], []
        for place, modifier in enumerate(line["line_modifiers"]):
            part = next((n for n, p in enumerate((rule or {}).get("parts", [])) if "modifier" in p and fits(modifier["name"], p["modifier"])), None)
            extra = next((n for n, e in enumerate((rule or {}).get("with", [])) if fits(modifier["name"], e["modifier"])), None)
            if part is not None and not any(fits(modifier["option"], text) for text in rule["parts"][part].get("nothing", [])):
                said = rule["parts"][part]
                listed = [{**modifier, "money_amount": ZERO}] if said.get("choice") else []
                components.append({**self.component(modifier["option"], modifier["option"]), "quantity": Decimal(str(said.get("quantity", 1))),
                                   "weight": said.get("weight", 0), "part": part, "slot": modifier["name"], "amount": modifier["money_amount"],
                                   "modifiers": listed, "place": place})
            elif part is None and extra is not None:
                companions.append((extra, modifier))
            else:
                others.append(modifier)
        components += [{**component, "modifiers": []} for component in fixed]
        if not components:
            return recipe, None
        for other in others:
            components[0]["modifiers"].append(other)
        seen = {}
        for extra, modifier in companions:
            said, n = rule["with"][extra], seen.get(extra, 0)
            seen[extra] = n + 1
            target = next(i for i, p in enumerate(rule["parts"]) if same(p.get("modifier") or p["dish"]) == same(said["of"]))
            mine = [c for c in components if c["part"] == target]
            (mine[min(n // said.get("each", 1), len(mine) - 1)] if mine else components[0])["modifiers"].append(modifier)
        order = {id(m): n for n, m in enumerate(line["line_modifiers"])}
        for component in components:
            component["modifiers"].sort(key=lambda m, own=component.get("place"): order.get(id(m), own))
        return recipe, components

    def share(self, amount, weights, rule="largest"):
        """`amount` in proportion to `weights`, to the cent: floors, and what is left by `rule`."""
        units, weights = int(abs(amount) / self.cent), [Fraction(weight) for weight in weights]
        total = sum(weights)
        weights = [weight / total if total else Fraction(1, len(weights)) for weight in weights]
        exact = [units * w for w in weights]
        parts = [int(x) for x in exact]
        left = units - sum(parts)
        if rule == "largest":
            for at in sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])[:left]:
                parts[at] += 1
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
                prices.append(price if price is None or 0 <= price < 10 ** 9 else None)
            known = [Fraction(int(p / self.cent)) for p in prices if p is not None]
            mean = sum(known) / len(known) if known else Fraction(0)
            weights = [(Fraction(int(p / self.cent)) if p is not None else mean) * Fraction(c["quantity"]) for p, c in zip(prices, components)]
        return weights if any(weights) else [Fraction(c["quantity"]) for c in components]

    def costs(self, components, gross):
        costs = []
        for c in components:
            variant = c["variant"] or (c["catalog"] and self.cheapest(c["catalog"]))
            cost = variant and variant["cost"]
            costs.append(cost if cost is not None and 0 < cost < 10 ** 9 else 0)
        return [Fraction(cost) * Fraction(c["quantity"]) for cost, c in zip(costs, components)] if all(costs) else [abs(g) for g in gross]

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
        tax = {kind: sum((t["money_amount"] for x in lines for t in x["line_taxes"] if t["type"] == kind), ZERO) for kind in ("INCLUDED", "ADDED")}
        discount = receipt["total_discount"]
        unspread = discount - sum((x["total_discount"] for x in lines), ZERO)
        extra = self.share(unspread, [abs(x["gross_total_money"] - x["total_discount"]) for x in lines]) if unspread else [ZERO] * len(lines)
        local = sold_at.astimezone(ZoneInfo(store.timezone)).replace(tzinfo=None)
        day = business_day(sold_at, store)
        channel = alias(self.menu.get("channels", {}), receipt["dining_option"] or "", own=False)
        if channel is None and receipt["order"]:
            channel = alias(self.menu.get("tickets", {}), receipt["order"], own=False)
        head = {"business_day": day, "store_id": receipt["store_id"], "receipt_number": receipt["receipt_number"],
                "receipt_type": receipt["receipt_type"], "is_cancelled": cancelled, "currency": store.currency}
        sold = {"sold_at": sold_at, "sold_at_local": local, "channel": channel or "unmapped"}
        sales, units = [], ZERO
        for number, (line, late) in enumerate(zip(lines, extra), 1):
            made, line_units = self.line(line, number, line["total_discount"] + late, receipt["store_id"], sign, factor)
            sales += [{**head, **sold, **row} for row in made]
            units += line_units
        customer = receipt["customer_id"]
        if customer is not None and self.key:
            customer = hmac.new(self.key, customer.encode(), hashlib.sha256).hexdigest()
        amounts = {"gross": gross, "discount": discount, "net": gross - discount, "tax_included": tax["INCLUDED"], "tax_added": tax["ADDED"],
                   "tip": receipt["tip"], "surcharge": receipt["surcharge"],
                   "rounding": receipt["total_money"] - (gross - discount + tax["ADDED"] + receipt["tip"] + receipt["surcharge"]),
                   "total": receipt["total_money"], "paid": sum((p["money_amount"] for p in receipt["payments"]), ZERO),
                   "points_discount": sum((d["money_amount"] for d in receipt["total_discounts"] if d["type"] == "DISCOUNT_BY_POINTS"), ZERO)}
        row = {**head, **sold, **{name: receipt[name] for name in ("refund_for", "dining_option", "source", "pos_device_id", "employee_id")},
               **{name: instant(receipt[name]) for name in ("created_at", "updated_at", "cancelled_at")},
               "customer_id": customer, "lines": len(lines), "units": units, **{name: value * factor for name, value in amounts.items()},
               "cancelled_total": receipt["total_money"] * sign if cancelled else ZERO,
               "discounts": [{"name": d["name"], "type": d["type"], "amount": d["money_amount"] * factor} for d in receipt["total_discounts"]],
               "taxes": [{"name": t["name"], "type": t["type"], "rate": t["rate"], "amount": t["money_amount"] * factor}
                         for t in receipt["total_taxes"]], "batch": batch}
        payments = [{**head, "payment": n, "payment_type_id": p["payment_type_id"], "tender": p["name"], "tender_type": p["type"],
                     "amount": p["money_amount"] * factor, "paid_at": instant(p["paid_at"])} for n, p in enumerate(receipt["payments"], 1)]
        return row, sales, payments

    def line(self, line, number, discount, store_id, sign, factor):
        """(rows of sales, units) of one line."""
        name, item = self.united("items", line["item_name"]), self.items.get(line["item_id"])
        quantity = line["quantity"] * sign
        weighed = bool(item and item["sold_by_weight"]) or quantity % 1 != 0
        units = units_of(quantity, weighed)
        costed = line["cost_total"] is not None and bool(line["cost_total"] or line["cost"])
        tax = [sum((t["money_amount"] for t in line["line_taxes"] if t["type"] == kind), ZERO) for kind in ("INCLUDED", "ADDED")]
        money = [line["gross_total_money"], discount, *tax, line["cost_total"] or ZERO]
        recipe, components = self.explode(line)

        def row(component, of, amounts, modifiers):
            gross, less, included, added, cost = amounts
            return {"line": number, "component": component, **of, "gross": gross * factor, "discount": less * factor,
                    "net": (gross - less) * factor, "tax_included": included * factor, "tax_added": added * factor,
                    "cost": cost * factor if costed else None,
                    "modifiers": [{"name": self.united("modifiers", m["name"]), "option": self.united("options", m["option"]),
                                   "quantity": units, "amount": m["money_amount"] * factor} for m in modifiers]}

        if components is None:
            of = {"item_id": line["item_id"], "variant_id": line["variant_id"], "item": name, "item_as_sold": line["item_name"],
                  "variant": line["variant_name"] and self.united("variants", line["variant_name"]) if line["variant_name"] is not None else None,
                  "category": self.category(name, item), "combo": None, "combo_quantity": None, "combo_price": None, "slot": None,
                  "upgrade": ZERO, "is_known": True, "is_weighed": weighed, "quantity": quantity, "units": units,
                  "unit_price": line["price"], "unit_cost": line["cost"] or None}
            return [row(0, of, money, line["line_modifiers"])], units
        combo, rule, _ = recipe
        rule = {"share": "list_price", "remainder": "largest", **(rule or self.menu.get("composites", {}))}
        own = [c["amount"] + sum((m["money_amount"] for m in c["modifiers"]), ZERO) for c in components]
        base = self.share(money[0] - sum(own), self.weights(rule, components, store_id), rule["remainder"])
        gross = [a + b for a, b in zip(base, own)]
        less = self.share(money[1], [abs(g) for g in gross], rule["remainder"])
        net = [abs(g - d) for g, d in zip(gross, less)]
        taxes = [self.share(amount, net, rule["remainder"]) for amount in tax]
        cost = self.share(money[4], self.costs(components, gross), rule["remainder"])
        rows = []
        for n, c in enumerate(components):
            exact = abs(quantity) * c["quantity"]
            amount = ((exact * 10000 + Decimal("0.5")) // 1) / 10000 * (1 if quantity > 0 else -1 if quantity < 0 else 0)
            heavy = weighed or bool(c["catalog"] and c["catalog"]["sold_by_weight"])
            of = {"item_id": c["catalog"] and c["catalog"]["id"], "variant_id": c["variant"] and c["variant"]["variant_id"], "item": c["item"],
                  "variant": c["size"], "category": self.category(c["item"], c["catalog"]), "item_as_sold": c["as_sold"], "combo": combo,
                  "combo_quantity": quantity, "combo_price": line["price"], "slot": c["slot"] and self.united("modifiers", c["slot"]),
                  "upgrade": c["amount"] * factor, "is_known": c["known"], "is_weighed": heavy, "quantity": amount,
                  "units": units_of(amount, heavy), "unit_price": None, "unit_cost": None}
            rows.append(row(n + 1, of, (gross[n], less[n], taxes[0][n], taxes[1][n], cost[n]), c["modifiers"]))
        return rows, units

    def clean(self, day, raws):
        """(receipts, sales, payments) of the receipts whose newest version belongs to `day`; every record must be readable."""
        newest = {}
        for raw in sorted(raws, key=lambda r: (r.batch, r.name)):
            for body in raw.ndjson.splitlines():
                receipt = json.loads(body, parse_float=Decimal, parse_int=Decimal)
                key = receipt["store_id"], receipt["receipt_number"]
                if key not in newest or instant(receipt["updated_at"]) >= instant(newest[key][0]["updated_at"]):
                    newest[key] = receipt, raw.batch
        made = [self.rows(receipt, batch) for receipt, batch in newest.values()]
        made = sorted((m for m in made if m[0]["business_day"] == day), key=lambda m: (m[0]["sold_at"], m[0]["receipt_number"], m[0]["store_id"]))
        return [m[0] for m in made], [row for m in made for row in m[1]], [row for m in made for row in m[2]]


def units_of(quantity, weighed):
    if not weighed:
        return quantity
    return Decimal((quantity > 0) - (quantity < 0))


def instant(text):
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def business_day(at, store):
    """The last day that had begun: whose cut-over the store's clock had reached at some instant up to `at`."""
    zone = ZoneInfo(store.timezone)
    day = at.astimezone(zone).date() + timedelta(days=1)
    while day_start(day, store.day_starts_at, zone) > at:
        day -= timedelta(days=1)
    return day


def day_start(day: date, starts_at, zone):
    """The first whole minute at which the clock shows `day` at `starts_at`, or later."""
    wanted = datetime.combine(day, starts_at)
    guess = wanted.replace(tzinfo=zone).astimezone(UTC) - timedelta(hours=3)
    while guess.astimezone(zone).replace(tzinfo=None) < wanted:
        guess += timedelta(minutes=1)
    return guess
