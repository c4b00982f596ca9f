"""Canonical payments and refunds of an order, with their employee and device.

An envelope is an order with its payments and refunds (order.py). A tender is one payment of it; its
amount includes its tip. A refund that was rejected or failed paid nothing back.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.pos.square.order import Envelope, Json, amount, currency_of, paid_tenders, rows, text
from pipeline.pos.square.order import total as sum_of
from pipeline.schema.iso4217 import DECIMALS

_NAMES = {
    "CASH": "Cash",
    "CARD": "Card",
    "SQUARE_GIFT_CARD": "Square gift card",
    "GIFT_CARD": "Square gift card",
    "THIRD_PARTY_CARD": "Card of a third party",
    "WALLET": "Digital wallet",
    "BANK_ACCOUNT": "Bank account",
    "BUY_NOW_PAY_LATER": "Buy now, pay later",
    "SQUARE_ACCOUNT": "Square account",
    "EXTERNAL": "Other",
    "OTHER": "Other",
}
_TYPES = {"EXTERNAL": "OTHER", "GIFT_CARD": "SQUARE_GIFT_CARD"}
_PAID_NOTHING = frozenset({"REJECTED", "FAILED"})


def payments_of(envelope: Envelope) -> list[Json]:
    """The payments of a sale, from its tenders; an opening of the drawer is none."""
    by_id = {text(payment, "id"): payment for payment in envelope.payments}
    payments = []
    for tender in paid_tenders(envelope.order):
        kind = text(tender, "type") or "OTHER"
        if kind == "NO_SALE":
            continue
        payment = by_id.get(text(tender, "payment_id") or text(tender, "id"), {})
        paid = _money(tender, amount(tender, "amount_money"))
        row = _payment(_name_of(kind, payment), kind, paid, tender.get("created_at"))
        payments.append(row | {"fee": _fee(tender, payment)})
    return payments


def refunds_of(envelope: Envelope, sum_total: int) -> list[Json]:
    """Money paid back; one payment of `sum_total` if no refund is known."""
    order = envelope.order
    known_refunds = [
        refund
        for refund in (*envelope.refunds, *rows(order, "refunds"))
        if text(refund, "order_id") in (None, text(order, "id"))
    ]
    if not known_refunds and sum_total:
        return [_payment("Refund", "OTHER", _units_as_money(order, sum_total))]
    refunds = [row for row in known_refunds if text(row, "status") not in _PAID_NOTHING]
    distinct = {text(refund, "id"): refund for refund in reversed(refunds)}
    payments = []
    for refund in reversed(distinct.values()):
        kind = text(refund, "destination_type") or "OTHER"
        kind = _TYPES.get(kind, kind)
        units = _money(refund, amount(refund, "amount_money"))
        payments.append(_payment(_name_of(kind, refund), kind, units, refund.get("created_at")))
    return payments


def credit(order: Json, units: int) -> Json:
    """What an exchange sets off between what is sold and what is taken back."""
    return _payment("Return credit", "RETURN_CREDIT", _units_as_money(order, units))


def employee_of(envelope: Envelope) -> str | None:
    """The employee who made the sale: on the payment or refund, else on the order."""
    people = (text(row, "team_member_id") for row in (*envelope.payments, *envelope.refunds))
    return _first(people) or text(envelope.order, "created_by_team_member_id")


def device_of(envelope: Envelope) -> str | None:
    """The device that took the first payment."""
    details = (payment.get("device_details") or {} for payment in envelope.payments)
    return _first(text(row, "device_id") for row in details)


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _payment(name: str, kind: str, money: str, paid_at: object = None) -> Json:
    return {
        "payment_type_id": None,
        "name": name,
        "type": kind,
        "money_amount": money,
        "fee": None,
        "paid_at": paid_at,
    }


def _name_of(kind: str, payment: Json) -> str:
    """Name of a payment type; of one outside Square, the merchant's name for it."""
    external = text(payment.get("external_details") or {}, "source")
    return (external if kind == "OTHER" else None) or _NAMES.get(kind, kind)


def _fee(tender: Json, payment: Json) -> str | None:
    fees = rows(payment, "processing_fee")
    if fees:
        return _money(fees[0], sum_of(fees, "amount_money"), "amount_money")
    if isinstance(tender.get("processing_fee_money"), dict):
        return _money(tender, amount(tender, "processing_fee_money"))
    return None


def _money(fields: Json, units: int, name: str = "amount_money") -> str:
    return format_units(units, str((fields.get(name) or {}).get("currency")))


def _units_as_money(order: Json, units: int) -> str:
    return format_units(units, currency_of(order))


def format_units(units: int, currency: str | None) -> str:
    """Minor units as a decimal number, with two decimals for an unknown currency."""
    decimals = DECIMALS.get(currency or "", 2)
    if not decimals:
        return str(units)
    major, minor = divmod(abs(units), 10**decimals)
    return f"{'-' if units < 0 else ''}{major}.{minor:0{decimals}d}"
