"""Cache of bytes that this process has just read or written.

A name fixes the content (a sha256, or the key of a raw object), so the cache weakens no check. A
run soon reads what it writes: days for their month, a month for its summary. At most `limit` bytes
are kept, the latest used; nothing larger than an eighth of that. Safe to share between threads.
"""

from __future__ import annotations

import threading


class RecentBytes:
    """The latest used bytes by name; none, where `limit` is 0."""

    def __init__(self, limit: int = 0) -> None:
        self._limit, self._size = limit, 0
        self._entries: dict[str, bytes] = {}
        self._turn = threading.Lock()

    def find(self, name: str) -> bytes | None:
        """The bytes of `name`, which counts as used now; None without them."""
        with self._turn:
            data = self._entries.pop(name, None)
            if data is not None:
                self._entries[name] = data
            return data

    def latest(self, limit: int) -> dict[str, bytes]:
        """The entries used last, up to `limit` bytes, the latest one at the end."""
        part = RecentBytes(limit)
        with self._turn:
            for name, data in reversed(self._entries.items()):
                if part._size + len(data) <= limit:
                    part.keep(name, data)
        return dict(reversed(part._entries.items()))

    def keep(self, name: str, data: bytes) -> None:
        """Keep `data`, and remove what was not used for the longest time."""
        if len(data) > self._limit // 8:
            return
        with self._turn:
            self._size += len(data) - len(self._entries.pop(name, b""))
            self._entries[name] = data
            while self._size > self._limit:
                self._size -= len(self._entries.pop(next(iter(self._entries))))
