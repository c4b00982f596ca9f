"""Data of a shop that a test fills with receipts.

Receipts are added, changed and cancelled at given instants, and every past state can still be
queried. A book can extend another source and change that source's receipts too: `Book(Shop())`. The
book sets `created_at` and `updated_at`, as the server does, except on a body that is planted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import count
from threading import Lock
from typing import Any, NamedTuple

from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.source import EVERYTHING, Entry, Query, ShopData, decode, encode, entries_of

_OWN = 1 << 60  # first id of receipts that `base` does not have


class _Version(NamedTuple):
    visible: int
    entry: Entry


class Book:
    """`ShopData` with receipts from a test; call its methods in the order of time.

    `rows` are the back office's objects by resource; they replace those of `base`.
    """

    def __init__(
        self,
        base: ShopData | None = None,
        rows: Mapping[str, Sequence[dict[str, Any]]] | None = None,
        merchant: dict[str, Any] | None = None,
    ):
        self.base, self._rows, self._merchant = (
            base,
            {name: entries_of(some) for name, some in (rows or {}).items()},
            merchant,
        )
        self._versions: dict[str, list[_Version]] = {}
        self._ids, self._lock = count(_OWN), Lock()

    def put_rows(self, resource: str, rows: Sequence[dict[str, Any]]) -> None:
        """Replace the rows of a resource of the back office."""
        self._rows[resource] = entries_of(rows)

    def add(
        self, receipt: Mapping[str, Any], instant: datetime, lag: timedelta = timedelta(0)
    ) -> str:
        """Receive a new receipt at `instant`; returns its number.

        It becomes visible `lag` later.
        """
        moment = stamp(millis(instant))
        body = {**receipt, "created_at": moment, "updated_at": moment}
        self.plant(
            encode(body),
            body["receipt_number"],
            instant,
            instant,
            instant + lag,
        )
        return body["receipt_number"]

    def change(
        self, number: str, instant: datetime, lag: timedelta = timedelta(0), **fields: Any
    ) -> None:
        """Edit a receipt at `instant`, which becomes its `updated_at`.

        `created_at` stays. The change becomes visible `lag` later. Raises KeyError if the receipt
        does not exist at `instant`.
        """
        versions = self._versions.get(number)
        entry = versions[-1].entry if versions else self.find(millis(instant), number)
        if entry is None:
            raise KeyError(f"receipt {number} is not there yet at {instant}")
        body = {**decode(entry.read()), "updated_at": stamp(millis(instant)), **fields}
        self._put(
            number,
            millis(instant + lag),
            entry._replace(updated=millis(instant), read=_reader(encode(body))),
        )

    def cancel(self, number: str, instant: datetime, lag: timedelta = timedelta(0)) -> None:
        """Cancel a receipt in the back office at `instant`; its totals stay."""
        self.change(number, instant, lag, cancelled_at=stamp(millis(instant)))

    def plant(
        self,
        body: bytes,
        number: str,
        created: datetime,
        updated: datetime,
        visible: datetime | None = None,
    ) -> None:
        """Show `body` unchanged as the receipt `number`.

        It is visible from `visible` on (default: `updated`).
        """
        versions = self._versions.get(number)
        key = versions[0].entry.id if versions else next(self._ids)
        entry = Entry(millis(created), key, millis(updated), number, False, _reader(body))
        self._put(number, millis(visible or updated), entry)

    def _put(self, number: str, visible: int, entry: Entry) -> None:
        with self._lock:
            self._versions[number] = [*self._versions.get(number, ()), _Version(visible, entry)]

    def _own(self, now: int, number: str) -> Entry | None:
        return next(
            (
                version.entry
                for version in reversed(self._versions.get(number, ()))
                if version.visible <= now
            ),
            None,
        )

    def find(self, now: int, number: str) -> Entry | None:
        return self._own(now, number) or (self.base.find(now, number) if self.base else None)

    def receipts(
        self, now: int, query: Query, before: tuple[int, int | str] | None = None
    ) -> Iterator[Entry]:
        with self._lock:
            replaced = {
                number: entry for number in self._versions if (entry := self._own(now, number))
            }
        own = sorted(
            (
                entry
                for entry in replaced.values()
                if query.admits(entry) and (before is None or entry[:2] < before)
            ),
            reverse=True,
        )
        below = self.base.receipts(now, query, before) if self.base else iter(())
        return merge(own, (entry for entry in below if entry.key not in replaced), reverse=True)

    def rows(self, now: int, resource: str, query: Query = EVERYTHING) -> list[Entry]:
        if resource in self._rows:
            return [entry for entry in self._rows[resource] if entry.created <= now]
        return self.base.rows(now, resource, query) if self.base else []

    def merchant(self) -> dict[str, Any]:
        if self._merchant is None and self.base is not None:
            return self.base.merchant()
        return self._merchant or {
            "id": "00000000-0000-4000-8000-000000000001",
            "business_name": "Book",
            "email": None,
            "country": "MX",
            "currency": {"code": "MXN", "decimal_places": 2},
            "created_at": stamp(0),
        }


def _reader(body: bytes) -> Callable[[], bytes]:
    return lambda: body
