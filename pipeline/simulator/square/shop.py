"""Simulated shop as Square has it: the same receipts, rendered as orders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from ..catalogue import Catalogue
from ..shop import Shop
from . import office
from .contents import Contents
from .events import Events
from .ids import OrderKey, location_id, order_id
from .orders import RETURN, RETURNS, SALE, State, state_at
from .printer import Printer
from .render import Json
from .source import Row
from .tenders import Payback
from .timeline import OrderQuery, Timeline


class SquareShop:
    """`OrderSource` over a `Shop`; `events`: with what Loyverse's API does not have."""

    def __init__(self, shop: Shop, events: bool = True):
        self.shop, self.ledger = shop, shop.ledger
        self.catalogue: Catalogue = shop.catalogue
        self.events = Events(shop.ledger, shop.tickets, events)
        self.contents = Contents(shop.tickets, self.events)
        stores = [location_id(store) for store in shop.catalogue.store_ids]
        locations = [stores[register.store] for register in shop.ledger.registers]
        self.timeline = Timeline(shop.ledger, self.events, locations)
        self.printer = Printer(self.contents, locations)
        self._print = lru_cache(maxsize=6_000)(self.printer.order)

    def order_id(self, number: str) -> str:
        """Id of the order that renders the receipt of that number, e.g. "1-1000"."""
        prefix, _, serial = number.partition("-")
        device = [str(register.number) for register in self.ledger.registers].index(prefix)
        slot = self.ledger.find(device, int(serial))
        if slot is None:
            raise KeyError(f"no receipt {number} yet")
        kind = RETURN if slot.refunds else SALE
        return order_id(self.ledger.seed, OrderKey(kind, device, int(serial)))

    def orders(self, now: int, query: OrderQuery) -> Iterator[Row]:
        for state in self.timeline.search(now, query):
            yield Row(state.instant(query.field) or 0, state.order.id, partial(self._print, state))

    def find(self, now: int, identifier: str) -> Json | None:
        state = self.timeline.find(now, identifier)
        return self._print(state) if state else None

    def payments(self, now: int, query: OrderQuery) -> Iterator[Row]:
        for state in self.timeline.search(now, query):
            tenders = self.printer.tenders.tenders_of(state)
            instant = state.instant(query.field) or 0
            for tender in tenders if query.ascending else reversed(tenders):
                read = partial(self._payment, now, state, tenders.index(tender))
                yield Row(instant, f"{state.order.id}/{tenders.index(tender)}", read)

    def refunds(self, now: int, query: OrderQuery) -> Iterator[Row]:
        for state in self.timeline.search(now, query):
            paybacks = self.printer.tenders.paybacks(state)
            instant = state.instant(query.field) or 0
            for payback in paybacks if query.ascending else reversed(paybacks):
                index = paybacks.index(payback)
                read = partial(self.printer.refund, state, payback)
                yield Row(instant, f"{state.order.id}/{index}", read)

    def locations(self, now: int) -> list[Json]:
        return office.locations(self.catalogue, str(self.ledger.zone), now)

    def catalog(self, now: int) -> list[Json]:
        return office.catalog(self.catalogue, now)

    def team_members(self, now: int) -> list[Json]:
        return office.team_members(self.catalogue, now)

    def _payment(self, now: int, state: State, index: int) -> Json:
        tender = self.printer.tenders.tenders_of(state)[index]
        refunds = [row for row in self._paybacks(now, state) if row.payment == tender.id]
        return self.printer.payment(state, tender, refunds)

    def _paybacks(self, now: int, state: State) -> list[Payback]:
        """Paybacks of a sale up to `now`."""
        slot = state.order.slot
        if slot is None or state.order.kind != SALE:
            return []
        orders = [row for row in self.timeline.orders_of(slot) if row.kind in RETURNS]
        orders += [self.timeline.order_of(later) for later in self.events.returned_by(slot)]
        states = [row for row in (state_at(order, now) for order in orders) if row]
        valid = [returned for returned in states if "canceled" not in returned.done]
        return [row for returned in valid for row in self.printer.tenders.paybacks(returned)]
