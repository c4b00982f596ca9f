"""Faults that a test scripts: in a request, in an answer or in its transfer.

    Fault("status", status=503, headers={"Retry-After": "1"}, on=on_page(2), times=3)
    Fault("drop")                                   # the next request's connection is reset

A fault applies to the first `times` requests that `on` accepts (times=None: to all). Faults that
replace the whole answer (SOLO) apply one per request: the next one waits for the next request, so a
list of them is a script. All others combine in the order of the list: first those that change the
request, then those that change the answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from pipeline.simulator.server import Exchange, Server
from tests.support.fault_kinds import KINDS, SOLO, Step


class Fault:
    """Fault of `kind` (one of KINDS); `options` are the arguments of its function.

    Raises ValueError for an unknown kind and TypeError for wrong options.
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
        self.is_alone = kind in SOLO
        inspect.signature(self._act).bind(None, **options)
        self.struck = 0

    def affects(self, exchange: Exchange) -> bool:
        """Whether the fault applies to this request; counts it if so."""
        with self._lock:
            if self.left == 0 or not self.on(exchange):
                return False
            self.left, self.struck = None if self.left is None else self.left - 1, self.struck + 1
            return True

    def act(self, exchange: Exchange) -> Iterator[Step] | None:
        return self._act(exchange, **self.options)


def on_page(page: int, path: str = "/receipts") -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.page == page and exchange.path == path


def on_path(path: str) -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.path == path


def on_request(*numbers: int) -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.number in numbers


def busiest(server: Server, seconds: float) -> int:
    """Largest number of requests in any window of `seconds` seconds."""
    times, count, start = sorted(request.arrival for request in server.requests), 0, 0
    for end, moment in enumerate(times):
        while moment - times[start] >= seconds:
            start += 1
        count = max(count, end - start + 1)
    return count
