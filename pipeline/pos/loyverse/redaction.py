"""Redaction of catalog and shifts: the lake keeps only the fields listed here.

Contacts (mail, telephone, street, postal code, free text) are not in the list, so none is stored;
neither is a field that the API adds later, until it is listed. Values are kept verbatim. Employees
have an alias, first name and initial. Customers are not fetched at all.
"""

from __future__ import annotations

import json

import msgspec

from pipeline.errors import SourceFatal

_TIMES = ("created_at", "updated_at", "deleted_at")
FIELDS: dict[str, tuple[str, ...]] = {
    "merchant": ("id", "business_name", "country", "currency", "created_at"),
    "stores": ("id", "name", "city", "region", "state", "country_code", "country", *_TIMES),
    "items": (
        "id",
        "handle",
        "reference_id",
        "item_name",
        "track_stock",
        "sold_by_weight",
        "is_composite",
        "use_production",
        "category_id",
        "components",
        "tax_ids",
        "modifier_ids",
        "modifiers_ids",
        "form",
        "color",
        "option1_name",
        "option2_name",
        "option3_name",
        "variants",
        *_TIMES,
    ),
    "categories": ("id", "name", "color", *_TIMES),
    "modifiers": ("id", "name", "position", "stores", "modifier_options", *_TIMES),
    "employees": ("id", "name", "stores", "is_owner", *_TIMES),
    "payment_types": ("id", "name", "type", "stores", *_TIMES),
    "taxes": ("id", "type", "name", "rate", "stores", *_TIMES),
    "discounts": (
        "id",
        "type",
        "name",
        "discount_amount",
        "discount_percent",
        "stores",
        "restricted_access",
        *_TIMES,
    ),
    "pos_devices": ("id", "name", "store_id", "activated", "deleted_at"),
}
"""The lists of the catalog, each with the fields that are kept."""
SHIFT = (
    *("id", "store_id", "pos_device_id", "opened_at", "closed_at", "created_at"),
    *("opened_by_employee", "closed_by_employee", "starting_cash", "cash_payments"),
    *("cash_refunds", "paid_in", "paid_out", "expected_cash", "actual_cash", "gross_sales"),
    *("refunds", "discounts", "net_sales", "tip", "surcharge", "taxes", "payments"),
)
"""The fields of a shift that are kept: not its cash movements, whose comments are free text."""


def redact_rows(resource: str, rows: list[bytes]) -> list[bytes]:
    """The listed fields of each object, values verbatim, sorted by content.

    Raises SourceFatal for a row that is no JSON object.
    """
    kept = []
    for row in rows:
        try:
            fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise SourceFatal(
                f"/{resource} holds a row that is no object ({error}); report it to the API's"
                " support"
            ) from error
        listed = SHIFT if resource == "shifts" else FIELDS[resource]
        allowed = {name: fields[name] for name in listed if name in fields}
        if resource == "employees" and "name" in allowed:
            allowed["name"] = msgspec.Raw(
                msgspec.json.encode(_alias(json.loads(bytes(allowed["name"]))))
            )
        kept.append(msgspec.json.encode(allowed))
    return sorted(set(kept))


def _alias(name: object) -> object:
    """First name and initial of the last name; None for a mail address."""
    words = name.split() if isinstance(name, str) and "@" not in name else []
    if not words:
        return None
    return words[0] if len(words) == 1 else f"{words[0]} {words[-1][0]}."
