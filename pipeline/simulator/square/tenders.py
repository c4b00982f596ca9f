"""Tenders that pay orders, and the money that returns pay back.

Loyverse's payment types map so: Efectivo to CASH, Tarjeta to CARD, Mercado Pago to WALLET, all
others to OTHER with the name of the type as the note. The amount of a tender includes its tip.
"""

from __future__ import annotations

from typing import NamedTuple

from ..ledger import Slot
from ..trade import CARD, CASH, TENDERS, WALLET
from .content import price
from .contents import Contents
from .ids import token
from .orders import AMOUNT_REFUND, DRAFT, NO_SALE, OPEN, RETURN, SALE, VOID, Order, State

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


class Payback(NamedTuple):
    """Money that a return pays back; `payment` is the sale's tender or None."""

    id: str
    type: str
    payment: str | None
    amount: int


class Tenders:
    """Tenders of a shop's orders."""

    def __init__(self, contents: Contents):
        self.contents, self.events = contents, contents.events

    def tenders_of(self, state: State) -> list[OrderTender]:
        """Tenders on the order in that state; an unpaid or voided order has none."""
        order = state.order
        if order.kind in (RETURN, AMOUNT_REFUND, VOID, OPEN, DRAFT) or "canceled" in state.done:
            return []
        priced = self.contents.priced(state)
        total = priced.total
        if order.slot is None:
            kind = "NO_SALE" if order.kind == NO_SALE else "CARD" if total % 3 else "CASH"
            return [_tender(order, 0, kind, None, total, 0)]
        payments = list(self.contents.ticket(order.slot).payments)
        fate = self.events.fate(order.slot)
        if fate.event == "exchange":
            total -= price(self.contents.returned(order)).total
            payments = [(payments[0][0], total)] if total > 0 else []
        elif payments:
            first, amount = payments[0]
            payments[0] = first, amount + total - sum(paid for _, paid in payments)
        tenders, tip = [], priced.tip
        for position, (tender, amount) in enumerate(payments):
            part = min(tip, amount)
            tip -= part
            kind = _TYPES.get(tender, "OTHER")
            if position == 0 and fate.event == "gift_card":
                kind = "SQUARE_GIFT_CARD"
            note = TENDERS[tender].name if kind in ("OTHER", "WALLET") else None
            tenders.append(_tender(order, position, kind, note, amount, part))
        return tenders

    def paybacks(self, state: State) -> list[Payback]:
        """Paybacks of the order."""
        order = state.order
        if order.slot is None:
            return []
        exchange = order.kind == SALE and self.events.fate(order.slot).event == "exchange"
        if order.kind == SALE and not exchange:
            return []
        sale = self.contents.source_of(order)
        assert sale is not None
        if order.kind in (RETURN, VOID):
            rows = self.contents.ticket(order.slot).payments
        else:
            total = price(self.contents.returned(order)).total
            total -= price(self.contents.sold(state)).total if exchange else 0
            rows = [(self.contents.ticket(sale).payments[0][0], total)] if total > 0 else []
        return [
            _payback(order, position, tender, sale if self.linked(order) else None, amount)
            for position, (tender, amount) in enumerate(rows)
        ]

    def linked(self, order: Order) -> bool:
        """Whether the return refers to its sale."""
        return (
            order.kind != AMOUNT_REFUND or order.slot is None or self.events.is_linked(order.slot)
        )

    @staticmethod
    def first_id(sale: Slot) -> str:
        """Id of the first tender of a sale."""
        return _tender_id(sale, 0)


def _tender_id(sale: Slot, position: int) -> str:
    return token("tender", (SALE, sale.device, sale.number, position), 27) + "ZY"


def _payback(order: Order, position: int, tender: int, sale: Slot | None, amount: int) -> Payback:
    tail = token("payback", (*order.key, position))
    payment = _tender_id(sale, position) if sale else None
    head = payment or token("unlinked", order.key)
    return Payback(f"{head}_{tail}", _TYPES.get(tender, "OTHER"), payment, amount)


def _tender(
    order: Order, position: int, kind: str, note: str | None, amount: int, tip: int
) -> OrderTender:
    identifier = token("tender", (*order.key, position), 27) + "ZY"
    return OrderTender(identifier, kind, note, amount, tip, _handed_over(order.key.number, amount))


def _handed_over(number: int, amount: int) -> int:
    """Cash that the buyer gives: exact, or the next multiple of a banknote."""
    if number % 3 == 0:
        return amount
    banknote = _NOTES[number % len(_NOTES)]
    return -(-amount // banknote) * banknote
