"""A shop whose API lists receipts in another order, or pages them by offset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipeline.simulator.source import Entry, Query, ShopData

_KEYS: dict[str, Callable[[Entry], tuple[int, int]]] = {
    "created_desc": lambda entry: (-entry.created, -int(entry.id)),
    "updated_desc": lambda entry: (-entry.updated, -int(entry.id)),
    "updated_asc": lambda entry: (entry.updated, int(entry.id)),
}


class OtherOrder:
    """`ShopData` of `shop` with its receipts in `order`.

    With `offsets` a cursor is an offset. The position of an entry, its first two fields, is its
    sort key or its index.
    """

    def __init__(self, shop: ShopData, order: str = "created_desc", offsets: bool = False):
        self.shop, self.key, self.offsets = shop, _KEYS[order], offsets

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shop, name)

    def receipts(
        self, now: int, query: Query, before: tuple[int, int | str] | None = None
    ) -> Iterator[Entry]:
        entries = sorted(self.shop.receipts(now, query), key=self.key)
        for index, entry in enumerate(entries):
            position = (index, 0) if self.offsets else self.key(entry)
            if before is None or position > before:
                yield entry._replace(created=position[0], id=position[1])
