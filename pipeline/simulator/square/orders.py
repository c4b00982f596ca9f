"""Life of an order: its first instant on the server, its changes and its states.

All instants are UTC milliseconds. Each change moves `updated_at` to its instant and raises
`version` by one. The content of orders is in `contents`.
"""

from __future__ import annotations

from typing import NamedTuple

from ..receipt_schedule import PlannedReceipt
from .ids import OrderKey

SALE, RETURN = range(2)  # what an order can be, a part of its id
OFFLINE_SECONDS = 600  # a receipt that reached the server later than that was rung offline
FIRST_VERSION = 4


class Order(NamedTuple):
    """The order of a receipt; `changes`: sorted (instant, refunded | canceled)."""

    id: str
    key: OrderKey
    born: int  # first instant at which the server has it
    created: int
    sold: int  # by the register's clock
    changes: tuple[tuple[int, str], ...]
    planned: PlannedReceipt

    @property
    def is_return(self) -> bool:
        """Whether it only takes back."""
        return self.key.kind == RETURN

    @property
    def device(self) -> int:
        return self.key.device

    @property
    def offline(self) -> bool:
        return self.born - self.sold > OFFLINE_SECONDS * 1000

    @property
    def paid(self) -> int:
        """Instant, within a second, at which an order that is paid at once is closed."""
        return min(self.born, self.created + 100 + self.key.number * 13 % 400)

    def state_at(self, now: int) -> State | None:
        """The order as it is at `now`; None if the server does not have it yet."""
        if self.born > now:
            return None
        past = [change for change in self.changes if change[0] <= now]
        done = tuple(what for _, what in past)
        return State(self, done, past[-1][0] if past else self.born, *self.end(done))

    def end(self, done: tuple[str, ...]) -> tuple[int | None, str]:
        """When the order was closed, and its state, after some changes."""
        if "canceled" in done:
            return next(instant for instant, what in self.changes if what == "canceled"), "CANCELED"
        return self.paid, "COMPLETED"


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
