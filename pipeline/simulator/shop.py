"""Generated shop: a burger restaurant in Mexico City.

Every receipt is a function of (seed, day) alone. At an instant the shop shows what its server would
have received by then, in the state of that instant: without receipts of a register that is still
offline, and without later cancellations. Nothing is stored; days are planned and receipts printed
on demand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache, partial
from typing import Any

from pipeline.simulator.business import STORES
from pipeline.simulator.ids import EPOCH_DAY
from pipeline.simulator.loyverse.receipt import number_of, print_receipt
from pipeline.simulator.receipt_schedule import (
    LONGEST_CANCELLATION,
    PlannedReceipt,
    ReceiptSchedule,
)
from pipeline.simulator.shifts import Shifts
from pipeline.simulator.shop_catalog import ShopCatalog
from pipeline.simulator.source import EVERYTHING, Entry, Query, entries_of
from pipeline.simulator.tickets import Tickets

_DAY_MS = 86_400_000


class Shop:
    """Generated `ShopData` of 1 to 4 stores; `receipts_per_day` is a store's average."""

    def __init__(
        self,
        seed: int = 7,
        opened: date = date(2023, 10, 1),
        stores: int = 2,
        receipts_per_day: float = 50,
    ):
        if not 1 <= stores <= len(STORES):
            raise ValueError(f"stores={stores}: there are 1 to {len(STORES)} of them")
        self.schedule = ReceiptSchedule(seed, opened, stores, receipts_per_day)
        self.shop_catalog = ShopCatalog(opened, stores)
        self.tickets = Tickets(self.schedule)
        self._shifts = Shifts(self.schedule, self.tickets)
        self._print = lru_cache(maxsize=6000)(self._print_state)

    def receipts(
        self, now: int, query: Query, before: tuple[int, int | str] | None = None
    ) -> Iterator[Entry]:
        newest = min(
            bound
            for bound in (now, query.created_max, query.updated_max, before and before[0])
            if bound is not None
        )
        oldest = (self.schedule.first - EPOCH_DAY) * _DAY_MS
        if query.created_min is not None:
            oldest = max(oldest, query.created_min)
        if query.updated_min is not None:
            oldest = max(oldest, query.updated_min - LONGEST_CANCELLATION * _DAY_MS)
        second = now // 1000
        for utc_day in range(newest // _DAY_MS, oldest // _DAY_MS - 1, -1):
            for planned in self.schedule.created_on(utc_day + EPOCH_DAY):
                created, updated = planned.created * 1000, planned.updated(second) * 1000
                is_after = before is not None and (created, planned.id) >= before
                if created > newest or is_after or updated < (query.updated_min or 0):
                    continue
                entry = self._entry(planned, second)
                if query.admits(entry):
                    yield entry

    def find(self, now: int, number: str) -> Entry | None:
        match = re.fullmatch(r"([1-9])-([1-9][0-9]{0,10})", number)
        for device, register in enumerate(self.schedule.registers):
            if match and str(register.number) == match[1]:
                self.schedule.count_until(now // _DAY_MS + EPOCH_DAY + 2)
                planned = self.schedule.find(device, int(match[2]))
                if planned and planned.created * 1000 <= now:
                    return self._entry(planned, now // 1000)
        return None

    def rows(self, now: int, resource: str, query: Query = EVERYTHING) -> list[Entry]:
        if resource == "shifts":
            return self._shifts.entries(now, query)
        return entries_of(self.shop_catalog.rows(resource, now))

    def merchant(self) -> dict[str, Any]:
        return self.shop_catalog.merchant()

    def _entry(self, planned: PlannedReceipt, second: int) -> Entry:
        return Entry(
            planned.created * 1000,
            planned.id,
            planned.updated(second) * 1000,
            number_of(self.schedule, planned.device, planned.number),
            False,
            partial(self._print, planned, 0 < planned.cancelled <= second),
        )

    def _print_state(self, planned: PlannedReceipt, cancelled: bool) -> bytes:
        return print_receipt(self.schedule, self.tickets.ticket(planned), planned, cancelled)
