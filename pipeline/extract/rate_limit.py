"""Pacing: never more than so many requests in so many seconds, kept across threads, processes and
runs.

The account's budget is one (Loyverse: 300 requests in 300 s per account), whoever spends it, so the
times of the last requests stand in one small file under a lock. The file is opened anew for each
request: a fork shares nothing. Lost or damaged, it only forgets. Without a file the budget is kept
within one process.
"""

from __future__ import annotations

import fcntl
import os
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.extract.private_folder import make_private
from pipeline.extract.waits import log_wait

RATE = "the API's rate"

# The server counts arrivals: a first request that was long under way must not meet the next
# window's first.
LATENCY = 1.0


class RateLimiter:
    """At most `requests` in any `seconds`. `clock` tells wall-clock seconds, the same for all
    processes.
    """

    def __init__(
        self,
        requests: int,
        seconds: float,
        ledger: Path | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ):
        self.requests, self.seconds = requests, seconds + LATENCY
        self._ledger, self._clock, self._sleep = ledger, clock, sleep
        self._times, self._lock = array("d"), threading.Lock()
        if ledger is not None:
            make_private(ledger.parent)

    def take(self) -> None:
        """Return when one more request may be sent, and count it."""
        while wait := self._reserve():
            log_wait(wait, RATE)
            self._sleep(wait)

    def _reserve(self) -> float:
        """Count a request and return 0, or return the seconds until there may be room for one."""
        with self._open() as times:
            now = self._clock()
            # A time ahead of the clock is one from before the clock was set back: it counts from
            # now on.
            recent = sorted(min(t, now) for t in times if t > now - self.seconds)
            is_full = len(recent) >= self.requests
            times[:] = array("d", recent if is_full else [*recent, now])
            return max(recent[-self.requests] + self.seconds - now, 0.001) if is_full else 0.0

    @contextmanager
    def _open(self) -> Iterator[array[float]]:
        if self._ledger is None:
            with self._lock:
                yield self._times
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._ledger, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            found = os.read(descriptor, 1 << 20)
            times = array("d", found[: len(found) // 8 * 8])
            yield times
            if times.tobytes() != found:
                os.pwrite(descriptor, times.tobytes(), 0)
                os.ftruncate(descriptor, len(times) * 8)
        finally:
            os.close(descriptor)
