"""What only Square's API has, on the simulated shop: a `SquareShop` with events.

Web orders that stay OPEN until they are fulfilled, tips keyed hours later, exchanges, refunds of
amounts (some without a link to the sale), taxed and percentage service charges, gift cards sold and
redeemed, custom amounts, openings of the drawer (NO_SALE), tickets that are never paid, and drafts.
A cancelled sale stays COMPLETED, and an order that returns all of it is created at that instant.

All are pure functions of the shop's seed, and of the sale or of the register and day. A sale has at
most one event, a refunded sale none. Exchanges, refunds of amounts and sales of gift cards follow
the documentation, because no public payload contains them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from pipeline.simulator.business import CARD, CASH
from pipeline.simulator.demand import draw_times
from pipeline.simulator.ids import EPOCH_DAY
from pipeline.simulator.pricelist import tax_of
from pipeline.simulator.receipt_schedule import PlannedReceipt, ReceiptSchedule
from pipeline.simulator.shop import Shop
from pipeline.simulator.square import SquareShop
from pipeline.simulator.square.arithmetic import half_even, percent_of
from pipeline.simulator.square.ids import OrderKey, token
from pipeline.simulator.square.order_content import Charge, Content, OrderLine, Priced, price
from pipeline.simulator.square.order_contents import Contents, order_tax, uid_of
from pipeline.simulator.square.orders import RETURN, SALE, Order, State
from pipeline.simulator.square.printer import Printer
from pipeline.simulator.square.tenders import (
    OrderTender,
    PaymentRefund,
    Tenders,
    make_tender,
    refund_payments,
    split_tip,
)
from pipeline.simulator.square.timeline import Timeline
from pipeline.simulator.tickets import Ticket, Tickets

AMOUNT_REFUND, VOID, NO_SALE, GIFT_CARD, CUSTOM_AMOUNT, OPEN, DRAFT = range(2, 9)
_HOUR, _DAY = 3600, 86_400
_COIN = 50  # the smallest one that shops give back
_PARTY_PERCENTAGE = Decimal("12.5")
# Of eight sales: neighbours, the earlier one first.
_EXCHANGED_POSITION, _EXCHANGING_POSITION = 6, 7
_UNLINKED_SHARE = 0.1  # of the refunds of amounts: without a link to the sale
_SHARES = (  # event, cumulated share of the sales without another event
    ("amount_refund", 0.015),
    ("packing", 0.035),
    ("party", 0.045),
    ("gift_card", 0.060),
    ("tip", 0.160),
)
_EXTRAS = (  # kind, share of the days of a register on which it happens
    (NO_SALE, 0.50),
    (GIFT_CARD, 0.20),
    (CUSTOM_AMOUNT, 0.35),
    (OPEN, 0.15),
    (DRAFT, 0.10),
)
_NO_TICKET = Ticket([], [], {}, 0, 0, 0, [], -1, None, None, None, None, (0, 0, 0), True, False)


class EventOrder(Order):
    """An order of any kind; its changes can also be tip and fulfilled."""

    __slots__ = ()

    @property
    def is_return(self) -> bool:
        return self.key.kind in (RETURN, AMOUNT_REFUND, VOID)

    def end(self, done: tuple[str, ...]) -> tuple[int | None, str]:
        fulfilled = next((instant for instant, what in self.changes if what == "fulfilled"), None)
        if "canceled" in done or self.key.kind not in (OPEN, DRAFT):
            if fulfilled and "fulfilled" not in done:
                return None, "OPEN"
            closed, state = super().end(done)
            return fulfilled or closed, state
        return None, "DRAFT" if self.key.kind == DRAFT else "OPEN"


class SaleEvent(NamedTuple):
    """Event of a sale, if any; `instant` in UTC seconds, `size` in [0, 1) scales it."""

    event: str | None = None
    instant: int = 0
    size: float = 0.0


NOTHING = SaleEvent()


class Events:
    """Events of a shop; every method is a pure function of its arguments."""

    def __init__(self, schedule: ReceiptSchedule, tickets: Tickets):
        self.schedule, self.tickets = schedule, tickets
        self.refund_of = Timeline(schedule, []).refund_of
        self.event_of = lru_cache(maxsize=20_000)(self._draw_event)

    def returned_by(self, sale: PlannedReceipt) -> list[PlannedReceipt]:
        """Receipts whose orders take back the sale or one of its lines."""
        later = None
        if sale.position % 8 == _EXCHANGED_POSITION:
            later = self._neighbour(sale, 1)
        exchanged_by = later if later and self.event_of(later).event == "exchange" else None
        return [planned for planned in (self.refund_of(sale), exchanged_by) if planned]

    def exchanged_sale(self, sale: PlannedReceipt) -> PlannedReceipt:
        """Sale of which this sale's order takes back a line."""
        return self.schedule.sale(sale.device, sale.day, sale.position - 1)

    def is_linked(self, sale: PlannedReceipt) -> bool:
        """Whether the sale's refund of an amount refers to the sale."""
        return self.event_of(sale).size >= _UNLINKED_SHARE

    def is_quiet(self, sale: PlannedReceipt) -> bool:
        """Whether the sale has no event, refund or exchange."""
        return self.event_of(sale) == NOTHING and not self.returned_by(sale)

    def _neighbour(self, sale: PlannedReceipt, step: int) -> PlannedReceipt | None:
        plan = self.schedule.plan(sale.device, sale.day)
        return next((planned for planned in plan if planned.position == sale.position + step), None)

    def _draw_event(self, sale: PlannedReceipt) -> SaleEvent:
        if sale.refunds:
            return NOTHING
        if sale.cancelled:
            return SaleEvent("void", sale.cancelled)
        rng = self.schedule.rng(20, sale.device, sale.number)
        draw, when, size = rng.random(), rng.random(), rng.random()
        if self.schedule.registers[sale.device].web:
            delay = 900 + int(when * when * when * 26 * _HOUR)
            return SaleEvent("fulfilled", sale.created + delay, size)
        if sale.position % 8 == _EXCHANGING_POSITION and draw < 0.08:
            return (
                SaleEvent("exchange", sale.created, size) if self._can_exchange(sale) else NOTHING
            )
        event = next((name for name, share in _SHARES if draw < share), None)
        if event is None or self.refund_of(sale) or sale.position % 8 == _EXCHANGED_POSITION:
            return NOTHING
        return self._possible(sale, event, when, size)

    def _can_exchange(self, sale: PlannedReceipt) -> bool:
        earlier, ticket = self._neighbour(sale, -1), self.tickets.ticket(sale)
        return (
            earlier is not None
            and earlier.created < sale.created
            and self.refund_of(earlier) is None
            and ticket.tip == 0
            and len(ticket.payments) == 1
        )

    def _possible(self, sale: PlannedReceipt, event: str, when: float, size: float) -> SaleEvent:
        """Event of the sale, if its ticket allows it."""
        ticket = self.tickets.ticket(sale)
        tender, amount = ticket.payments[0]
        if ticket.total < 100 or (event in ("gift_card", "tip") and tender != CARD):
            return NOTHING
        if event == "tip":
            later = SaleEvent("tip", sale.created + _HOUR + int(when * 8 * _HOUR), size)
            return later if 0 < ticket.tip < amount else NOTHING
        if event == "amount_refund":
            return SaleEvent(event, sale.created + _HOUR + int(when * when * 9 * _DAY), size)
        return SaleEvent(event, sale.created, size)


class EventTimeline(Timeline):
    """Orders with their followers, and orders without a receipt."""

    order_type = EventOrder

    def __init__(self, schedule: ReceiptSchedule, events: Events, locations: list[str]):
        super().__init__(schedule, locations)
        self.events = events
        self._extras = lru_cache(maxsize=4_000)(self._draw_extras)

    def returns_of(self, sale: PlannedReceipt | None) -> list[Order]:
        if sale is None or sale.refunds:
            return []
        later = [self.order_of(planned) for planned in self.events.returned_by(sale)]
        return [*self.orders_of(sale)[1:], *later]

    def orders_at(self, now: int, key: OrderKey) -> list[Order]:
        if key.kind >= NO_SALE:
            return self._extras(key.device, key.number >> 4)
        return super().orders_at(now, key)

    def orders_born_on(self, day: int) -> list[Order]:
        orders = super().orders_born_on(day)
        start = (day - EPOCH_DAY) * 86_400_000
        for business_day in range(day - 1, day + 2):
            for device in range(len(self.schedule.registers)):
                extras = self._extras(device, business_day)
                orders += [row for row in extras if start <= row.born < start + 86_400_000]
        return orders

    def orders_of(self, planned: PlannedReceipt) -> list[Order]:
        orders, fate = super().orders_of(planned), self.events.event_of(planned)
        follower = {"amount_refund": AMOUNT_REFUND, "void": VOID}.get(fate.event or "")
        if follower is not None:
            key, instant = OrderKey(follower, planned.device, planned.number), fate.instant * 1000
            orders.append(self.make_order(key, instant, instant, instant, [], planned))
        return orders

    def changes_of(self, planned: PlannedReceipt) -> list[tuple[int, str]]:
        if planned.refunds:
            return super().changes_of(planned)
        fate, returns = self.events.event_of(planned), self.events.returned_by(planned)
        changes = [(later.created * 1000, "refunded") for later in returns]
        if fate.event in ("tip", "fulfilled"):
            changes.append((fate.instant * 1000, fate.event))
        elif fate.event == "void" or (
            fate.event == "amount_refund" and self.events.is_linked(planned)
        ):
            changes.append((fate.instant * 1000, "refunded"))
        return changes

    def _draw_extras(self, device: int, day: int) -> list[Order]:
        """Orders without a receipt that the register rings on the business day."""
        schedule = self.schedule
        if schedule.registers[device].web or day < schedule.first:
            return []
        if schedule.absence(device, day) or not schedule.sales(device, day):
            return []
        rng, extras = schedule.rng(21, device, day), []
        for position, (kind, share) in enumerate(_EXTRAS):
            draw, size = rng.random(), rng.random()
            second = draw_times(rng, date.fromordinal(day), 1)[0]
            if draw < share:
                sold = (schedule.midnight(day) + second) * 1000
                closes = sold + 3_600_000 + int(size * 5 * 3_600_000)
                changes = [(closes, "canceled")] if kind == OPEN else []
                key, planned = OrderKey(kind, device, day << 4 | position), None
                extras.append(
                    self.make_order(key, sold + 2_000, sold + 200, sold, changes, planned)
                )
        return extras


class EventContents(Contents):
    """Contents with what the events of sales change."""

    def __init__(self, tickets: Tickets, events: Events):
        super().__init__(tickets)
        self.events = events

    def _sale(self, planned: PlannedReceipt) -> Content:
        content, fate = super()._sale(planned), self.events.event_of(planned)
        if fate.event == "packing":
            return _with_packing(content, planned, 100 + int(fate.size * 900))
        if fate.event == "party":
            amount = percent_of(sum(price(content).line_totals), _PARTY_PERCENTAGE)
            form = ("Servicio a grupos", "CUSTOM", "TOTAL_PHASE", amount, _PARTY_PERCENTAGE)
            charge = Charge(uid_of("charge", planned, "party"), *form)
            return content._replace(charges=(*content.charges, charge))
        tenders = {tender for tender, _ in self.ticket(planned).payments}
        if tenders == {CASH} and self.events.is_quiet(planned):
            total = price(content).total
            return content._replace(rounding=_COIN * half_even(total, _COIN) - total)
        return content

    def sold(self, state: State) -> Content:
        """What the order sells in that state, without a tip that is keyed later."""
        order = state.order
        if order.planned is None:
            return _extra(order)
        content = self.sale(order.planned)
        pending = any(what == "tip" for _, what in order.changes) and "tip" not in state.done
        return content._replace(tip=0) if pending else content

    def priced(self, state: State) -> Priced:
        planned, content = state.order.planned, self.sold(state)
        return (
            self.price_of(planned) if planned and content is self.sale(planned) else price(content)
        )

    def returned(self, order: Order) -> Content | None:
        planned, kind = order.planned, order.key.kind
        if kind == RETURN:
            return self.refund(planned)
        if kind == VOID:
            return _reversed(self.sale(planned))
        if kind == AMOUNT_REFUND:
            return _amount(
                planned, self.events.event_of(planned).size, self.price_of(planned).total
            )
        if planned is not None and self.events.event_of(planned).event == "exchange":
            return self._exchanged(planned)
        return None

    def returned_sale(self, order: Order) -> PlannedReceipt:
        """Sale of which the order takes back all or a part."""
        if order.key.kind == RETURN:
            return self.sale_of(order.planned)
        return (
            self.events.exchanged_sale(order.planned) if order.key.kind == SALE else order.planned
        )

    def source_of(self, order: Order) -> PlannedReceipt | None:
        is_linked = order.key.kind != AMOUNT_REFUND or self.events.is_linked(order.planned)
        return self.returned_sale(order) if is_linked else None

    def _exchanged(self, planned: PlannedReceipt) -> Content:
        """First line of the sale that this sale's order takes back."""
        sale = self.sale(self.events.exchanged_sale(planned))
        line = sale.lines[0]
        uids = {uid for uid, _ in line.discounts}
        discounts = tuple(row for row in sale.discounts if row.uid in uids)
        taxes = tuple(row for row in sale.taxes if row.uid == line.tax)
        return _reversed(Content((line,), discounts, taxes))


def _reversed(content: Content) -> Content:
    """Content that takes the given one back; only lines get uids of their own."""
    lines = tuple(
        line._replace(uid=token("return", line.uid), source_uid=line.uid) for line in content.lines
    )
    return content._replace(lines=lines)


def _amount(planned: PlannedReceipt, size: float, total: int) -> Content:
    """Refund of an amount, without information on its items."""
    amount = max(1, int(total * (0.1 + 0.4 * size)))
    return _without_item(uid_of("return", planned, "amount"), "CUSTOM_AMOUNT", None, amount)


def _without_item(uid: str, kind: str, name: str | None, amount: int, **more: Any) -> Content:
    return Content((OrderLine(uid, kind, name, None, None, 1000, False, amount, amount, **more),))


def _extra(order: Order) -> Content:
    """Content of an order without a receipt."""
    number, kind, uid = order.key.number, order.key.kind, token("line", order.key)
    if kind == GIFT_CARD:
        amount = (200_00, 300_00, 500_00, 1000_00)[number % 4]
        return _without_item(uid, "GIFT_CARD", "eGift Card", amount)
    if kind == CUSTOM_AMOUNT:
        note = "varios" if number % 3 == 0 else None
        return _without_item(uid, "CUSTOM_AMOUNT", None, 10_00 + number * 7919 % 190_00, note=note)
    if kind >= OPEN:
        return _without_item(uid, "ITEM", "Pedido especial", 50_00 + number * 7919 % 900_00)
    return Content()


def _with_packing(content: Content, planned: PlannedReceipt, amount: int) -> Content:
    """Add a service charge with an additive tax, whose base also has such lines."""
    tax = order_tax(tax_of("mas_iva"), planned)
    taxes = content.taxes if tax in content.taxes else (*content.taxes, tax)
    uid = uid_of("charge", planned, "packing")
    charge = Charge(uid, "Empaque", "CUSTOM", "SUBTOTAL_PHASE", amount, None, tax.uid)
    return content._replace(taxes=taxes, charges=(*content.charges, charge))


class EventTenders(Tenders):
    """Tenders of orders with events."""

    def tenders_of(self, state: State) -> list[OrderTender]:
        order = state.order
        if order.is_return or order.key.kind in (OPEN, DRAFT) or "canceled" in state.done:
            return []
        if order.planned is None:
            total = self.contents.priced(state).total
            kind = "CARD" if total % 3 else "CASH"
            kind = "NO_SALE" if order.key.kind == NO_SALE else kind
            return [make_tender(order, 0, kind, None, total, 0)]
        event = self.contents.events.event_of(order.planned).event
        if event == "exchange":
            priced = self.contents.priced(state)
            total = priced.total - price(self.contents.returned(order)).total
            tender = self.contents.ticket(order.planned).payments[0][0]
            return split_tip(order, [(tender, total)] if total > 0 else [], priced.tip)
        tenders = super().tenders_of(state)
        if event == "gift_card":
            tenders[0] = tenders[0]._replace(type="SQUARE_GIFT_CARD")
        return tenders

    def payment_refunds(self, state: State) -> list[PaymentRefund]:
        order = state.order
        returned = self.contents.returned(order)
        if returned is None:
            return []
        if order.key.kind in (RETURN, VOID):
            rows = self.contents.ticket(order.planned).payments
        else:
            total = price(returned).total
            total -= 0 if order.is_return else price(self.contents.sold(state)).total
            sale = self.contents.ticket(self.contents.returned_sale(order))
            rows = [(sale.payments[0][0], total)] if total > 0 else []
        return refund_payments(order, rows, self.contents.source_of(order))


class EventPrinter(Printer):
    """Printer of orders with events, of which some have no receipt."""

    def ticket(self, order: Order) -> Ticket:
        return super().ticket(order) if order.planned else _NO_TICKET

    def source(self, order: Order, ticket: Ticket) -> dict[str, Any]:
        is_invoice = order.key.kind in (OPEN, DRAFT)
        return {"name": "Invoices"} if is_invoice else super().source(order, ticket)


class EventShop(SquareShop):
    """A shop at Square with all events."""

    def parts(self, shop: Shop, locations: list[str]) -> tuple[Timeline, Printer]:
        events = Events(shop.schedule, shop.tickets)
        contents = EventContents(shop.tickets, events)
        printer = EventPrinter(contents, EventTenders(contents), locations)
        return EventTimeline(shop.schedule, events, locations), printer


def receipt_order_id(shop: SquareShop, number: str) -> str:
    """Id of the order that renders the receipt of that number, e.g. "1-1000"."""
    prefix, _, serial = number.partition("-")
    device = [str(register.number) for register in shop.schedule.registers].index(prefix)
    planned = shop.schedule.find(device, int(serial))
    if planned is None:
        raise KeyError(f"no receipt {number} yet")
    return shop.timeline.order_of(planned).id
