"""Stores that stopped sending: without any record at the end of a month.

Takes the `days` frames of the month and of the month before, uncut, and the stores that sent
earlier. Returns one `SilentStore` for each store that used to send and has been silent for longer
than before. Days are business days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

MIN_DAYS = 3
MONTHS = 12
"""A store without a record for longer has closed."""


class SilentStore(NamedTuple):
    """A silent store: `last_seen` is its last day with a record, `days` those since.

    `last_seen` is None if the month of that day is not at hand; then there are `days` or more.
    """

    store_id: str
    last_seen: date | None
    days: int


class EarlierStores(NamedTuple):
    """The last days of stores in earlier months.

    A day is None where a later month is not at hand; from the day `since` on all are.
    """

    last_days: Mapping[str, date | None]
    since: date


def find_silent_stores(
    frames: Sequence[pd.DataFrame], last: date, earlier: EarlierStores | None = None
) -> list[SilentStore]:
    """Stores without a record for MIN_DAYS and longer than ever, longest first."""
    seen: dict[str, set[date]] = {}
    for rows in frames:
        for store, day in zip(rows["store_id"], rows["business_day"], strict=True):
            if day <= last:
                seen.setdefault(store, set()).add(day)
    silent = []
    for store, days in seen.items():
        ordered = sorted(days)
        longest_break = max(((b - a).days - 1 for a, b in pairwise(ordered)), default=0)
        passed = (last - ordered[-1]).days
        if passed >= MIN_DAYS and passed > longest_break:
            silent.append(SilentStore(store, ordered[-1], passed))
    if earlier:
        silent += [
            SilentStore(store, day, (last - (day or earlier.since - timedelta(days=1))).days)
            for store, day in earlier.last_days.items()
            if store not in seen
        ]
    return sorted(silent, key=lambda silent_store: (-silent_store.days, silent_store.store_id))
