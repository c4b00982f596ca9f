"""Stores that stopped sending: without any record at the end of a month.

Takes the `days` frames of the month and of the month before, uncut. Returns one `Silence` for each
store that used to send and has been quiet for longer than before. Days are business days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

MIN_DAYS = 3


class Silence(NamedTuple):
    """A silent store: `last_seen` is its last day with a record, `days` those since."""

    store_id: str
    last_seen: date
    days: int


def silences(frames: Sequence[pd.DataFrame], last: date) -> list[Silence]:
    """Stores quiet for MIN_DAYS and longer than ever in the frames, longest first."""
    seen: dict[str, set[date]] = {}
    for rows in frames:
        for store, day in zip(rows["store_id"], rows["business_day"], strict=True):
            if day <= last:
                seen.setdefault(store, set()).add(day)
    quiet = []
    for store, days in seen.items():
        ordered = sorted(days)
        longest_break = max(((b - a).days - 1 for a, b in pairwise(ordered)), default=0)
        passed = (last - ordered[-1]).days
        if passed >= MIN_DAYS and passed > longest_break:
            quiet.append(Silence(store, ordered[-1], passed))
    return sorted(quiet, key=lambda silence: (-silence.days, silence.store_id))
