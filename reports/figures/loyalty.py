"""Customers over time: cohorts, RFM scores and segments, concentration.

Takes `customers` frames stacked by month. Returns integers; groups under SMALL (see `customers`)
are for the caller to hide. Cohort retention(k) = customers whose first month is m and who bought in
m + k ÷ customers of m; cells after the last complete month do not exist. RFM: days since the last
purchase, receipts and net spend within the 12 complete months that end the period (365 days, 366 in
a leap year; never "today", never the current month); quintile scores 1 to 5 over customers with a
receipt, ties share a score; under MIN_RFM_CUSTOMERS customers there are no scores. Segments as in
CRAN `rfm` (rfm_segment), the first that fits. Concentration: share of net spend of the best tenth
of customers.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from reports.figures.customers import SMALL, by_customer

MIN_RFM_CUSTOMERS = 25
SEGMENTS = (  # name, recency, frequency, monetary: lowest and highest score
    ("champions", (4, 5), (4, 5), (4, 5)),
    ("loyal", (2, 5), (3, 5), (3, 5)),
    ("potential", (3, 5), (1, 3), (1, 3)),
    ("new", (4, 5), (1, 1), (1, 1)),
    ("promising", (3, 4), (1, 1), (1, 1)),
    ("attention", (2, 3), (2, 3), (2, 3)),
    ("sleeping", (2, 3), (1, 2), (1, 2)),
    ("at_risk", (1, 2), (2, 5), (2, 5)),
    ("cannot_lose", (1, 1), (4, 5), (4, 5)),
    ("lost", (1, 2), (1, 2), (1, 2)),
    ("others", (1, 5), (1, 5), (1, 5)),
)


def cohorts(customers: pd.DataFrame) -> dict[date, dict[date, int]]:
    """First month -> month -> customers with a receipt; the first month has them all."""
    bought = customers[customers["receipts"] > 0]
    people, identifiers = pd.factorize(bought["customer_id"].to_numpy())
    months, labels = pd.factorize(bought["month"].to_numpy(), sort=True)
    width = len(labels)
    people, months = np.divmod(np.unique(people * width + months), max(width, 1))
    first = np.full(len(identifiers), width)
    np.minimum.at(first, people, months)
    pairs, numbers = np.unique(first[people] * width + months, return_counts=True)
    counts: dict[date, dict[date, int]] = {}
    for pair, number in zip(pairs.tolist(), numbers.tolist(), strict=True):
        start, month = divmod(pair, width)
        counts.setdefault(labels[start], {})[labels[month]] = number
    return counts


def quintiles(values: np.ndarray) -> np.ndarray:
    """Score 1 (lowest) to 5: 1 + 5 × the customers strictly below ÷ all customers.

    Ties share a score.

    >>> quintiles(np.array([1, 2, 2, 9, 10])).tolist()
    [1, 2, 2, 4, 5]
    """
    return 1 + 5 * np.searchsorted(np.sort(values), values) // max(len(values), 1)


def segments(customers: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """segment -> (customers, net spend); {} for under MIN_RFM_CUSTOMERS customers."""
    people = by_customer(customers)
    if len(people) < MIN_RFM_CUSTOMERS:
        return {}
    bought = customers[customers["receipts"] > 0]
    buyers = people.index.get_indexer(bought["customer_id"])  # -1: no receipts in total
    days, labels = pd.factorize(bought["last_day"].to_numpy())
    ordinals = np.array([day.toordinal() for day in labels])
    last = np.full(len(people), np.iinfo(np.int64).min)
    np.maximum.at(last, buyers[buyers >= 0], ordinals[days][buyers >= 0])
    receipts, net_sales = (people[name].to_numpy(np.int64) for name in ("receipts", "net_sales"))
    scores = [quintiles(values) for values in (last, receipts, net_sales)]
    sizes: dict[str, tuple[int, int]] = {}
    remaining = np.ones(len(people), dtype=bool)
    for name, *bounds in SEGMENTS:
        fits = remaining.copy()
        for own, (low, high) in zip(scores, bounds, strict=True):
            fits &= (low <= own) & (own <= high)
        remaining &= ~fits
        if fits.any():
            sizes[name] = int(fits.sum()), int(net_sales[fits].sum())
    return sizes


def fold_small(named: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """`named` with segments of under SMALL customers put into "others".

    While "others" has under SMALL customers, the next smallest segment joins it.
    """
    kept = dict(sorted(named.items(), key=lambda pair: (-pair[1][0], pair[0])))
    others = kept.pop("others", (0, 0))
    while kept and (list(kept.values())[-1][0] < SMALL or 0 < others[0] < SMALL):
        _, (number, spend) = kept.popitem()
        others = (others[0] + number, others[1] + spend)
    return kept | ({"others": others} if others[0] else {})


def concentration(people: pd.DataFrame) -> tuple[int, int, int]:
    """(customers in the best tenth, their net spend, net spend of all)."""
    net = np.sort(people["net_sales"].to_numpy(np.int64))[::-1]
    top = -(-len(net) // 10)
    return top, int(net[:top].sum()), int(net.sum())
