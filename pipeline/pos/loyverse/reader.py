"""The `Reader` of Loyverse, whose JSON is the canonical form of the pipeline."""

from __future__ import annotations

from pipeline.pos.loyverse.endpoints import ENDPOINTS
from pipeline.pos.loyverse.export_form import EXPORT_FORM as EXPORT_FORM
from pipeline.pos.loyverse.personal_data import remove_customers as remove_customers
from pipeline.pos.loyverse.personal_data import remove_personal_data as remove_personal_data
from pipeline.pos.loyverse.personal_data import store_ids as store_ids
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.loyverse.redaction import FIELDS
from pipeline.pos.loyverse.redaction import redact_rows as redact_rows
from pipeline.pos.loyverse.shift import read_shift as read_shift
from pipeline.pos.loyverse.unknown_fields import find_unknown as find_unknown

read_record = read_receipt
CATALOG = tuple(FIELDS)
PAGES = {endpoint.rows_key: endpoint.rows_key for endpoint in ENDPOINTS.values()}
IDENTIFYING_FIELDS = {
    "receipt_number": "receipts",
    "item_name": "items",
    "business_name": "merchant",
}
translator = counting_open_orders = to_canonical_catalog = None
