"""Customers over time: cohorts, RFM scores and segments, concentration.

In: `customers` frames stacked by month. Out: integers; groups under SMALL (see `customers`) are for
the caller to hide. Cohort retention(k) = customers whose first month is m and who bought in m + k ÷
customers of m; cells after the last complete month do not exist. RFM: days since the last purchase,
receipts and net spend within the 12 complete months that end the period (365 days, 366 in a leap
year; never "today", never the current month); quintile scores 1 to 5 over customers with a receipt,
ties share a score; under FEWEST_RFM customers there are no scores. Segments as in CRAN `rfm`
(rfm_segment), the first that fits. Concentration: share of net spend of the best tenth of
customers.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

import pandas as pd

from reports.figures.customers import SMALL, by_customer

FEWEST_RFM = 25
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
)


def cohorts(customers: pd.DataFrame) -> dict[date, dict[date, int]]:
    """First month -> month -> customers with a receipt; the first month has them all."""
    bought = customers.loc[customers["receipts"] > 0, ["customer_id", "month"]].drop_duplicates()
    first = bought.groupby("customer_id")["month"].min()
    bought = bought.assign(first=bought["customer_id"].map(first))
    matches: dict[date, dict[date, int]] = {}
    for (start, month), number in bought.groupby(["first", "month"], sort=True).size().items():
        matches.setdefault(start, {})[month] = int(number)
    return matches


def quintiles(values: dict[str, int]) -> dict[str, int]:
    """Score 1 (lowest) to 5: 1 + 5 × the customers strictly below ÷ all customers.

    Ties share a score.

    >>> quintiles({"a": 1, "b": 2, "c": 2, "d": 9, "e": 10})
    {'a': 1, 'b': 2, 'c': 2, 'd': 4, 'e': 5}
    """
    below, running = {}, 0
    for value, number in sorted(Counter(values.values()).items()):
        below[value] = running
        running += number
    return {key: 1 + 5 * below[value] // len(values) for key, value in values.items()}


def segments(customers: pd.DataFrame, end: date) -> dict[str, tuple[int, int]]:
    """segment -> (customers, net spend) of the rows of the last 12 months.

    {} for under FEWEST_RFM customers.
    """
    people = by_customer(customers)
    if len(people) < FEWEST_RFM:
        return {}
    bought = customers[customers["receipts"] > 0]
    last = bought["last_day"].map(date.toordinal).groupby(bought["customer_id"]).max()
    days = {c: int(last[c]) - end.toordinal() for c in people.index}
    scores = [
        quintiles(v) for v in (days, people["receipts"].to_dict(), people["net_sales"].to_dict())
    ]
    matches: dict[str, tuple[int, int]] = {}
    for customer, net in people["net_sales"].items():
        own = [score[customer] for score in scores]
        name = next(
            (
                n
                for n, *bounds in SEGMENTS
                if all(low <= s <= high for s, (low, high) in zip(own, bounds, strict=True))
            ),
            "others",
        )
        number, spend = matches.get(name, (0, 0))
        matches[name] = (number + 1, spend + int(net))
    return matches


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


def concentration(customers: pd.DataFrame) -> tuple[int, int, int]:
    """(customers in the best tenth, their net spend, net spend of all)."""
    net = sorted((int(v) for v in by_customer(customers)["net_sales"]), reverse=True)
    top = -(-len(net) // 10)
    return top, sum(net[:top]), sum(net)
