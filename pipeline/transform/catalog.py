"""The shop's catalog of a day: items, prices, categories, stores, employees.

Takes the JSON object that RawCatalog keeps, {"items": [..], "categories": [..], "stores": [..],
"employees": [..], ...}, each list as the POS's API gave it; `to_canonical` of its reader makes
Loyverse's fields of another's. Returns look-ups by id and by name, and the tables STORES and
EMPLOYEES of the schema. Deleted items count only if no existing one has the id or name. Raises
DataError where the text is not such an object.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.pos.source import Lists
from pipeline.rules import Rules
from pipeline.rules.names import fold, tidy
from pipeline.schema import EMPLOYEES, STORES
from pipeline.transform.writer import table_of


@dataclass(frozen=True)
class Variant:
    """A variant: name on receipts, prices by store, price elsewhere, cost if entered."""

    variant_id: str
    name: str | None
    prices: Mapping[str, Decimal | None]
    price: Decimal | None
    cost: Decimal | None

    def price_at(self, store_id: str | None) -> Decimal | None:
        return self.prices.get(store_id or "", self.price)


@dataclass(frozen=True)
class Item:
    """An item of the catalog; `components` are (variant id, quantity) of a composite."""

    item_id: str
    name: str
    category: str | None
    by_weight: bool
    variants: tuple[Variant, ...]
    components: tuple[tuple[str, Decimal], ...]
    deleted: bool

    @cached_property
    def cheapest(self) -> Variant | None:
        """The variant that counts where none is named: the cheapest, then the first by id."""
        return min(
            self.variants, key=lambda v: (v.price is None, v.price or 0, v.variant_id), default=None
        )


@dataclass(frozen=True)
class Catalog:
    """What the POS's catalog says; `raw` holds the lists as they came."""

    raw: Mapping[str, list[Any]] = field(repr=False)
    items: Mapping[str, Item]
    by_name: Mapping[str, Item]
    by_variant: Mapping[str, tuple[Item, Variant]]

    @classmethod
    def read(
        cls, body: bytes, to_canonical: Callable[[Lists], dict[str, list[Any]]] | None = None
    ) -> Catalog:
        try:
            raw = json.loads(body, parse_float=Decimal)
            raw = to_canonical(raw) if to_canonical else raw
            categories = {c["id"]: tidy(c["name"]) for c in raw.get("categories", [])}
            items = sorted(
                (_item(row, categories) for row in raw.get("items", [])),
                key=lambda i: (not i.deleted, i.item_id),
            )
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise DataError(
                f"the catalog cannot be read ({type(error).__name__}: {error}); fetch it again"
            ) from error
        return cls(
            raw,
            {i.item_id: i for i in items},
            {fold(i.name): i for i in items},
            {v.variant_id: (i, v) for i in items for v in i.variants},
        )

    @cached_property
    def _sizes(self) -> dict[str, tuple[Item, Variant]]:
        """Items with the name of a variant after theirs, in the ways that people write it."""
        return {
            fold(form.format(item.name, variant.name)): (item, variant)
            for item in self.items.values()
            for variant in item.variants
            if variant.name and self.by_name[fold(item.name)] is item
            for form in ("{} / {}", "{} {}", "{} ({})")
        }

    def find(self, name: str) -> tuple[Item, Variant | None] | None:
        """The item of that name, and the variant if it is named too.

        As "Papas / Chica", "Papas Chica" or "Papas (Chica)".
        """
        item = self.by_name.get(fold(name))
        if item is not None:
            return item, item.variants[0] if len(item.variants) == 1 else None
        return self._sizes.get(fold(name))

    def stores_table(self, rules: Rules) -> pa.Table:
        """schema.STORES: every store of the catalog and of the settings."""
        names = {
            row["id"]: tidy(row.get("name") or row["id"]) for row in self.raw.get("stores", [])
        }
        ids = sorted({*names, *rules.stores})
        stores = [rules.store(store_id) for store_id in ids]
        columns = {
            "store_id": ids,
            "currency": [s.currency for s in stores],
            "name": [names.get(i, i) for i in ids],
            "timezone": [s.timezone for s in stores],
            "day_starts_at": [s.day_starts_at.strftime("%H:%M") for s in stores],
        }
        return table_of(columns, STORES, rules.decimals)

    def employees_table(self, rules: Rules) -> pa.Table:
        """schema.EMPLOYEES: first name and initial, numbered where two are equal."""
        rows = sorted(
            (row["id"], _alias(row.get("name") or "")) for row in self.raw.get("employees", [])
        )
        seen: Counter[str] = Counter()
        aliases = []
        for _, alias in rows:
            seen[alias] += 1
            aliases.append(alias if seen[alias] == 1 else f"{alias} {seen[alias]}")
        columns = {"employee_id": [employee for employee, _ in rows], "alias": aliases}
        return table_of(columns, EMPLOYEES, rules.decimals)


def _alias(name: str) -> str:
    first, *others = name.split() or ["?"]
    return f"{first} {others[0][0]}." if others else first


def _number(value: Any) -> Decimal:
    number = Decimal(value)
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return number


def _price(row: Mapping[str, Any], key: str) -> Decimal | None:
    value = row.get(key)
    return None if value is None else _number(value)


def _variant(row: Mapping[str, Any]) -> Variant:
    prices = {store["store_id"]: _price(store, "price") for store in row.get("stores") or []}
    priced = {store: price for store, price in prices.items() if price is not None}
    options = [row.get(f"option{n}_value") for n in (1, 2, 3)]
    default = _price(row, "default_price")
    return Variant(
        row["variant_id"],
        " / ".join(filter(None, options)) or None,
        priced,
        min(priced.values(), default=None) if default is None else default,
        _price(row, "cost") or None,
    )


def _item(row: Mapping[str, Any], categories: Mapping[str, str]) -> Item:
    components = tuple(
        (part["variant_id"], _number(part["quantity"])) for part in row.get("components") or []
    )
    return Item(
        row["id"],
        tidy(row["item_name"]),
        categories.get(row.get("category_id") or ""),
        bool(row.get("sold_by_weight")),
        tuple(_variant(v) for v in row.get("variants") or []),
        components if row.get("is_composite") else (),
        row.get("deleted_at") is not None,
    )
