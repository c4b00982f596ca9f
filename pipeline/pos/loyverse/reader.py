"""The `Reader` of Loyverse, whose JSON is the canonical form of the pipeline."""

from __future__ import annotations

from pipeline.pos.loyverse.endpoints import ENDPOINTS
from pipeline.pos.loyverse.exports import EXPORTS
from pipeline.pos.loyverse.personal_data import remove_customers, remove_personal_data, store_ids
from pipeline.pos.loyverse.receipt import read_receipt as read_record
from pipeline.pos.loyverse.redaction import FIELDS, redact_rows
from pipeline.pos.loyverse.shift import read_shift
from pipeline.pos.loyverse.unknown_fields import find_unknown_in_page as find_unknown

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
PAGES = {endpoint.rows_key: endpoint.rows_key for endpoint in ENDPOINTS.values()}
TELLTALES = {"receipt_number": "receipts", "item_name": "items", "business_name": "merchant"}
translator = counting_open_orders = None


def read_number(line: bytes) -> bytes:
    """The number of a record in UTF-8; empty if unreadable."""
    return (read_record(line).number or "").encode()


to_canonical_catalog = None
