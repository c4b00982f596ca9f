"""Square's catalog in `raw/catalog` to the canonical one of transform/catalog.py.

Takes the lists of FIELDS in `redaction`. Returns stores, items with their variations as variants,
categories, modifiers and employees. The cost is the vendor's current unit cost.
"""

from __future__ import annotations

from typing import Any

from pipeline.pos.source import Lists
from pipeline.pos.square.lines import REGULAR
from pipeline.pos.square.order import Json, rows, text
from pipeline.pos.square.payments import format_units


def to_canonical_catalog(lists: Lists) -> dict[str, list[Any]]:
    """The lists of a Square catalog as canonical ones."""
    objects = [row for row in lists.get("objects", ()) if isinstance(row, dict)]
    return {
        "merchant": list(lists.get("merchant", ())),
        "stores": [
            {"id": row["id"], "name": row.get("name") or row["id"]}
            for row in lists.get("stores", ())
        ],
        "employees": [
            {"id": row["id"], "name": row.get("name") or ""} for row in lists.get("employees", ())
        ],
        "items": [_item(row) for row in objects if row.get("type") == "ITEM"],
        "categories": [
            {"id": row["id"], "name": _data(row).get("name") or row["id"]}
            for row in objects
            if row.get("type") == "CATEGORY"
        ],
        "modifiers": [
            {
                "id": row["id"],
                "name": _data(row).get("name") or row["id"],
                "modifier_options": [
                    {"id": option["id"], "name": _data(option).get("name")}
                    for option in rows(_data(row), "modifiers")
                ],
            }
            for row in objects
            if row.get("type") == "MODIFIER_LIST"
        ],
    }


def _data(row: Json) -> Json:
    """The part of a catalog object that its type names."""
    data = row.get(f"{str(row.get('type')).lower()}_data")
    return data if isinstance(data, dict) else {}


def _item(row: Json) -> Json:
    data = _data(row)
    variations = rows(data, "variations")
    reporting = data.get("reporting_category") or {}
    categories = [reporting, *rows(data, "categories"), {"id": data.get("category_id")}]
    return {
        "id": row["id"],
        "item_name": data.get("name") or row["id"],
        "category_id": next((each["id"] for each in categories if each.get("id")), None),
        "sold_by_weight": any(_data(each).get("measurement_unit_id") for each in variations),
        "variants": [_variant(each, is_single=len(variations) == 1) for each in variations],
        "deleted_at": row.get("updated_at") if row.get("is_deleted") else None,
    }


def _variant(row: Json, *, is_single: bool) -> Json:
    data = _data(row)
    name = text(data, "name")
    costs = [vendor.get("unit_cost_money") for vendor in rows(data, "vendor_information")]
    return {
        "variant_id": row["id"],
        "option1_value": None if is_single and name == REGULAR else name,
        "default_price": _decimal(data.get("price_money")),
        "cost": _decimal(next((cost for cost in costs if cost), data.get("default_unit_cost"))),
        "stores": [
            {"store_id": override.get("location_id"), "price": _decimal(override["price_money"])}
            for override in rows(data, "location_overrides")
            if override.get("price_money")
        ],
    }


def _decimal(money: Any) -> str | None:
    """Money as a decimal number; None if there is none."""
    if not isinstance(money, dict) or not isinstance(money.get("amount"), int):
        return None
    units = money["amount"]
    return format_units(units, money.get("currency"))
