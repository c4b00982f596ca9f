"""A total time for a whole HTTP exchange, on the sockets of urllib3.

The timeouts of requests and urllib3 hold for each read, so a peer that sends a byte now and then
keeps a request open without end. Here a timer shuts the connection's socket when the time is up:
during the TLS handshake, the headers or the body. It cannot interrupt the resolver. A Deadline
serves one thread at a time.
"""

from __future__ import annotations

import os
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class TimeUpError(Exception):
    """The exchange did not end in its time."""


class Deadline:
    """`pools` are connection pools whose sockets `limit` can shut."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[int] = []  # of the newest connection's socket, at most one
        weakref.finalize(self, _close, self._handles)
        self._running = 0  # number of the current exchange; a timer of an older one does nothing
        self._is_up = False
        self.pools = {
            "http": self._watch(HTTPConnectionPool, HTTPConnection),
            "https": self._watch(HTTPSConnectionPool, HTTPSConnection),
        }

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Limit the block to `seconds`; raises TimeUpError instead of any later error."""
        with self._lock:
            self._is_up, number = False, self._running
        timer = threading.Timer(seconds, self._cut, (number,))
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if self._is_up:
                raise TimeUpError from None
            raise
        finally:
            timer.cancel()
            with self._lock:
                self._running += 1
        if self._is_up:
            raise TimeUpError

    def _cut(self, number: int) -> None:
        with self._lock:
            if number == self._running:
                self._is_up = True
                self._shut()

    def _shut(self) -> None:
        for handle in self._handles:
            shared = socket.socket(fileno=handle)
            with suppress(OSError):  # the peer may have closed it
                shared.shutdown(socket.SHUT_RDWR)
            shared.detach()

    def _opened(self, connected: socket.socket) -> None:
        """Keep a second handle of a new socket, because TLS takes over the first one."""
        with self._lock:
            _close(self._handles)
            self._handles.append(os.dup(connected.fileno()))
            if self._is_up:
                self._shut()

    def _watch(
        guard,  # noqa: N805
        pool: type[HTTPConnectionPool],
        connection: type[HTTPConnection],
    ) -> type[HTTPConnectionPool]:
        class Watched(connection):  # type: ignore[valid-type, misc]  # a base chosen at run time
            def _new_conn(self) -> socket.socket:
                connected = super()._new_conn()
                guard._opened(connected)
                return connected

        return type("WatchedPool", (pool,), {"ConnectionCls": Watched})


def _close(handles: list[int]) -> None:
    while handles:
        os.close(handles.pop())
