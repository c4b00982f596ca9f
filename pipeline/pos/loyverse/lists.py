"""Lists of the Loyverse API: pages chained by an opaque cursor.

The last page has no cursor or an empty one. Every request repeats the same filters. A list whose
pages bring nothing new is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from pipeline.errors import SourceFatal
from pipeline.extract.http import Http
from pipeline.extract.http_faults import RefusedRequest
from pipeline.extract.read_ahead import read_ahead
from pipeline.extract.seen_rows import SeenRows
from pipeline.pos.api import CursorRefused, page_reader
from pipeline.pos.loyverse.endpoints import (
    ENDPOINTS,
    PAGE_LIMIT,
    Endpoint,
    Filter,
    check_rows,
    query,
)
from pipeline.pos.loyverse.refusals import explain
from pipeline.pos.pages import slice_page, split_page

T = TypeVar("T")

RESTARTS = 3
MAX_EMPTY_PAGES = 100  # in a row; a filter that the API applies after paging may empty some pages
# maximum of repeated pages minus pages with new rows; rows that move between pages repeat some
MAX_REPEATED_PAGES = 40


class _Answer(NamedTuple):
    """The rows of a page and the next cursor; `is_first` if the list (re)starts."""

    rows: list[bytes]
    cursor: str | None
    is_first: bool


class ApiLists:
    """The list endpoints of a shop; `max_pages` is the maximum of pages of one list."""

    def __init__(self, http: Http, max_pages: int) -> None:
        self._http, self._max_pages = http, max_pages

    def pages(
        self, resource: str, filters: Mapping[str, Filter], limit: int = PAGE_LIMIT
    ) -> Iterator[tuple[list[bytes], str | None]]:
        """(rows verbatim, next cursor) of the pages of a list endpoint.

        If a cursor is refused, the list begins again, with rows that came before. Raises
        SourceFatal for cursors without an end and for rows that do not match the filters.
        """
        endpoint = ENDPOINTS[resource]
        answers = self._answers(endpoint, filters, limit, None)
        for rows, following in self._until_last_page(endpoint, answers, None, bytes, bytes):
            check_rows(endpoint, filters, rows)
            yield rows, following

    def read(
        self,
        resource: str,
        filters: Mapping[str, Filter],
        limit: int,
        cursor: str | None,
        read: Callable[[bytes], T],
        identify: Callable[[T], Hashable],
    ) -> Iterator[tuple[list[T], str | None]]:
        """(rows through `read`, next cursor) of the pages, requested ahead.

        Raises SourceFatal if pages no longer bring rows that are new by `identify`.
        """
        endpoint = ENDPOINTS[resource]
        answers = read_ahead(self._answers(endpoint, filters, limit, cursor))
        yield from self._until_last_page(endpoint, answers, cursor, read, identify)

    def _answers(
        self, endpoint: Endpoint, filters: Mapping[str, Filter], limit: int, cursor: str | None
    ) -> Iterator[_Answer]:
        """The pages of a list, which begins again if a cursor is refused."""
        is_first, restarts = True, 0
        for _ in range(self._max_pages):
            try:
                rows, cursor = self._page(endpoint, filters, limit, cursor)
            except CursorRefused:
                restarts += 1
                if restarts > RESTARTS or cursor is None:
                    raise
                cursor, is_first = None, True
                continue
            yield _Answer(rows, cursor, is_first)
            if cursor is None:
                return
            is_first = False

    def _until_last_page(
        self,
        endpoint: Endpoint,
        answers: Iterator[_Answer],
        cursor: str | None,
        read: Callable[[bytes], T],
        identify: Callable[[T], Hashable],
    ) -> Iterator[tuple[list[T], str | None]]:
        """The pages up to the last one, each row parsed by `read`.

        Raises SourceFatal if the cursors never end: by `identify`, pages bring no new rows.
        """
        seen, cursors, empty, repeated = SeenRows(), {cursor}, 0, 0
        for number, answer in enumerate(answers):
            if answer.is_first and number:
                cursors, seen = {None}, SeenRows()
            rows, cursor = [read(row) for row in answer.rows], answer.cursor
            yield rows, cursor
            if cursor is None:
                return
            is_new = seen.add_page(map(identify, rows))
            empty = 0 if rows else empty + 1
            if rows:
                repeated = max(0, repeated - 1) if is_new else repeated + 1
            is_circular = cursor in cursors and not is_new
            if is_circular or empty > MAX_EMPTY_PAGES or repeated > MAX_REPEATED_PAGES:
                what = "bring nothing new" if rows else f"are empty, {empty:,} pages in a row"
                raise SourceFatal(
                    f"/{endpoint.path}: the cursors do not end, their pages {what}; run again, and"
                    " ask the API's support if it stays so"
                )
            cursors.add(cursor)
        raise SourceFatal(
            f"/{endpoint.path}: no end after {self._max_pages:,} pages; ask for a shorter period"
        )

    def _page(
        self, endpoint: Endpoint, filters: Mapping[str, Filter], limit: int, cursor: str | None
    ) -> tuple[list[bytes], str | None]:
        params = query(endpoint, filters)
        if endpoint.is_paged:
            params |= {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        split, cut = (partial(each, key=endpoint.rows_key) for each in (split_page, slice_page))
        try:
            rows, following = self._http.get(f"/{endpoint.path}", params, page_reader(split, cut))
        except RefusedRequest as refused:
            raise explain(refused, f"GET /{endpoint.path}") from None
        if endpoint.is_paged and len(rows) > PAGE_LIMIT:
            raise SourceFatal(
                f"/{endpoint.path}: {len(rows):,} rows in one page, where at most"
                f" {PAGE_LIMIT} are allowed; check what answers there"
            )
        if following and not endpoint.is_paged:
            raise SourceFatal(
                f"/{endpoint.path} has begun to page, which this version does not expect; rows"
                " would be lost"
            )
        return rows, following
