"""What sells: items ranked, classed and compared.

Takes `items` frames (units of 10**-decimals and 10**-4). Returns frames of exact integers. A
component of a combo is credited to the dish with its share of the combo's money, so that the items'
net sales add up to the month's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reports.figures.calendar import SameWeekdaysPart
from reports.figures.tables import group_sums, sort_rows, sum_by

SUMS = [
    "receipts",
    "units",
    "refunded_units",
    "gross_sales",
    "discounts",
    "refunds",
    "net_sales",
    "tax_included",
    "cost",
    "costed_units",
    "costed_net",
    "costed_tax_included",
]
ABC_BOUNDS = (80, 95)
"""Percent of net sales up to which items are A and B (inventoryturns.com); the rest is C."""


def by_item(items: pd.DataFrame) -> pd.DataFrame:
    """A row for each item and category, best seller first, with the part from combos.

    `receipts` counts a receipt twice if it has the item alone and in a combo; `base` is a
    lower bound of the receipts with it: the larger of alone and in combos.
    """
    keys = {
        "item": items["item"],
        "category": items["category"].fillna(""),
        "in_combo": items["in_combo"].astype(bool),
    }
    parts = group_sums(keys, items, SUMS)
    # an item has one row or two, alone and in combos, which are adjacent
    pairs = parts[["item", "category"]].to_numpy()
    starts = np.flatnonzero(np.append([True], (pairs[1:] != pairs[:-1]).any(axis=1))[: len(pairs)])
    in_combo = parts["in_combo"].to_numpy()
    columns = {name: parts[name].to_numpy() for name in SUMS}
    ranked = pd.DataFrame(
        dict(zip(("item", "category"), pairs[starts].T, strict=True))
        | {name: np.add.reduceat(values, starts) for name, values in columns.items()}
        | {
            "base": np.maximum.reduceat(columns["receipts"], starts),
            "combo_receipts": np.add.reduceat(columns["receipts"] * in_combo, starts),
            "combo_units": np.add.reduceat(columns["units"] * in_combo, starts),
            "combo_net": np.add.reduceat(columns["net_sales"] * in_combo, starts),
        }
    )
    ranked = sort_rows(ranked, "-net_sales", "-units").reset_index(drop=True)
    ranked["rank"] = range(1, len(ranked) + 1)
    ranked["abc"] = classes(ranked["net_sales"].tolist())
    return ranked


def by_category(items: pd.DataFrame) -> pd.DataFrame:
    """One row a category ("" where none is known), largest net sales first."""
    return sum_by(items, ["category"], SUMS, "net_sales")


def classes(net: list[int]) -> list[str]:
    """ABC classes of net sales, largest first: A up to a running share of 80 %.

    The best seller is always A; an item without positive sales is C.

    >>> classes([70, 20, 7, 3])
    ['A', 'B', 'C', 'C']
    """
    a_bound, b_bound = (bound * sum(value for value in net if value > 0) for bound in ABC_BOUNDS)
    letters, running = [], 0
    for rank, value in enumerate(net):
        running += 100 * max(value, 0)
        if value > 0 and (rank == 0 or running <= a_bound):
            letters.append("A")
        else:
            letters.append("B" if value > 0 and running <= b_bound else "C")
    return letters


def compare(
    now: pd.DataFrame, before: pd.DataFrame, same_weekdays: Mapping[str, SameWeekdaysPart]
) -> pd.DataFrame:
    """`by_item` of two months side by side, by item.

    Columns net_sales, units, receipts and rank, and these with _before; 0 where absent.

    `same_weekdays` holds the items on the same weekdays: same_weekdays_now, same_weekdays_base,
    same_weekdays_receipts, and same_weekdays_change. These changes add up to that of all net sales.
    An item whose category has changed counts as one. Rows: every item of either month, the largest
    same_weekdays_change first.
    """
    left, right = _one_row(now), _one_row(before)
    index = left.index.union(right.index).union(pd.Index(sorted(same_weekdays), dtype=object))
    joined = (
        left.reindex(index, fill_value=0)
        .join(right.reindex(index, fill_value=0), rsuffix="_before")
        .rename_axis("item")
        .reset_index()
    )
    parts = [same_weekdays.get(item, SameWeekdaysPart(0, 0, 0)) for item in joined["item"]]
    for name in ("now", "base", "receipts", "change"):
        joined[f"same_weekdays_{name}"] = [getattr(part, name) for part in parts]
    return sort_rows(joined, "-same_weekdays_change", "item").reset_index(drop=True)


def _one_row(ranked: pd.DataFrame) -> pd.DataFrame:
    sums = group_sums({"item": ranked["item"]}, ranked, ["net_sales", "units", "receipts"])
    merged = sort_rows(sums, "-net_sales", "-units")
    return merged.assign(rank=range(1, len(merged) + 1)).set_index("item")
