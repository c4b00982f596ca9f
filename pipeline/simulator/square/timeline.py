"""Orders of a shop, by the day on which something happens to them.

A receipt has one order (a sale or a return) and at most one follower (a refund of an amount or a
void). Days are ordinals in UTC. The orders of a day are planned once. Orders that change on a later
day are in `late` of their day's plan; a change is at most LONGEST_CHANGE days later.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..ledger import Ledger, Slot
from .events import LONGEST_CHANGE, Events, Extra
from .ids import OrderKey, order_id, parse_order_id
from .orders import (
    AMOUNT_REFUND,
    KINDS,
    NO_SALE,
    OFFLINE_SECONDS,
    OPEN,
    RETURN,
    SALE,
    VOID,
    Order,
    State,
    state_at,
)

_DAY = 86_400_000
_EPOCH = 719_163  # ordinal of 1970-01-01


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

    def __init__(self, ledger: Ledger, events: Events, locations: list[str]):
        self.ledger, self.events, self.locations = ledger, events, locations
        self._plan = lru_cache(maxsize=2_500)(self._plan_day)
        self._touched = lru_cache(maxsize=400)(self._touched_on)

    def search(self, now: int, query: OrderQuery) -> Iterator[State]:
        """Orders that `query` admits as they are at `now`, sorted by (field, id)."""
        start = max(query.start or 0, (self.ledger.first - _EPOCH - 1) * _DAY)
        end = now if query.end is None else min(now, query.end)
        days = range(start // _DAY, end // _DAY + 1)
        for day in days if query.ascending else reversed(days):
            rows = []
            for order in self._candidates(day + _EPOCH, query.field):
                state = state_at(order, now)
                instant = state.instant(query.field) if state else None
                if state is None or instant is None or instant // _DAY != day:
                    continue
                if start <= instant <= end and self._admits(query, state):
                    rows.append((instant, order.id, state))
            rows.sort(key=lambda row: row[:2], reverse=not query.ascending)
            yield from (state for _, _, state in rows)

    def find(self, now: int, identifier: str) -> State | None:
        """Order of that id as it is at `now`."""
        key = parse_order_id(self.ledger.seed, identifier)
        if key is None or key.kind not in KINDS or key.device >= len(self.ledger.registers):
            return None
        order = next((row for row in self._of_key(now, key) if row.id == identifier), None)
        return state_at(order, now) if order else None

    def order_of(self, slot: Slot) -> Order:
        """Order that renders the receipt."""
        return self.orders_of(slot)[0]

    def _of_key(self, now: int, key: OrderKey) -> list[Order]:
        if key.kind >= NO_SALE:
            return [self._extra(row) for row in self.events.extras(key.device, key.number >> 4)]
        self.ledger.first_number(key.device, max(now // _DAY + _EPOCH + 2, self.ledger.first))
        slot = self.ledger.find(key.device, key.number)
        return self.orders_of(slot) if slot else []

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
        start, end = (day + 1 - _EPOCH) * _DAY, (day + 2 - _EPOCH) * _DAY
        tomorrow = [row for row in self._touched(day + 1) if start <= row.born < end]
        both = {row.id: row for row in (*today, *tomorrow)}
        return list(both.values())

    def _touched_on(self, day: int) -> list[Order]:
        """Orders to which something happens on the day."""
        start, end = (day - _EPOCH) * _DAY, (day + 1 - _EPOCH) * _DAY
        candidates = list(self._plan(day).orders)
        for back in range(1, LONGEST_CHANGE + 1):
            candidates += self._plan(day - back).late
        return [
            order
            for order in candidates
            if any(start <= instant < end for instant in _instants(order))
        ]

    def _plan_day(self, day: int) -> _Planned:
        orders = [order for slot in self.ledger.created_on(day) for order in self.orders_of(slot)]
        start, end = (day - _EPOCH) * _DAY, (day + 1 - _EPOCH) * _DAY
        for business_day in range(day - 1, day + 2):
            for device in range(len(self.ledger.registers)):
                extras = (self._extra(row) for row in self.events.extras(device, business_day))
                orders += [order for order in extras if start <= order.born < end]
        late = tuple(
            order for order in orders if any(instant >= end for instant in _instants(order))
        )
        return _Planned(tuple(orders), late)

    def orders_of(self, slot: Slot) -> list[Order]:
        """Order of a receipt, and its follower if it has one."""
        fate, born = self.events.fate(slot), slot.created * 1000
        offline = slot.created - slot.sold > OFFLINE_SECONDS
        created = born if offline else slot.sold * 1000 + slot.number * 37 % 400
        kind = RETURN if slot.refunds else SALE
        orders = [self._order(kind, slot, born, created, slot.sold * 1000, self._changes(slot))]
        follower = {"amount_refund": AMOUNT_REFUND, "void": VOID}.get(fate.event or "")
        if follower is not None:
            instant = fate.instant * 1000
            orders.append(self._order(follower, slot, instant, instant, instant, ()))
        return orders

    def _changes(self, slot: Slot) -> tuple[tuple[int, str], ...]:
        if slot.refunds:
            return ((slot.cancelled * 1000, "canceled"),) if slot.cancelled else ()
        fate, returns = self.events.fate(slot), self.events.returned_by(slot)
        changes = [(later.created * 1000, "refunded") for later in returns]
        if fate.event in ("tip", "fulfilled"):
            changes.append((fate.instant * 1000, fate.event))
        elif fate.event == "void" or (
            fate.event == "amount_refund" and self.events.is_linked(slot)
        ):
            changes.append((fate.instant * 1000, "refunded"))
        elif slot.cancelled:
            changes.append((slot.cancelled * 1000, "canceled"))
        return tuple(sorted(changes))

    def _order(
        self,
        kind: int,
        slot: Slot,
        born: int,
        created: int,
        sold: int,
        changes: tuple[tuple[int, str], ...],
    ) -> Order:
        key = OrderKey(kind, slot.device, slot.number)
        return Order(order_id(self.ledger.seed, key), key, born, created, sold, changes, slot)

    def _extra(self, extra: Extra) -> Order:
        sold = extra.sold * 1000
        key = OrderKey(extra.kind, extra.device, extra.day << 4 | extra.position)
        closes = sold + 3_600_000 + int(extra.size * 5 * 3_600_000)
        changes = ((closes, "canceled"),) if extra.kind == OPEN else ()
        born = sold + 2_000
        return Order(order_id(self.ledger.seed, key), key, born, sold + 200, sold, changes, None)


def _instants(order: Order) -> tuple[int, ...]:
    return (order.born, *(instant for instant, _ in order.changes))
