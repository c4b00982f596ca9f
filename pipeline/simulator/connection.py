"""A client's connection: HTTP requests in, bytes and faults out."""

from __future__ import annotations

import socket
import struct
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline.simulator.server import Server


# Bytes to send, seconds to wait, or how the connection ends.
Step = bytes | float | Literal["reset", "close"]


class Connection(BaseHTTPRequestHandler):
    """Reads requests, and sends their answers or what a fault makes of them."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.live.add(self.connection)

    def finish(self) -> None:
        self.server.live.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def _respond(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            exchange, fault = self.server.exchange(self.command, self.path, headers, sent)
            body = exchange.body()
            steps = fault.act(exchange) if fault else None
            for step in (exchange.head(len(body)) + body,) if steps is None else steps:
                self._take(step)
            if self.server.is_embedded and exchange.listing and exchange.listing.cursor:
                self.server.respond(exchange, cursor=exchange.listing.cursor)  # fills the caches
        except ConnectionError:
            self.close_connection = True  # the client has disconnected
        except Exception as failure:  # raised again when serve() ends  # noqa: BLE001
            self.server.failures.append(failure)
            if self.server.is_embedded:
                traceback.print_exc()
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _respond  # noqa: N815

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

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing: the log is `Server.requests`."""
