"""Square's form of the shop's catalog: catalog objects, locations, team members.

Takes the rows of ShopCatalog as of an instant. Returns plain dictionaries; deleted
catalog objects are among them, marked. The costs are the current ones, in `vendor_information`.
"""

from __future__ import annotations

from typing import Any

from ..business import BUSINESS, COUNTRY, CURRENCY, TIMEZONE
from ..ids import parse_stamp
from ..shop_catalog import ShopCatalog
from .ids import catalog_token, location_id, money
from .order_contents import DISCOUNT_TYPES
from .printer import team_member_id
from .render import UNITS, Json

MERCHANT = catalog_token("merchant", BUSINESS, 13)
_KILOGRAM = catalog_token("unit", "kg")
_HOURS = [
    {"day_of_week": day, "start_local_time": "12:00:00", "end_local_time": "22:30:00"}
    for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
]


def locations(shop_catalog: ShopCatalog, now: int) -> list[Json]:
    """All locations; each is active."""
    return [
        {
            "id": location_id(row["id"]),
            "name": row["name"],
            "address": {
                "address_line_1": row["address"],
                "locality": row["city"],
                "administrative_district_level_1": row["region"],
                "postal_code": row["postal_code"],
                "country": COUNTRY,
            },
            "timezone": TIMEZONE,
            "capabilities": ["CREDIT_CARD_PROCESSING"],
            "status": "ACTIVE",
            "created_at": row["created_at"],
            "merchant_id": MERCHANT,
            "country": COUNTRY,
            "language_code": "es-MX",
            "currency": CURRENCY,
            "phone_number": row["phone_number"],
            "business_name": BUSINESS,
            "type": "PHYSICAL",
            "business_hours": {"periods": _HOURS},
            "mcc": "5812",
        }
        for row in shop_catalog.rows("stores", now)
    ]


def team_members(shop_catalog: ShopCatalog, now: int) -> list[Json]:
    """All employees; former ones are inactive."""
    return [
        {
            "id": team_member_id(row["name"]),
            "is_owner": row["is_owner"],
            "status": "INACTIVE" if row["deleted_at"] else "ACTIVE",
            "given_name": row["name"].split()[0],
            "family_name": row["name"].split()[-1],
            "email_address": row["email"],
            "created_at": row["created_at"],
            "updated_at": row["updated_at"],
            "assigned_locations": (
                {"assignment_type": "ALL_CURRENT_AND_FUTURE_LOCATIONS"}
                if row["is_owner"]
                else {
                    "assignment_type": "EXPLICIT_LOCATIONS",
                    "location_ids": [location_id(store) for store in row["stores"]],
                }
            ),
        }
        for row in shop_catalog.rows("employees", now)
    ]


def catalog(shop_catalog: ShopCatalog, now: int) -> list[Json]:
    """Top-level catalog objects, oldest change first."""
    rows = {name: shop_catalog.rows(name, now) for name in _MAKERS}
    objects = [_MAKERS[name](row) for name in rows for row in rows[name]]
    if rows["items"]:
        first = min(rows["items"], key=lambda row: row["created_at"])
        objects.append(_object("MEASUREMENT_UNIT", _KILOGRAM, first, UNITS))
    return sorted(objects, key=lambda row: (row["updated_at"], row["id"]))


def _object(kind: str, identifier: str, row: dict[str, Any], data: Json) -> Json:
    updated = row.get("updated_at") or row["created_at"]
    return {
        "type": kind,
        "id": identifier,
        "updated_at": updated,
        "version": parse_stamp(updated),
        "is_deleted": bool(row.get("deleted_at")),
        "present_at_all_locations": True,
        f"{kind.lower()}_data": data,
    }


def _item(row: dict[str, Any]) -> Json:
    category = row["category_id"] and {"id": catalog_token("category", row["category_id"])}
    data: Json = {
        "name": row["item_name"],
        "is_taxable": bool(row["tax_ids"]),
        "tax_ids": [catalog_token("tax", tax) for tax in row["tax_ids"]],
        "modifier_list_info": [
            {"modifier_list_id": catalog_token("modifier_list", key), "enabled": True}
            for key in row["modifier_ids"]
        ],
        "product_type": "REGULAR",
        "variations": [
            _object(
                "ITEM_VARIATION",
                catalog_token("variation", variant["variant_id"]),
                row,
                _variation(row, variant, position),
            )
            for position, variant in enumerate(row["variants"])
        ],
    }
    if category:
        data |= {"categories": [category | {"ordinal": 0}], "reporting_category": category}
    return _object("ITEM", catalog_token("item", row["id"]), row, data)


def _variation(item: dict[str, Any], variant: dict[str, Any], position: int) -> Json:
    data: Json = {
        "item_id": catalog_token("item", item["id"]),
        "name": variant["option1_value"] or "Regular",
        "sku": variant["sku"],
        "ordinal": position,
        "pricing_type": f"{variant['default_pricing_type']}_PRICING",
    }
    if variant["default_price"] is not None:
        data["price_money"] = money(round(variant["default_price"] * 100))
    if item["sold_by_weight"]:
        data["measurement_unit_id"] = _KILOGRAM
    if variant["cost"]:
        data["vendor_information"] = [{"unit_cost_money": money(round(variant["cost"] * 100))}]
    return data


def _modifier_list(row: dict[str, Any]) -> Json:
    key = catalog_token("modifier_list", row["id"])
    modifiers = [
        _object(
            "MODIFIER",
            catalog_token("modifier", option["id"]),
            row,
            {
                "name": option["name"],
                "price_money": money(round(option["price"] * 100)),
                "ordinal": option["position"],
                "modifier_list_id": key,
            },
        )
        for option in row["modifier_options"]
    ]
    data = {
        "name": row["name"],
        "ordinal": row["position"],
        "selection_type": "SINGLE",
        "modifiers": modifiers,
    }
    return _object("MODIFIER_LIST", key, row, data)


def _tax(row: dict[str, Any]) -> Json:
    data = {
        "name": row["name"],
        "calculation_phase": "TAX_SUBTOTAL_PHASE",
        "inclusion_type": "INCLUSIVE" if row["type"] == "INCLUDED" else "ADDITIVE",
        "percentage": str(row["rate"]),
        "applies_to_custom_amounts": False,
        "enabled": True,
    }
    return _object("TAX", catalog_token("tax", row["id"]), row, data)


def _discount(row: dict[str, Any]) -> Json:
    data: Json = {
        "name": row["name"],
        "discount_type": DISCOUNT_TYPES[row["type"]],
        "pin_required": row["restricted_access"],
    }
    if row["discount_percent"] is not None:
        data["percentage"] = str(row["discount_percent"])
    if row["discount_amount"] is not None:
        data["amount_money"] = money(round(row["discount_amount"] * 100))
    return _object("DISCOUNT", catalog_token("discount", row["id"]), row, data)


def _category(row: dict[str, Any]) -> Json:
    data = {"name": row["name"], "category_type": "REGULAR_CATEGORY", "is_top_level": True}
    return _object("CATEGORY", catalog_token("category", row["id"]), row, data)


_MAKERS = {
    "items": _item,
    "categories": _category,
    "modifiers": _modifier_list,
    "taxes": _tax,
    "discounts": _discount,
}
