"""Unknown fields of receipts: raw keeps them, this version does not read them.

Takes verbatim receipts. Returns the paths of unknown fields (line_items.loyalty), each with the
number of a receipt that has it. Known fields are those of developer.loyverse.com/docs (Receipts)
and of recorded receipts. An extraction checks every receipt of its first page, which mostly is a
whole day, and SAMPLES of each later page. Only names are noted, never values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from pipeline.pos.listed_fields import printable
from pipeline.pos.source import Record

SAMPLES = 4
MAX_FIELDS = 20  # so that a map whose keys are data does not flood the log

_Tree = Mapping[str, "_Tree | None"]


def _leaves(names: str, **nested: _Tree) -> _Tree:
    return {**dict.fromkeys(names.split()), **nested}


_TAX = _leaves("id type name rate money_amount")
_DISCOUNT = _leaves("id type name money_amount percentage")
_MODIFIER = _leaves("id modifier_option_id name option price money_amount")
_DETAILS = _leaves("authorization_code reference_id entry_method card_company card_number")
KNOWN: _Tree = _leaves(
    "receipt_number receipt_type refund_for note order created_at updated_at receipt_date"
    " cancelled_at source total_money total_tax total_discount tip surcharge points_earned"
    " points_deducted points_balance customer_id employee_id store_id pos_device_id dining_option",
    total_discounts=_DISCOUNT,
    total_taxes=_TAX,
    payments=_leaves("payment_type_id name type money_amount paid_at", payment_details=_DETAILS),
    line_items=_leaves(
        "id item_id variant_id item_name variant_name sku quantity price gross_total_money"
        " total_money cost cost_total line_note total_discount",
        line_taxes=_TAX,
        line_discounts=_DISCOUNT,
        line_modifiers=_MODIFIER,
    ),
)


def find_unknown(records: list[Record], *, is_first: bool) -> dict[str, str]:
    """Up to MAX_FIELDS unknown fields, each with the first receipt that has it.

    Checks all receipts of the first page and a sample of others. Unreadable ones are left out.
    """
    step = 1 if is_first else max(1, len(records) // SAMPLES)
    fields: dict[str, str] = {}
    for record in records[::step]:
        try:
            unknown = list(_unknown(msgspec.json.decode(record.body), KNOWN, ""))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        for path in unknown:
            if len(fields) < MAX_FIELDS:
                fields.setdefault(path, record.number or "?")
    return fields


def _unknown(value: object, tree: _Tree, prefix: str) -> Iterator[str]:
    if isinstance(value, list):
        for element in value:
            yield from _unknown(element, tree, prefix)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in tree:
                yield prefix + printable(name)
            elif nested := tree[name]:
                yield from _unknown(inner, nested, f"{prefix}{name}.")
