"""Rate limit of requests, across threads, processes and runs.

The limit holds for the account (Loyverse: 300 requests in any 300 s). So the times of the last
requests are in one small file, under a lock. The file is opened for each request, so forked
processes share no handle. If it is lost or damaged, only past requests are forgotten. Without a
file the limit holds within one process.
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

RATE_REASON = "the API's rate"

# Margin in seconds. The server counts arrivals, so a first request that arrives late must not fall
# into the period of the next requests.
LATENCY = 1.0


class RateLimiter:
    """At most `requests` in any `seconds` of `clock`, the same for all processes."""

    def __init__(
        self,
        requests: int,
        seconds: float,
        request_log: Path | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ):
        self.requests, self.seconds = requests, seconds + LATENCY
        self._request_log, self._clock, self._sleep = request_log, clock, sleep
        self._times, self._lock = array("d"), threading.Lock()
        if request_log is not None:
            make_private(request_log.parent)

    def take(self) -> None:
        """Wait until one more request may be sent, and count it."""
        while wait := self._reserve():
            log_wait(wait, RATE_REASON)
            self._sleep(wait)

    def _reserve(self) -> float:
        """Count a request and return 0, or return the seconds until one may be sent."""
        with self._open() as times:
            now = self._clock()
            # A time ahead of the clock was noted before the clock was set back: it counts as now.
            recent = sorted(min(t, now) for t in times if t > now - self.seconds)
            is_full = len(recent) >= self.requests
            times[:] = array("d", recent if is_full else [*recent, now])
            return max(recent[-self.requests] + self.seconds - now, 0.001) if is_full else 0.0

    @contextmanager
    def _open(self) -> Iterator[array[float]]:
        if self._request_log is None:
            with self._lock:
                yield self._times
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._request_log, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            stored = os.read(descriptor, 1 << 20)
            times = array("d", stored[: len(stored) // 8 * 8])
            yield times
            if times.tobytes() != stored:
                os.pwrite(descriptor, times.tobytes(), 0)
                os.ftruncate(descriptor, len(times) * 8)
        finally:
            os.close(descriptor)
