"""Life of an order: its first instant on the server, its changes and its states.

All instants are UTC milliseconds. Each change moves `updated_at` to its instant and raises
`version` by one. The content of orders is in `contents`.
"""

from __future__ import annotations

from typing import NamedTuple

from ..ledger import Slot
from .ids import OrderKey

# What an order can be, a part of its id.
KINDS = range(9)
SALE, RETURN, AMOUNT_REFUND, VOID, NO_SALE, GIFT_CARD, CUSTOM_AMOUNT, OPEN, DRAFT = KINDS
RETURNS = frozenset((RETURN, AMOUNT_REFUND, VOID))
OFFLINE_SECONDS = 600  # a receipt that reached the server later than that was rung offline
FIRST_VERSION = 4


class Order(NamedTuple):
    """One order; `changes`: sorted (instant, tip | fulfilled | refunded | canceled)."""

    id: str
    key: OrderKey
    born: int  # first instant at which the server has it
    created: int
    sold: int  # by the register's clock
    changes: tuple[tuple[int, str], ...]
    slot: Slot | None  # the receipt that it renders or follows

    @property
    def kind(self) -> int:
        return self.key.kind

    @property
    def device(self) -> int:
        return self.key.device

    @property
    def offline(self) -> bool:
        return self.born - self.sold > OFFLINE_SECONDS * 1000


class State(NamedTuple):
    """Order at an instant."""

    order: Order
    done: tuple[str, ...]  # the changes so far
    updated: int
    closed: int | None
    state: str

    @property
    def version(self) -> int:
        return FIRST_VERSION + len(self.done)

    def instant(self, field: str) -> int | None:
        """Value of the field created, updated or closed."""
        instants = {"created": self.order.created, "updated": self.updated, "closed": self.closed}
        return instants[field]


def state_at(order: Order, now: int) -> State | None:
    """Order as it is at `now`; None if the server does not have it yet."""
    if order.born > now:
        return None
    past = [change for change in order.changes if change[0] <= now]
    updated = past[-1][0] if past else order.born
    closing = {what: instant for instant, what in order.changes}
    done = tuple(what for _, what in past)
    if "canceled" in done:
        return State(order, done, updated, closing["canceled"], "CANCELED")
    if order.kind == DRAFT:
        return State(order, done, updated, None, "DRAFT")
    if order.kind == OPEN or ("fulfilled" in closing and "fulfilled" not in done):
        return State(order, done, updated, None, "OPEN")
    return State(order, done, updated, closing.get("fulfilled", _closed(order)), "COMPLETED")


def _closed(order: Order) -> int:
    """Instant, within a second, at which an order that is paid at once was closed."""
    return min(order.born, order.created + 100 + order.key.number * 13 % 400)
