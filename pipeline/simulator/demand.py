"""Demand: receipts to expect per store and day, and the seconds of the sales.

Takes a business day (local date). Returns a number of receipts, or seconds after local midnight
(from 86,400 on: after the next midnight). Only sums and products are used, because their results
are the same on every machine; the calendar is a table for the same reason.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date, timedelta
from itertools import accumulate

from pipeline.simulator.chance import Random

MONTHS = (88, 98, 100, 101, 106, 99, 104, 100, 93, 97, 102, 110)  # percent, January first
FEASTS = {
    (2, 14): 1.35,
    (4, 30): 1.30,
    (5, 10): 1.55,
    (9, 15): 1.30,
    (9, 16): 0.85,
    (10, 31): 1.15,
    (11, 2): 0.80,
    (12, 12): 0.90,
    (12, 24): 0.45,
    (12, 31): 0.50,
}
CLOSED = {(1, 1), (12, 25)}
BRIDGES = ((2, 1), (3, 3), (11, 3))  # (month, nth Monday): Constitution, Juárez, Revolution
WORLD_CUP = (date(2026, 6, 11), date(2026, 7, 19))
WORKS = (date(2025, 3, 3), date(2025, 3, 16))  # the second store was rebuilt

NOON = 12 * 3600
# Weights of half hours, 12:00 to 22:30.
_WEIGHTS = (2, 3, 5, 8, 10, 11, 9, 7, 5, 4, 4, 5, 6, 8, 10, 12, 12, 10, 8, 5, 2)
_USUAL = list(accumulate(_WEIGHTS))
_LATE = list(accumulate((*_WEIGHTS[:-1], 7, 7, 6, 5, 4, 3, 2, 1)))  # to 02:00
_EARLY = _USUAL[:12]  # to 18:00


def is_closed(day: date, store: int, opened: date) -> bool:
    """Whether `store` (0 = the first) is closed on `day`.

    All stores close on two holidays. The second store also closes on the Mondays of its first
    year and during its rebuilding.
    """
    if day < opened or (day.month, day.day) in CLOSED:
        return True
    return store == 1 and (
        WORKS[0] <= day <= WORKS[1] or (day.weekday() == 0 and day < opened + timedelta(days=365))
    )


def is_late(day: date) -> bool:
    """Whether the kitchen is open past midnight: weekends, eve of Independence Day."""
    return day.weekday() in (4, 5) or (day.month, day.day) == (9, 15)


def demand(day: date, opened: date) -> float:
    """Demand on `day` relative to an average one; weekdays are in `business.Store`."""
    years = (day - opened).days / 365
    growth = 0.80 + 0.15 * min(years, 1.0) + 0.07 * max(years - 1.0, 0.0)
    month, into = day.month - 1, (day.day - 15) / 30
    season = MONTHS[month] + into * (
        MONTHS[(month + 1) % 12] - MONTHS[month] if into > 0 else MONTHS[month] - MONTHS[month - 1]
    )
    factor = growth * season / 100 * FEASTS.get((day.month, day.day), 1.0)
    if day.day in (1, 15, 16, 30, 31):
        factor *= 1.10  # quincena
    if day.weekday() == 0 and (day.month, (day.day + 6) // 7) in BRIDGES:
        factor *= 1.25
    if WORLD_CUP[0] <= day <= WORLD_CUP[1]:
        factor *= 1.18
    return factor


def draw_times(rng: Random, day: date, count: int) -> list[int]:
    """Draw `count` sorted seconds after local midnight, in the opening hours."""
    cumulated, random = _LATE if is_late(day) else _USUAL, rng.random
    if (day.month, day.day) in ((12, 24), (12, 31)):
        cumulated = _EARLY
    total = cumulated[-1]
    halves = ((bisect(cumulated, random() * total), random()) for _ in range(count))
    return sorted([NOON + half * 1800 + int(draw * 1800) for half, draw in halves])
