"""A shop kept by hand: receipts are added, changed and cancelled at given instants, and every past
state can still be asked.

It may lie over another source, whose receipts it can then change too: `Book(Shop())`. The server's
part is played honestly: `created_at` and `updated_at` are set by the book, not by the caller,
unless a body is planted as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import count
from threading import Lock
from typing import Any, NamedTuple

from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.source import Entry, Query, Source, decode, encode, entries_of

_OWN = 1 << 60  # ids of receipts that the source below does not have begin here


class _Version(NamedTuple):
    visible: int
    entry: Entry


class Book:
    """A `Source`. `rows` are the back office's objects by resource, taken before those of `base`.
    Call in the order of time.
    """

    def __init__(
        self,
        base: Source | None = None,
        rows: Mapping[str, Sequence[dict]] | None = None,
        merchant: dict | None = None,
    ):
        self.base, self._rows, self._merchant = (
            base,
            {name: entries_of(some) for name, some in (rows or {}).items()},
            merchant,
        )
        self._versions: dict[str, list[_Version]] = {}
        self._ids, self._lock = count(_OWN), Lock()

    def add(self, receipt: Mapping[str, Any], at: datetime, lag: timedelta = timedelta(0)) -> str:
        """Receive a new receipt at `at`; it can be seen `lag` later. Returns its number."""
        moment = stamp(millis(at))
        body = {**receipt, "created_at": moment, "updated_at": moment}
        self.plant(encode(body), body["receipt_number"], at, at, body.get("store_id"), at + lag)
        return body["receipt_number"]

    def change(
        self, number: str, at: datetime, lag: timedelta = timedelta(0), **fields: Any
    ) -> None:
        """Edit a receipt in place at `at`: `updated_at` becomes `at`, `created_at` stays."""
        versions = self._versions.get(number)
        entry = versions[-1].entry if versions else self.find(millis(at), number)
        if entry is None:
            raise KeyError(f"receipt {number} is not there yet at {at}")
        body = {**decode(entry.read()), "updated_at": stamp(millis(at)), **fields}
        self._put(
            number,
            millis(at + lag),
            entry._replace(
                updated=millis(at), store=body.get("store_id"), read=_reader(encode(body))
            ),
        )

    def cancel(self, number: str, at: datetime, lag: timedelta = timedelta(0)) -> None:
        """Cancel a receipt in the back office at `at`; its totals stay."""
        self.change(number, at, lag, cancelled_at=stamp(millis(at)))

    def plant(
        self,
        body: bytes,
        number: str,
        created: datetime,
        updated: datetime,
        store: str | None = None,
        visible: datetime | None = None,
    ) -> None:
        """Show `body`, whatever it says, as the receipt `number` from `visible` (default:
        `updated`) on.
        """
        known = self._versions.get(number)
        key = known[0].entry.id if known else next(self._ids)
        entry = Entry(millis(created), key, millis(updated), number, store, False, _reader(body))
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
            mine = {number: entry for number in self._versions if (entry := self._own(now, number))}
        own = sorted(
            (
                entry
                for entry in mine.values()
                if query.admits(entry) and (before is None or entry[:2] < before)
            ),
            reverse=True,
        )
        below = self.base.receipts(now, query, before) if self.base else iter(())
        return merge(own, (entry for entry in below if entry.key not in mine), reverse=True)

    def rows(self, now: int, resource: str) -> list[Entry]:
        if resource in self._rows:
            return [entry for entry in self._rows[resource] if entry.created <= now]
        return self.base.rows(now, resource) if self.base else []

    def merchant(self) -> dict:
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


def _reader(body: bytes):
    return lambda: body
