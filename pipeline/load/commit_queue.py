"""A queue of windows to commit together, compressed while others are prepared.

Consecutive windows of a month become one raw partition, with one manifest and a few syncs to disk:
up to MAX_WINDOWS windows, or as many as have IN_MEMORY bytes of NDJSON, or one larger one. They are
stored and published by the caller's thread, in the order in which they were added. So a kill leaves
the first ones committed and the others not, and no manifest exists before its data.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

from pipeline.load.raw import RawData
from pipeline.load.raw_objects import Packed, pack_window
from pipeline.load.raw_windows import join_metadata

IN_MEMORY = 64 << 20
MAX_WINDOWS = 31
_THREADS = 2


class CommitQueue:
    """A queue of windows to commit, all of them at the end of its block.

    `waiting` is the number of windows that are not committed yet. Raises what a commit raises, at
    the latest in `finish`.
    """

    def __init__(self, raw: RawData) -> None:
        self._raw = raw
        self._pool = ThreadPoolExecutor(_THREADS)
        self._packed: list[Future[Packed]] = []
        self._metadata: dict[str, Mapping[str, Any]] = {}
        self._size = 0

    def __enter__(self) -> CommitQueue:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._pool.shutdown(cancel_futures=True)

    @property
    def waiting(self) -> int:
        return len(self._packed)

    def add(
        self,
        window: date,
        contents: Mapping[date | None, bytes],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str],
    ) -> None:
        """Queue the window after the last one; arguments as in Lake.commit_window."""
        size = sum(map(len, contents.values()))
        is_first_of_month = window.day == 1
        if is_first_of_month or self._size + size > IN_MEMORY or self.waiting >= MAX_WINDOWS:
            self.finish()
        self._packed.append(self._pool.submit(pack_window, str(window), contents, times))
        self._metadata[str(window)] = metadata
        self._size += size

    def finish(self) -> None:
        """Commit all that was added."""
        if self._packed:
            packed = [future.result() for future in self._packed]
            self._raw.commit(packed, join_metadata(self._metadata))
        self._packed, self._metadata, self._size = [], {}, 0
