"""A mapping that computes its values on access and does not keep them.

For data that do not fit into memory at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LazyMapping(Mapping[K, V]):
    """`keys` in their order; `make` computes the value of a key."""

    def __init__(self, keys: Iterable[K], make: Callable[[K], V]):
        self._keys, self._make = dict.fromkeys(keys), make

    def __getitem__(self, key: K) -> V:
        if key not in self._keys:
            raise KeyError(key)
        return self._make(key)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
