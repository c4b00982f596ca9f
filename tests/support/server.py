"""The simulated shop's servers with a log of the requests and scripted faults.

    with serve(Shop(), now=lambda: datetime(2026, 11, 2, tzinfo=UTC)) as server:
        requests.get(f"{server.url}/receipts", headers={"Authorization": f"Bearer {server.token}"})

`server.requests` is the log, `server.faults` the faults, to which a test may append at any time.
At the end of the block the first error inside the server is raised.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

from pipeline.simulator.loyverse.protocol import RESOURCES, ApiError, LoyverseRules, Request
from pipeline.simulator.server import Connection, Exchange, Server
from pipeline.simulator.source import ShopData
from pipeline.simulator.square import OrderSource, SquareError, SquareServer
from pipeline.simulator.square.protocol import parse_cursor
from pipeline.simulator.square.server import parse_body
from tests.support.fault_kinds import Step
from tests.support.faults import Fault


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


class FaultyConnection(Connection):
    """Sends an answer, or what a fault of the transfer makes of it."""

    def setup(self) -> None:
        super().setup()
        self.server.live.add(self.connection)

    def finish(self) -> None:
        self.server.live.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def send(self, exchange: Exchange) -> None:
        steps = exchange.transfer.act(exchange) if exchange.transfer else None
        for step in (exchange.message(),) if steps is None else steps:
            self._take(step)

    def _take(self, step: Step) -> None:
        if isinstance(step, bytes):
            self.wfile.write(step)
        elif isinstance(step, float):
            self.close_connection = self.server.stopping.wait(step) or self.close_connection
        else:
            self.close_connection = True
            if step == "reset":
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.connection.close()


class FaultyServer(Server):
    """A server with a log and faults, whose threads end with `stop`.

    An exchange also has its number and the number of its page in the list (from 1), the cursors of
    the requests on its path so far (the last one is its own), and the class of the API's errors.
    """

    connection, daemon_threads = FaultyConnection, False

    def __init__(self, source: Any, *, faults: Sequence[Fault] = (), **options: Any):
        super().__init__(source, **options)
        self.faults, self.requests = list(faults), list[LoggedRequest]()
        self.failures: list[BaseException | None] = []
        self.live: set[socket.socket] = set()
        self.stopping, self._count, self._counting = Event(), 0, Lock()

    def answer(self, exchange: Exchange) -> None:
        params = exchange.params = self.read_params(exchange)
        with self._counting:
            self._count += 1
            exchange.number = self._count
        exchange.page, exchange.failure = self.page_of(exchange.path, params), self.failure
        exchange.cursors = lambda: [*self._cursors_on(exchange.path), params.get("cursor")]
        struck = self._struck_by(exchange)
        for fault in struck:
            if fault.phase == "ask":
                fault.act(exchange)
        if exchange.content is None:
            super().answer(exchange)
        for fault in struck:
            if fault.phase == "answer":
                fault.act(exchange)
        exchange.transfer = next((fault for fault in struck if fault.phase == "wire"), None)
        logged = LoggedRequest(
            exchange.number,
            exchange.method,
            exchange.path,
            params,
            exchange.page,
            self.is_authorized(exchange),
            exchange.arrival,
            exchange.status,
            len(exchange.listing.rows) if exchange.listing else 0,
        )
        with self._counting:
            self.requests.append(logged)

    def read_params(self, exchange: Exchange) -> dict[str, str]:
        """Parameters of the request, for the log and the faults."""
        return exchange.params

    def page_of(self, path: str, params: dict[str, str]) -> int:
        if "cursor" in params and path.strip("/") in RESOURCES:
            with suppress(ApiError):
                return Request.from_cursor(params["cursor"], path.strip("/")).page
        return 1

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

    def start(self) -> None:
        self._thread = Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
        )
        self._thread.start()

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
        self.failures.append(sys.exc_info()[1])


class FaultySquareServer(FaultyServer, SquareServer):
    """A server of Square's API with a log and faults."""

    def read_params(self, exchange: Exchange) -> dict[str, str]:
        """Fields of the query string, or of the body as text."""
        with suppress(SquareError):
            fields = parse_body(exchange.request_body)
            return exchange.params | {name: _text(value) for name, value in fields.items()}
        return exchange.params

    def page_of(self, path: str, params: dict[str, str]) -> int:
        with suppress(SquareError):
            return parse_cursor(params["cursor"]).page if params.get("cursor") else 1
        return 1


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@contextmanager
def running(server: FaultyServer) -> Iterator[FaultyServer]:
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
) -> AbstractContextManager[FaultyServer]:
    """Serve `source` with Loyverse's API until the block ends."""
    rules = LoyverseRules(history_days, scopes=scopes)
    return running(FaultyServer(source, rules=rules, **options))


def serve_square(source: OrderSource, **options: Any) -> AbstractContextManager[FaultySquareServer]:
    """Serve `source` with Square's API until the block ends."""
    return running(FaultySquareServer(source, **options))
