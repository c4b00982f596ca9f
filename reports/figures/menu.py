"""What earns: menu engineering after Kasavana & Smith (1982), per category.

Contribution of a unit ("profit per unit") = (net sales - included tax - cost) ÷ units, over the
rows whose cost is known (VAT-free price, calcolihoreca.it). In a category of n >= MIN_ITEMS such
items, an item is *popular* if its units >= 0.70 × (all units ÷ n) and *profitable* if its
contribution per unit >= sum of contributions ÷ sum of units (the weighted mean; thefenneclab.com,
batuhanozkok.com). star = both, plowhorse = popular only, puzzle = profitable only, dog = neither.
Items without cost or units are not classified; those on under MIN_FOR_PERCENT receipts count in the
means, but have no class. Takes `by_item` frames. Returns exact integers; comparisons are made by
cross-multiplying, so no rounding decides a class.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.figures.money import MIN_FOR_PERCENT
from reports.figures.tables import rows_of

POPULAR = (7, 10)
MIN_ITEMS = 3
CLASSES = ("star", "plowhorse", "puzzle", "dog")


class MenuItem(NamedTuple):
    """One classified item; contribution ÷ costed_units is its contribution per unit."""

    item: str
    category: str
    kind: str
    units: int
    contribution: int
    costed_units: int
    popularity: tuple[int, int]
    """Units ÷ the popularity bound of the category: 1 is just popular."""
    profitability: tuple[int, int]
    """Contribution per unit ÷ the category's mean: 1 is just profitable."""
    combo_units: int
    """Part of `units` sold in combos, whose price does not follow that of the item."""
    net_sales: int
    """Net sales outside combos."""
    receipts: int
    """SALE receipts that hold it outside combos."""


def classify_items(ranked: pd.DataFrame) -> list[MenuItem]:
    """Classified dishes, by category and then the largest contribution first."""
    usable = ranked[(ranked["costed_units"] > 0) & (ranked["units"] > 0)]
    built: list[MenuItem] = []
    for category, group in usable.groupby("category", sort=True):
        rows = list(rows_of(group))
        if len(rows) < MIN_ITEMS:
            continue
        gains = [int(r.costed_net) - int(r.costed_tax_included) - int(r.cost) for r in rows]
        units, costed = (int(group[name].sum()) for name in ("units", "costed_units"))
        gain = sum(gains)
        for r, own in zip(rows, gains, strict=True):
            if r.base < MIN_FOR_PERCENT:
                continue
            popularity = (int(r.units) * len(rows) * POPULAR[1], POPULAR[0] * units)
            popular = popularity[0] >= popularity[1]
            profitable = own * costed >= gain * int(r.costed_units)
            kind = CLASSES[(0 if profitable else 1) if popular else (2 if profitable else 3)]
            built.append(
                MenuItem(
                    r.item,
                    category,
                    kind,
                    int(r.units),
                    own,
                    int(r.costed_units),
                    popularity,
                    (own * costed, gain * int(r.costed_units)),
                    int(r.combo_units),
                    int(r.net_sales) - int(r.combo_net),
                    int(r.receipts) - int(r.combo_receipts),
                )
            )
    return sorted(built, key=lambda d: (d.category, -d.contribution, d.item))


def price_step(units: int) -> int:
    """A small change of a price: about one twentieth of it, rounded.

    It is the next lower 1, 2 or 5 times a power of ten.

    >>> price_step(4500), price_step(139_00)
    (200, 500)
    """
    target, power = max(units // 20, 1), 1
    while power * 10 <= target:
        power *= 10
    return max(step * power for step in (1, 2, 5) if step * power <= target)
