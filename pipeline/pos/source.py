"""The contract of a point of sale: its data, and how its JSON is read.

A new point of sale is a folder with a module `reader.py` (see `Reader`), a function that opens a
`Source`, and a line for each in `pipeline/pos/__init__.py`. All instants are UTC; a field is None
where it is missing or unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol

# Limits for the clock of a device: no such device existed before 2010, and a sale that is dated
# more than two days after it arrived at the server comes from a wrong clock.
FIRST_SALE = datetime(2010, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=48)


@dataclass(frozen=True)
class Window:
    """One business day of extraction: [start, end) of `updated_at`, UTC."""

    date: date
    start: datetime
    end: datetime


class Record(NamedTuple):
    """One receipt: `body` verbatim, and fields read from it, None if unreadable.

    `received_at` is when the server received the sale, if that is not `created_at`: an order may be
    opened days before it is closed.
    """

    body: bytes
    number: str | None
    updated_at: datetime | None
    created_at: datetime | None
    sold_at: datetime | None
    received_at: datetime | None = None

    @property
    def is_update(self) -> bool:
        """Whether the server has changed the receipt since it received it."""
        return bool(self.updated_at and self.created_at and self.updated_at > self.created_at)


class ApiPage(NamedTuple):
    """Records of one answer, and the cursor of the next page, None on the last.

    `truncated_at` on the last page: the account serves nothing that was created before this.
    """

    records: list[Record]
    cursor: str | None
    truncated_at: datetime | None = None


class FetchProgress(NamedTuple):
    """Progress of an extraction, for its progress bar.

    The oldest `created_at` moves from now to the start of the period. If the source serves the
    oldest change first, the newest `updated_at` moves from the start to now.
    """

    pages: int
    records: int
    requests: int
    oldest: datetime | None
    newest: datetime | None = None


class CashShift(NamedTuple):
    """One shift of a cash drawer; amounts in the store's currency, positive.

    `counted_cash` is what was counted at the close, None if it was not or the shift is open.
    """

    shift_id: str
    store_id: str
    register_id: str
    opened_at: datetime
    closed_at: datetime | None
    opened_by: str | None
    closed_by: str | None
    opening_cash: Decimal
    cash_payments: Decimal
    cash_refunds: Decimal
    paid_in: Decimal
    paid_out: Decimal
    expected_cash: Decimal
    counted_cash: Decimal | None


class NotCanonicalError(Exception):
    """A record without a canonical receipt: why, where, and its readable fields."""

    def __init__(
        self, reason: str, pointer: str, detail: str, receipt: Mapping[str, object] | None = None
    ):
        super().__init__(reason, pointer, detail)
        self.reason, self.pointer, self.detail = reason, pointer, detail
        self.receipt = receipt or {}


Lists = Mapping[str, Sequence[Any]]
"""The rows of a catalog, by the name of their list."""
ToCanonical = Callable[[bytes], list[bytes]]
"""The receipts of one verbatim record, in the canonical JSON of schema/receipt.py.

Empty if it is not a sale, two if it is a sale and a return. Raises NotCanonicalError.
"""


ExportKind = Literal["receipts", "items", "summary"]
ExportRow = Callable[[Mapping[str, str], dict[str, Decimal], ExportKind], dict[str, Decimal]]


@dataclass(frozen=True, eq=False)
class ExportForm:
    """How a point of sale writes its CSV exports; headings in lower case, no accents.

    columns    headings of each column that is read: day, number, type, store, status, timezone,
               and those of `money`
    needed     the columns without which an export of a kind is refused
    item       headings that only an export of item lines has
    impersonal headings of other columns, which have no data about customers
    sales, refunds   values of type
    cancelled  beginnings of status
    row        figures of a row as the lake has them (refunds negative, discounts of sales
               positive), from its cells, its amounts and the kind of export
    summed     kinds in which several rows of a receipt are added up
    timezones  IANA names of the zones in the column timezone
    may_exclude_tax  whether gross and net may be without the tax that the price includes
    blank_is_zero    whether an empty amount is 0
    remedy     which exports to make, where, in which language
    """

    columns: Mapping[str, tuple[str, ...]]
    money: tuple[str, ...]
    needed: Mapping[ExportKind, frozenset[str]]
    item: frozenset[str]
    impersonal: frozenset[str]
    sales: tuple[str, ...]
    refunds: tuple[str, ...]
    cancelled: tuple[str, ...]
    row: ExportRow
    remedy: str
    summed: frozenset[ExportKind] = frozenset({"items"})
    timezones: Mapping[str, str] = field(default_factory=dict)
    may_exclude_tax: bool = False
    blank_is_zero: bool = False


class Reader(Protocol):
    """Reads the JSON of one point of sale; needs no network and has no state.

    A module implements it: `pos/<name>/reader.py`. A body or line is one verbatim record. CATALOG
    are the lists of its catalog; "stores" is one of them, whose rows have an "id". PAGES are the
    keys under which a saved page has its rows, each with the list (or "receipts") that they belong
    to. IDENTIFYING_FIELDS are fields that only the objects of one list have.

    `translator` and `to_canonical_catalog` are None if the JSON is canonical. Otherwise
    `to_canonical_catalog` returns the catalog in the form that transform/catalog.py reads, and
    `translator` takes that catalog and returns the function that makes canonical receipts.
    `counting_open_orders` is a `translator` that also counts orders that are paid but not closed.
    EXPORT_FORM is the form of its own CSV exports, None if it has none that are read. `read_shift`
    reads a shift of a cash drawer and raises ValueError if it is unreadable; it is None if the
    point of sale has no shifts that are read.
    """

    @property
    def EXPORT_FORM(self) -> ExportForm | None: ...
    @property
    def CATALOG(self) -> tuple[str, ...]: ...
    @property
    def PAGES(self) -> Mapping[str, str]: ...
    @property
    def IDENTIFYING_FIELDS(self) -> Mapping[str, str]: ...
    @property
    def translator(self) -> Callable[[Lists], ToCanonical] | None: ...
    @property
    def counting_open_orders(self) -> Callable[[Lists], ToCanonical] | None: ...
    @property
    def to_canonical_catalog(self) -> Callable[[Lists], dict[str, list[Any]]] | None: ...
    @property
    def read_shift(self) -> Callable[[bytes], CashShift] | None: ...

    def read_record(self, body: bytes, /) -> Record:
        """The record of a body, on one line; never raises."""

    def find_unknown(self, records: list[Record], /, *, is_first: bool) -> dict[str, str]:
        """Fields of a page that the reader does not know, each with a receipt that has it."""

    def redact_rows(self, resource: str, rows: list[bytes], /) -> list[bytes]:
        """The rows of a catalog list without contacts, sorted. Raises SourceFatal."""

    def store_ids(self, line: bytes, /) -> set[str]:
        """The stores that a record names."""

    def remove_customers(self, line: bytes, is_erased: Callable[[str], bool], /) -> bytes:
        """The line without erased customers; unchanged if it names none.

        Takes and returns a record without its line break. If an erased customer is named, the
        contact details in the record are removed too.
        """

    def remove_personal_data(self, line: bytes, /) -> bytes:
        """The line without free text, contacts and cards; unchanged if it has none."""


def number_reader(reader: Reader) -> Callable[[bytes], bytes]:
    """The function that reads the number of a record in UTF-8; empty if unreadable."""
    return lambda line: (reader.read_record(line).number or "").encode()


class Source(Protocol):
    """A point of sale as it is configured; thread-safe, and safe to use after a fork.

    connection_id  differs between accounts, so that no extraction is resumed for another shop
    requests       count of requests sent
    server_time    time in the server's last answer, None if it had none

    Optional members of a source:

    receipt(number) -> Record | None     a single receipt, None if the POS does not know the number
    shifts(since, until) -> (list[bytes], datetime)
                                         shifts that the server received in [since, until), on a
                                         line each and without free text, and since when it serves
                                         them; a source has it if its reader has `read_shift`.
                                         Raises NotServed
    account() -> (id, name) | None       the account
    is_oldest_first                      True if it serves the oldest change first
    starts                               start of the first window, which then has all older
                                         receipts as well, as with saved files
    """

    connection_id: str
    reader: Reader
    requests: int
    server_time: datetime | None

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        """The newest revision of every receipt with `updated_at` in [since, until).

        From `cursor` on, if given. A receipt may come more than once, and some that changed shortly
        before `since` or after `until` may be included. Raises SourceError.
        """

    def catalog(self) -> dict[str, list[bytes]]:
        """Redacted JSON objects of each list of CATALOG, sorted by their content."""


class Api(Source, Protocol):
    """A source that knows its account; every API does."""

    def account(self) -> tuple[str, str] | None:
        """Id and name; None if the API does not state them."""


def catalog_json(rows_by_name: Mapping[str, list[bytes]]) -> bytes:
    """A catalog as one JSON object, its rows verbatim."""
    members = (
        json.dumps(name).encode() + b":[" + b",".join(rows) + b"]"
        for name, rows in sorted(rows_by_name.items())
    )
    return b"{" + b",\n".join(members) + b"}"


def sold_date(record: Record) -> date | None:
    """The UTC date under which raw keeps a record; None if missing or implausible.

    Implausible is a sale before 2010 or more than 48 hours after the server received it (1970,
    2099: a device's clock). A record with an unreadable `updated_at` has no date either.
    """
    received = record.received_at or record.created_at or record.updated_at
    if record.sold_at is None or record.updated_at is None or received is None:
        return None
    is_plausible = record.sold_at >= FIRST_SALE and record.sold_at - received <= AHEAD
    return record.sold_at.date() if is_plausible else None
