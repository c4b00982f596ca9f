"""The contract of a source: what any point of sale must give, and nothing of how it gets it.

Out: pages of records, each the verbatim JSON of one receipt with the few fields that decide where
it is kept (all instants UTC; None where a field is missing or unreadable). A new point of sale is
one file that has `receipts` and `catalog`, and one line in SOURCES.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

RESOURCES = (
    "merchant",
    "stores",
    "items",
    "categories",
    "modifiers",
    "employees",
    "payment_types",
    "taxes",
    "discounts",
    "pos_devices",
)

# A device whose clock is wrong says so by its distance from the server's; no till of this kind sold
# before 2010.
FIRST_SALE = datetime(2010, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=48)


@dataclass(frozen=True)
class Window:
    """One business day of extraction: [start, end) of `updated_at`, UTC."""

    date: date
    start: datetime
    end: datetime


class Record(NamedTuple):
    """One receipt as it was served: `body` verbatim, the rest read from it; None where unreadable."""

    body: bytes
    number: str | None
    updated_at: datetime | None
    created_at: datetime | None
    sold_at: datetime | None


class Page(NamedTuple):
    """Records that came together; `cursor` is where the next page begins, None on the last.
    `truncated_at` on the last page: the account serves nothing that was created before this.
    """

    records: list[Record]
    cursor: str | None
    truncated_at: datetime | None = None


class Progress(NamedTuple):
    """How far a walk has come; the oldest `created_at` moves from now towards the walk's start."""

    pages: int
    records: int
    requests: int
    oldest: datetime | None


class Source(Protocol):
    """A shop. Thread-safe, and safe to use after a fork. One that can be asked for a single receipt
    also has `receipt(number) -> Record | None`, None where the shop does not know the number; one that
    can tell its account has `account() -> (id, name) | None`.

    `identity` changes with the account, so that one shop's half-finished walk is never continued
    with another's; `requests` counts what was asked; `server_time` is the shop's clock as last
    heard, None where it tells none. A source that also holds what changed before the history of the
    lake, as saved files do, says in `starts` where the first window begins, and gives the older
    receipts with it.
    """

    identity: str
    requests: int
    server_time: datetime | None

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[Page]:
        """Every receipt with `updated_at` in [since, until), in its newest version, once or more
        often; from `cursor` on, if one is given. Neighbours of the bounds may be among them. Raises
        SourceError.
        """

    def catalog(self) -> dict[str, list[bytes]]:
        """JSON objects of each of RESOURCES, without contacts, in an order that does not depend on
        the source's.
        """


def sold_date(record: Record) -> date | None:
    """The UTC date under which a record is kept; None ("unknown") when its date of sale is missing
    or implausible.

    Implausible is a sale before 2010 or more than 48 hours after the server received it (1970,
    2099: a device's clock). A record whose `updated_at` is unreadable has no place either.
    """
    received = record.created_at or record.updated_at
    if record.sold_at is None or record.updated_at is None or received is None:
        return None
    return (
        record.sold_at.date()
        if record.sold_at >= FIRST_SALE and record.sold_at - received <= AHEAD
        else None
    )
