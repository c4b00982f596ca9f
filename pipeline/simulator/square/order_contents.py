"""Contents of a shop's orders and returns, from the tickets of its receipts.

Takes the receipt of an order. Returns a `Content` in minor units. Amounts are those of the ticket,
to the cent, so both APIs have the same sales. If Square would round a percentage to another cent
(an exact half), the discount is an amount instead.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from .. import business, ticket_lines
from ..ids import id_of
from ..pricelist import Tax
from ..receipt_schedule import PlannedReceipt
from ..tickets import Ticket, Tickets
from .arithmetic import percent_of
from .ids import catalog_token, token
from .order_content import (
    Charge,
    Content,
    OrderDiscount,
    OrderLine,
    OrderModifier,
    OrderTax,
    Priced,
    price,
)
from .orders import Order, State

_DISCOUNT_IDS = {row.name: id_of("discount", index) for index, row in enumerate(business.DISCOUNTS)}
DISCOUNT_TYPES = {
    "FIXED_PERCENT": "FIXED_PERCENTAGE",
    "VARIABLE_PERCENT": "VARIABLE_PERCENTAGE",
    "FIXED_AMOUNT": "FIXED_AMOUNT",
    "VARIABLE_AMOUNT": "VARIABLE_AMOUNT",
}


class Contents:
    """Contents of a shop's orders."""

    def __init__(self, tickets: Tickets):
        self.schedule = tickets.schedule
        self.ticket = lru_cache(maxsize=4_000)(tickets.ticket)
        self.sale = lru_cache(maxsize=4_000)(self._sale)
        self.price_of = lru_cache(maxsize=4_000)(lambda planned: price(self.sale(planned)))

    def _sale(self, planned: PlannedReceipt) -> Content:
        return content_of(self.ticket(planned), planned)

    def sold(self, state: State) -> Content:
        """What the order sells in that state."""
        return self.sale(state.order.planned)

    def priced(self, state: State) -> Priced:
        """Amounts of what the order sells in that state."""
        return self.price_of(state.order.planned)

    def returned(self, order: Order) -> Content | None:
        """What the order takes back: all of a sale or one of its lines; None: nothing."""
        return self.refund(order.planned) if order.is_return else None

    def source_of(self, order: Order) -> PlannedReceipt | None:
        """Sale of which the return takes back all or a part, if it refers to one."""
        return self.sale_of(order.planned)

    def refund(self, planned: PlannedReceipt) -> Content:
        """Content that a receipt of type REFUND returns."""
        sale = self.sale_of(planned)
        ticket, sold = self.ticket(planned), self.ticket(sale)
        content = content_of(ticket, planned)
        positions = _source_positions(ticket, sold)
        lines = tuple(
            line._replace(source_uid=uid_of("line", sale, position))
            for line, position in zip(content.lines, positions, strict=True)
        )
        return content._replace(lines=lines)

    def sale_of(self, planned: PlannedReceipt) -> PlannedReceipt:
        """Sale that the receipt of type REFUND returns."""
        assert planned.refunds is not None
        return self.schedule.sale(planned.device, *planned.refunds)


def uid_of(kind: str, planned: PlannedReceipt, key: object) -> str:
    return token(kind, (planned.device, planned.number, key))


def _source_positions(ticket: Ticket, sold: Ticket) -> list[int]:
    """Places, on the sale's ticket, of the lines that a refund returns."""
    if len(ticket.lines) == len(sold.lines):
        return list(range(len(sold.lines)))
    line = ticket.lines[0]
    goods = (line.variant, line.options, line.price)
    return [
        next(
            position
            for position, old in enumerate(sold.lines)
            if (old.variant, old.options, old.price) == goods and old.milli >= line.milli
        )
    ]


def content_of(ticket: Ticket, planned: PlannedReceipt) -> Content:
    """Content of a ticket; the rounding is the total minus all other amounts."""
    discounts, uids = _discounts(ticket, planned)
    taxes = {tax.id: order_tax(tax, planned) for tax in ticket.taxes}
    lines = tuple(
        [_line(line, planned, position, uids, taxes) for position, line in enumerate(ticket.lines)]
    )
    charges: tuple[Charge, ...] = ()
    if ticket.surcharge:  # Square's automatic gratuity has no name
        uid = uid_of("charge", planned, "surcharge")
        charges = (Charge(uid, None, "AUTO_GRATUITY", "TOTAL_PHASE", ticket.surcharge),)
    due = sum(line.total for line in ticket.lines) + ticket.surcharge + ticket.tip
    return Content(lines, discounts, tuple(taxes.values()), charges, ticket.tip, ticket.total - due)


def order_tax(tax: Tax, planned: PlannedReceipt) -> OrderTax:
    uid, catalog_id = uid_of("tax", planned, tax.id), catalog_token("tax", tax.id)
    return OrderTax(uid, catalog_id, tax.name, Decimal(tax.rate), tax.kind == "INCLUDED")


def _line(
    line: ticket_lines.Line,
    planned: PlannedReceipt,
    position: int,
    uids: dict[str, str],
    taxes: dict[str, OrderTax],
) -> OrderLine:
    modifiers = tuple(
        [
            OrderModifier(
                uid_of("modifier", planned, (position, index)),
                catalog_token("modifier", chosen.option_id),
                chosen.option,
                chosen.price,
                chosen.price * line.milli // 1000,
            )
            for index, chosen in enumerate(line.options)
        ]
    )
    return OrderLine(
        uid_of("line", planned, position),
        "ITEM",
        line.dish.name,
        line.variant.name or "Regular",
        catalog_token("variation", line.variant.variant_id),
        line.milli,
        line.dish.by_weight,
        line.price,
        line.gross - sum(modifier.total for modifier in modifiers),
        modifiers,
        tuple((uids[row.name], amount) for row, _, amount in line.discounts if amount),
        taxes[line.dish.tax.id].uid if line.dish.tax else None,
        line.note,
    )


def _discounts(
    ticket: Ticket, planned: PlannedReceipt
) -> tuple[tuple[OrderDiscount, ...], dict[str, str]]:
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
        uid = uids[discount.name] = uid_of("discount", planned, position)
        rows.append(_discount(discount, uid, percent, base, amount))
    return tuple(rows), uids


def _discount(
    discount: business.Discount, uid: str, percent: int | None, base: int, amount: int
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
        "VARIABLE_AMOUNT" if keyed else DISCOUNT_TYPES.get(discount.kind, "VARIABLE_AMOUNT"),
        percentage,
        "ORDER" if discount.on_ticket else "LINE_ITEM",
        token("reward", uid) if discount is business.POINTS else None,
    )
