"""Menu of one day, prepared for draws: names, prices, costs and weights.

Takes a business day. Returns `Dish` objects with money in centavos. Prices and costs follow
PRICE_LISTS.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from pipeline.simulator.chance import Random
from pipeline.simulator.ids import id_of
from pipeline.simulator.menu import ITEMS, TAXES, Item, Size
from pipeline.simulator.modifiers import MODIFIERS, Option

# From that day on every price (but the typed ones) is `percent` of the list above, to the next
# whole peso; costs exactly so.
PRICE_LISTS = (
    (date(2024, 7, 1), 104, 103),
    (date(2025, 2, 1), 109, 107),
    (date(2026, 1, 15), 114, 113),
    (date(2026, 9, 1), 118, 116),
)
CHANGES = sorted(
    {day for day, _, _ in PRICE_LISTS}
    | {day for item in ITEMS for day in (item.since, item.until) if day}
    | {item.renamed[0] for item in ITEMS if item.renamed}
    | {option.since for row in MODIFIERS.values() for option in row.options if option.since}
)


class Tax(NamedTuple):
    id: str
    kind: str
    name: str
    rate: int


class ChosenOption(NamedTuple):
    """Option of a modifier as it is printed on a line."""

    modifier_id: str
    option_id: str
    name: str
    option: str
    price: int


class ModifierDraw(NamedTuple):
    """How often a modifier is used with a dish, and which option then."""

    chance: float
    weights: tuple[int, ...]  # cumulated
    options: tuple[ChosenOption, ...]


class Variant(NamedTuple):
    """Variant of a dish: the values that the register copies to the line."""

    variant_id: str
    name: str | None
    sku: str
    price: int
    cost: int


class Dish(NamedTuple):
    id: str
    name: str
    role: str
    serves: int
    tax: Tax | None
    modifiers: tuple[ModifierDraw, ...]
    weights: tuple[int, ...]  # of the variants, cumulated
    variants: tuple[Variant, ...]
    by_weight: bool
    typed_price: bool


class DishesOfRole(NamedTuple):
    """Dishes of one role."""

    weights: tuple[float, ...]  # cumulated
    dishes: tuple[Dish, ...]

    def draw(self, rng: Random) -> Dish:
        return self.dishes[bisect(self.weights, rng.random() * self.weights[-1])]


def name_on(item: Item, day: date) -> str:
    return item.renamed[1] if item.renamed and day >= item.renamed[0] else item.name


def price_on(size: Size, day: date) -> tuple[int, int]:
    """Price (whole pesos, rounded up) and cost of `size` on `day`, in centavos."""
    price, cost = size.price, size.cost
    for since, dearer, costlier in PRICE_LISTS:
        if day >= since:
            price = -(-size.price * dearer // 100_00) * 100
            cost = (size.cost * costlier + 50) // 100
    return price, cost


def sku_of(item: Item, size: int) -> str:
    """SKU, from 10000 in the order of the menu; "" for an item with a typed price."""
    return "" if item.typed_price else str(10_000 + 10 * ITEMS.index(item) + size)


def variant_id(item: str, size: str | None) -> str:
    return id_of("variant", f"{item}/{size}")


def tax_of(key: str | None) -> Tax | None:
    return None if key is None else Tax(id_of("tax", key), *TAXES[key])


def option_id(modifier: str, option: Option) -> str:
    return id_of("option", f"{modifier}/{option.name}")


@lru_cache(maxsize=256)
def _menu(month: date, changes: int, opened: date) -> dict[str, DishesOfRole]:
    day = max(month, CHANGES[changes - 1]) if changes else month
    dishes_by_role: dict[str, list[tuple[float, Dish]]] = {}
    for item in ITEMS:
        if (item.since or day) <= day and (item.until is None or day < item.until):
            growth = max(0.05, 1 + item.drift / 100 * (month - (item.since or opened)).days / 365)
            weight = item.weight * item.season[month.month - 1] / 100 * growth
            dishes_by_role.setdefault(item.role, []).append((weight, _dish(item, day)))
    return {
        role: DishesOfRole(
            tuple(accumulate(weight for weight, _ in rows)), tuple(d for _, d in rows)
        )
        for role, rows in dishes_by_role.items()
    }


def _dish(item: Item, day: date) -> Dish:
    modifiers = []
    for key, chance in item.modifiers:
        offered = [
            option
            for option in MODIFIERS[key].options
            if option.since is None or day >= option.since
        ]
        modifier = id_of("modifier", key), MODIFIERS[key].name
        options = tuple(
            ChosenOption(modifier[0], option_id(key, each), modifier[1], each.name, each.price)
            for each in offered
        )
        weights = tuple(accumulate(option.weight for option in offered))
        modifiers.append(ModifierDraw(chance / 100, weights, options))
    variants = []
    for index, size in enumerate(item.sizes):
        identifier, sku = variant_id(item.name, size.name), sku_of(item, index)
        variants.append(Variant(identifier, size.name, sku, *price_on(size, day)))
    return Dish(
        id_of("item", item.name),
        name_on(item, day),
        item.role,
        item.serves,
        tax_of(item.tax),
        tuple(modifiers),
        tuple(accumulate(size.weight for size in item.sizes)),
        tuple(variants),
        item.by_weight,
        item.typed_price,
    )


def menu_on(day: date, opened: date) -> dict[str, DishesOfRole]:
    """Dishes of `day` by role; popularity drifts by month from `opened`."""
    return _menu(day.replace(day=1), bisect(CHANGES, day), opened)
