"""Protocol of the shop behind Square's API, and its rows.

All instants are UTC milliseconds; `now` is the instant of the request. A source answers with the
orders that its server had at that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from .render import Json
from .timeline import OrderQuery


class Row(NamedTuple):
    """Order, payment or refund in a list; sorts by its unique (instant, id)."""

    instant: int  # of the field that the query sorts by
    id: str
    read: Callable[[], Json]


class OrderSource(Protocol):
    """State of a shop at Square as a function of time."""

    def orders(self, now: int, query: OrderQuery) -> Iterator[Row]:
        """Orders that `query` admits, in its order."""

    def find(self, now: int, identifier: str) -> Json | None:
        """Order of that id, None if the server does not have it."""

    def payments(self, now: int, query: OrderQuery) -> Iterator[Row]:
        """Payments; `query.states` does not apply."""

    def refunds(self, now: int, query: OrderQuery) -> Iterator[Row]:
        """Refunds; `query.states` does not apply."""

    def locations(self, now: int) -> list[Json]:
        """All locations."""

    def catalog(self, now: int) -> list[Json]:
        """Top-level catalog objects, oldest change first, deleted ones included."""

    def team_members(self, now: int) -> list[Json]:
        """All employees, inactive ones included."""
