"""Growth that compares like with like, and the shape of the year.

Like-for-like (after the nostress note): same stores, only days traded in both years, each day beside the equivalent
weekday (day - 364). Seasonality: a month's net sales ÷ the centred 12-month mean around it (2 × 12 moving mean, the
classical way), averaged over the years; only with >= SEASONS whole months. In: `days` frames and a `History`. Out: integers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pandas as pd

from reports.figures.calendar import month_before
from reports.figures.history import History

YEAR = timedelta(days=364)
SEASONS = 24


class LikeForLike(NamedTuple):
    now: int
    base: int
    days: int


def by_store_day(days: pd.DataFrame) -> dict[tuple[str, object], int]:
    """Net sales by store and open day."""
    sums = days.groupby(["store_id", "business_day"])[["net_sales", "receipts"]].sum()
    return {key: int(row.net_sales) for key, row in zip(sums.index, sums.itertuples(index=False), strict=True) if row.receipts > 0}


def like_for_like(now: pd.DataFrame, base: pd.DataFrame) -> LikeForLike:
    """Net sales of the days of `now` whose store traded 364 days before too, and of those days before.

    `base` is the same month of last year; days whose equivalent falls out of it are not compared.
    """
    past, kept = by_store_day(base), []
    for (store, day), net in by_store_day(now).items():
        if (store, day - YEAR) in past:
            kept.append((net, past[store, day - YEAR], day))
    return LikeForLike(sum(k[0] for k in kept), sum(k[1] for k in kept), len({k[2] for k in kept}))


def seasonality(history: History) -> dict[int, tuple[int, int]]:
    """calendar month -> (part, whole) of its index; {} with fewer than SEASONS whole months or without a full cycle."""
    whole = set(history.whole)
    if len(whole) < SEASONS:
        return {}
    net = {m: history.totals[m].net_sales for m in history.whole}
    found: dict[int, list[tuple[int, int]]] = {}
    for month in history.whole:
        around = [month_before(month, k) for k in range(-6, 7)]
        if not set(around) <= whole:
            continue
        centred = net[around[0]] + net[around[-1]] + 2 * sum(net[m] for m in around[1:-1])
        if centred > 0:
            found.setdefault(month.month, []).append((24 * net[month], centred))
    if len(found) < 12:
        return {}
    return {m: (sum(part * 1_000_000 // base for part, base in pairs), 1_000_000 * len(pairs)) for m, pairs in sorted(found.items())}
