"""Simulated shop as Square has it: the same receipts, rendered as orders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from ..shop import Shop
from . import shop_objects
from .ids import location_id
from .order_contents import Contents
from .orders import State
from .printer import Printer
from .render import Json
from .source import Row
from .tenders import PaymentRefund, Tenders
from .timeline import OrderQuery, Timeline


class SquareShop:
    """`OrderSource` over a `Shop`; `now` is in UTC milliseconds."""

    def __init__(self, shop: Shop):
        self.shop, self.schedule, self.shop_catalog = shop, shop.schedule, shop.shop_catalog
        stores = [location_id(store) for store in shop.shop_catalog.store_ids]
        locations = [stores[register.store] for register in shop.schedule.registers]
        self.timeline, self.printer = self.parts(shop, locations)
        self._print = lru_cache(maxsize=6_000)(self.printer.order)

    def parts(self, shop: Shop, locations: list[str]) -> tuple[Timeline, Printer]:
        """The timeline of the orders, and what renders them as JSON."""
        contents = Contents(shop.tickets)
        return Timeline(shop.schedule, locations), Printer(contents, Tenders(contents), locations)

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
            payment_refunds = self.printer.tenders.payment_refunds(state)
            instant = state.instant(query.field) or 0
            for payment_refund in payment_refunds if query.ascending else reversed(payment_refunds):
                index = payment_refunds.index(payment_refund)
                read = partial(self.printer.refund, state, payment_refund)
                yield Row(instant, f"{state.order.id}/{index}", read)

    def locations(self, now: int) -> list[Json]:
        return shop_objects.locations(self.shop_catalog, now)

    def catalog(self, now: int) -> list[Json]:
        return shop_objects.catalog(self.shop_catalog, now)

    def team_members(self, now: int) -> list[Json]:
        return shop_objects.team_members(self.shop_catalog, now)

    def _payment(self, now: int, state: State, index: int) -> Json:
        tender = self.printer.tenders.tenders_of(state)[index]
        refunds = [row for row in self._payment_refunds(now, state) if row.payment == tender.id]
        return self.printer.payment(state, tender, refunds)

    def _payment_refunds(self, now: int, state: State) -> list[PaymentRefund]:
        """Refunds of a sale up to `now`."""
        orders = self.timeline.returns_of(state.order.planned)
        states = [row for row in (order.state_at(now) for order in orders) if row]
        valid = [returned for returned in states if "canceled" not in returned.done]
        return [row for returned in valid for row in self.printer.tenders.payment_refunds(returned)]
