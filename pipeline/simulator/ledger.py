"""Which receipts there are and when each step of their lives happens; what is on them is another
matter (basket, till).

A slot is a receipt-to-be: number, seconds (UTC) at which it was rung, reached the server, was
cancelled. A device's day is a
pure function of (seed, device, day), made of cheap counts, so that numbers have no gaps without
looking at the past.
- A device that is offline uploads later: hours later (any till) or up to ten days later (the
  tablet); never refunds meanwhile.
- A sale's place in its device's day decides what may befall it: one refund after so many days
  (REFUND_LAGS), or a
  cancellation, never both. So no sale is given back twice, and nothing needs to remember what
  happened before.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate
from random import Random
from threading import Lock
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipeline.simulator.rhythm import demand, draw_times, is_closed
from pipeline.simulator.trade import STORES, Till, tills

FIRST_NUMBER = 1000
REFUND_SHARE = 0.012
REFUND_LAGS = (
    (0, (0, 1, 2), 0.62),
    (1, (3,), 0.16),
    (2, (4,), 0.09),
    (6, (5,), 0.08),
    (13, (6,), 0.05),
)  # days, places % 8, chance
CANCELLED_PLACE, CANCELLED_SHARE, CANCELLED_REFUNDS = 7, 0.055, 0.02
LONGEST_SYNC, LONGEST_CANCELLATION = 10, 20  # days; bounds on which the look-up of updates relies
_LAG_CHANCES = tuple(accumulate(chance for _, _, chance in REFUND_LAGS))
_BLOCK = 75  # days in which the tablet is lost once


class Slot(NamedTuple):
    """One receipt-to-be; all times are UTC seconds. Sorted as the API lists, but ascending."""

    created: int
    id: int  # unique; breaks ties of `created`
    sold: int
    cancelled: int  # 0 = never
    device: int  # index of the till
    number: int
    day: int  # ordinal of the business day
    place: int  # of a sale: its place among the device's sales of the day; of a refund: -1
    customer: int  # -1 = anonymous
    refunds: tuple[int, int] | None  # (day, place) of the sale that it gives back, same device

    def updated(self, now: int) -> int:
        return self.cancelled if 0 < self.cancelled <= now else self.created


class Ledger:
    """The plan of a shop with that seed; every method is a pure function of its arguments."""

    def __init__(
        self, seed: int, opened: date, stores: int, receipts_per_day: float, timezone: str
    ):
        self.seed, self.opened, self.per_day, self.zone = (
            seed,
            opened,
            receipts_per_day,
            ZoneInfo(timezone),
        )
        self.tills: tuple[Till, ...] = tills(stores)
        self.first = opened.toordinal()
        self._numbers = [
            [FIRST_NUMBER] for _ in self.tills
        ]  # [till][days since opening]: the day's first number
        self._customers = [0]  # [days since opening]: customers known that morning
        self._growing = Lock()
        self.plan = lru_cache(maxsize=1200)(self._plan)  # slots of one device and business day
        self.sales = lru_cache(maxsize=50_000)(self._sales)
        self.created_on = lru_cache(maxsize=150)(self._created_on)

    def rng(self, purpose: int, device: int, day: int) -> Random:
        return Random((((self.seed << 8 | purpose) << 8 | device) << 24) | day)

    def midnight(self, day: int) -> int:
        """UTC seconds of the local midnight at which business day `day` begins (by its noon's
        offset, so also on clock changes).
        """
        noon = datetime.fromordinal(day).replace(hour=12, tzinfo=self.zone)
        return (day - 719_163) * 86_400 - int(noon.utcoffset().total_seconds())

    def _sales(self, device: int, day: int) -> int:
        """How many sales the device rings on the day."""
        till, when = self.tills[device], date.fromordinal(day)
        if is_closed(when, till.store, self.opened):
            return 0
        store, rng = STORES[till.store], self.rng(1, device, day)
        expected = (
            self.per_day
            * store.size
            * till.share
            * demand(when, self.opened)
            * store.weekdays[when.weekday()]
            / 100
        )
        return int(expected * (0.88 + 0.24 * rng.random()) + rng.random())

    def new_customers(self, device: int, day: int) -> int:
        rng = self.rng(2, device, day)
        years = (day - self.first) / 365
        return (
            int(
                self.sales(device, day) * (0.03 + 0.012 * min(years, 3.0)) * (0.5 + rng.random())
                + rng.random() * 0.9
            )
            if self.sales(device, day)
            else 0
        )

    def absence(self, device: int, day: int) -> tuple[int, int] | None:
        """(first second, last second) UTC between which the device was offline around the day, or
        None; uploads begin at the last.
        """
        till = self.tills[device]
        if till.web:
            return None
        if till.roams:
            block = day // _BLOCK
            rng = self.rng(3, device, block)
            first = block * _BLOCK + int(rng.random() * (_BLOCK - LONGEST_SYNC - 1))
            length = 2 + int(rng.random() * (LONGEST_SYNC - 2))
            if first <= day < first + length:
                return self.midnight(first), self.midnight(first + length) + 11 * 3600
        rng = self.rng(4, device, day)
        if rng.random() < 0.04:
            start = self.midnight(day) + (14 + int(rng.random() * 7)) * 3600
            return start, start + 3600 + int(rng.random() * 4 * 3600)
        return None

    def _refunds(self, device: int, day: int) -> list[tuple[int, int]]:
        """(day, place) of the sales that the device gives back on the day, each once."""
        if self.tills[device].web or self.absence(device, day):
            return []
        rng, chosen = self.rng(5, device, day), []
        for _ in range(
            int(self.sales(device, day) * REFUND_SHARE * 2 * rng.random() + rng.random() * 0.9)
        ):
            lag, places, _ = REFUND_LAGS[bisect(_LAG_CHANCES, rng.random() * _LAG_CHANCES[-1])]
            sold, draw, which = day - lag, rng.random(), int(rng.random() * len(places))
            octets = (
                self.sales(device, sold) // 8
                if sold >= self.first and not self._lost(device, sold)
                else 0
            )
            target = (sold, int(draw * octets) * 8 + places[which])
            if octets and target not in chosen:
                chosen.append(target)
        return chosen

    def _lost(self, device: int, day: int) -> bool:
        """Whether what was sold that day reaches the server only on a later day."""
        absence = self.absence(device, day)
        return absence is not None and absence[1] - absence[0] > 86_400

    def _grow(self, day: int) -> None:
        with self._growing:
            for done in range(self.first + len(self._customers) - 1, day):
                for device, numbers in enumerate(self._numbers):
                    numbers.append(
                        numbers[-1] + self.sales(device, done) + len(self._refunds(device, done))
                    )
                self._customers.append(
                    self._customers[-1]
                    + sum(self.new_customers(device, done) for device in range(len(self.tills)))
                )

    def first_number(self, device: int, day: int) -> int:
        """The number of the device's first receipt of the day."""
        self._grow(day)
        return self._numbers[device][day - self.first]

    def known_customers(self, day: int) -> int:
        """Customers who were registered before the day; they are numbered from 0 in the order of
        their first visit's day.
        """
        self._grow(day)
        return self._customers[day - self.first]

    def _plan(self, device: int, day: int) -> tuple[Slot, ...]:
        """The device's receipts of the business day, in the order of their numbers."""
        if day < self.first:
            return ()
        rng, midnight, count = self.rng(6, device, day), self.midnight(day), self.sales(device, day)
        times = [midnight + second for second in draw_times(rng, date.fromordinal(day), count)]
        rows = [(sold, place, None) for place, sold in enumerate(times)]
        for target in self._refunds(device, day):
            sold = (
                times[target[1]] + 240
                if target[0] == day
                else midnight + draw_times(rng, date.fromordinal(day), 1)[0]
            )
            rows.append((sold + int(rng.random() * 3000), -1, target))
        customers, number = (
            self._draw_customers(rng, device, day, count),
            self.first_number(device, day),
        )
        absence, slots = self.absence(device, day), []
        for offset, (sold, place, target) in enumerate(sorted(rows, key=lambda row: row[:2])):
            draw = rng.random()
            created = sold + 1 + int(draw * draw * draw * draw * 300)
            if absence and absence[0] <= sold < absence[1]:
                created = absence[1] + 20 + offset // 3  # a few a second, as a queue empties
            cancelled = self._cancelled(rng, created, place)
            slots.append(
                Slot(
                    created,
                    (number + offset) << 8 | self.tills[device].number,
                    sold,
                    cancelled,
                    device,
                    number + offset,
                    day,
                    place,
                    -1 if place < 0 else customers[place],
                    target,
                )
            )
        return tuple(slots)

    @staticmethod
    def _cancelled(rng: Random, created: int, place: int) -> int:
        """When the back office cancels it: within hours, days or weeks of its arrival; 0 for nearly
        all.
        """
        chance = (
            CANCELLED_REFUNDS
            if place < 0
            else CANCELLED_SHARE
            if place % 8 == CANCELLED_PLACE
            else 0.0
        )
        if not chance or rng.random() >= chance:
            return 0
        draw = rng.random()
        span = (
            6 * 3600
            if draw < 0.4
            else 5 * 86_400
            if draw < 0.8
            else (LONGEST_CANCELLATION - 1) * 86_400
        )
        return created + 120 + int(rng.random() * span)

    def _draw_customers(self, rng: Random, device: int, day: int, count: int) -> list[int]:
        """Who buys, by place: the day's new customers spread over the sales, regulars and recent
        ones between them, else -1.
        """
        known, fresh = self.known_customers(day), self.new_customers(device, day)
        newest = known + sum(self.new_customers(other, day) for other in range(device))
        share = 0.17 + 0.06 * min((day - self.first) / 365, 3.0) if known else 0.0
        customers = []
        for _ in range(count):
            draw = rng.random()
            if draw >= share:
                customers.append(-1)
            elif draw < share * 0.45:
                customers.append(
                    int(rng.random() * ((known + 8) // 9)) * 9
                )  # every ninth comes again and again
            else:
                draw = rng.random()
                customers.append(
                    (known - 1 - int(draw * draw * min(known, 900))) // 2 * 2
                )  # every second soon again, the rest never
        for index in range(fresh):
            customers[(2 * index + 1) * count // (2 * fresh)] = newest + index
        return customers

    def sale(self, device: int, day: int, place: int) -> Slot:
        """The sale of that place."""
        return next(slot for slot in self.plan(device, day) if slot.place == place)

    def find(self, device: int, number: int) -> Slot | None:
        """The receipt of that number, whenever it is due; None beyond the numbers of the days
        planned so far.
        """
        numbers = self._numbers[device]
        day = bisect(numbers, number) - 1
        if number < FIRST_NUMBER or day + 1 >= len(numbers):
            return None
        return self.plan(device, self.first + day)[number - numbers[day]]

    def _created_on(self, utc_day: int) -> tuple[Slot, ...]:
        """All receipts that reach the server on a UTC day (ordinal), newest first."""
        start = (utc_day - 719_163) * 86_400
        slots: list[Slot] = []
        for device, till in enumerate(self.tills):
            for day in range(utc_day - (LONGEST_SYNC + 1 if till.roams else 1), utc_day + 2):
                if day > utc_day - 2 or self._lost(device, day):
                    slots += [
                        slot
                        for slot in self.plan(device, day)
                        if start <= slot.created < start + 86_400
                    ]
        return tuple(sorted(slots, reverse=True))
