"""Tenders that pay orders, and the money that returns pay back.

Loyverse's payment types map so: Efectivo to CASH, Tarjeta to CARD, Mercado Pago to WALLET, all
others to OTHER with the name of the type as the note. The amount of a tender includes its tip.
"""

from __future__ import annotations

from typing import NamedTuple

from ..business import CARD, CASH, TENDERS, WALLET
from ..receipt_schedule import PlannedReceipt
from .ids import OrderKey, token
from .order_contents import Contents
from .orders import SALE, Order, State

_TYPES = {CASH: "CASH", CARD: "CARD", WALLET: "WALLET"}
_NOTES = (50_00, 100_00, 200_00, 500_00, 1000_00)  # banknotes that a buyer may hand over


class OrderTender(NamedTuple):
    """Payment on an order; `tendered` is the cash that the buyer gave."""

    id: str
    type: str
    note: str | None
    amount: int
    tip: int
    tendered: int


class PaymentRefund(NamedTuple):
    """Money that a return pays back; `payment` is the sale's tender or None."""

    id: str
    type: str
    payment: str | None
    amount: int


class Tenders:
    """Tenders of a shop's orders."""

    def __init__(self, contents: Contents):
        self.contents = contents

    def tenders_of(self, state: State) -> list[OrderTender]:
        """Tenders on the order in that state; a return or a cancelled order has none."""
        if state.order.is_return or "canceled" in state.done:
            return []
        priced = self.contents.priced(state)
        payments = list(self.contents.ticket(state.order.planned).payments)
        first, amount = payments[0]
        payments[0] = first, amount + priced.total - sum(paid for _, paid in payments)
        return split_tip(state.order, payments, priced.tip)

    def payment_refunds(self, state: State) -> list[PaymentRefund]:
        """Refunds of the order."""
        order = state.order
        if not order.is_return:
            return []
        payments = self.contents.ticket(order.planned).payments
        return refund_payments(order, payments, self.contents.sale_of(order.planned))


def tender_id(key: OrderKey, position: int) -> str:
    """Id of a tender of the order of that key."""
    return token("tender", (*key, position), 27) + "ZY"


def split_tip(order: Order, payments: list[tuple[int, int]], tip: int) -> list[OrderTender]:
    """Tenders of (index of business.TENDERS, amount), the first ones with the tip."""
    tenders = []
    for position, (tender, amount) in enumerate(payments):
        part = min(tip, amount)
        tip -= part
        kind = _TYPES.get(tender, "OTHER")
        note = TENDERS[tender].name if kind in ("OTHER", "WALLET") else None
        tenders.append(make_tender(order, position, kind, note, amount, part))
    return tenders


def refund_payments(
    order: Order, payments: list[tuple[int, int]], sale: PlannedReceipt | None
) -> list[PaymentRefund]:
    """Refunds of payments to the tenders of a sale, or without a link to one."""
    refunds = []
    for position, (tender, amount) in enumerate(payments):
        payment = tender_id(OrderKey(SALE, sale.device, sale.number), position) if sale else None
        head, tail = (
            payment or token("unlinked", order.key),
            token("payback", (*order.key, position)),
        )
        kind = _TYPES.get(tender, "OTHER")
        refunds.append(PaymentRefund(f"{head}_{tail}", kind, payment, amount))
    return refunds


def make_tender(
    order: Order, position: int, kind: str, note: str | None, amount: int, tip: int
) -> OrderTender:
    """A tender on an order."""
    tendered = _handed_over(order.key.number, amount)
    return OrderTender(tender_id(order.key, position), kind, note, amount, tip, tendered)


def _handed_over(number: int, amount: int) -> int:
    """Cash that the buyer gives: exact, or the next multiple of a banknote."""
    if number % 3 == 0:
        return amount
    banknote = _NOTES[number % len(_NOTES)]
    return -(-amount // banknote) * banknote
