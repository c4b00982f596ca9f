"""Progress of long work: a bar, log lines, or status in the visualizer.

The bar is shown on a terminal, unless NO_COLOR is set.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

log = logging.getLogger(__name__)


class Progress:
    """Counts `unit`s of a named piece of work.

    `on_progress(message, percent)` is called at most once in `seconds`, because the visualizer's
    status costs a request.
    """

    def __init__(
        self,
        name: str,
        unit: str,
        on_progress: Callable[[str, int | None], None] | None = None,
        seconds: float = 5.0,
    ):
        self.name, self.unit, self.done = name, unit, 0
        self._on_progress, self._seconds = on_progress, seconds
        self._last = self._start = time.monotonic()
        self._bar = _open_bar(name, unit)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def pause(self, reason: str) -> None:
        """Show why nothing happens for a while; the caller logs it."""
        if self._bar is not None:
            self._bar.set_postfix_str(reason)
        if self._on_progress:
            self._on_progress(f"{self.name}: {self.done:,} {self.unit}, {reason}", None)
        self._last = -self._seconds  # the next progress is shown at once

    def reach(self, done: int, share: float, detail: str = "") -> None:
        """Show that `done` units, about `share` (0 to 1) of the work, are done."""
        if self._bar is not None:
            self._bar.total = round(done / share) if share else None
            self._bar.set_postfix_str(detail, refresh=False)
            self._bar.update(done - self.done)
        self.done = done
        now = time.monotonic()
        if now - self._last < self._seconds:
            return
        self._last = now
        elapsed = now - self._start
        left = f", about {elapsed * (1 - share) / share:,.0f} s left" if share else ""
        unit = self.unit.removesuffix("s") if done == 1 else self.unit
        rate = f", {done / elapsed:,.0f}/s" if done > elapsed else ""
        message = f"{self.name}: {done:,} {unit}{rate}{left}{', ' + detail if detail else ''}"
        if self._bar is None:
            log.info("%s", message)
        if self._on_progress:
            self._on_progress(message, min(99, int(100 * share)))


def _open_bar(name: str, unit: str) -> tqdm[None] | None:
    """A bar on a terminal; None elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        return None
    from tqdm import tqdm

    return tqdm(desc=name, unit=f" {unit}", leave=False)
