"""Instants to business days and local times, for any IANA zone, as whole columns.

Instants are int64 microseconds UTC. pipeline/rules/clock.py says when a business day begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from pipeline.rules import Store
from pipeline.rules.clock import UNIX_EPOCH, clock_changes, day_start

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1).toordinal()


def local(instants: np.ndarray, zone: str) -> np.ndarray:
    """The instants on the clock of `zone`, as microseconds of a clock without a zone."""
    if not len(instants):
        return instants
    first, last = (
        (UNIX_EPOCH + timedelta(microseconds=int(t))).year for t in (instants.min(), instants.max())
    )
    table = (
        np.array(
            [change for year in range(first, last + 1) for change in clock_changes(zone, year)]
        )
        * 1_000_000
    )
    return instants + table[np.searchsorted(table[:, 0], instants, "right") - 1, 1]


def business_day(instants: np.ndarray, store: Store) -> np.ndarray:
    """The business day of each instant, as days since 1970-01-01."""
    if not len(instants):
        return instants
    first, last = int(instants.min()) // DAY - 2, int(instants.max()) // DAY + 2
    starts = [
        day_start(date.fromordinal(EPOCH + n), store.timezone, store.day_starts_at)
        for n in range(first, last + 1)
    ]
    return first + np.searchsorted(np.array(starts) * 1_000_000, instants, "right") - 1


def business_days_by_store(
    stores: Sequence[Store], codes: np.ndarray, instants: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(business day, local time) of each instant at the store `stores[code]`."""
    days, clocks = np.empty(len(codes), "i8"), np.empty(len(codes), "i8")
    for zone in set(stores):
        rows = np.array([store == zone for store in stores])[codes]
        days[rows] = business_day(instants[rows], zone)
        clocks[rows] = local(instants[rows], zone.timezone)
    return days, clocks
