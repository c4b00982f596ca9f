"""Contents of a shop's orders and returns, from the tickets of its receipts.

Takes the receipt of an order and the changes so far. Returns a `Content` in minor units. Amounts
are those of the ticket, to the cent, so both APIs have the same sales. If Square would round a
percentage to another cent (an exact half), the discount is an amount instead.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from .. import ticket_lines, trade
from ..ids import id_of
from ..ledger import Slot
from ..pricelist import Tax, tax_of
from ..tickets import Ticket, Tickets
from .arithmetic import half_even, percent_of
from .content import (
    Charge,
    Content,
    OrderDiscount,
    OrderLine,
    OrderModifier,
    OrderTax,
    Priced,
    price,
)
from .events import Events
from .ids import catalog_token, token
from .orders import AMOUNT_REFUND, CUSTOM_AMOUNT, GIFT_CARD, OPEN, RETURN, VOID, Order, State

_DISCOUNT_IDS = {row.name: id_of("discount", index) for index, row in enumerate(trade.DISCOUNTS)}
_TYPES = {
    "FIXED_PERCENT": "FIXED_PERCENTAGE",
    "VARIABLE_PERCENT": "VARIABLE_PERCENTAGE",
    "FIXED_AMOUNT": "FIXED_AMOUNT",
}
_COIN = 50  # the smallest one that shops give back
_PARTY_PERCENTAGE = Decimal("12.5")


class Contents:
    """Contents of a shop's orders."""

    def __init__(self, tickets: Tickets, events: Events):
        self.events = events
        self.ticket = lru_cache(maxsize=4_000)(tickets.ticket)
        self.sale = lru_cache(maxsize=4_000)(self._sale)
        self._priced = lru_cache(maxsize=4_000)(lambda slot: price(self.sale(slot)))

    def sold(self, state: State) -> Content:
        """What the order sells in that state, without a tip that is keyed later."""
        order = state.order
        if order.slot is None:
            return _extra(order)
        content = self.sale(order.slot)
        pending = any(what == "tip" for _, what in order.changes) and "tip" not in state.done
        return content._replace(tip=0) if pending else content

    def priced(self, state: State) -> Priced:
        """Amounts of what the order sells in that state."""
        slot, content = state.order.slot, self.sold(state)
        return self._priced(slot) if slot and content is self.sale(slot) else price(content)

    def returned(self, order: Order) -> Content:
        """What the order takes back: all of a sale, one of its lines, or an amount."""
        slot = order.slot
        if slot is None:
            return Content()
        if order.kind == RETURN:
            return self._refund(slot)
        fate = self.events.fate(slot)
        if fate.event == "void":
            return _reversed(self.sale(slot))
        if fate.event == "amount_refund":
            return _amount(slot, fate.size, price(self.sale(slot)).total)
        return self._exchanged(slot)

    def _sale(self, slot: Slot) -> Content:
        content = _content(self.ticket(slot), slot)
        fate = self.events.fate(slot)
        if fate.event == "packing":
            return _with_packing(content, slot, 100 + int(fate.size * 900))
        if fate.event == "party":
            base = sum(price(content).line_totals)
            amount = percent_of(base, _PARTY_PERCENTAGE)
            uid = _uid("charge", slot, "party")
            charge = Charge(
                uid, "Servicio a grupos", "CUSTOM", "TOTAL_PHASE", amount, _PARTY_PERCENTAGE
            )
            return content._replace(charges=(*content.charges, charge))
        if self._rounds_cash(slot):
            total = price(content).total
            return content._replace(rounding=_COIN * half_even(total, _COIN) - total)
        return content

    def _rounds_cash(self, slot: Slot) -> bool:
        """Whether Square rounds the sale to the smallest coin."""
        tenders = {tender for tender, _ in self.ticket(slot).payments}
        return tenders == {trade.CASH} and self.events.is_quiet(slot)

    def _refund(self, slot: Slot) -> Content:
        """Content that a receipt of type REFUND returns."""
        sale = self.sale_of(slot)
        ticket, sold = self.ticket(slot), self.ticket(sale)
        content = _content(ticket, slot)
        positions = _source_positions(ticket, sold)
        lines = tuple(
            line._replace(source_uid=_uid("line", sale, position))
            for line, position in zip(content.lines, positions, strict=True)
        )
        return content._replace(lines=lines)

    def sale_of(self, slot: Slot) -> Slot:
        """Sale that the receipt of type REFUND returns."""
        assert slot.refunds is not None
        return self.events.ledger.sale(slot.device, *slot.refunds)

    def source_of(self, order: Order) -> Slot | None:
        """Sale from which the order takes back all or a part."""
        slot = order.slot
        if slot is None or order.kind in (AMOUNT_REFUND, VOID):
            return slot
        return self.sale_of(slot) if order.kind == RETURN else self.events.exchanged_sale(slot)

    def _exchanged(self, slot: Slot) -> Content:
        """First line of the sale that this sale's order takes back."""
        sale = self.sale(self.events.exchanged_sale(slot))
        line = sale.lines[0]
        uids = {uid for uid, _ in line.discounts}
        discounts = tuple(row for row in sale.discounts if row.uid in uids)
        taxes = tuple(row for row in sale.taxes if row.uid == line.tax)
        return _reversed(Content((line,), discounts, taxes))


def _uid(kind: str, slot: Slot, key: object) -> str:
    return token(kind, (slot.device, slot.number, key))


def _reversed(content: Content) -> Content:
    """Content that takes the given one back; only lines get uids of their own."""
    lines = tuple(
        line._replace(uid=token("return", line.uid), source_uid=line.uid) for line in content.lines
    )
    return content._replace(lines=lines)


def _source_positions(ticket: Ticket, sold: Ticket) -> list[int]:
    """Places, on the sale's ticket, of the lines that a refund returns."""
    if len(ticket.lines) == len(sold.lines):
        return list(range(len(sold.lines)))
    line = ticket.lines[0]
    goods = (line.portion, line.answers, line.price)
    return [
        next(
            position
            for position, old in enumerate(sold.lines)
            if (old.portion, old.answers, old.price) == goods and old.milli >= line.milli
        )
    ]


def _amount(slot: Slot, size: float, total: int) -> Content:
    """Refund of an amount, without information on its items."""
    amount = max(1, int(total * (0.1 + 0.4 * size)))
    uid = _uid("return", slot, "amount")
    line = OrderLine(uid, "CUSTOM_AMOUNT", None, None, None, 1000, False, amount, amount)
    return Content((line,))


def _extra(order: Order) -> Content:
    """Content of an order without a receipt."""
    number = order.key.number
    if order.kind == GIFT_CARD:
        amount = (200_00, 300_00, 500_00, 1000_00)[number % 4]
        kind, name = "GIFT_CARD", "eGift Card"
    elif order.kind == CUSTOM_AMOUNT:
        amount, kind, name = 10_00 + number * 7919 % 190_00, "CUSTOM_AMOUNT", None
    elif order.kind >= OPEN:
        amount, kind, name = 50_00 + number * 7919 % 900_00, "ITEM", "Pedido especial"
    else:
        return Content()
    uid = token("line", order.key)
    note = "varios" if order.kind == CUSTOM_AMOUNT and number % 3 == 0 else None
    line = OrderLine(uid, kind, name, None, None, 1000, False, amount, amount, note=note)
    return Content((line,))


def _with_packing(content: Content, slot: Slot, amount: int) -> Content:
    """Add a service charge with an additive tax, whose base also has such lines."""
    added = tax_of("mas_iva")
    assert added is not None
    tax = _tax(added, slot)
    taxes = content.taxes if tax in content.taxes else (*content.taxes, tax)
    uid = _uid("charge", slot, "packing")
    charge = Charge(uid, "Empaque", "CUSTOM", "SUBTOTAL_PHASE", amount, None, tax.uid)
    return content._replace(taxes=taxes, charges=(*content.charges, charge))


def _content(ticket: Ticket, slot: Slot) -> Content:
    """Content of a ticket; the rounding is the total minus all other amounts."""
    discounts, uids = _discounts(ticket, slot)
    taxes = {tax.id: _tax(tax, slot) for tax in ticket.taxes}
    lines = tuple(
        [_line(line, slot, position, uids, taxes) for position, line in enumerate(ticket.lines)]
    )
    charges: tuple[Charge, ...] = ()
    if ticket.surcharge:  # Square's automatic gratuity has no name
        uid = _uid("charge", slot, "surcharge")
        charges = (Charge(uid, None, "AUTO_GRATUITY", "TOTAL_PHASE", ticket.surcharge),)
    due = sum(line.total for line in ticket.lines) + ticket.surcharge + ticket.tip
    return Content(lines, discounts, tuple(taxes.values()), charges, ticket.tip, ticket.total - due)


def _tax(tax: Tax, slot: Slot) -> OrderTax:
    uid, catalog_id = _uid("tax", slot, tax.id), catalog_token("tax", tax.id)
    return OrderTax(uid, catalog_id, tax.name, Decimal(tax.rate), tax.kind == "INCLUDED")


def _line(
    line: ticket_lines.Line,
    slot: Slot,
    position: int,
    uids: dict[str, str],
    taxes: dict[str, OrderTax],
) -> OrderLine:
    modifiers = tuple(
        [
            OrderModifier(
                _uid("modifier", slot, (position, index)),
                catalog_token("modifier", answer.option_id),
                answer.option,
                answer.price,
                answer.price * line.milli // 1000,
            )
            for index, answer in enumerate(line.answers)
        ]
    )
    return OrderLine(
        _uid("line", slot, position),
        "ITEM",
        line.dish.name,
        line.portion.name or "Regular",
        catalog_token("variation", line.portion.variant_id),
        line.milli,
        line.dish.by_weight,
        line.price,
        line.gross - sum(modifier.total for modifier in modifiers),
        modifiers,
        tuple((uids[row.name], amount) for row, _, amount in line.discounts if amount),
        taxes[line.dish.tax.id].uid if line.dish.tax else None,
        line.note,
    )


def _discounts(ticket: Ticket, slot: Slot) -> tuple[tuple[OrderDiscount, ...], dict[str, str]]:
    """Discounts of the ticket, in the order of their use, and their uids by name."""
    left = [line.gross for line in ticket.lines]
    rows, uids = [], {}
    for position, (discount, percent, amount) in enumerate(ticket.discounts):
        shares = [
            {row.name: share for row, _, share in line.discounts}.get(discount.name)
            for line in ticket.lines
        ]
        pairs = list(zip(left, shares, strict=True))
        base = sum(amount_left for amount_left, share in pairs if share is not None)
        left = [amount_left - (share or 0) for amount_left, share in pairs]
        uid = uids[discount.name] = _uid("discount", slot, position)
        rows.append(_discount(discount, uid, percent, base, amount))
    return tuple(rows), uids


def _discount(
    discount: trade.Discount, uid: str, percent: int | None, base: int, amount: int
) -> OrderDiscount:
    key = _DISCOUNT_IDS.get(discount.name)
    percentage = None if percent is None else Decimal(percent)
    if percentage is not None and percent_of(base, percentage) != amount:
        percentage = None  # Square would round this half to another cent
    keyed = percent is not None and percentage is None
    return OrderDiscount(
        uid,
        catalog_token("discount", key) if key and not keyed else None,
        discount.name,
        "VARIABLE_AMOUNT" if keyed else _TYPES.get(discount.kind, "VARIABLE_AMOUNT"),
        percentage,
        "ORDER" if discount.on_ticket else "LINE_ITEM",
        token("reward", uid) if discount is trade.POINTS else None,
    )
