"""A total time for a whole HTTP exchange, on the sockets of urllib3.

The timeouts of requests and urllib3 apply to each read, so a server that sends a byte now and then
keeps a request open for ever. Here a timer shuts the connection's socket when the time is up:
during the TLS handshake, the headers or the body. It cannot interrupt the DNS lookup. A Deadline is
for one thread at a time.
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
    """The exchange took longer than its time limit."""


class Deadline:
    """`pools` are connection pools whose sockets `limit` can shut."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[int] = []  # of the newest connection's socket, at most one
        weakref.finalize(self, _close, self._handles)
        self._current = 0  # number of the exchange; a timer of an older one does nothing
        self._is_up = False
        self.pools = {
            "http": self._watched(HTTPConnectionPool, HTTPConnection),
            "https": self._watched(HTTPSConnectionPool, HTTPSConnection),
        }

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Limit the block to `seconds`; raises TimeUpError instead of any later error."""
        with self._lock:
            self._is_up, number = False, self._current
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
                self._current += 1
        if self._is_up:
            raise TimeUpError

    def _cut(self, number: int) -> None:
        with self._lock:
            if number == self._current:
                self._is_up = True
                self._shut()

    def _shut(self) -> None:
        for handle in self._handles:
            shared = socket.socket(fileno=handle)
            with suppress(OSError):  # the peer may have closed it
                shared.shutdown(socket.SHUT_RDWR)
            shared.detach()

    def _watch(self, connected: socket.socket) -> None:
        """Keep a second handle of a new socket, because TLS takes over the first one."""
        with self._lock:
            _close(self._handles)
            self._handles.append(os.dup(connected.fileno()))
            if self._is_up:
                self._shut()

    def _watched(
        self, pool: type[HTTPConnectionPool], connection: type[HTTPConnection]
    ) -> type[HTTPConnectionPool]:
        """The pool class with connections whose sockets are watched."""
        deadline = self

        class Watched(connection):  # type: ignore[valid-type, misc]  # a base chosen at run time
            def _new_conn(self) -> socket.socket:
                connected = super()._new_conn()
                deadline._watch(connected)
                return connected

        return type("WatchedPool", (pool,), {"ConnectionCls": Watched})


def _close(handles: list[int]) -> None:
    while handles:
        os.close(handles.pop())
