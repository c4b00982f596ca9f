"""Source of orders, payments and refunds that a test plants and changes.

A book can extend another source and change its orders too: `OrderBook(EventShop(Shop()))`. Every
past state can still be read. Call its methods in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from heapq import merge
from threading import Lock
from typing import Any, Literal, NamedTuple

from pipeline.simulator.ids import millis, parse_stamp, stamp
from pipeline.simulator.square.render import Json
from pipeline.simulator.square.source import OrderSource, Row
from pipeline.simulator.square.timeline import OrderQuery

Kind = Literal["orders", "payments", "refunds"]


class _Version(NamedTuple):
    visible: int
    row: Json


class OrderBook:
    """`OrderSource` with rows from a test.

    `locations`, `catalog` and `team` are added to those of `base`.
    """

    def __init__(
        self,
        base: OrderSource | None = None,
        locations: Sequence[Json] = (),
        catalog: Sequence[Json] = (),
        team: Sequence[Json] = (),
    ):
        self.base = base
        self._places, self._objects, self._team = locations, catalog, team
        self._versions: dict[Kind, dict[str, list[_Version]]] = {
            "orders": {},
            "payments": {},
            "refunds": {},
        }
        self._lock = Lock()

    def plant(self, row: Json, instant: datetime, kind: Kind = "orders") -> str:
        """Show the row unchanged from the instant on; returns its id."""
        with self._lock:
            versions = self._versions[kind]
            key = str(row["id"])
            versions[key] = [*versions.get(key, ()), _Version(millis(instant), row)]
        return key

    def change(self, key: str, instant: datetime, **fields: Any) -> None:
        """Change an order at the instant; sets `updated_at`, raises `version` by one."""
        order = self.find(millis(instant), key)
        if order is None:
            raise KeyError(f"order {key} is not there yet at {instant}")
        moved = {"updated_at": stamp(millis(instant)), "version": order.get("version", 1) + 1}
        self.plant({**order, **moved, **fields}, instant)

    def find(self, now: int, identifier: str) -> Json | None:
        own = self._own(now, "orders").get(identifier)
        return own or (self.base.find(now, identifier) if self.base else None)

    def orders(self, now: int, query: OrderQuery) -> Iterator[Row]:
        return self._merged(now, query, "orders", self.base.orders if self.base else None)

    def payments(self, now: int, query: OrderQuery) -> Iterator[Row]:
        return self._merged(now, query, "payments", self.base.payments if self.base else None)

    def refunds(self, now: int, query: OrderQuery) -> Iterator[Row]:
        return self._merged(now, query, "refunds", self.base.refunds if self.base else None)

    def locations(self, now: int) -> list[Json]:
        return [*self._places, *(self.base.locations(now) if self.base else [])]

    def catalog(self, now: int) -> list[Json]:
        rows = [*self._objects, *(self.base.catalog(now) if self.base else [])]
        return sorted(rows, key=lambda row: (row["updated_at"], row["id"]))

    def team_members(self, now: int) -> list[Json]:
        return [*self._team, *(self.base.team_members(now) if self.base else [])]

    def _own(self, now: int, kind: Kind) -> dict[str, Json]:
        """Planted rows as they are at `now`."""
        with self._lock:
            histories = dict(self._versions[kind])
        rows = {
            key: [version.row for version in versions if version.visible <= now]
            for key, versions in histories.items()
        }
        return {key: states[-1] for key, states in rows.items() if states}

    def _merged(
        self,
        now: int,
        query: OrderQuery,
        kind: Kind,
        below: Callable[[int, OrderQuery], Iterator[Row]] | None,
    ) -> Iterator[Row]:
        own = self._own(now, kind)
        rows = [row for order in own.values() if (row := _row(order, query))]
        rows.sort(key=lambda row: row[:2], reverse=not query.ascending)
        others = below(now, query) if below else iter(())
        if kind == "orders":
            others = (row for row in others if row.id not in own)
        return merge(rows, others, key=lambda row: row[:2], reverse=not query.ascending)


def _row(order: Json, query: OrderQuery) -> Row | None:
    """Row of the order, or None if the query does not admit it."""
    text = order.get(f"{query.field}_at")
    instant = None if text is None else parse_stamp(text)
    if instant is None or instant < (query.start or 0):
        return None
    if query.end is not None and instant > query.end:
        return None
    if query.locations is not None and order.get("location_id") not in query.locations:
        return None
    if query.states is not None and order.get("state") not in query.states:
        return None
    return Row(instant, str(order["id"]), partial(dict, order))
