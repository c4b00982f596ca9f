"""JSON objects of the shop's orders, payments and refunds.

The employee and the device are on payments only. The dining option is nowhere, but the name of an
app or of the web shop is the order's source.
"""

from __future__ import annotations

from ..business import FIRST_NAMES, LAST_NAMES, RAPPI, TENDERS, UBER
from ..ids import id_of, stamp
from ..loyverse.receipt import customer_id
from ..tickets import Ticket
from .ids import OrderKey, catalog_token, money, order_id, token, whole_second
from .order_content import NOTHING, Content, Priced, price
from .order_contents import Contents
from .orders import SALE, Order, State
from .render import Json, amounts, return_entry, sale_fields, totals
from .tenders import OrderTender, PaymentRefund, Tenders, tender_id

_CARDS = ("VISA", "MASTERCARD", "AMERICAN_EXPRESS")
_ENTRIES = ("CONTACTLESS", "EMV", "SWIPED", "KEYED")


class Printer:
    """Printer of a shop's orders, from its contents and tenders."""

    def __init__(self, contents: Contents, tenders: Tenders, locations: list[str]):
        self.contents, self.tenders, self.locations = contents, tenders, locations
        self.schedule = contents.schedule

    def order(self, state: State) -> Json:
        """Order as it is in that state."""
        order, ticket = state.order, self.ticket(state.order)
        sold, priced = Content(), NOTHING
        if not order.is_return:
            sold, priced = self.contents.sold(state), self.contents.priced(state)
        tenders = self.tenders.tenders_of(state)
        fields: Json = {"id": order.id, "location_id": self.locations[order.device]}
        fields["source"] = self.source(order, ticket)
        if ticket.customer >= 0:
            fields["customer_id"] = self._customer(ticket)
        if ticket.order and not order.is_return:
            fields["ticket_name"] = ticket.order[:30]
        version = _catalog_version(order)
        fields |= sale_fields(sold, priced, version)
        if not order.is_return and self.schedule.registers[order.device].web:
            fields["fulfillments"] = [_fulfillment(state, ticket)]
        fields |= {
            "created_at": stamp(order.created),
            "updated_at": stamp(state.updated),
            "state": state.state,
            "version": state.version,
        }
        if not order.is_return or order.key.number % 5:
            fields |= totals(priced)  # some returns have none
        if state.closed is not None:
            fields["closed_at"] = stamp(state.closed)
        if tenders:
            fields["tenders"] = [self._tender(state, tender, ticket) for tender in tenders]
        returned, less = self.contents.returned(order), NOTHING
        if returned is not None:
            less = price(returned)
            fields |= self._return_fields(order, returned, less, version)
        fields["net_amounts"] = amounts(priced, less)
        paid = tenders or returned is not None
        fields["net_amount_due_money"] = money(0 if paid else priced.total)
        return fields

    def payment(self, state: State, tender: OrderTender, refunds: list[PaymentRefund]) -> Json:
        """Payment of a tender; `refunds` are those of it so far."""
        order, ticket = state.order, self.ticket(state.order)
        register = self.schedule.registers[order.device]
        fields: Json = {
            "id": tender.id,
            "created_at": stamp(order.created),
            "updated_at": stamp(state.updated),
            "amount_money": money(tender.amount - tender.tip),
            "total_money": money(tender.amount),
            "status": "COMPLETED",
            "location_id": self.locations[order.device],
            "order_id": order.id,
            "receipt_number": tender.id[:4],
            "application_details": {
                "square_product": "ECOMMERCE_API" if register.web else "SQUARE_POS"
            },
        }
        if tender.tip:
            fields["tip_money"] = money(tender.tip)
        fields |= _source_details(tender, order)
        if not register.web:
            fields["device_details"] = {
                "device_id": "DEVICE_INSTALLATION_ID:" + token("device", register.number),
                "device_name": register.name,
            }
        if ticket.employee:
            fields["team_member_id"] = team_member_id(ticket.employee)
        if ticket.customer >= 0:
            fields["customer_id"] = self._customer(ticket)
        if order.offline:
            fields["is_offline_payment"] = True
            fields["offline_payment_details"] = {"client_created_at": stamp(order.sold)}
        if refunds:
            fields["refund_ids"] = [row.id for row in refunds]
            fields["refunded_money"] = money(sum(row.amount for row in refunds))
        return fields

    def refund(self, state: State, refund: PaymentRefund) -> Json:
        """Refund that a return pays out."""
        order, ticket = state.order, self.ticket(state.order)
        kind = {"CARD": "CARD", "CASH": "CASH"}.get(refund.type, "EXTERNAL")
        fields: Json = {
            "id": refund.id,
            "status": "FAILED" if "canceled" in state.done else "COMPLETED",
            "amount_money": money(refund.amount),
            "order_id": order.id,
            "created_at": stamp(order.created),
            "updated_at": stamp(state.updated),
            "location_id": self.locations[order.device],
            "destination_type": kind,
            "unlinked": refund.payment is None,
        }
        if refund.payment is not None:
            fields["payment_id"] = refund.payment
        if order.key.number % 2:
            fields["reason"] = "Returned Goods"
        if ticket.employee:
            fields["team_member_id"] = team_member_id(ticket.employee)
        return fields

    def ticket(self, order: Order) -> Ticket:
        """Ticket of the receipt that the order renders."""
        return self.contents.ticket(order.planned)

    def _customer(self, ticket: Ticket) -> str:
        return catalog_token("customer", customer_id(self.schedule.seed, ticket.customer), 26)

    def source(self, order: Order, ticket: Ticket) -> Json:
        """Where the order comes from: the web shop, a delivery app or the register."""
        if self.schedule.registers[order.device].web:
            return {"name": "Square Online"}
        apps = [TENDERS[tender].name for tender, _ in ticket.payments if tender in (UBER, RAPPI)]
        return {"name": apps[0]} if apps and not order.is_return else {}

    def _return_fields(self, order: Order, returned: Content, priced: Priced, version: int) -> Json:
        source = self.contents.source_of(order)
        identifier = tender = None
        if source:
            key = OrderKey(SALE, source.device, source.number)
            identifier, tender = order_id(self.schedule.seed, key), tender_id(key, 0)
        entry = return_entry(returned, priced, identifier, tender, version)
        if order.key.number % 2:
            entry |= {"uid": token("entry", order.key), "return_amounts": amounts(priced)}
        return {"returns": [entry], "return_amounts": amounts(priced)}

    def _tender(self, state: State, tender: OrderTender, ticket: Ticket) -> Json:
        order = state.order
        fields: Json = {
            "id": tender.id,
            "location_id": self.locations[order.device],
            "transaction_id": order.id,
            "created_at": whole_second(order.born if order.offline else order.sold),
            "amount_money": money(tender.amount),
            "type": tender.type,
            "payment_id": tender.id,
        }
        if note := tender.note or ticket.note:
            fields["note"] = note
        if tender.tip:
            fields["tip_money"] = money(tender.tip)
        if ticket.customer >= 0:
            fields["customer_id"] = self._customer(ticket)
        if tender.type in ("CARD", "SQUARE_GIFT_CARD"):
            fields["card_details"] = _card_details(tender, order)
        if tender.type == "CASH":
            fields["cash_details"] = {
                "buyer_tendered_money": money(tender.tendered),
                "change_back_money": money(tender.tendered - tender.amount),
            }
        return fields


def team_member_id(name: str) -> str:
    """Id of the employee of that name."""
    return "TM" + catalog_token("person", id_of("employee", name), 16)


def _catalog_version(order: Order) -> int:
    """Version of the catalog on the register: that of the day of the sale."""
    return order.sold // 86_400_000 * 86_400_000


def _fulfillment(state: State, ticket: Ticket) -> Json:
    """Fulfillment of a web order; names and telephone numbers are invented."""
    order = state.order
    number = order.key.number
    kind = "DELIVERY" if any(line.dish.role == "envío" for line in ticket.lines) else "PICKUP"
    progress = {"COMPLETED": "COMPLETED", "CANCELED": "CANCELED"}.get(state.state, "PROPOSED")
    name = (
        f"{FIRST_NAMES[number * 7 % len(FIRST_NAMES)]} {LAST_NAMES[number * 13 % len(LAST_NAMES)]}"
    )
    recipient = {"display_name": name, "phone_number": f"+5255000{number % 100_000:05d}"}
    return {
        "uid": token("fulfillment", order.key),
        "type": kind,
        "state": progress,
        f"{kind.lower()}_details": {"recipient": recipient, "placed_at": stamp(order.created)},
    }


def _card_details(tender: OrderTender, order: Order) -> Json:
    number = order.key.number
    gift = tender.type == "SQUARE_GIFT_CARD"
    brand = "SQUARE_GIFT_CARD" if gift else _CARDS[number % len(_CARDS)]
    return {
        "status": "CAPTURED",
        "card": {"card_brand": brand, "last_4": f"{number * 31 % 10_000:04d}"},
        "entry_method": "KEYED" if gift else _ENTRIES[number % len(_ENTRIES)],
    }


def _source_details(tender: OrderTender, order: Order) -> Json:
    if tender.type in ("CARD", "SQUARE_GIFT_CARD"):
        return {"source_type": "CARD", "card_details": _card_details(tender, order)}
    if tender.type == "WALLET":
        return {"source_type": "WALLET", "wallet_details": {"status": "CAPTURED"}}
    if tender.type == "OTHER":
        details = {"type": "OTHER", "source": tender.note or "Other"}
        return {"source_type": "EXTERNAL", "external_details": details}
    return {
        "source_type": "CASH",
        "cash_details": {
            "buyer_supplied_money": money(tender.tendered),
            "change_back_money": money(tender.tendered - tender.amount),
        },
    }
