"""What may stand behind the Square API: anything that knows the orders its server had at an
instant.

All instants are UTC milliseconds; `now` is the instant of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from .render import Json
from .timeline import OrderQuery


class Row(NamedTuple):
    """An order, payment or refund in a list; (instant, id) is unique and sorts the list."""

    instant: int  # of the field that the query sorts by
    id: str
    read: Callable[[], Json]


class OrderSource(Protocol):
    """A shop's state at Square as a function of time."""

    def orders(self, now: int, query: OrderQuery) -> Iterator[Row]:
        """The orders that `query` admits, sorted as it asks."""

    def find(self, now: int, identifier: str) -> Json | None:
        """The order of that id."""

    def payments(self, now: int, query: OrderQuery) -> Iterator[Row]:
        """The payments; `query.states` does not apply."""

    def refunds(self, now: int, query: OrderQuery) -> Iterator[Row]:
        """The refunds; `query.states` does not apply."""

    def locations(self, now: int) -> list[Json]:
        """All locations."""

    def catalog(self, now: int) -> list[Json]:
        """The top-level catalog objects, oldest change first, deleted ones included."""

    def team_members(self, now: int) -> list[Json]:
        """All people, inactive ones included."""
