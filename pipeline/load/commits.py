"""Commit raw partitions while the next ones are prepared.

Each partition is compressed and stored in a thread and published by the caller's thread, in the
order in which the partitions were added. So a kill leaves the first ones committed and the others
not, and no manifest exists before its data. At most MAX_PENDING partitions wait, with IN_MEMORY
bytes of NDJSON, or one larger one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

from pipeline.load.raw import RawZone
from pipeline.load.raw_objects import StoredObjects

IN_MEMORY = 64 << 20
MAX_PENDING = 6
_THREADS = 3


class Commits:
    """A queue of commits by `run`; a context manager that publishes all at its end.

    Raises what a commit raises, at the latest in `finish`; objects stored for later partitions are
    then never read.
    """

    def __init__(self, zone: RawZone, run: str) -> None:
        self._zone, self._run = zone, run
        self._pool = ThreadPoolExecutor(_THREADS)
        self._waiting: deque[tuple[str, int, Future[StoredObjects], Mapping[str, Any]]] = deque()
        self._size = 0

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
        partition: str,
        objects: Mapping[date | None, bytes],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str],
    ) -> None:
        """Queue a partition; arguments as in Lake.commit_window."""
        size = sum(map(len, objects.values()))
        while self._waiting and (
            self._size + size > IN_MEMORY or len(self._waiting) >= MAX_PENDING
        ):
            self._publish()
        number, is_committed = self._zone.number_of(partition)
        stored = self._pool.submit(
            self._zone.store, partition, number, objects, times, is_committed=is_committed
        )
        self._waiting.append((partition, size, stored, metadata))
        self._size += size
        while self._waiting and self._waiting[0][2].done():
            self._publish()

    def finish(self) -> None:
        """Publish all that was added."""
        while self._waiting:
            self._publish()

    def _publish(self) -> None:
        partition, size, stored, metadata = self._waiting.popleft()
        self._size -= size
        self._zone.publish(self._run, partition, stored.result(), metadata)
