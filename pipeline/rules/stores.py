"""The rules of a shop: stores' clocks and currencies, menu, customers' key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time

from pipeline.errors import ConfigError
from pipeline.pos.source import Lists, ToCanonical
from pipeline.rules.menu import Menu


@dataclass(frozen=True)
class Store:
    """A store's clock and money: IANA zone, start of the day, ISO 4217 code, decimals."""

    timezone: str
    day_starts_at: time
    currency: str
    decimals: int


@dataclass(frozen=True)
class Rules:
    """All settings of the transform.

    `decimals` are those of the lake, the most of any currency in it. A sale that is received more
    than `max_days_late` days after its date has an implausible date. `translator` and `number_of`
    belong to the reader of a point of sale whose JSON is not canonical: with a catalog's lists the
    one gives the function that makes canonical receipts of a record, the other reads a record's
    number.
    """

    stores: Mapping[str, Store]
    default: Store
    menu: Menu
    decimals: int
    customer_key: bytes | None = None
    max_days_late: int = 366
    translator: Callable[[Lists], ToCanonical] | None = None
    number_of: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        if any(store.decimals > self.decimals for store in self.every_store):
            raise ConfigError(
                f"the lake has {self.decimals} decimals, and a store's currency has more"
            )

    @property
    def every_store(self) -> tuple[Store, ...]:
        """The default, and the stores with settings of their own."""
        return (self.default, *self.stores.values())

    def store(self, store_id: str | None) -> Store:
        return self.stores.get(store_id or "", self.default)
