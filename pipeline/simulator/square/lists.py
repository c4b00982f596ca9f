"""Pages of a list: position, number of rows, and cursor of the next page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from ..source import encode
from .protocol import SquarePage, SquareRequest, SquareRules
from .source import OrderSource, Row
from .timeline import OrderQuery


class Call(NamedTuple):
    """One request; `fields` are those of the body, or of a GET's query string."""

    source: OrderSource
    now: int
    path: str
    fields: Mapping[str, Any]
    rules: SquareRules


def rows_from(
    request: SquareRequest, query: OrderQuery, read: Callable[[OrderQuery], Iterator[Row]]
) -> Iterator[Row]:
    """Rows from the request's position on."""
    if request.after is None:
        return read(query)
    position = (request.after[0], request.after[1])
    if query.ascending:
        part = query._replace(start=max(query.start or 0, position[0]))
        return (row for row in read(part) if row[:2] > position)
    part = query._replace(end=min(query.end or position[0], position[0]))
    return (row for row in read(part) if row[:2] < position)


def rows_after(request: SquareRequest, rows: list[Row]) -> Iterator[Row]:
    """Rows of a sorted list from the request's position on."""
    position = tuple(request.after) if request.after else (-1, "")
    return (row for row in rows if row[:2] > position)


def make_page(
    call: Call, request: SquareRequest, name: str, rows: Iterable[Row], limit: int
) -> SquarePage:
    """Next page of `rows`, with the cursor of the page after it."""
    batch = list(islice(rows, limit + 1))
    cursor = None
    if len(batch) > limit:
        last = batch[limit - 1]
        cursor = replace(request, issued=call.now, after=last[:2], page=request.page + 1).cursor()
    return SquarePage(name, [encode(row.read()) for row in batch[:limit]], cursor, request)
