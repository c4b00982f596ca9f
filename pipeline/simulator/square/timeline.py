"""Orders of a shop, by the day on which something happens to them.

A receipt has one order, a sale or a return. Days are ordinals in UTC. The orders of a day are
planned once. Orders that change on a later day are in `late` of their day's plan; a change is at
most LONGEST_CHANGE days later.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..ids import EPOCH_DAY
from ..receipt_schedule import REFUND_LAGS, PlannedReceipt, ReceiptSchedule
from .ids import OrderKey, order_id, parse_order_id
from .orders import OFFLINE_SECONDS, RETURN, SALE, Order, State

LONGEST_CHANGE = 24  # days from a receipt's arrival to the last change of its order
_LAG_OF_POSITION = {position: days for days, positions, _ in REFUND_LAGS for position in positions}
_DAY_MS = 86_400_000


class OrderQuery(NamedTuple):
    """Search by `field` (created, updated, closed); inclusive bounds in milliseconds."""

    field: str = "created"
    ascending: bool = False
    start: int | None = None
    end: int | None = None
    locations: frozenset[str] | None = None
    states: frozenset[str] | None = None


class _Planned(NamedTuple):
    orders: tuple[Order, ...]
    late: tuple[Order, ...]  # those with an instant on another day


class Timeline:
    """Orders of a shop; `locations` are the location ids of its registers."""

    order_type = Order

    def __init__(self, schedule: ReceiptSchedule, locations: list[str]):
        self.schedule, self.locations = schedule, locations
        self._refunds = lru_cache(maxsize=4_000)(self._index_refunds)
        self._plan = lru_cache(maxsize=2_500)(self._plan_day)
        self._touched = lru_cache(maxsize=400)(self._touched_on)

    def search(self, now: int, query: OrderQuery) -> Iterator[State]:
        """Orders that `query` admits as they are at `now`, sorted by (field, id)."""
        start = max(query.start or 0, (self.schedule.first - EPOCH_DAY - 1) * _DAY_MS)
        end = now if query.end is None else min(now, query.end)
        days = range(start // _DAY_MS, end // _DAY_MS + 1)
        for day in days if query.ascending else reversed(days):
            rows = []
            for order in self._candidates(day + EPOCH_DAY, query.field):
                state = order.state_at(now)
                instant = state.instant(query.field) if state else None
                if state is None or instant is None or instant // _DAY_MS != day:
                    continue
                if start <= instant <= end and self._admits(query, state):
                    rows.append((instant, order.id, state))
            rows.sort(key=lambda row: row[:2], reverse=not query.ascending)
            yield from (state for _, _, state in rows)

    def find(self, now: int, identifier: str) -> State | None:
        """Order of that id as it is at `now`."""
        key = parse_order_id(self.schedule.seed, identifier)
        if key is None or key.device >= len(self.schedule.registers):
            return None
        order = next((row for row in self.orders_at(now, key) if row.id == identifier), None)
        return order.state_at(now) if order else None

    def refund_of(self, sale: PlannedReceipt) -> PlannedReceipt | None:
        """Receipt that refunds the sale, even if it lies in the future."""
        lag = _LAG_OF_POSITION.get(sale.position % 8)
        if lag is None:
            return None
        return self._refunds(sale.device, sale.day + lag).get((sale.day, sale.position))

    def _index_refunds(self, device: int, day: int) -> dict[tuple[int, int], PlannedReceipt]:
        return {
            planned.refunds: planned
            for planned in self.schedule.plan(device, day)
            if planned.refunds
        }

    def returns_of(self, sale: PlannedReceipt) -> list[Order]:
        """Orders that take back the sale or a part of it."""
        refund = self.refund_of(sale)
        return [self.order_of(refund)] if refund else []

    def order_of(self, planned: PlannedReceipt) -> Order:
        """Order that renders the receipt."""
        return self.orders_of(planned)[0]

    def orders_at(self, now: int, key: OrderKey) -> list[Order]:
        """Orders of the receipt that an order's key names."""
        self.schedule.count_until(now // _DAY_MS + EPOCH_DAY + 2)
        planned = self.schedule.find(key.device, key.number)
        return self.orders_of(planned) if planned else []

    def _admits(self, query: OrderQuery, state: State) -> bool:
        location = self.locations[state.order.device]
        return (query.locations is None or location in query.locations) and (
            query.states is None or state.state in query.states
        )

    def _candidates(self, day: int, field: str) -> list[Order]:
        """Orders whose field can lie on the day; `created` can be before the arrival."""
        today = self._touched(day)
        if field == "updated":
            return today
        start, end = (day + 1 - EPOCH_DAY) * _DAY_MS, (day + 2 - EPOCH_DAY) * _DAY_MS
        tomorrow = [row for row in self._touched(day + 1) if start <= row.born < end]
        both = {row.id: row for row in (*today, *tomorrow)}
        return list(both.values())

    def _touched_on(self, day: int) -> list[Order]:
        """Orders to which something happens on the day."""
        start, end = (day - EPOCH_DAY) * _DAY_MS, (day + 1 - EPOCH_DAY) * _DAY_MS
        candidates = list(self._plan(day).orders)
        for back in range(1, LONGEST_CHANGE + 1):
            candidates += self._plan(day - back).late
        return [
            order
            for order in candidates
            if any(start <= instant < end for instant in _instants(order))
        ]

    def _plan_day(self, day: int) -> _Planned:
        orders, end = self.orders_born_on(day), (day + 1 - EPOCH_DAY) * _DAY_MS
        late = [order for order in orders if any(instant >= end for instant in _instants(order))]
        return _Planned(tuple(orders), tuple(late))

    def orders_born_on(self, day: int) -> list[Order]:
        """Orders that reach the server on the day."""
        return [
            order for planned in self.schedule.created_on(day) for order in self.orders_of(planned)
        ]

    def orders_of(self, planned: PlannedReceipt) -> list[Order]:
        """Orders of a receipt, the first of which renders it."""
        sold, born = planned.sold * 1000, planned.created * 1000
        is_offline = planned.created - planned.sold > OFFLINE_SECONDS
        created = born if is_offline else sold + planned.number * 37 % 400
        key = OrderKey(RETURN if planned.refunds else SALE, planned.device, planned.number)
        return [self.make_order(key, born, created, sold, self.changes_of(planned), planned)]

    def changes_of(self, planned: PlannedReceipt) -> list[tuple[int, str]]:
        """(instant, kind) of the changes of the receipt's order."""
        changes = [(planned.cancelled * 1000, "canceled")] if planned.cancelled else []
        refund = None if planned.refunds else self.refund_of(planned)
        return changes + ([(refund.created * 1000, "refunded")] if refund else [])

    def make_order(
        self,
        key: OrderKey,
        born: int,
        created: int,
        sold: int,
        changes: list[tuple[int, str]],
        planned: PlannedReceipt,
    ) -> Order:
        """An order with its id."""
        name = order_id(self.schedule.seed, key)
        return self.order_type(name, key, born, created, sold, tuple(sorted(changes)), planned)


def _instants(order: Order) -> tuple[int, ...]:
    return (order.born, *(instant for instant, _ in order.changes))
