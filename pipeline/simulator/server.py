"""HTTP server of the API on a loopback port.

It handles connections, tokens, the rate limit and the clock. Answers use the clock `now` only;
`clock` (monotonic seconds) times the rate limit.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.client import responses
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipeline.simulator.ids import millis
from pipeline.simulator.loyverse.api import answer
from pipeline.simulator.loyverse.protocol import ApiError, LoyverseRules

PREFIX = "/v1.0"


@dataclass
class Exchange:
    """One request and its answer."""

    method: str
    path: str  # below /v1.0, e.g. "/receipts"
    params: dict[str, str]
    now: int
    arrival: float  # seconds of the server's `clock`
    rules: Any  # of the API that is served
    request_headers: Mapping[str, str]  # names in lower case
    request_body: bytes
    status: int = 200
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"}
    )
    listing: Any = None  # one page of a list, of the API that is served
    content: bytes | None = None  # the body, if it is not a listing's

    def body(self) -> bytes:
        if self.content is None and self.listing is not None:
            return bytes(self.listing.body())
        return self.content or b""

    def head(self, *header_lines: str) -> bytes:
        """Status line and headers."""
        headers = [f"{name}: {value}" for name, value in self.headers.items()]
        reason = responses.get(self.status, "STATUS")
        lines = [f"HTTP/1.1 {self.status} {reason}", *headers, *header_lines, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def message(self) -> bytes:
        """The answer as it is sent."""
        body = self.body()
        return self.head(f"Content-Length: {len(body)}") + body


class Connection(BaseHTTPRequestHandler):
    """A client's connection: reads requests and sends their answers."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    server: Server

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def _respond(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = self.server.exchange(self.command, self.path, headers, sent)
        self.send(exchange)
        if self.server.reads_ahead and exchange.listing and exchange.listing.cursor:
            self.server.respond(exchange, cursor=exchange.listing.cursor)  # fills the caches

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _respond  # noqa: N815

    def send(self, exchange: Exchange) -> None:
        self.wfile.write(exchange.message())

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing."""


class Server(ThreadingTCPServer):
    """HTTP server of a source.

    Public attributes: url and token; source, rules and now, which may be replaced. It listens on
    `port`, or on the socket `listener`. With `reads_ahead` it prepares the next page of a list
    while the client works on a page.
    """

    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128
    prefix, failure = PREFIX, ApiError  # of the API that is served
    standard: type[Any] = LoyverseRules  # the class of its rules
    connection: type[Connection] = Connection

    def __init__(
        self,
        source: Any,
        *,
        token: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: Any = None,
        rate_limit: tuple[int, float] | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        listener: socket.socket | None = None,
        reads_ahead: bool = False,
    ):
        super().__init__(("127.0.0.1", port), self.connection, bind_and_activate=listener is None)
        if listener:
            self.socket, self.server_address = listener, listener.getsockname()
        self.source, self.rules, self.now = source, rules or self.standard(), now
        self.rate_limit, self.clock, self.reads_ahead = rate_limit, clock, reads_ahead
        self.token = secrets.token_hex(16) if token is None else token
        self.url = f"http://127.0.0.1:{self.server_address[1]}{self.prefix}"
        self._lock, self._granted = Lock(), deque[float]()

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Exchange:
        """Answer a request (`headers` in lower case)."""
        parts, arrival, moment = urlsplit(target), self.clock(), self.now()
        path = parts.path.removeprefix(self.prefix)
        exchange = Exchange(
            method,
            path.rstrip("/") or "/" if parts.path.startswith(self.prefix + "/") else "/",
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            millis(moment),
            arrival,
            self.rules,
            headers,
            body,
        )
        exchange.headers["Date"] = format_datetime(moment.astimezone(UTC), usegmt=True)
        self.answer(exchange)
        return exchange

    def answer(self, exchange: Exchange) -> None:
        """Set the answer of the exchange, or its error."""
        try:
            if not self.is_authorized(exchange):
                raise self.failure(
                    401, "UNAUTHORIZED", "The access token is missing, malformed or revoked."
                )
            self._grant(exchange.arrival)
            reply = self.respond(exchange)
        except ApiError as error:
            exchange.status, exchange.content = error.status, error.body
        else:
            if isinstance(reply, bytes):
                exchange.content = reply
            else:
                exchange.listing = reply

    def respond(self, exchange: Exchange, **fields: str) -> Any:
        """Page of a list or bytes of an object; `fields` replace those of the request."""
        if exchange.method != "GET":
            raise ApiError(405, "BAD_REQUEST", "This shop can only be read.")
        params = exchange.params | fields
        return answer(self.source, exchange.now, exchange.path, params, exchange.rules)

    def is_authorized(self, exchange: Exchange) -> bool:
        return exchange.request_headers.get("authorization") == f"Bearer {self.token}"

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

    def start(self) -> None:
        """Serve in a thread until the process ends."""
        Thread(target=self.serve_forever, name="simulator", daemon=True).start()
