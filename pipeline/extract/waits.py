"""Waits that last: a line in the log for each, and whoever shows progress in this thread is told
how long nothing will happen.

In: seconds, and what is waited for. Out: "waiting 42 s for the API's rate". A wait of less than
WORTH_TELLING is not told of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

log = logging.getLogger(__name__)

LOG_WAIT_SECONDS = 3.0  # seconds

_listener: ContextVar[Callable[[str], None]] = ContextVar("listener", default=lambda _: None)


@contextmanager
def on_wait(listener: Callable[[str], None]) -> Iterator[None]:
    """`listener` is told of every wait of this thread that lasts."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def log_wait(seconds: float, reason: str, *, is_logged: bool = False) -> None:
    """To be called before the wait; `is_logged`: a line of the log speaks of it already."""
    if seconds < LOG_WAIT_SECONDS:
        return
    message = f"waiting {seconds:,.0f} s for {reason}"
    if not is_logged:
        log.info("%s", message)
    _listener.get()(message)
