"""Rows that a list has already returned, in limited memory, to stop endless lists.

A Bloom filter of 8 MiB. A repeated row is always recognized. At five million rows, 1 of 200 new
rows is reported as repeated, which does not matter because complete pages are checked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

_BITS = 1 << 26
_PROBES = 4


class SeenRows:
    """The rows of one pass through a list, each identified by its key."""

    def __init__(self) -> None:
        self._bits = bytearray(_BITS >> 3)

    def add_page(self, keys: Iterable[Hashable]) -> bool:
        """Add the rows of a page; True if at least one, and half of them, are new."""
        distinct = set(keys)
        new = sum([self._add(hash(key)) for key in distinct])
        return new > 0 and 2 * new >= len(distinct)

    def _add(self, number: int) -> bool:
        """Whether the row with that hash is new."""
        place, step, is_new = number % _BITS, number // _BITS % _BITS | 1, False
        for _ in range(_PROBES):
            mask = 1 << (place & 7)
            if not self._bits[place >> 3] & mask:
                self._bits[place >> 3] |= mask
                is_new = True
            place = (place + step) % _BITS
        return is_new
