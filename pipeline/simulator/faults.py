"""Faults that a test can script on the server: what may go wrong in a question, in an answer, and
on the wire.

    Fault("status", status=503, headers={"Retry-After": "1"}, on=on_page(2), times=3)
    Fault("drop")                                   # the next request's connection is reset

A fault strikes the first `times` requests that `on` accepts (times=None: all of them). Of the kinds
that make the whole answer useless (SOLO) one strikes a request and the others wait for the next, so
that a list of them is a script; the rest combine, in the order in which they stand: first those
that change the question, then the answer.
"""

from __future__ import annotations

import gzip as gz
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from threading import Lock
from typing import Any, Literal

from pipeline.simulator.exchange import CODES, Exchange
from pipeline.simulator.ids import EPOCH, millis
from pipeline.simulator.loyverse.api import Request

Step = (
    bytes | float | Literal["reset", "close"]
)  # send, wait so many seconds, end the connection rudely or politely


class Fault:
    """See the module; `kind` is one of KINDS, `options` are its arguments. Raises ValueError or
    TypeError at once if they are not.
    """

    def __init__(
        self,
        kind: str,
        on: Callable[[Exchange], bool] = lambda exchange: True,
        times: int | None = 1,
        **options: Any,
    ):
        if kind not in KINDS:
            raise ValueError(f"no fault of kind {kind!r}; there are {', '.join(sorted(KINDS))}")
        self.kind, self.on, self.left, self.options, self._lock = kind, on, times, options, Lock()
        self.phase, self._act = KINDS[kind]
        inspect.signature(self._act).bind(None, **options)
        self.struck = 0

    def strikes(self, exchange: Exchange) -> bool:
        """Whether it strikes this request; counts it if so."""
        with self._lock:
            if self.left == 0 or not self.on(exchange):
                return False
            self.left, self.struck = None if self.left is None else self.left - 1, self.struck + 1
            return True

    def act(self, exchange: Exchange) -> Iterator[Step] | None:
        return self._act(exchange, **self.options)


def struck_by(faults: list[Fault], exchange: Exchange) -> list[Fault]:
    """The faults that strike this request, counted."""
    struck: list[Fault] = []
    for fault in faults:
        alone = fault.kind in SOLO
        if not (alone and any(other.kind in SOLO for other in struck)) and fault.strikes(exchange):
            struck.append(fault)
    return struck


def on_page(page: int, path: str = "/receipts") -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.page == page and exchange.path == path


def on_path(path: str) -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.path == path


def on_request(*numbers: int) -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.number in numbers


# The question


def status(
    exchange: Exchange,
    status: int,
    headers: Mapping[str, str] | None = None,
    code: str | None = None,
    body: bytes | None = None,
) -> None:
    """Answer with that status; the body is the API's for it unless given."""
    exchange.status = status
    exchange.headers |= headers or {}
    exchange.content = (
        exchange.failure(status, code or CODES.get(status, "ERROR"), "A scripted fault.").body
        if body is None
        else body
    )


def ignore(exchange: Exchange, names: tuple[str, ...]) -> None:
    """Act as if these filters had not been sent, as the real API does with misspelt ones."""

    def without(params: dict[str, str]) -> dict[str, str]:
        return {name: text for name, text in params.items() if name not in names}

    exchange.params = without(exchange.params)
    if "cursor" in exchange.params:
        request = Request.from_cursor(exchange.params["cursor"], exchange.path.strip("/"))
        exchange.params["cursor"] = replace(request, params=without(request.params)).cursor()


def overfill(exchange: Exchange, rows: int) -> None:
    """Serve up to `rows` rows whatever the limit."""
    exchange.rules = replace(exchange.rules, max_limit=rows)
    exchange.params = {**exchange.params, "limit": str(rows)}


def lag(exchange: Exchange, lag: timedelta) -> None:
    """Know nothing of the last `lag`: a read replica that is behind."""
    exchange.now -= lag // timedelta(milliseconds=1)


def shrink(exchange: Exchange, since: datetime) -> None:
    """Silently leave out receipts created before `since`."""
    exchange.rules = replace(exchange.rules, floor=millis(since))


def call(exchange: Exchange, act: Callable[[Exchange], None]) -> None:
    """Run `act` before the request is answered: change the shop between two pages."""
    act(exchange)


# The answer


def loop(exchange: Exchange, back: int = 1) -> None:
    """Lead back: 1 to this very page, 2 to the page before it ... (where that began without a
    cursor: to this page).
    """
    if exchange.listing:
        exchange.listing.cursor = (exchange.cursors()[-back:] or [None])[
            0
        ] or exchange.listing.at.cursor()


def endless(exchange: Exchange, empty: bool = False) -> None:
    """Never end: after the last page the same page again (or empty ones), each under a new cursor."""
    if exchange.listing and exchange.listing.cursor is None:
        exchange.listing.cursor = replace(
            exchange.listing.at, page=exchange.listing.at.page + 1
        ).cursor()
        exchange.listing.rows = [] if empty else exchange.listing.rows


def empty(exchange: Exchange) -> None:
    """An empty page that leads to the rows which it should have held."""
    if exchange.listing:
        exchange.listing.rows, exchange.listing.cursor = (
            [],
            replace(exchange.listing.at, page=exchange.listing.at.page + 1).cursor(),
        )


def cursor(exchange: Exchange, cursor: str | None) -> None:
    """Lead on by this cursor; None ends the walk."""
    if exchange.listing:
        exchange.listing.cursor = cursor


def rows(exchange: Exchange, act: Callable[[list[bytes]], list[bytes]]) -> None:
    """Pass the page's rows through `act`: drop, repeat, remember or change them."""
    if exchange.listing:
        exchange.listing.rows = act(exchange.listing.rows)


def duplicate(exchange: Exchange, seed: int = 0) -> None:
    """Show about half of the page's rows twice."""
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
    """Put `body` in the place of the answer's, or what it makes of it; the status stays."""
    exchange.headers["Content-Type"] = kind
    exchange.content = body(exchange.body()) if callable(body) else body


def html(exchange: Exchange) -> None:
    """A proxy's page where JSON should be, with the status of success."""
    body(exchange, b"<!doctype html><title>Just a moment</title>", "text/html; charset=utf-8")


def utf8(exchange: Exchange) -> None:
    """A body in which one byte is not UTF-8."""
    body(exchange, lambda whole: whole.replace(b'":', b'\xe9":', 1) if whole else b"caf\xe9")


def pad(exchange: Exchange, megabytes: int, gzip: bool = False) -> None:
    """Blow the body up with white space, which JSON allows; with `gzip` it is a bomb of a few
    kilobytes.
    """
    body(exchange, lambda whole: whole[:1] + b" " * (megabytes << 20) + whole[1:])
    if gzip:
        compress(exchange)


def compress(exchange: Exchange, defect: Literal["cut", "trailer", "crc"] | None = None) -> None:
    """gzip the body, and spoil it: cut in the middle, without its trailer, with a wrong checksum."""
    whole = gz.compress(exchange.body(), 6, mtime=0)
    spoilt = {
        "cut": whole[: len(whole) // 2],
        "trailer": whole[:-8],
        "crc": whole[:-8] + bytes(4) + whole[-4:],
        None: whole,
    }
    exchange.content, exchange.headers["Content-Encoding"] = spoilt[defect], "gzip"


def date(exchange: Exchange, skew: timedelta | None) -> None:
    """A Date header that is off by `skew`; None: none at all."""
    exchange.headers.pop("Date", None)
    if skew is not None:
        exchange.headers["Date"] = format_datetime(
            EPOCH + timedelta(milliseconds=exchange.now) + skew, usegmt=True
        )


# The wire


def drop(exchange: Exchange, after: int = 0) -> Iterator[Step]:
    """Reset the connection once `after` bytes of the answer are out."""
    yield (exchange.head(len(exchange.body())) + exchange.body())[:after]
    yield "reset"


def truncate(exchange: Exchange, keep: float = 0.5) -> Iterator[Step]:
    """Promise the whole length, send a part, close."""
    whole = exchange.body()
    yield exchange.head(len(whole)) + whole[: int(len(whole) * keep)]
    yield "close"


def short(exchange: Exchange, keep: float = 0.5) -> Iterator[Step]:
    """Promise and send a part, as if that were all."""
    part = exchange.body()[: int(len(exchange.body()) * keep)]
    yield exchange.head(len(part)) + part


def unsized(exchange: Exchange, keep: float = 1.0) -> Iterator[Step]:
    """Promise no length, send a part, close."""
    yield (
        exchange.head(None, "Connection: close")
        + exchange.body()[: int(len(exchange.body()) * keep)]
    )
    yield "close"


def chunked(exchange: Exchange, keep: float = 1.0) -> Iterator[Step]:
    """Send in chunks; with `keep` below 1 the last chunk is cut and nothing follows it."""
    whole = exchange.body()
    part = whole[: int(len(whole) * keep)]
    yield exchange.head(None, "Transfer-Encoding: chunked") + b"%x\r\n" % len(whole) + part
    yield b"\r\n0\r\n\r\n" if keep == 1.0 else "close"


def drip(exchange: Exchange, size: int = 1, every: float = 0.5) -> Iterator[Step]:
    """The head at once, then `size` bytes of the body every so many seconds."""
    whole = exchange.body()
    yield exchange.head(len(whole))
    for start in range(0, len(whole), size):
        yield every
        yield whole[start : start + size]


def stall(exchange: Exchange, seconds: float = 3600.0) -> Iterator[Step]:
    """Say nothing for so long, then hang up."""
    yield seconds
    yield "close"


def raw(exchange: Exchange, data: bytes) -> Iterator[Step]:
    """Send these bytes instead of an answer and hang up."""
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
