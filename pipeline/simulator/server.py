"""HTTP server of the API on a loopback port.

It handles connections, tokens, the rate limit and the clock, logs requests, and lets a test script
faults.

    with serve(Shop(), now=lambda: datetime(2026, 11, 2, tzinfo=UTC)) as server:
        requests.get(f"{server.url}/receipts", headers={"Authorization": f"Bearer {server.token}"})

Answers use the clock `now` only; `clock` (monotonic seconds) times the rate limit and the log.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from socketserver import ThreadingTCPServer
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pipeline.simulator.connection import Connection, Step
from pipeline.simulator.exchange import Exchange
from pipeline.simulator.ids import millis
from pipeline.simulator.loyverse.api import answer
from pipeline.simulator.loyverse.protocol import RESOURCES, ApiError, LoyverseRules, Request
from pipeline.simulator.source import ShopData

PREFIX = "/v1.0"
S = TypeVar("S", bound="Server")


class LoggedRequest(NamedTuple):
    """One line of the request log."""

    number: int
    method: str
    path: str
    params: dict[str, str]
    page: int
    authorized: bool
    arrival: float  # seconds of `clock`
    status: int
    rows: int  # rows of a list; 0 for anything else


class Fault(Protocol):
    """Fault of a request ("ask"), an answer ("answer") or a transfer ("wire").

    A test scripts it. One that `is_alone` applies to a request that no other such fault applies to.
    """

    phase: str
    is_alone: bool

    def affects(self, exchange: Exchange, /) -> bool:
        """Whether the fault applies to this request; counts it if so."""

    def act(self, exchange: Exchange, /) -> Iterator[Step] | None:
        """Change the exchange, or give the steps of its transfer."""


class Server(ThreadingTCPServer):
    """HTTP server of a source.

    Public attributes: url, token, requests, failures; faults, to which tests append at any time;
    source and rules, which tests may replace. It listens on `port`, or on the socket `listener`.
    With `is_embedded` it prepares the next page of a list while the client works on a page, and
    prints its errors.
    """

    allow_reuse_address, daemon_threads, request_queue_size = True, False, 128
    prefix, failure = PREFIX, ApiError  # of the API that is served
    standard: type[Any] = LoyverseRules  # the class of its rules

    def __init__(
        self,
        source: Any,
        *,
        token: str | None = None,
        now: Callable[[], datetime] | None = None,
        rules: Any = None,
        rate_limit: tuple[int, float] | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        listener: socket.socket | None = None,
        is_embedded: bool = False,
    ):
        super().__init__(("127.0.0.1", port), Connection, bind_and_activate=listener is None)
        if listener:
            self.socket, self.server_address = listener, listener.getsockname()
        self.source, self.rules, self.faults = source, rules or self.standard(), list(faults)
        self.rate_limit, self.clock, self.is_embedded = rate_limit, clock, is_embedded
        self.token = secrets.token_hex(16) if token is None else token
        self.now = now or (lambda: datetime.now(UTC))
        self.url = f"http://127.0.0.1:{self.server_address[1]}{self.prefix}"
        self.requests: list[LoggedRequest] = []
        self.failures: list[Exception] = []
        self.live: set[socket.socket] = set()
        self.stopping, self._lock, self._count, self._granted = Event(), Lock(), 0, deque[float]()

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[Exchange, Fault | None]:
        """Answer a request (`headers` in lower case); a returned fault tells how to send."""
        parts = urlsplit(target)
        inside = parts.path.startswith(self.prefix + "/")
        path = parts.path.removeprefix(self.prefix) if inside else "/"
        path = path if path == "/" else path.rstrip("/")
        params, arrival = self.params(parts.query, body), self.clock()
        page = self.page_of(path, params)
        moment = self.now()
        with self._lock:
            self._count += 1
            number = self._count
            authorized = headers.get("authorization") == f"Bearer {self.token}"
        exchange = Exchange(
            number,
            method,
            path,
            params,
            page,
            millis(moment),
            self.rules,
            lambda: [*self._cursors_on(path), params.get("cursor")],
            request_headers=headers,
            request_body=body,
            failure=self.failure,
        )
        exchange.headers["Date"] = format_datetime(moment.astimezone(UTC), usegmt=True)
        struck = self._struck_by(exchange)
        for fault in struck:
            if fault.phase == "ask":
                fault.act(exchange)
        if exchange.content is None:
            self._answer(exchange, authorized, arrival)
        for fault in struck:
            if fault.phase == "answer":
                fault.act(exchange)
        rows, status = len(exchange.listing.rows) if exchange.listing else 0, exchange.status
        logged = (number, method, path, params, page, authorized, arrival, status, rows)
        with self._lock:
            self.requests.append(LoggedRequest(*logged))
        return exchange, next((fault for fault in struck if fault.phase == "wire"), None)

    def _cursors_on(self, path: str) -> list[str | None]:
        requests = list(self.requests)
        return [request.params.get("cursor") for request in requests if request.path == path]

    def _struck_by(self, exchange: Exchange) -> list[Fault]:
        struck: list[Fault] = []
        for fault in list(self.faults):
            is_free = not (fault.is_alone and any(other.is_alone for other in struck))
            if is_free and fault.affects(exchange):
                struck.append(fault)
        return struck

    def _answer(self, exchange: Exchange, authorized: bool, arrival: float) -> None:
        try:
            if not authorized:
                raise self.failure(
                    401, "UNAUTHORIZED", "The access token is missing, malformed or revoked."
                )
            self._grant(arrival)
            reply = self.respond(exchange)
            if isinstance(reply, bytes):
                exchange.content = reply
            else:
                exchange.listing = reply
        except ApiError as error:
            exchange.status, exchange.content = error.status, error.body

    def params(self, query: str, body: bytes) -> dict[str, str]:
        """Parameters of a request, for the API, the log and the faults."""
        return dict(parse_qsl(query, keep_blank_values=True))

    def page_of(self, path: str, params: dict[str, str]) -> int:
        """Number of the requested page in its list, from 1."""
        if "cursor" in params and path.strip("/") in RESOURCES:
            with suppress(ApiError):
                return Request.from_cursor(params["cursor"], path.strip("/")).page
        return 1

    def respond(self, exchange: Exchange, **fields: str) -> Any:
        """Page of a list or bytes of an object; `fields` replace those of the request."""
        if exchange.method != "GET":
            raise ApiError(405, "BAD_REQUEST", "This shop can only be read.")
        params = exchange.params | fields
        return answer(self.source, exchange.now, exchange.path, params, exchange.rules)

    def _grant(self, arrival: float) -> None:
        if self.rate_limit is None:
            return
        limit, seconds = self.rate_limit
        with self._lock:
            while self._granted and arrival - self._granted[0] >= seconds:
                self._granted.popleft()
            if len(self._granted) >= limit:
                raise self.failure(
                    429, "RATE_LIMITED", f"More than {limit} requests in {seconds:g} seconds."
                )
            self._granted.append(arrival)

    def start(self) -> Server:
        self._thread = Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End all connections and threads."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self.live):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect; other errors are in `failures`."""


@contextmanager
def running(server: S) -> Iterator[S]:
    """Run `server` until the block ends, then raise its first internal error."""
    server.start()
    try:
        yield server
    finally:
        server.stop()
    if server.failures:
        raise server.failures[0]


def serve(
    source: ShopData,
    *,
    history_days: int | None = None,
    scopes: frozenset[str] | None = None,
    **options: Any,
) -> AbstractContextManager[Server]:
    """Serve `source` until the block ends, with the options of `Server`."""
    rules = LoyverseRules(history_days, scopes=scopes)
    return running(Server(source, rules=rules, **options))
