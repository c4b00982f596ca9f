"""Receipts of the shop, and the instant of each step of their lives.

What is on a receipt is drawn elsewhere (basket, ticket_lines). A planned receipt has its number and
the seconds (UTC) at which it was rung, reached the server and was cancelled. A device's day is a
pure function of (seed, device, day). Numbers have no gaps and need only counts of earlier days.

- A device that is offline uploads later: hours later (any register) or up to ten days later (the
  tablet). It rings no refunds while it is offline.
- The position of a sale in its device's day decides what can happen to it: one refund after some
  days (REFUND_LAGS) or a cancellation, never both. So no sale is refunded twice, and no record of
  the past is needed.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate
from threading import Lock
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipeline.simulator.business import STORES, TIMEZONE, Register, registers
from pipeline.simulator.chance import Random
from pipeline.simulator.demand import demand, draw_times, is_closed
from pipeline.simulator.ids import EPOCH_DAY

FIRST_NUMBER = 1000
REFUND_SHARE = 0.012
REFUND_LAGS = (
    (0, (0, 1, 2), 0.62),
    (1, (3,), 0.16),
    (2, (4,), 0.09),
    (6, (5,), 0.08),
    (13, (6,), 0.05),
)  # days, positions % 8, chance
LONGEST_SYNC = 10  # days; the look-up of updates relies on it
_LAG_CHANCES = tuple(accumulate(chance for _, _, chance in REFUND_LAGS))
LONGEST_CANCELLATION = 20  # days; the look-up of updates relies on it
_CANCELLED_POSITION = 7  # of eight sales the one of which a share is cancelled
_ZONE = ZoneInfo(TIMEZONE)
_BLOCK = 75  # the tablet is offline once in so many days


class PlannedReceipt(NamedTuple):
    """One planned receipt; times are UTC seconds. Sorts as the API's list, reversed."""

    created: int
    id: int  # unique; breaks ties of `created`
    sold: int
    cancelled: int  # 0 = never
    device: int  # index of the register
    number: int
    day: int  # ordinal of the business day
    position: int  # of a sale: its position among the device's sales of the day; of a refund: -1
    customer: int  # -1 = anonymous
    refunds: tuple[int, int] | None  # (day, position) of the refunded sale, same device

    def updated(self, now: int) -> int:
        return self.cancelled if 0 < self.cancelled <= now else self.created


class ReceiptSchedule:
    """The planned receipts of a shop; every method is a function of its arguments."""

    def __init__(self, seed: int, opened: date, stores: int, receipts_per_day: float):
        self.seed, self.opened, self.per_day = seed, opened, receipts_per_day
        self.registers: tuple[Register, ...] = registers(stores)
        self.first = opened.toordinal()
        # [register][days since opening]: the day's first number
        self._numbers = [[FIRST_NUMBER] for _ in self.registers]
        self._customers = [0]  # [days since opening]: customers registered before the day
        self._growing = Lock()
        self.midnight = lru_cache(maxsize=4_000)(self._midnight)
        self.plan = lru_cache(maxsize=1200)(self._plan)  # receipts of one device and business day
        self.sales = lru_cache(maxsize=50_000)(self._sales)
        self.created_on = lru_cache(maxsize=150)(self._created_on)

    def rng(self, purpose: int, device: int, day: int) -> Random:
        return Random((((self.seed << 8 | purpose) << 8 | device) << 24) | day)

    def _midnight(self, day: int) -> int:
        """UTC seconds of a day's midnight: 12 hours before noon, despite clock changes."""
        noon = datetime.fromordinal(day).replace(hour=12, tzinfo=_ZONE)
        return int(noon.timestamp()) - 12 * 3600

    def _sales(self, device: int, day: int) -> int:
        """Number of sales that the device rings on the day."""
        register, when = self.registers[device], date.fromordinal(day)
        if is_closed(when, register.store, self.opened):
            return 0
        store, rng = STORES[register.store], self.rng(1, device, day)
        usual = self.per_day * store.size * register.share * demand(when, self.opened)
        expected = usual * store.weekdays[when.weekday()] / 100
        return int(expected * (0.88 + 0.24 * rng.random()) + rng.random())

    def new_customers(self, device: int, day: int) -> int:
        rng = self.rng(2, device, day)
        years = (day - self.first) / 365
        share, sales = 0.03 + 0.012 * min(years, 3.0), self.sales(device, day)
        return int(sales * share * (0.5 + rng.random()) + rng.random() * 0.9) if sales else 0

    def absence(self, device: int, day: int) -> tuple[int, int] | None:
        """First and last second (UTC) of the offline time around the day, None if online."""
        register = self.registers[device]
        if register.web:
            return None
        if register.roams:
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
        """(day, position) of the sales that the device refunds on the day, each once."""
        if self.registers[device].web or self.absence(device, day):
            return []
        rng, chosen = self.rng(5, device, day), []
        for _ in range(
            int(self.sales(device, day) * REFUND_SHARE * 2 * rng.random() + rng.random() * 0.9)
        ):
            lag, positions, _ = REFUND_LAGS[bisect(_LAG_CHANCES, rng.random() * _LAG_CHANCES[-1])]
            sold, draw, which = day - lag, rng.random(), int(rng.random() * len(positions))
            octets = (
                self.sales(device, sold) // 8
                if sold >= self.first and not self._lost(device, sold)
                else 0
            )
            target = (sold, int(draw * octets) * 8 + positions[which])
            if octets and target not in chosen:
                chosen.append(target)
        return chosen

    def _lost(self, device: int, day: int) -> bool:
        """Whether the day's receipts reach the server only on a later day."""
        absence = self.absence(device, day)
        return absence is not None and absence[1] - absence[0] > 86_400

    def count_until(self, day: int) -> None:
        """Count the receipts of the days before `day`; `find` knows only these."""
        with self._growing:
            for done in range(self.first + len(self._customers) - 1, day):
                for device, numbers in enumerate(self._numbers):
                    numbers.append(
                        numbers[-1] + self.sales(device, done) + len(self._refunds(device, done))
                    )
                self._customers.append(
                    self._customers[-1]
                    + sum(self.new_customers(device, done) for device in range(len(self.registers)))
                )

    def first_number(self, device: int, day: int) -> int:
        """Number of the device's first receipt of the day."""
        self.count_until(day)
        return self._numbers[device][day - self.first]

    def known_customers(self, day: int) -> int:
        """Number of customers who registered before the day; they are numbered from 0."""
        self.count_until(day)
        return self._customers[day - self.first]

    def _plan(self, device: int, day: int) -> tuple[PlannedReceipt, ...]:
        """Receipts of the device on the business day, in the order of their numbers."""
        if day < self.first:
            return ()
        rng, midnight, count = self.rng(6, device, day), self.midnight(day), self.sales(device, day)
        times = [midnight + second for second in draw_times(rng, date.fromordinal(day), count)]
        rows: list[tuple[int, int, tuple[int, int] | None]] = [
            (sold, position, None) for position, sold in enumerate(times)
        ]
        for target in self._refunds(device, day):
            if target[0] == day:
                sold = times[target[1]] + 240
            else:
                sold = midnight + draw_times(rng, date.fromordinal(day), 1)[0]
            rows.append((sold + int(rng.random() * 3000), -1, target))
        customers = self._draw_customers(rng, device, day, count)
        number = self.first_number(device, day)
        absence, planned_receipts = self.absence(device, day), []
        for offset, (sold, position, refunds) in enumerate(sorted(rows, key=lambda row: row[:2])):
            draw = rng.random()
            created = sold + 1 + int(draw * draw * draw * draw * 300)
            if absence and absence[0] <= sold < absence[1]:
                created = absence[1] + 20 + offset // 3  # a few a second, as a queue empties
            end = _cancellation(rng, created, position)
            serial, customer = number + offset, -1 if position < 0 else customers[position]
            key = serial << 8 | self.registers[device].number
            planned_receipts.append(
                PlannedReceipt(
                    created, key, sold, end, device, serial, day, position, customer, refunds
                )
            )
        return tuple(planned_receipts)

    def _draw_customers(self, rng: Random, device: int, day: int, count: int) -> list[int]:
        """Customer of each sale, by position; -1 is anonymous.

        The day's new customers are spread over the sales; regular and recent customers come between
        them.
        """
        registered, fresh = self.known_customers(day), self.new_customers(device, day)
        newest = registered + sum(self.new_customers(other, day) for other in range(device))
        share = 0.17 + 0.06 * min((day - self.first) / 365, 3.0) if registered else 0.0
        customers = []
        for _ in range(count):
            draw = rng.random()
            if draw >= share:
                customers.append(-1)
            elif draw < share * 0.45:
                # Regulars: every ninth customer.
                customers.append(int(rng.random() * ((registered + 8) // 9)) * 9)
            else:
                draw = rng.random()
                # Recent customers: every second one returns soon, the others never.
                customers.append(
                    (registered - 1 - int(draw * draw * min(registered, 900))) // 2 * 2
                )
        for index in range(fresh):
            customers[(2 * index + 1) * count // (2 * fresh)] = newest + index
        return customers

    def sale(self, device: int, day: int, position: int) -> PlannedReceipt:
        """Sale at that position of the device's day."""
        return next(planned for planned in self.plan(device, day) if planned.position == position)

    def find(self, device: int, number: int) -> PlannedReceipt | None:
        """Receipt of that number, even a future one; None beyond the planned days."""
        numbers = self._numbers[device]
        day = bisect(numbers, number) - 1
        if number < FIRST_NUMBER or day + 1 >= len(numbers):
            return None
        return self.plan(device, self.first + day)[number - numbers[day]]

    def _created_on(self, utc_day: int) -> tuple[PlannedReceipt, ...]:
        """Receipts that reach the server on a UTC day (ordinal), newest first."""
        start = (utc_day - EPOCH_DAY) * 86_400
        planned_receipts: list[PlannedReceipt] = []
        for device, register in enumerate(self.registers):
            for day in range(utc_day - (LONGEST_SYNC + 1 if register.roams else 1), utc_day + 2):
                if day > utc_day - 2 or self._lost(device, day):
                    planned_receipts += [
                        planned
                        for planned in self.plan(device, day)
                        if start <= planned.created < start + 86_400
                    ]
        return tuple(sorted(planned_receipts, reverse=True))


def _cancellation(rng: Random, created: int, position: int) -> int:
    """Second at which the back office cancels the receipt; 0 if it never does."""
    is_candidate = position % 8 == _CANCELLED_POSITION
    chance = 0.02 if position < 0 else 0.055 if is_candidate else 0.0
    if not chance or rng.random() >= chance:
        return 0
    draw = rng.random()
    hours = 6 if draw < 0.4 else 5 * 24 if draw < 0.8 else (LONGEST_CANCELLATION - 1) * 24
    return created + 120 + int(rng.random() * (hours * 3600))
