"""Items of lines and options of combos, by menu.toml and the catalog.

Takes names and identifiers as the POS wrote them. Returns a SoldItem for the item of a line, with a
ComboSplit where it is a combo, a Component for each dish that a combo consists of, and an
OptionRole for each option chosen in a combo. Each distinct text is resolved once.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from pipeline.errors import DataError
from pipeline.rules.menu import Combo, Menu
from pipeline.transform.catalog import Catalog, Item, Variant

TEN_THOUSAND = 10_000


@dataclass(frozen=True, eq=False)
class Component:
    """A dish of a combo.

    `item` None: the catalog does not know it; `is_known` False: no rule does either.
    """

    name: str
    as_sold: str
    item: Item | None
    variant: Variant | None
    is_known: bool
    variant_name: str | None = None

    def price_at(self, store_id: str | None) -> Decimal | None:
        priced = self.variant or (self.item and self.item.cheapest)
        return priced.price_at(store_id) if priced else None

    @property
    def cost(self) -> Decimal | None:
        priced = self.variant or (self.item and self.item.cheapest)
        return priced.cost if priced else None


@dataclass(frozen=True)
class Fixed:
    """A component that every combo of its kind holds.

    Quantity in 1/10,000; `part` of the rule, -1 for a composite's.
    """

    component: Component
    quantity: int
    weight: int
    part: int


@dataclass(frozen=True)
class ComboSplit:
    """How a combo is split; `rule` None for a composite item of the catalog."""

    name: str
    share: str
    remainder: str
    rule: Combo | None
    fixed: tuple[Fixed, ...]


@dataclass(frozen=True)
class SoldItem:
    """The item of a line; `split` None: no combo, so the line is one dish."""

    name: str
    category: str | None
    by_weight: bool
    split: ComboSplit | None


@dataclass(frozen=True)
class OptionRole:
    """The role of an option that is chosen in a combo.

    A component of `part`; or an extra by rule `extra` (key `with` of menu.toml), of which `each` go
    with one component of part `target`; or nothing that a rule names. An option that chose a
    component is among the modifiers of its row only if `is_listed` (key `choice`).
    """

    part: int = -1
    extra: int = -1
    target: int = -1
    each: int = 1
    component: Component | None = None
    quantity: int = 0
    weight: int = 0
    is_listed: bool = True


class MenuLookup:
    """Items, components and roles of options by a menu and a catalog."""

    def __init__(self, menu: Menu, catalog: Catalog):
        self.menu, self.catalog = menu, catalog
        self.sold_item = lru_cache(None)(self._sold_item)
        self.component = lru_cache(None)(self._component)
        self.role = lru_cache(None)(self._role)

    def category(self, name: str, item: Item | None) -> str | None:
        category = self.menu.names["categories"].get(name) or (item.category if item else None)
        return category and self.menu.names["category_names"].resolve(category)

    def _sold_item(self, as_sold: str, item_id: str | None) -> SoldItem:
        """The item of a line."""
        name = self.menu.names["items"].resolve(as_sold)
        item = self.catalog.items.get(item_id or "")
        category = self.category(name, item)
        rule = self.menu.combo((as_sold, name), item_id, category)
        if rule:
            fixed = tuple(
                Fixed(
                    self.component(part.dish, part.dish),
                    int(part.quantity * TEN_THOUSAND),
                    part.weight,
                    number,
                )
                for number, part in enumerate(rule.parts)
                if part.dish
            )
            split = ComboSplit(rule.name or name, rule.share, rule.remainder, rule, fixed)
        elif item and item.components and self.menu.composites.is_split(name):
            composites = self.menu.composites
            fixed = tuple(
                self._of_composite(item, variant_id, quantity)
                for variant_id, quantity in item.components
            )
            split = ComboSplit(name, composites.share, composites.remainder, None, fixed)
        else:
            split = None
        return SoldItem(name, category, bool(item and item.by_weight), split)

    def _of_composite(self, composite: Item, variant_id: str, quantity: Decimal) -> Fixed:
        tens = int(quantity * TEN_THOUSAND)
        if not 0 < tens <= 9000 * TEN_THOUSAND:
            raise DataError(
                f"catalog: composite {composite.name!r} holds {quantity} of variant {variant_id};"
                " correct it at the POS, or name the item in [composites] never_split of menu.toml"
            )
        if variant_id not in self.catalog.by_variant:
            return Fixed(Component(variant_id, variant_id, None, None, False), tens, 0, -1)
        item, variant = self.catalog.by_variant[variant_id]
        name, size = self.menu.names["items"].resolve(item.name), self._size(variant.name)
        return Fixed(Component(name, item.name, item, variant, True, size), tens, 0, -1)

    def _size(self, size: str | None) -> str | None:
        return self.menu.names["variants"].resolve(size) if size else None

    def _component(self, name: str, as_sold: str) -> Component:
        """The dish that a menu's `name`, or a modifier's option, stands for."""
        alias = self.menu.names["dishes"].get(name)
        dish = alias or name
        items = self.menu.names["items"]
        entry = self.catalog.find(dish) or self.catalog.find(items.resolve(dish))
        if entry:
            item, variant = entry
            size = self._size(variant.name if variant else None)
            return Component(items.resolve(item.name), as_sold, item, variant, True, size)
        is_known = alias is not None or items.get(dish) is not None
        dish, _, size = dish.partition(" / ") if alias else (dish, "", "")
        return Component(items.resolve(dish), as_sold, None, None, is_known, self._size(size))

    def _role(self, rule: Combo | None, modifier: str, option: str) -> OptionRole:
        """The role of `option` of `modifier` in a combo; none in a composite (no rule)."""
        role = rule.role(modifier) if rule else None
        if rule is None or role is None:
            return OptionRole()
        kind, number = role
        if kind == "extra":
            extra = rule.extras[number]
            return OptionRole(extra=number, target=extra.part, each=extra.each)
        part = rule.parts[number]
        if option in part.no_dish:
            return OptionRole()
        return OptionRole(
            part=number,
            component=self.component(option, option),
            quantity=int(part.quantity * TEN_THOUSAND),
            weight=part.weight,
            is_listed=part.choice,
        )
