"""A Square order to canonical receipts: its sale and its returns.

Takes a record, which is opened as an `Envelope` (an order, its payments and refunds), and the lists
of the canonical catalog, looked up by the ids of variations and modifiers. Returns receipts in
canonical JSON (schema/receipt.py), each on one line:

    COMPLETED    a SALE if it has lines, a REFUND if it has returns; an exchange is both
    CANCELED     the same with `cancelled_at`; it counts only if an earlier revision was counted,
                 as `replaces` says
    OPEN, paid   rejected as `paid_not_closed`; counted if `count_open_orders` is set
    OPEN, DRAFT  nothing: not a sale yet

Sold gift cards are in `gift_cards` and in no line; a redeemed gift card is a payment. Amounts of a
REFUND are positive. The cost is the catalog's current one. Raises NotCanonicalError for an order
whose sums do not agree (laws.py), or that is paid and open.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial

from pipeline.pos.listed_fields import names
from pipeline.pos.source import Lists, NotCanonicalError, ToCanonical
from pipeline.pos.square.laws import added_tax, check_laws, separate_charges, tax_types
from pipeline.pos.square.lines import CatalogLookup, discounts_of, line_of, taxes_of
from pipeline.pos.square.order import (
    Envelope,
    Json,
    amount,
    closed_at,
    currency_of,
    due_of,
    open_envelope,
    paid_tenders,
    received_at,
    rows,
    sold_at,
    state_of,
    text,
    total,
    updated_at,
)
from pipeline.pos.square.payments import (
    credit,
    device_of,
    employee_of,
    format_units,
    payments_of,
    refunds_of,
)
from pipeline.schema.receipt import RETURN_SUFFIX

GIFT_CARD = "GIFT_CARD"


def translator(lists: Lists, *, count_open_orders: bool = False) -> ToCanonical:
    """The function from a record to canonical receipts, with the catalog's names."""
    return partial(to_canonical, CatalogLookup.from_lists(lists), count_open_orders)


counting_open_orders: Callable[[Lists], ToCanonical] = partial(translator, count_open_orders=True)
"""`translator` for a shop whose own summary counts orders that are paid but not closed."""


def to_canonical(lookup: CatalogLookup, count_open_orders: bool, body: bytes) -> list[bytes]:
    """The canonical receipts of one record."""
    try:
        record = json.loads(body, object_hook=_without_nulls)
    except RecursionError as error:
        raise NotCanonicalError("too_deep", "", f"{len(body)} bytes") from error
    except ValueError as error:
        raise NotCanonicalError("not_json", "", str(error)) from error
    if not isinstance(record, dict):
        raise NotCanonicalError("not_an_object", "", repr(record))
    envelope = open_envelope(record)
    try:
        return _receipts(envelope, lookup, count_open_orders)
    except NotCanonicalError as error:
        receipt = error.receipt or _readable(envelope)
        raise NotCanonicalError(error.reason, error.pointer, error.detail, receipt) from error
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise NotCanonicalError("wrong_type", "", detail, _readable(envelope)) from error


def _without_nulls(fields: Json) -> Json:
    """The set fields: some clients save null for what the API leaves out."""
    return {name: value for name, value in fields.items() if value is not None}


def _receipts(envelope: Envelope, lookup: CatalogLookup, count_open_orders: bool) -> list[bytes]:
    order = envelope.order
    state = state_of(order)
    paid = total(paid_tenders(order), "amount_money")
    if state not in ("COMPLETED", "CANCELED", "OPEN", "DRAFT", None):
        raise NotCanonicalError("unknown_value", "/state", str(state))
    if state in ("DRAFT", None) or (state == "OPEN" and not paid):
        return []
    check_laws(order)
    sale, refund = _sale(envelope, lookup), _refund(envelope, lookup)
    if refund and not sale:
        refund["payments"] = refunds_of(envelope, _units(refund))
    if sale and refund:
        returned = min(_units(sale), _units(refund))
        for receipt in (sale, refund):
            receipt["payments"].append(credit(order, returned))
        refund["payments"][:0] = refunds_of(envelope, _units(refund) - returned)
        refund["receipt_number"] += RETURN_SUFFIX
    receipts = [receipt for receipt in (sale, refund) if receipt]
    due = due_of(order)
    if state == "OPEN" and receipts and (due or not count_open_orders):
        detail = f"OPEN, {_money(order, due)} due" if due else "OPEN"
        raise NotCanonicalError("paid_not_closed", "/state", detail, receipts[0])
    return [json.dumps(receipt).encode() for receipt in receipts]


def _header(envelope: Envelope, kind: str) -> Json:
    """The fields that a sale and a refund share."""
    order = envelope.order
    source = text(order.get("source") or {}, "name")
    fulfillments = rows(order, "fulfillments")
    fulfillment = text(fulfillments[0], "type") if fulfillments else None
    is_cancelled = state_of(order) == "CANCELED"
    return {
        "receipt_number": order.get("id"),
        "receipt_type": kind,
        "refund_for": None,
        "order": text(order, "ticket_name"),
        "created_at": _stamp(received_at(order)),
        "updated_at": _stamp(updated_at(order)),
        "receipt_date": _stamp(sold_at(envelope)),
        "cancelled_at": _stamp(closed_at(order) or updated_at(order)) if is_cancelled else None,
        "replaces": "counted" if is_cancelled else None,
        "source": source or "Square Point of Sale",
        "customer_id": text(order, "customer_id") or _customer(order),
        "employee_id": employee_of(envelope),
        "store_id": order.get("location_id"),
        "pos_device_id": device_of(envelope),
        "dining_option": fulfillment or source,
        "currency": currency_of(order),
    }


def _sale(envelope: Envelope, lookup: CatalogLookup) -> Json | None:
    """The sale of an order; None if it is only a return, or an opening of the drawer."""
    order = envelope.order
    lines, tenders = rows(order, "line_items"), paid_tenders(order)
    paid = total(tenders, "amount_money")
    has_total = "total_money" in order
    sum_total = amount(order, "total_money") if has_total else _sum_of(order, lines, paid)
    charges = rows(order, "service_charges")
    if not lines and not charges and not sum_total:
        return None
    tip = amount(order, "total_tip_money") or total(tenders, "tip_money")
    if not lines and not charges:  # an instalment: paid, without items
        lines = _custom_amount(sum_total - tip - _rounding(order))
    receipt = _header(envelope, "SALE") | _content(order, lines, charges, "", lookup)
    return receipt | {
        "total_money": _money(order, sum_total),
        "tip": _money(order, tip),
        "payments": payments_of(envelope),
    }


def _refund(envelope: Envelope, lookup: CatalogLookup) -> Json | None:
    """The refund of an order, all its `returns` as one, without payments; else None."""
    order, entries = envelope.order, rows(envelope.order, "returns")
    if not entries:
        return None
    merged = {
        name: [row for entry in entries for row in rows(entry, name)]
        for name in names(
            "return_line_items return_taxes return_discounts return_service_charges return_tips"
        )
    }
    lines, charges = merged["return_line_items"], merged["return_service_charges"]
    tip = total(merged["return_tips"], "applied_money")
    sum_total = amount(order.get("return_amounts") or {}, "total_money") or sum(
        amount(entry.get("return_amounts") or {}, "total_money") for entry in entries
    )
    separate = separate_charges(merged, "return_service_charges")
    sum_total = sum_total or total(lines, "total_money") + tip + total(separate, "total_money")
    if not lines and not charges:
        lines = _custom_amount(sum_total - tip)
    sources = [source for entry in entries if (source := text(entry, "source_order_id"))]
    receipt = _header(envelope, "REFUND") | _content(
        merged, lines, charges, "return_", lookup, order
    )
    return receipt | {
        "refund_for": sources[0] if sources else None,
        "total_money": _money(order, sum_total),
        "tip": _money(order, tip),
        "payments": [],
    }


def _content(
    fields: Json,
    lines: list[Json],
    charges: list[Json],
    prefix: str,
    lookup: CatalogLookup,
    order: Json | None = None,
) -> Json:
    """Canonical lines, taxes, discounts and service charges; gift cards apart."""
    order = order or fields
    kinds = tax_types(fields, f"{prefix}taxes")
    gift_cards = [line for line in lines if line.get("item_type") == GIFT_CARD]
    goods = [line for line in lines if line.get("item_type") != GIFT_CARD]
    money = partial(_money, order)
    items = [line_of(line, kinds, prefix, lookup, money) for line in goods]
    taxes = taxes_of(goods, kinds, rows(fields, f"{prefix}taxes"), money)
    return {
        "line_items": items,
        "total_tax": money(sum(units for _, units in taxes)),
        "total_taxes": [tax for tax, _ in taxes],
        "total_discount": money(total(goods, "total_discount_money")),
        "total_discounts": discounts_of(goods, rows(fields, f"{prefix}discounts"), money),
        "surcharge": money(total(charges, "applied_money")),
        "surcharge_tax": money(sum(_charge_tax(charge, kinds) for charge in charges)),
        "gift_cards": money(total(gift_cards, "total_money")),
    }


def _charge_tax(charge: Json, kinds: dict[str, str]) -> int:
    """The added tax on a service charge; that of an apportioned one is on the lines."""
    if charge.get("treatment_type") == "APPORTIONED_TREATMENT":
        return 0
    return added_tax(charge, kinds)


def _custom_amount(units: int) -> list[Json]:
    """A line for money without items; no line if there is no money."""
    value = {"amount": units}
    line = {
        "item_type": "CUSTOM_AMOUNT",
        "quantity": "1",
        "base_price_money": value,
        "variation_total_price_money": value,
        "total_money": value,
    }
    return [line] if units else []


def _sum_of(order: Json, lines: list[Json], paid: int) -> int:
    """The total of an order without `total_money`: its parts, else what was paid."""
    if not lines or any("total_money" not in line for line in lines):
        return paid
    charges = separate_charges(order, "service_charges")
    parts = total(lines, "total_money") + total(charges, "total_money")
    return parts + total(paid_tenders(order), "tip_money") + _rounding(order)


def _rounding(order: Json) -> int:
    return amount(order.get("rounding_adjustment") or {}, "amount_money")


def _customer(order: Json) -> str | None:
    """The customer of the first tender that names one."""
    named = [text(tender, "customer_id") for tender in rows(order, "tenders")]
    return next((customer for customer in named if customer), None)


def _money(order: Json, units: int) -> str:
    return format_units(units, currency_of(order))


def _units(receipt: Json) -> int:
    """The total of a receipt in minor units."""
    return int(str(receipt["total_money"]).replace(".", ""))


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _readable(envelope: Envelope) -> Json:
    """The readable fields of a rejected order."""
    order = envelope.order
    try:
        kind = "REFUND" if rows(order, "returns") and not rows(order, "line_items") else "SALE"
        returned = amount(order.get("return_amounts") or {}, "total_money")
        sum_total = returned if kind == "REFUND" else amount(order, "total_money")
        return _header(envelope, kind) | {"total_money": _money(order, sum_total)}
    except (TypeError, ValueError, KeyError, AttributeError):
        return {"receipt_number": order.get("id"), "store_id": order.get("location_id")}
