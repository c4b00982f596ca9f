"""Redaction of catalog and shifts: the lake keeps only the fields listed here.

Contacts (mail, telephone, street, postal code, free text) are not in the list, so none is stored;
neither is a field that the API adds later, until it is listed. Values are kept verbatim. Employees
have an alias, first name and initial. Customers are not fetched at all.
"""

from __future__ import annotations

import json

import msgspec

from pipeline.pos.listed_fields import names, pick, pick_rows

_TIMES = names("created_at updated_at deleted_at")
FIELDS: dict[str, tuple[str, ...]] = {
    "merchant": names("id business_name country currency created_at"),
    "stores": names("id name city region state country_code country") + _TIMES,
    "items": names(
        "id handle reference_id item_name track_stock sold_by_weight is_composite use_production"
        " category_id components tax_ids modifier_ids modifiers_ids form color option1_name"
        " option2_name option3_name variants"
    )
    + _TIMES,
    "categories": names("id name color") + _TIMES,
    "modifiers": names("id name position stores modifier_options") + _TIMES,
    "employees": names("id name stores is_owner") + _TIMES,
    "payment_types": names("id name type stores") + _TIMES,
    "taxes": names("id type name rate stores") + _TIMES,
    "discounts": names("id type name discount_amount discount_percent stores restricted_access")
    + _TIMES,
    "pos_devices": names("id name store_id activated deleted_at"),
}
"""The lists of the catalog, each with the fields that are kept."""
SHIFT = names(
    "id store_id pos_device_id opened_at closed_at created_at opened_by_employee"
    " closed_by_employee starting_cash cash_payments cash_refunds paid_in paid_out expected_cash"
    " actual_cash gross_sales refunds discounts net_sales tip surcharge taxes payments"
)
"""The fields of a shift that are kept: not its cash movements, whose comments are free text."""


def redact_rows(resource: str, rows: list[bytes]) -> list[bytes]:
    """The listed fields of each object, values verbatim, sorted by content."""
    fields = SHIFT if resource == "shifts" else FIELDS[resource]

    def reduce(row: bytes) -> dict[str, msgspec.Raw]:
        values = pick(fields, row)
        if resource == "employees" and "name" in values:
            alias = _alias(json.loads(bytes(values["name"])))
            values["name"] = msgspec.Raw(msgspec.json.encode(alias))
        return values

    return pick_rows(resource, rows, reduce)


def _alias(name: object) -> object:
    """First name and initial of the last name; None for a mail address."""
    words = name.split() if isinstance(name, str) and "@" not in name else []
    if not words:
        return None
    return words[0] if len(words) == 1 else f"{words[0]} {words[-1][0]}."
