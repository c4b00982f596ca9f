"""The reference's names, catalog and combos: see reference.py."""

from __future__ import annotations

import fnmatch
import json
import tomllib
import unicodedata
from decimal import Decimal

ZERO = Decimal(0)


def same(text):
    stripped = "".join(
        c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)
    )
    return " ".join(stripped.casefold().split())


def fits(text, spelling):
    text, spelling = same(text), same(spelling)
    return (
        fnmatch.fnmatchcase(text, spelling.replace("[", "[[]"))
        if "*" in spelling or "?" in spelling
        else text == spelling
    )


def alias(table, *texts, own=True):
    """The name in {name: spellings} of one of `texts`: exact, then the longest pattern."""
    pairs = [
        (name, spelling)
        for name, spellings in table.items()
        for spelling in (*spellings, *([name] if own else []))
    ]
    plain = [(n, s) for n, s in pairs if not ("*" in s or "?" in s) or (own and s == n)]
    for text in texts:
        for name, spelling in plain:
            if same(text) == same(spelling):
                return name
    wild = sorted(
        ((n, same(s)) for n, s in pairs if ("*" in s or "?" in s) and not (own and s == n)),
        key=lambda p: (-len(p[1]), p[1], p[0]),
    )
    for name, spelling in wild:
        if any(fits(text, spelling) for text in texts):
            return name
    return None


def tidy(text):
    return " ".join(text.split())


class Kitchen:
    """A line by a menu and a catalog: names, components with their modifiers."""

    def __init__(self, menu_text, catalog_bytes, stores, default, decimals, key=None):
        self.menu, self.catalog = (
            tomllib.loads(menu_text),
            json.loads(catalog_bytes, parse_float=Decimal, parse_int=Decimal),
        )
        self.stores, self.default, self.decimals, self.key = stores, default, decimals, key
        living_last = sorted(
            self.catalog.get("items", []), key=lambda i: (i["deleted_at"] is None, i["id"])
        )
        self.items = {item["id"]: item for item in living_last}
        self.named = {same(item["item_name"]): item for item in living_last}
        self.variants = {
            v["variant_id"]: (item, v) for item in living_last for v in item["variants"]
        }
        self.categories = {c["id"]: tidy(c["name"]) for c in self.catalog.get("categories", [])}
        self.cent = Decimal(1).scaleb(-decimals)

    def store(self, store_id):
        return self.stores.get(store_id, self.default)

    def resolved(self, table, text):
        return alias(self.menu.get(table, {}), text) or tidy(text)

    # --- catalog

    def size(self, variant):
        return (
            " / ".join(
                variant[f"option{n}_value"] for n in (1, 2, 3) if variant[f"option{n}_value"]
            )
            or None
        )

    def price(self, variant, store_id):
        prices = {s["store_id"]: s["price"] for s in variant["stores"] if s["price"] is not None}
        if store_id in prices:
            return prices[store_id]
        if variant["default_price"] is not None:
            return variant["default_price"]
        return min(prices.values(), default=None)

    def cheapest(self, item):
        return min(
            item["variants"],
            key=lambda v: (self.price(v, "") is None, self.price(v, "") or 0, v["variant_id"]),
            default=None,
        )

    def find(self, name):
        if same(name) in self.named:
            item = self.named[same(name)]
            return item, item["variants"][0] if len(item["variants"]) == 1 else None
        rows = None
        for item in self.items.values():
            if self.named[same(item["item_name"])] is not item:
                continue
            for variant in item["variants"]:
                if self.size(variant):
                    for form in ("{} / {}", "{} {}", "{} ({})"):
                        if same(form.format(tidy(item["item_name"]), self.size(variant))) == same(
                            name
                        ):
                            rows = item, variant
        return rows

    def category(self, name, item):
        rows = alias(self.menu.get("categories", {}), name, own=False) or (
            item and self.categories.get(item["category_id"])
        )
        return rows and self.resolved("category_names", rows)

    # --- combos

    def rule_of(self, as_sold, name, item_id, category):
        combos = self.menu.get("combos", [])
        for combo in combos:
            if item_id in combo.get("item_ids", []):
                return combo
        by_name = alias(
            {str(n): c.get("sold_as", []) for n, c in enumerate(combos)}, as_sold, name, own=False
        )
        if by_name is None and category:
            by_name = alias(
                {str(n): c.get("categories", []) for n, c in enumerate(combos)}, category, own=False
            )
        return combos[int(by_name)] if by_name is not None else None

    def component(self, name, as_sold):
        listed = alias(self.menu.get("dishes", {}), name)
        expected = listed or name
        rows = self.find(expected) or self.find(self.resolved("items", expected))
        if rows:
            item, variant = rows
            size = variant and self.size(variant)
            return {
                "item": self.resolved("items", tidy(item["item_name"])),
                "as_sold": as_sold,
                "catalog": item,
                "variant": variant,
                "known": True,
                "size": size and self.resolved("variants", size),
            }
        dish, _, size = expected.partition(" / ") if listed else (expected, "", None)
        names = listed is not None or alias(self.menu.get("items", {}), expected) is not None
        return {
            "item": self.resolved("items", dish),
            "as_sold": as_sold,
            "catalog": None,
            "variant": None,
            "known": names,
            "size": self.resolved("variants", size) if size else None,
        }

    def recipe(self, line):
        """(name of the combo, rule or None, fixed components) of a line, or None."""
        name, item = self.resolved("items", line["item_name"]), self.items.get(line["item_id"])
        rule = self.rule_of(line["item_name"], name, line["item_id"], self.category(name, item))
        if rule:
            fixed = [
                {
                    **self.component(p["dish"], p["dish"]),
                    "quantity": Decimal(str(p.get("quantity", 1))),
                    "weight": p.get("weight", 0),
                    "part": index,
                    "slot": None,
                    "amount": ZERO,
                }
                for index, p in enumerate(rule["parts"])
                if "dish" in p
            ]
            return rule.get("name") or name, rule, fixed
        options = self.menu.get("composites", {})
        if (
            item
            and item["is_composite"]
            and item["components"]
            and options.get("split", True)
            and not any(fits(name, text) for text in options.get("never_split", []))
        ):
            fixed = []
            for part in item["components"]:
                names = self.variants.get(part["variant_id"])
                fixed.append(
                    {
                        "item": (
                            self.resolved("items", tidy(names[0]["item_name"]))
                            if names
                            else part["variant_id"]
                        ),
                        "as_sold": tidy(names[0]["item_name"]) if names else part["variant_id"],
                        "catalog": names and names[0],
                        "variant": names and names[1],
                        "known": names is not None,
                        "size": (
                            self.resolved("variants", self.size(names[1]))
                            if names and self.size(names[1])
                            else None
                        ),
                        "quantity": part["quantity"],
                        "weight": 0,
                        "part": None,
                        "slot": None,
                        "amount": ZERO,
                    }
                )
            return name, None, fixed
        return None

    def explode(self, line):
        """(recipe, components with their modifiers); (recipe or None, None) if plain."""
        recipe = self.recipe(line)
        if recipe is None:
            return None, None
        _, rule, fixed = recipe
        components, companions, others = [], [], []
        for place, modifier in enumerate(line["line_modifiers"]):
            part = next(
                (
                    n
                    for n, p in enumerate((rule or {}).get("parts", []))
                    if "modifier" in p and fits(modifier["name"], p["modifier"])
                ),
                None,
            )
            extra = next(
                (
                    n
                    for n, e in enumerate((rule or {}).get("with", []))
                    if fits(modifier["name"], e["modifier"])
                ),
                None,
            )
            if part is not None and not any(
                fits(modifier["option"], text) for text in rule["parts"][part].get("nothing", [])
            ):
                stated = rule["parts"][part]
                listed = [{**modifier, "money_amount": ZERO}] if stated.get("choice") else []
                components.append(
                    {
                        **self.component(modifier["option"], modifier["option"]),
                        "quantity": Decimal(str(stated.get("quantity", 1))),
                        "weight": stated.get("weight", 0),
                        "part": part,
                        "slot": modifier["name"],
                        "amount": modifier["money_amount"],
                        "modifiers": listed,
                        "place": place,
                    }
                )
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
            stated, n = rule["with"][extra], seen.get(extra, 0)
            seen[extra] = n + 1
            target = next(
                i
                for i, p in enumerate(rule["parts"])
                if same(p.get("modifier") or p["dish"]) == same(stated["of"])
            )
            number = [c for c in components if c["part"] == target]
            (number[min(n // stated.get("each", 1), len(number) - 1)] if number else components[0])[
                "modifiers"
            ].append(modifier)
        order = {id(m): n for n, m in enumerate(line["line_modifiers"])}
        for component in components:
            own = component.get("place")
            component["modifiers"].sort(key=lambda m, own=own: order.get(id(m), own))
        return recipe, components
