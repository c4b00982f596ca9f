"""Identified customers: new and returning, repeat rate, spend.

Takes `customers` frames (customer and store, receipts of SALE, net sales with refunds deducted).
Returns integers; groups under SMALL customers are not to be shown by them. New = first ever SALE is
in the month; returning = an earlier SALE exists in the lake. Repeat rate = customers with >= 2
receipts ÷ identified customers of the period.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from reports.figures.tables import group_sums

SMALL = 5
"""No group of fewer customers than this is shown."""


@dataclass(frozen=True)
class Group:
    """Customers of a group, their receipts and what they spent net."""

    customers: int = 0
    receipts: int = 0
    net_sales: int = 0


@dataclass(frozen=True)
class MonthCustomers:
    """The identified customers of one month."""

    month: date
    everyone: Group
    new: Group
    returning: Group
    repeating: int
    """Customers with two receipts or more."""
    has_earlier_months: bool
    """Whether an earlier month exists, without which new customers cannot be counted."""


def by_customer(customers: pd.DataFrame) -> pd.DataFrame:
    """Receipts and net sales, less refunds of any store, of each customer who bought."""
    keys = {"customer_id": customers["customer_id"]}
    sums = group_sums(keys, customers, ["receipts", "net_sales"]).set_index("customer_id")
    return sums[sums["receipts"] > 0]


def customers_by_month(
    customers: pd.DataFrame, given: Sequence[date], first: date | None
) -> dict[date, MonthCustomers]:
    """The new and returning customers of each month of `given`, by all months before.

    `customers` are stacked with their month; `first` is the first month whose customers
    are compared. If it is None, or a month since then is missing, no customer counts as new.
    """
    keys = {name: customers[name] for name in ("month", "customer_id")}
    sums = group_sums(keys, customers, ["receipts", "net_sales"])
    people = sums[sums["receipts"] > 0]
    receipts, net_sales = (people[name].to_numpy(np.int64) for name in ("receipts", "net_sales"))
    # in the order of the months: where a customer occurs first, it is new
    is_first = ~people["customer_id"].duplicated().to_numpy()
    ends = np.searchsorted(people["month"].to_numpy(), np.array(given, dtype=object), "right")
    built: dict[date, MonthCustomers] = {}
    for month, start, end in zip(given, [0, *ends], ends, strict=False):
        part = slice(start, end)

        def group(chosen: np.ndarray, part: slice = part) -> Group:
            spent, bought = net_sales[part][chosen], receipts[part][chosen]
            return Group(len(spent), int(bought.sum()), int(spent.sum()))

        is_new = is_first[part]
        built[month] = MonthCustomers(
            month,
            group(np.ones(end - start, bool)),
            group(is_new),
            group(~is_new),
            int((receipts[part] > 1).sum()),
            bool(built) and _is_complete(built, first, month),
        )
    return built


def _is_complete(given: Iterable[date], first: date | None, month: date) -> bool:
    """Whether all months from `first` until before `month` are there."""
    if first is None:
        return False
    chosen = (month.year - first.year) * 12 + month.month - first.month
    return sum(first <= m < month for m in given) == chosen
