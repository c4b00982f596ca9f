"""Protocol of the shop behind the API, with its rows and queries.

All instants are UTC milliseconds. `now` is the instant of the request: the answer is that of the
shop's server at that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec

from pipeline.simulator.ids import parse_stamp

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


class Entry(NamedTuple):
    """One row of a list; sorts by its unique (created, id), the API's order reversed."""

    created: int
    id: int | str
    updated: int
    key: str  # receipt number, or uuid
    deleted: bool
    read: Callable[[], bytes]  # its JSON object


class Query(NamedTuple):
    """Filters of a list; bounds are inclusive and None admits every row."""

    created_min: int | None = None
    created_max: int | None = None
    updated_min: int | None = None
    updated_max: int | None = None

    def admits(self, entry: Entry) -> bool:
        return (
            (self.created_min is None or entry.created >= self.created_min)
            and (self.created_max is None or entry.created <= self.created_max)
            and (self.updated_min is None or entry.updated >= self.updated_min)
            and (self.updated_max is None or entry.updated <= self.updated_max)
        )


EVERYTHING = Query()


class ShopData(Protocol):
    """State of a shop's server as a function of time."""

    def receipts(
        self, now: int, query: Query, before: tuple[int, int | str] | None = None
    ) -> Iterator[Entry]:
        """Receipts that `query` admits, newest `created` first.

        Equal instants are sorted by the greatest id first. Only the receipts after `before` in that
        order are included.
        """

    def find(self, now: int, number: str) -> Entry | None:
        """Receipt of that number, as it is at `now`."""

    def rows(self, now: int, resource: str, query: Query = EVERYTHING) -> list[Entry]:
        """All rows of another resource, deleted ones too; those in `query` at least."""

    def merchant(self) -> dict[str, Any]:
        """Object of /merchant."""


def entries_of(rows: Iterable[dict[str, Any]]) -> list[Entry]:
    """Entries of back office rows; one without times sorts as the oldest."""
    entries = []
    for row in rows:
        created = parse_stamp(row["created_at"]) if row.get("created_at") else 0
        updated = parse_stamp(row["updated_at"]) if row.get("updated_at") else created
        deleted = bool(row.get("deleted_at"))
        read = partial(encode, row)
        entries.append(Entry(created, row["id"], updated, row["id"], deleted, read))
    return entries
