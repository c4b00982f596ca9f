"""Bytes that this process has just read or written, by a name that fixes their content: a sha256,
or the key of a raw object.

What a run makes it soon reads: days for their month, a month for its summary, summaries for
reports. A name that fixes the content makes the copy as true as the object whose digest was
checked, so it saves the request and weakens no check. At most `limit` bytes are held, the latest
used; what is larger than an eighth of that is not. Safe to share between threads.
"""

from __future__ import annotations

import threading


class RecentBytes:
    """The latest used bytes by name; none, where `limit` is 0."""

    def __init__(self, limit: int = 0) -> None:
        self._limit, self._size = limit, 0
        self._held: dict[str, bytes] = {}
        self._turn = threading.Lock()

    def find(self, name: str) -> bytes | None:
        """What is held under `name`, which counts as used now."""
        with self._turn:
            data = self._held.pop(name, None)
            if data is not None:
                self._held[name] = data
            return data

    def keep(self, name: str, data: bytes) -> None:
        """Hold `data`, and let go of what was not used for the longest time."""
        if len(data) > self._limit // 8:
            return
        with self._turn:
            self._size += len(data) - len(self._held.pop(name, b""))
            self._held[name] = data
            while self._size > self._limit:
                self._size -= len(self._held.pop(next(iter(self._held))))
