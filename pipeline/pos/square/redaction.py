"""Redaction of Square's catalog, payments and refunds to the listed fields.

Contacts, addresses, cards and free text are not in the lists, so none is stored; neither is a field
that the API adds later, until it is listed. Values are kept verbatim. Orders are kept verbatim;
personal_data.py removes personal data from them.
"""

from __future__ import annotations

import json

import msgspec

from pipeline.pos.listed_fields import names, pick, pick_rows
from pipeline.pos.square.order import Json

FIELDS: dict[str, tuple[str, ...]] = {
    "merchant": names("id business_name country currency created_at"),
    "stores": names("id name timezone currency country status created_at"),
    "objects": names(
        "type id updated_at version is_deleted present_at_all_locations present_at_location_ids"
        " absent_at_location_ids item_data item_variation_data category_data modifier_list_data"
        " modifier_data tax_data discount_data measurement_unit_data"
    ),
    "employees": names("id is_owner status given_name created_at updated_at"),
}
PAYMENT = names(
    "id order_id status created_at updated_at amount_money tip_money total_money refunded_money"
    " refund_ids processing_fee source_type external_details team_member_id device_details"
    " offline_payment_details application_details"
)
REFUND = names(
    "id order_id payment_id status created_at updated_at amount_money destination_type"
    " team_member_id unlinked"
)


def redact_rows(resource: str, rows: list[bytes]) -> list[bytes]:
    """The listed fields of each object, values verbatim, sorted by content."""

    def reduce(row: bytes) -> dict[str, msgspec.Raw]:
        values = pick(FIELDS[resource], row)
        if resource == "employees":
            values.pop("given_name", None)
            values["name"] = msgspec.Raw(msgspec.json.encode(_alias(json.loads(row))))
        return values

    return pick_rows(resource, rows, reduce)


def _alias(member: Json) -> str | None:
    """First name and initial of the last name of a team member."""
    first, last = str(member.get("given_name") or ""), str(member.get("family_name") or "")
    return f"{first} {last[:1]}." if first and last else first or None


def store_ids(line: bytes) -> set[str]:
    """The location that an order names."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return set()
    order = record.get("order", record) if isinstance(record, dict) else {}
    location = order.get("location_id") if isinstance(order, dict) else None
    return {location} if isinstance(location, str) else set()
