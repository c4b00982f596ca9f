"""Client of the Loyverse API (https://api.loyverse.com/v1.0).

Documentation: developer.loyverse.com/docs. Receipts come newest `created_at` first with every
filter, page by page (lists.py). Each record is the verbatim JSON of a receipt.

Raises SourceRetriable (run again later), Unauthorized and SourceFatal (the token, the account or
the API must change), and HistoryLimit if the account serves nothing. If it serves only a part (402
for receipts created more than 31 days ago), the client returns that part, and the last page states
its limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from pipeline.errors import HistoryLimit, NotServed, SourceFatal
from pipeline.extract.http import Http
from pipeline.extract.http_faults import RefusedRequest
from pipeline.pos.api import ApiClient, open_http, read_object
from pipeline.pos.loyverse import reader as loyverse_reader
from pipeline.pos.loyverse.endpoints import ENDPOINTS, PAGE_LIMIT, TOLERANCE, Filter, check_filters
from pipeline.pos.loyverse.lists import ApiLists
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.loyverse.redaction import redact_rows
from pipeline.pos.loyverse.refusals import explain
from pipeline.pos.source import ApiPage, Reader, Record

HISTORY_LIMIT = timedelta(days=31)
HISTORY_LIMIT_MARGIN = timedelta(minutes=2)  # the limit moves on during a request


class Loyverse(ApiClient):
    """A shop on Loyverse.

    `limit` is the number of rows in a page, `max_pages` the largest number of pages of one list (by
    default five million receipts).
    """

    reader: Reader = loyverse_reader
    explain = staticmethod(explain)

    def __init__(
        self,
        http: Http,
        connection_id: str,
        now: Callable[[], datetime],
        limit: int = PAGE_LIMIT,
        max_pages: int = 20_000,
    ):
        super().__init__(http, connection_id)
        self._now, self._limit = now, limit
        self._lists = ApiLists(http, max_pages)
        self.pages = self._lists.pages

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        """Receipts that the server changed in [since, until), and some near the bounds.

        The API does not document whether its bounds are inclusive. A page that crosses the history
        limit fails as a whole; then smaller pages are requested, down to one row, so that all rows
        within the limit are kept.
        """
        begin = since - TOLERANCE
        filters: dict[str, Filter] = {"updated_at_min": begin}
        if until is not None:
            filters["updated_at_max"] = until + TOLERANCE
        oldest: datetime | None = None  # created_at of the records so far
        limit, starts_at_limit = self._limit, False
        while True:
            try:
                pages = self._lists.read(
                    "receipts", filters, limit, cursor, read_receipt, _revision
                )
                for records, next_cursor in pages:
                    cursor = next_cursor
                    check_filters(ENDPOINTS["receipts"], filters, records)
                    created = [record.created_at for record in records if record.created_at]
                    oldest = min([*created, oldest] if oldest else created, default=None)
                    is_truncated = starts_at_limit and cursor is None
                    yield ApiPage(records, cursor, begin if is_truncated else None)
                return
            except HistoryLimit as refusal:
                history_begins = self._history_begins()
                is_hidden = until is not None and until <= history_begins
                if begin < history_begins and not (oldest or starts_at_limit or is_hidden):
                    # A receipt last changed before the limit was also created before it, so
                    # requesting only from the limit on loses nothing.
                    begin, starts_at_limit, cursor = history_begins, True, None
                    filters["updated_at_min"] = begin
                elif limit > 1 and not is_hidden:
                    limit = max(1, limit // 5)
                else:
                    if oldest is None and cursor is None:
                        self._check_account(refusal)
                    yield ApiPage([], None, oldest or history_begins)
                    return

    def account(self) -> tuple[str, str] | None:
        """Id and name of the merchant; None if the API has none."""
        body = self._get_if_known("/merchant", _whole_object)
        merchant = msgspec.json.decode(body) if body else {}
        identifier, name = merchant.get("id"), merchant.get("business_name")
        if not identifier or not isinstance(identifier, str):
            return None
        return identifier, name if isinstance(name, str) else ""

    def receipt(self, number: str) -> Record | None:
        """The current receipt of that number; None if the shop has none."""
        if number in (".", ".."):
            raise SourceFatal(f"/receipts: {number!r} is not a receipt number")
        path = f"/receipts/{quote(number, safe='')}"
        body = self._get_if_known(path, _whole_object)
        record = read_receipt(body) if body else None
        if record and record.number != number:
            raise SourceFatal(f"GET {path}: answered with another receipt, which is not stored")
        return record

    def catalog(self) -> dict[str, list[bytes]]:
        """The current catalog, with deleted rows and without contacts."""
        try:
            merchant = self._http.get("/merchant", {}, _whole_object)
        except RefusedRequest as refused:
            raise explain(refused, "GET /merchant") from None
        rows_by_name = {"merchant": redact_rows("merchant", [merchant])}
        for resource in loyverse_reader.CATALOG[1:]:
            is_filtered = "show_deleted" in ENDPOINTS[resource].filters
            pages = self.pages(resource, {"show_deleted": True} if is_filtered else {})
            rows_by_name[resource] = redact_rows(
                resource, [row for rows, _ in pages for row in rows]
            )
        return rows_by_name

    def shifts(self, since: datetime, until: datetime) -> tuple[list[bytes], datetime]:
        """Cash drawer shifts that the server received in [since, until), and near it.

        The rows are sorted and have no comments. Also returns the time from which on the account
        serves shifts: `since`, or the history limit. Raises NotServed if it serves none.
        """
        begin, history_begins = since, self._history_begins()
        while True:
            filters = {"created_at_min": begin - TOLERANCE, "created_at_max": until + TOLERANCE}
            try:
                rows = [row for page, _ in self.pages("shifts", filters) for row in page]
            except HistoryLimit as refusal:
                if not begin < history_begins < until:
                    raise NotServed(str(refusal)) from None
                begin = history_begins
            else:
                return redact_rows("shifts", rows), begin

    def _history_begins(self) -> datetime:
        """The oldest `created_at` that a limited account serves, by the server's clock."""
        return (self.server_time or self._now()) - HISTORY_LIMIT + HISTORY_LIMIT_MARGIN

    def _check_account(self, limit: HistoryLimit) -> None:
        """Raise `limit` if the account does not serve even today's receipts."""
        since = (self.server_time or self._now()) - timedelta(hours=1)
        try:
            next(self.pages("receipts", {"created_at_min": since}, 1))
        except HistoryLimit:
            raise limit from None


def _revision(record: Record) -> Hashable:
    """Key of a revision of a receipt: its number and `updated_at`, or else its body."""
    return (record.number, record.updated_at) if record.number else record.body


def _whole_object(body: bytes) -> bytes:
    read_object(body)
    return body.strip()


def open_loyverse(
    *,
    url: str = "https://api.loyverse.com/v1.0",
    token: str,
    rate: tuple[int, float] | None = (300, 300.0),
    limit: int = PAGE_LIMIT,
    clock: Callable[[], float] = time.time,
    **options: Any,
) -> Loyverse:
    """Open a shop on Loyverse, with the options of `open_http`. Raises ConfigError."""
    http, connection_id = open_http("loyverse", url, token, rate=rate, clock=clock, **options)
    return Loyverse(
        http, connection_id, now=lambda: datetime.fromtimestamp(clock(), UTC), limit=limit
    )
