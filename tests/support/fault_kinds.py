"""Kinds of faults: what each does to a request, to its answer or to the transfer.

A fault of the transfer is an iterator of steps that replaces the sending of the answer.
"""

from __future__ import annotations

import gzip as gz
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any, Literal

from pipeline.simulator.ids import EPOCH, millis, stamp
from pipeline.simulator.loyverse.protocol import Request
from pipeline.simulator.server import Exchange

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    429: "RATE_LIMITED",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}
# Bytes to send, seconds to wait, or how the connection ends.
Step = bytes | float | Literal["reset", "close"]


# Faults in the request


def status(
    exchange: Exchange,
    status: int,
    headers: Mapping[str, str] | None = None,
    code: str | None = None,
    body: bytes | None = None,
) -> None:
    """Answer with `status`; the default body is the API's error for it."""
    exchange.status = status
    exchange.headers |= headers or {}
    exchange.content = (
        exchange.failure(status, code or _CODES.get(status, "ERROR"), "A scripted fault.").body
        if body is None
        else body
    )


def ignore(exchange: Exchange, names: tuple[str, ...]) -> None:
    """Ignore these filters, as the real API ignores misspelt ones."""
    _change_filters(
        exchange,
        lambda params: {name: text for name, text in params.items() if name not in names},
    )


def _change_filters(exchange: Exchange, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Change the filters of the request and those that its cursor carries."""
    exchange.params = change(exchange.params)
    if "cursor" in exchange.params:
        request = Request.from_cursor(exchange.params["cursor"], exchange.path.strip("/"))
        exchange.params["cursor"] = replace(request, params=change(request.params)).cursor()


def overfill(exchange: Exchange, rows: int) -> None:
    """Serve up to `rows` rows, whatever limit the request has."""
    exchange.rules = replace(exchange.rules, max_limit=rows)
    exchange.params = {**exchange.params, "limit": str(rows)}


def lag(exchange: Exchange, lag: timedelta) -> None:
    """Answer as a read replica that is `lag` behind."""
    exchange.now -= lag // timedelta(milliseconds=1)


def shrink(exchange: Exchange, since: datetime) -> None:
    """Silently leave out receipts created before `since`."""
    name, bound = "created_at_min", stamp(millis(since))
    _change_filters(exchange, lambda params: params | {name: max(bound, params.get(name, ""))})


def call(exchange: Exchange, act: Callable[[Exchange], None]) -> None:
    """Run `act` before the answer: change the shop between two pages."""
    act(exchange)


# Faults in the answer


def loop(exchange: Exchange, back: int = 1) -> None:
    """Return to an earlier page: 1 is this page, 2 the page before it.

    Returns to this page if the earlier page had no cursor.
    """
    if exchange.listing:
        earlier = (exchange.cursors()[-back:] or [None])[0]
        exchange.listing.cursor = earlier or exchange.listing.request.cursor()


def endless(exchange: Exchange, empty: bool = False) -> None:
    """Serve the last page again and again, each time with a new cursor.

    With `empty` the last page and its repetitions have no rows.
    """
    if exchange.listing and exchange.listing.cursor is None:
        exchange.listing.cursor = _repeating_cursor(exchange.listing.request)
        exchange.listing.rows = [] if empty else exchange.listing.rows


def empty(exchange: Exchange) -> None:
    """Serve an empty page whose cursor leads to the rows that it omits."""
    if exchange.listing:
        exchange.listing.rows = []
        exchange.listing.cursor = _repeating_cursor(exchange.listing.request)


def _repeating_cursor(request: Request | Any) -> str:
    """Cursor of the next page that leads to the same rows."""
    return replace(request, page=request.page + 1).cursor()


def cursor(exchange: Exchange, cursor: str | None) -> None:
    """Replace the cursor of the page; None ends the list."""
    if exchange.listing:
        exchange.listing.cursor = cursor


def rows(exchange: Exchange, act: Callable[[list[bytes]], list[bytes]]) -> None:
    """Pass the page's rows through `act`: drop, repeat, record or change them."""
    if exchange.listing:
        exchange.listing.rows = act(exchange.listing.rows)


def duplicate(exchange: Exchange, seed: int = 0) -> None:
    """Repeat about half of the page's rows."""
    rng = Random(seed)
    rows(exchange, lambda page: [row for row in page for _ in range(1 + (rng.random() < 0.5))])


def reorder(exchange: Exchange, seed: int = 0) -> None:
    """Shuffle the rows within the page."""
    rng = Random(seed)
    rows(exchange, lambda page: sorted(page, key=lambda _: rng.random()))


def body(
    exchange: Exchange,
    body: bytes | Callable[[bytes], bytes],
    kind: str = "application/json; charset=utf-8",
) -> None:
    """Replace the body by `body`, or by what the function `body` returns for it.

    The status stays.
    """
    exchange.headers["Content-Type"] = kind
    exchange.content = body(exchange.body()) if callable(body) else body


def html(exchange: Exchange) -> None:
    """Answer with the HTML page of a proxy and a success status."""
    body(exchange, b"<!doctype html><title>Just a moment</title>", "text/html; charset=utf-8")


def utf8(exchange: Exchange) -> None:
    """Put one byte that is not UTF-8 into the body."""
    body(exchange, lambda content: content.replace(b'":', b'\xe9":', 1) if content else b"caf\xe9")


def pad(exchange: Exchange, megabytes: int, gzip: bool = False) -> None:
    """Pad the body with white space, which JSON allows.

    With `gzip` the transfer is a few kilobytes that expand to `megabytes`.
    """
    body(exchange, lambda content: content[:1] + b" " * (megabytes << 20) + content[1:])
    if gzip:
        compress(exchange)


def compress(exchange: Exchange, defect: Literal["cut", "trailer", "crc"] | None = None) -> None:
    """Compress the body with gzip; `defect` damages the compressed bytes.

    "cut" keeps the first half, "trailer" omits the trailer, "crc" has a wrong checksum.
    """
    content = gz.compress(exchange.body(), 6, mtime=0)
    spoilt = {
        "cut": content[: len(content) // 2],
        "trailer": content[:-8],
        "crc": content[:-8] + bytes(4) + content[-4:],
        None: content,
    }
    exchange.content, exchange.headers["Content-Encoding"] = spoilt[defect], "gzip"


def date(exchange: Exchange, skew: timedelta | None) -> None:
    """Shift the Date header by `skew`; None removes it."""
    exchange.headers.pop("Date", None)
    if skew is not None:
        exchange.headers["Date"] = format_datetime(
            EPOCH + timedelta(milliseconds=exchange.now) + skew, usegmt=True
        )


# Faults in the transfer


def _sized_head(exchange: Exchange, content: bytes) -> bytes:
    return exchange.head(f"Content-Length: {len(content)}")


def drop(exchange: Exchange, after: int = 0) -> Iterator[Step]:
    """Reset the connection after `after` bytes of the answer."""
    yield exchange.message()[:after]
    yield "reset"


def truncate(exchange: Exchange, keep: float = 0.5) -> Iterator[Step]:
    """Announce the full length, send a part, close."""
    content = exchange.body()
    yield _sized_head(exchange, content) + content[: int(len(content) * keep)]
    yield "close"


def short(exchange: Exchange, keep: float = 0.5) -> Iterator[Step]:
    """Announce and send a part as if it were the full answer."""
    part = exchange.body()[: int(len(exchange.body()) * keep)]
    yield _sized_head(exchange, part) + part


def unsized(exchange: Exchange, keep: float = 1.0) -> Iterator[Step]:
    """Announce no length, send a part, close."""
    yield exchange.head("Connection: close") + exchange.body()[: int(len(exchange.body()) * keep)]
    yield "close"


def chunked(exchange: Exchange, keep: float = 1.0) -> Iterator[Step]:
    """Send the body in chunks.

    With `keep` below 1 the last chunk is cut and the connection closes.
    """
    content = exchange.body()
    part = content[: int(len(content) * keep)]
    yield exchange.head("Transfer-Encoding: chunked") + b"%x\r\n" % len(content) + part
    yield b"\r\n0\r\n\r\n" if keep == 1.0 else "close"


def drip(exchange: Exchange, size: int = 1, every: float = 0.5) -> Iterator[Step]:
    """Send the head, then `size` bytes of the body every `every` seconds."""
    content = exchange.body()
    yield _sized_head(exchange, content)
    for start in range(0, len(content), size):
        yield every
        yield content[start : start + size]


def stall(exchange: Exchange, seconds: float = 3600.0) -> Iterator[Step]:
    """Send nothing for `seconds`, then close."""
    yield seconds
    yield "close"


def raw(exchange: Exchange, data: bytes) -> Iterator[Step]:
    """Send `data` instead of an answer, then close."""
    yield data
    yield "close"


KINDS = {
    act.__name__: (phase, act)
    for phase, acts in {
        "ask": (status, ignore, overfill, lag, shrink, call),
        "answer": (
            loop,
            endless,
            empty,
            cursor,
            rows,
            duplicate,
            reorder,
            body,
            html,
            utf8,
            pad,
            compress,
            date,
        ),
        "wire": (drop, truncate, short, unsized, chunked, drip, stall, raw),
    }.items()
    for act in acts
}
SOLO = {
    act.__name__
    for act in (status, body, html, utf8, drop, truncate, short, unsized, chunked, drip, stall, raw)
}
