"""Raw batches committed while the next ones are prepared.

In: batches in their order. Each is compressed and stored in a thread (its data are durable then),
and published by the caller's thread in the order of their coming: so a kill leaves the first of
them whole and the rest unborn, and no manifest is ever there before its data. At most MOST_WAITING
batches wait, with IN_MEMORY bytes of NDJSON, or one larger one. Raises what a commit raises, at the
latest in `finish`; what had been stored for later batches is then nobody's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

from pipeline.load.layout import Manifest
from pipeline.load.raw import RawZone, Stored

IN_MEMORY = 64 << 20
MAX_PENDING = 6
_THREADS = 3


class Commits:
    """A row of commits to `zone` by `run`; to be used in a with statement, which finishes it when
    nothing was raised.
    """

    def __init__(self, zone: RawZone, run: str) -> None:
        self._zone, self._run = zone, run
        self._pool = ThreadPoolExecutor(_THREADS)
        self._waiting: deque[tuple[str, int, Future[Stored], Mapping[str, Any]]] = deque()
        self._held = 0

    def __enter__(self) -> Commits:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def add(
        self,
        batch: str,
        objects: Mapping[date | None, bytes],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str],
    ) -> None:
        """Commit a batch soon: NDJSON by UTC date of sale; `times` as in RawZone.commit."""
        size = sum(map(len, objects.values()))
        while self._waiting and (
            self._held + size > IN_MEMORY or len(self._waiting) >= MAX_PENDING
        ):
            self._publish()
        number, is_committed = self._zone.number_of(batch)
        stored = self._pool.submit(
            self._zone.store, batch, number, objects, times, is_committed=is_committed
        )
        self._waiting.append((batch, size, stored, metadata))
        self._held += size
        while self._waiting and self._waiting[0][2].done():
            self._publish()

    def finish(self) -> None:
        """Publish all that was added."""
        while self._waiting:
            self._publish()

    def _publish(self) -> Manifest:
        batch, size, stored, metadata = self._waiting.popleft()
        self._held -= size
        return self._zone.publish(self._run, batch, stored.result(), metadata)
