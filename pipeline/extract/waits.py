"""Long waits: a log line for each, and a call to the listener of this thread.

Shows "waiting 42 s for the API's rate" in the log and the progress bar. Waits of less than
LOG_WAIT_SECONDS are not reported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

log = logging.getLogger(__name__)

LOG_WAIT_SECONDS = 3.0

_listener: ContextVar[Callable[[str], None]] = ContextVar("listener", default=lambda _: None)


@contextmanager
def on_wait(listener: Callable[[str], None]) -> Iterator[None]:
    """Call `listener` for every long wait of this thread within the block."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def log_wait(seconds: float, reason: str, *, is_logged: bool = False) -> None:
    """Report a wait before it begins; `is_logged`: it has a log line already."""
    if seconds < LOG_WAIT_SECONDS:
        return
    message = f"waiting {seconds:,.0f} s for {reason}"
    if not is_logged:
        log.info("%s", message)
    _listener.get()(message)
