"""Progress of long work: a bar on a terminal, plain lines in a log, and a callback for the visualizer."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from tqdm import tqdm

log = logging.getLogger(__name__)


class Progress:
    """Counts `unit`s of a named piece of work; `total` may be unknown.

    `tell(message, percent or None)` is called at most once in `seconds`, as the visualizer's status line costs a request.
    """

    def __init__(self, name: str, unit: str, total: int | None = None, tell: Callable[[str, int | None], None] | None = None,
                 seconds: float = 5.0):
        self.name, self.unit, self.total, self.done = name, unit, total, 0
        self._tell, self._seconds, self._last, self._start = tell, seconds, time.monotonic(), time.monotonic()
        self._bar = tqdm(total=total, desc=name, unit=f" {unit}", leave=False) if sys.stderr.isatty() else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def reach(self, done: int, detail: str = "") -> None:
        """`done` units are done by now; `detail` says where the work stands."""
        if self._bar is not None:
            self._bar.set_postfix_str(detail, refresh=False)
            self._bar.update(done - self.done)
        self.done = done
        if time.monotonic() - self._last < self._seconds:
            return
        self._last = time.monotonic()
        rate = self.done / max(self._last - self._start, 1e-9)
        message = f"{self.name}: {self.done:,} {self.unit}, {rate:,.0f}/s{', ' + detail if detail else ''}"
        if self._bar is None:
            log.info("%s", message)
        if self._tell:
            self._tell(message, min(99, 100 * self.done // self.total) if self.total else None)
