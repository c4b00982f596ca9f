"""All rules of a shop: its stores, its menu, the key that hashes customers."""

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

    `decimals` are those of the lake: the largest of its currencies. A sale that is received more
    than `max_days_late` days after its date has an implausible date. A point of sale whose JSON is
    not canonical also has two functions of its reader: `translator` takes the lists of a catalog
    and returns the function from a record to canonical receipts; `number_of` returns the number of
    a record.
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
