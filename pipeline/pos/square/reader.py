"""The `Reader` of Square: orders and catalog to their canonical forms."""

from __future__ import annotations

from pipeline.pos.listed_fields import names
from pipeline.pos.square.canonical import counting_open_orders as counting_open_orders
from pipeline.pos.square.canonical import translator as translator
from pipeline.pos.square.catalog import to_canonical_catalog as to_canonical_catalog
from pipeline.pos.square.export_form import EXPORT_FORM as EXPORT_FORM
from pipeline.pos.square.order import read_record as read_record
from pipeline.pos.square.personal_data import remove_customers as remove_customers
from pipeline.pos.square.personal_data import remove_personal_data as remove_personal_data
from pipeline.pos.square.redaction import FIELDS
from pipeline.pos.square.redaction import redact_rows as redact_rows
from pipeline.pos.square.redaction import store_ids as store_ids
from pipeline.pos.square.unknown_fields import find_unknown as find_unknown

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
IDENTIFYING_FIELDS = {
    **dict.fromkeys(names("order line_items tenders returns net_amounts"), "receipts"),
    **dict.fromkeys(
        names("item_data category_data modifier_list_data tax_data discount_data"), "objects"
    ),
    "business_hours": "stores",
    "assigned_locations": "employees",
}
