"""Unknown fields, lines and payments of orders; raw keeps, the log names them.

Takes verbatim records. Returns unknown fields of the order (`new_field`) and unknown kinds of lines
and payments (`line_items.item_type=COMBO`), each with the number of an order that has it.
"""

from __future__ import annotations

import json

from pipeline.pos.listed_fields import names, printable
from pipeline.pos.source import Record
from pipeline.pos.square.order import Json, open_envelope, rows

SAMPLES = 4
MAX_FIELDS = 20
KNOWN = frozenset(
    names(
        "id location_id reference_id source customer_id line_items taxes discounts"
        " service_charges fulfillments returns return_amounts net_amounts rounding_adjustment"
        " tenders refunds metadata created_at updated_at closed_at state status version"
        " total_money total_tax_money total_discount_money total_tip_money"
        " total_service_charge_money ticket_name pricing_options rewards net_amount_due_money"
        " created_by_team_member_id creator_app_id workflow workflow_version is_tax_free"
        " order_source has_partial_fulfillments"
    )
)
ITEM_TYPES = frozenset({"ITEM", "CUSTOM_AMOUNT", "GIFT_CARD"})
TENDERS = frozenset(
    names(
        "CARD CASH THIRD_PARTY_CARD SQUARE_GIFT_CARD NO_SALE BANK_ACCOUNT WALLET"
        " BUY_NOW_PAY_LATER SQUARE_ACCOUNT OTHER"
    )
)


def find_unknown(records: list[Record], *, is_first: bool) -> dict[str, str]:
    """Unknown fields and kinds of a page, MAX_FIELDS at most.

    Every order is searched for unknown kinds; for fields, all of the first page and SAMPLES of
    each page that follows.
    """
    step = 1 if is_first else max(1, len(records) // SAMPLES)
    unknown: dict[str, str] = {}
    for index, record in enumerate(records):
        try:
            parsed = json.loads(record.body)
        except (ValueError, RecursionError):
            continue
        if not isinstance(parsed, dict):
            continue
        order = open_envelope(parsed).order
        paths = _kinds(order) + (_fields(order) if index % step == 0 else [])
        for path in paths:
            if len(unknown) < MAX_FIELDS:
                unknown.setdefault(path, record.number or "?")
    return unknown


def _fields(order: Json) -> list[str]:
    return [printable(name) for name in order if name not in KNOWN]


def _kinds(order: Json) -> list[str]:
    lines = rows(order, "line_items")
    kinds = {str(line["item_type"]) for line in lines if line.get("item_type")} - ITEM_TYPES
    tenders = {str(tender.get("type")) for tender in rows(order, "tenders")} - TENDERS
    return [f"line_items.item_type={kind[:40]}" for kind in sorted(kinds)] + [
        f"tenders.type={kind[:40]}" for kind in sorted(tenders)
    ]
