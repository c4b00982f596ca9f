"""Catalog of the simulated shop: all rows of its server but receipts and shifts.

Takes an instant (UTC milliseconds). Returns lists of JSON objects as the API has them, with
`created_at`, `updated_at` and `deleted_at` as of that instant. Deleted rows are listed too, with
their `deleted_at`; the API filters them. Money is in pesos.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipeline.simulator import business, pricelist
from pipeline.simulator.ids import day_in_effect, id_of, opening, stamp
from pipeline.simulator.menu import CATEGORIES, ITEMS, TAXES, Item
from pipeline.simulator.modifiers import MODIFIERS
from pipeline.simulator.pricelist import name_on, option_id, price_on, sku_of, variant_id

_COLORS = ("RED", "ORANGE", "GREEN", "BLUE", "GREY")


class ShopCatalog:
    """Rows about the first `stores` stores, set up 30 days before `opened`."""

    def __init__(self, opened: date, stores: int):
        self.founded = opened - timedelta(days=30)
        self.stores = business.STORES[:stores]
        self.registers = business.registers(stores)
        self.store_ids = [id_of("store", store.name) for store in self.stores]
        born = stamp(opening(self.founded))
        self.unchanged = {"created_at": born, "updated_at": born, "deleted_at": None}

    def _times(
        self,
        now: int,
        created: date | None = None,
        changes: tuple[date, ...] = (),
        deleted: date | None = None,
    ) -> dict[str, Any] | None:
        """The three timestamps at `now`, or None if the row does not exist yet."""
        born = opening(max(created, self.founded) if created else self.founded)
        if born > now or (deleted and opening(deleted) <= born):
            return None
        later = [opening(day) for day in (*changes, deleted) if day]
        updated = max([born, *(instant for instant in later if instant <= now)])
        gone = stamp(opening(deleted)) if deleted and opening(deleted) <= now else None
        return {"created_at": stamp(born), "updated_at": stamp(updated), "deleted_at": gone}

    def rows(self, resource: str, now: int) -> list[dict[str, Any]]:
        """Rows of `resource` at `now`, deleted ones included; [] if it is unused."""
        if now < opening(self.founded):
            return []
        return [row for row in getattr(self, f"_{resource}", lambda _: [])(now) if row is not None]

    def merchant(self) -> dict[str, Any]:
        currency = {"code": business.CURRENCY, "decimal_places": business.DECIMALS}
        return {
            "id": id_of("merchant", business.BUSINESS),
            "business_name": business.BUSINESS,
            "email": "hola@example.com",
            "country": business.COUNTRY,
            "currency": currency,
            "created_at": stamp(opening(self.founded)),
        }

    def _stores(self, now: int) -> list[dict[str, Any] | None]:
        return [
            {
                "id": id_of("store", store.name),
                "name": store.name,
                "address": "Av. Reforma 100",
                "city": "Ciudad de México",
                "region": store.region,
                "postal_code": "06000",
                "country_code": business.COUNTRY,
                "phone_number": "+525500000100",
                "description": None,
                **self.unchanged,
            }
            for store in self.stores
        ]

    def _pos_devices(self, now: int) -> list[dict[str, Any] | None]:
        return [
            {
                "id": id_of("device", register.number),
                "name": register.name,
                "store_id": self.store_ids[register.store],
                "activated": True,
                "deleted_at": None,
            }
            for register in self.registers
            if not register.web
        ]

    def _employees(self, now: int) -> list[dict[str, Any] | None]:
        people = [(business.OWNER, self.store_ids)] + [
            (name, [self.store_ids[index]])
            for index, store in enumerate(self.stores)
            for name in store.people
        ]
        return [
            {
                "id": id_of("employee", name),
                "name": name,
                "email": f"{name.split()[0].lower()}@example.com",
                "phone_number": None,
                "stores": stores,
                "is_owner": name == business.OWNER,
                **times,
            }
            for name, stores in people
            if (
                times := self._times(
                    now,
                    deleted=business.FORMER_EMPLOYEE[1]
                    if name == business.FORMER_EMPLOYEE[0]
                    else None,
                )
            )
        ]

    def _payment_types(self, now: int) -> list[dict[str, Any] | None]:
        return [
            {
                "id": id_of("tender", tender.name),
                "name": tender.name,
                "type": tender.kind,
                "stores": self.store_ids,
                **self.unchanged,
            }
            for tender in business.TENDERS
        ]

    def _taxes(self, now: int) -> list[dict[str, Any] | None]:
        return [
            {
                "id": id_of("tax", key),
                "type": kind,
                "name": name,
                "rate": rate,
                "stores": self.store_ids,
                **self.unchanged,
            }
            for key, (kind, name, rate) in TAXES.items()
        ]

    def _discounts(self, now: int) -> list[dict[str, Any] | None]:
        rows = []
        for index, discount in enumerate(business.DISCOUNTS):
            amount = discount.kind.endswith("AMOUNT")
            value = discount.value if discount.value is None or not amount else discount.value / 100
            times = self._times(now, discount.since)
            rows.append(
                times
                and {
                    "id": id_of("discount", index),
                    "type": discount.kind,
                    "name": discount.name,
                    "discount_amount": value if amount else None,
                    "discount_percent": None if amount else value,
                    "stores": self.store_ids,
                    "restricted_access": discount.name == "Cortesía",
                    **times,
                }
            )
        return rows

    def _categories(self, now: int) -> list[dict[str, Any] | None]:
        return [
            {
                "id": id_of("category", name),
                "name": name,
                "color": _COLORS[index % 5],
                "created_at": self.unchanged["created_at"],
                "deleted_at": None,
            }
            for index, name in enumerate(CATEGORIES)
        ]

    def _modifiers(self, now: int) -> list[dict[str, Any] | None]:
        rows = []
        for position, (key, modifier) in enumerate(MODIFIERS.items()):
            options = [
                option
                for option in modifier.options
                if option.since is None or opening(option.since) <= now
            ]
            changes = tuple(option.since for option in options if option.since)
            times = self._times(now, changes=changes)
            rows.append(
                times
                and {
                    "id": id_of("modifier", key),
                    "name": modifier.name,
                    "position": position,
                    "stores": self.store_ids,
                    **times,
                    "modifier_options": [
                        {
                            "id": option_id(key, option),
                            "name": option.name,
                            "price": option.price / 100,
                            "position": position,
                            **times,
                        }
                        for position, option in enumerate(options)
                    ],
                }
            )
        return rows

    def _items(self, now: int) -> list[dict[str, Any] | None]:
        return [self._item(item, now) for item in ITEMS]

    def _item(self, item: Item, now: int) -> dict[str, Any] | None:
        lists = (
            day
            for day, _, _ in pricelist.PRICE_LISTS
            if (item.since or day) <= day < (item.until or date.max) and not item.typed_price
        )
        changes = (*lists, *((item.renamed[0],) if item.renamed else ()))
        times = self._times(now, item.since and item.since - timedelta(days=2), changes, item.until)
        if times is None:
            return None
        today = day_in_effect(now)
        item_id = id_of("item", item.name)
        return {
            "id": item_id,
            "handle": item.name.lower().replace(" ", "-"),
            "reference_id": None,
            "item_name": name_on(item, today),
            "description": None,
            "track_stock": False,
            "sold_by_weight": item.by_weight,
            "is_composite": bool(item.components),
            "use_production": False,
            "category_id": id_of("category", item.category) if item.category else None,
            "components": [
                {"variant_id": variant_id(name, size), "quantity": quantity}
                for name, size, quantity in item.components
            ],
            "primary_supplier_id": None,
            "tax_ids": [id_of("tax", item.tax)] if item.tax else [],
            "modifier_ids": [id_of("modifier", key) for key, _ in item.modifiers],
            "form": "SQUARE",
            "color": "GREY",
            "image_url": None,
            "option1_name": "Tamaño" if len(item.sizes) > 1 else None,
            "option2_name": None,
            "option3_name": None,
            **times,
            "variants": [
                self._variant(item, index, times, today) for index in range(len(item.sizes))
            ],
        }

    def _variant(
        self, item: Item, index: int, times: dict[str, Any], today: date
    ) -> dict[str, Any]:
        size, kind = item.sizes[index], "VARIABLE" if item.typed_price else "FIXED"
        price, cost = price_on(size, today)
        shown = None if item.typed_price else price / 100
        return {
            "variant_id": variant_id(item.name, size.name),
            "item_id": id_of("item", item.name),
            "sku": sku_of(item, index),
            "reference_variant_id": None,
            "option1_value": size.name,
            "option2_value": None,
            "option3_value": None,
            "barcode": None,
            "cost": cost / 100,
            "purchase_cost": None,
            "default_pricing_type": kind,
            "default_price": shown,
            **times,
            "stores": [
                {
                    "store_id": store,
                    "pricing_type": kind,
                    "price": shown,
                    "available_for_sale": True,
                    "optimal_stock": None,
                    "low_stock": None,
                }
                for store in self.store_ids
            ],
        }
