"""The contract of a point of sale: what it serves, and how its JSON is read.

A new point of sale is a folder with a module `reader.py` (see `Reader`), a function that opens a
`Source`, and a line in `pipeline/pos/__init__.py`. All instants are UTC; a field is None where it
is missing or unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

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
    """One receipt as it was served: `body` verbatim, the rest read from it; None where unreadable.

    `received_at` is when the server received the sale, where that is not `created_at`: an order may
    be opened days before it is closed.
    """

    body: bytes
    number: str | None
    updated_at: datetime | None
    created_at: datetime | None
    sold_at: datetime | None
    received_at: datetime | None = None


class Page(NamedTuple):
    """Records that came together; `cursor` is where the next page begins, None on the last.
    `truncated_at` on the last page: the account serves nothing that was created before this.
    """

    records: list[Record]
    cursor: str | None
    truncated_at: datetime | None = None


class Progress(NamedTuple):
    """How far a walk has come.

    The oldest `created_at` moves from now towards the walk's start; where the source serves the
    oldest change first, the newest `updated_at` moves from the start towards now.
    """

    pages: int
    records: int
    requests: int
    oldest: datetime | None
    newest: datetime | None = None


class NotCanonicalError(Exception):
    """A record that has no canonical receipt: why, where, and what else is readable of it."""

    def __init__(
        self,
        reason: str,
        pointer: str,
        detail: str,
        receipt: Mapping[str, object] | None = None,
    ):
        super().__init__(reason, pointer, detail)
        self.reason, self.pointer, self.detail = reason, pointer, detail
        self.receipt = receipt or {}


Lists = Mapping[str, Sequence[Any]]
"""The rows of a catalog, by the name of their list."""
ToCanonical = Callable[[bytes], list[bytes]]
"""The receipts of one verbatim record, in the canonical JSON of schema/receipt.py: none where it is
not a sale, two where it sells and takes back. Raises NotCanonicalError."""


class Reader(Protocol):
    """What is known of the JSON of one point of sale; needs no network and has no state.

    A module implements it: `pos/<name>/reader.py`. A body or line is one verbatim record. CATALOG
    are the lists of its catalog; "stores" is one of them, whose rows have an "id". PAGES are the
    keys under which a saved page has its rows, each with the list (or "receipts") that they belong
    to. TELLTALES are fields that only the objects of one list have.

    `translator` and `to_canonical_catalog` are None where the JSON is canonical as it comes.
    Otherwise the one gives the catalog in the form that transform/catalog.py reads, and the other,
    with that catalog, the function that makes canonical receipts; `counting_open_orders` is the
    same for shops that count orders that are paid and not yet closed.
    """

    @property
    def CATALOG(self) -> tuple[str, ...]: ...  # noqa: N802
    @property
    def PAGES(self) -> Mapping[str, str]: ...  # noqa: N802
    @property
    def TELLTALES(self) -> Mapping[str, str]: ...  # noqa: N802
    @property
    def translator(self) -> Callable[[Lists], ToCanonical] | None: ...
    @property
    def counting_open_orders(self) -> Callable[[Lists], ToCanonical] | None: ...
    @property
    def to_canonical_catalog(self) -> Callable[[Lists], dict[str, list[Any]]] | None: ...

    def read_record(self, body: bytes, /) -> Record:
        """The record of a body, on one line; raises nothing."""

    def read_number(self, line: bytes, /) -> bytes:
        """The number of a record in UTF-8; empty where none can be read."""

    def find_unknown(self, records: list[Record], /, *, is_first: bool) -> dict[str, str]:
        """Fields of a page that the reader does not know, each with a receipt that has it."""

    def redact_rows(self, resource: str, rows: list[bytes], /) -> list[bytes]:
        """The rows of a catalog list without contacts, sorted. Raises SourceFatal."""

    def store_ids(self, line: bytes, /) -> set[str]:
        """The stores that a record names."""

    def remove_customers(self, line: bytes, is_erased: Callable[[str], bool], /) -> bytes:
        """The line without the customers that are erased; the same bytes where it names none."""

    def remove_personal_data(self, line: bytes, /) -> bytes:
        """The line without free text, contacts and card details; the same bytes without any."""


class Source(Protocol):
    """A shop. Thread-safe, and safe to use after a fork. One that can be asked for a single receipt
    also has `receipt(number) -> Record | None`, None where the shop does not know the number; one that
    can tell its account has `account() -> (id, name) | None`.

    One that serves the oldest change first has `is_oldest_first`, which is true.

    `identity` changes with the account, so that one shop's half-finished walk is never continued
    with another's; `requests` counts what was asked; `server_time` is the shop's clock as last
    heard, None where it tells none. A source that also holds what changed before the history of the
    lake, as saved files do, says in `starts` where the first window begins, and gives the older
    receipts with it.
    """

    identity: str
    reader: Reader
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
        """JSON objects of each list of the reader's CATALOG, without contacts, in an order that does not depend on
        the source's.
        """


class Api(Source, Protocol):
    """A source that can tell its account, as every API."""

    def account(self) -> tuple[str, str] | None:
        """Id and name; None where the API does not tell them."""


def catalog_json(rows_by_name: Mapping[str, list[bytes]]) -> bytes:
    """A catalog as one JSON object, the rows as they came."""
    members = (
        json.dumps(name).encode() + b":[" + b",".join(rows) + b"]"
        for name, rows in sorted(rows_by_name.items())
    )
    return b"{" + b",\n".join(members) + b"}"


def sold_date(record: Record) -> date | None:
    """The UTC date under which a record is kept; None ("unknown") when its date of sale is missing
    or implausible.

    Implausible is a sale before 2010 or more than 48 hours after the server received it (1970,
    2099: a device's clock). A record whose `updated_at` is unreadable has no place either.
    """
    received = record.received_at or record.created_at or record.updated_at
    if record.sold_at is None or record.updated_at is None or received is None:
        return None
    return (
        record.sold_at.date()
        if record.sold_at >= FIRST_SALE and record.sold_at - received <= AHEAD
        else None
    )
