"""The `Reader` of Square: orders and catalog to their canonical forms."""

from __future__ import annotations

from pipeline.pos.square.canonical import counting_open_orders, translator
from pipeline.pos.square.catalog import to_canonical_catalog
from pipeline.pos.square.exports import EXPORTS
from pipeline.pos.square.order import read_number, read_record
from pipeline.pos.square.redaction import (
    FIELDS,
    redact_rows,
    remove_customers,
    remove_personal_data,
    store_ids,
)
from pipeline.pos.square.unknown_fields import find_unknown

__all__ = [
    "CATALOG",
    "EXPORTS",
    "PAGES",
    "TELLTALES",
    "counting_open_orders",
    "find_unknown",
    "read_number",
    "read_record",
    "read_shift",
    "redact_rows",
    "remove_customers",
    "remove_personal_data",
    "store_ids",
    "to_canonical_catalog",
    "translator",
]

CATALOG = tuple(FIELDS)
read_shift = None
PAGES = {
    "orders": "receipts",
    "locations": "stores",
    "objects": "objects",
    "team_members": "employees",
    "payments": "payments",
    "refunds": "refunds",
}
TELLTALES = {
    "order": "receipts",
    "line_items": "receipts",
    "tenders": "receipts",
    "returns": "receipts",
    "net_amounts": "receipts",
    "item_data": "objects",
    "category_data": "objects",
    "modifier_list_data": "objects",
    "tax_data": "objects",
    "discount_data": "objects",
    "business_hours": "stores",
    "assigned_locations": "employees",
}
