"""Rows that a list has already returned, in limited memory, to stop endless lists.

A Bloom filter of 8 MiB. It never takes a repeated row for a new one. At five million rows it takes
one new row in 200 for a repeated one, which does not matter because it checks complete pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

_BITS = 1 << 26
_PROBES = 4


class Seen:
    """The rows of one pass through a list, each identified by its key."""

    def __init__(self) -> None:
        self._bits = bytearray(_BITS >> 3)

    def add_page(self, keys: Iterable[bytes]) -> bool:
        """Add the rows of a page; True if at least one, and half of them, are new."""
        distinct = set(keys)
        new = sum([self._add(key) for key in distinct])
        return new > 0 and 2 * new >= len(distinct)

    def _add(self, key: bytes) -> bool:
        """Whether the row is new."""
        digest, is_new = blake2b(key, digest_size=4 * _PROBES).digest(), False
        for start in range(0, len(digest), 4):
            bit = int.from_bytes(digest[start : start + 4], "big") % _BITS
            mask = 1 << (bit & 7)
            if not self._bits[bit >> 3] & mask:
                self._bits[bit >> 3] |= mask
                is_new = True
        return is_new
