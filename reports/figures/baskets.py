"""Bought together: pairs of items on one SALE receipt, a combo as one item.

support = receipts with both ÷ receipts; confidence = receipts with both ÷ receipts with the first;
lift = confidence ÷ support of the second; leverage = support - product of the supports (mlxtend's
definitions). Modifiers are left out. Two items that are sold together in a combo are compared only
among receipts without a combo: a combo replaces both at once, so counted over all receipts they
would seem to attract each other. Each pair is listed once, its rarer item first. Only pairs on >=
MIN_RECEIPTS receipts with lift > 1 are kept, the largest leverage first. All measures are fractions
of integers.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import pandas as pd

from reports.figures.money import Totals

MIN_RECEIPTS = 20


class Pair(NamedTuple):
    first: str
    second: str
    both: int
    with_first: int
    with_second: int
    receipts: int
    """Receipts that the pair is compared on."""
    is_plain: bool = False
    """Whether those are the receipts without a combo."""

    @property
    def support(self) -> tuple[int, int]:
        return self.both, self.receipts

    @property
    def confidence(self) -> tuple[int, int]:
        return self.both, self.with_first

    @property
    def lift(self) -> tuple[int, int]:
        return self.both * self.receipts, self.with_first * self.with_second

    @property
    def leverage(self) -> tuple[int, int]:
        return self.both * self.receipts - self.with_first * self.with_second, self.receipts**2


def combined(combo_parts: pd.DataFrame) -> set[tuple[str, str]]:
    """Pairs of items that are parts of the same combo, each in alphabetical order."""
    return {
        pair
        for _, items in combo_parts.groupby("combo")["item"]
        for pair in combinations(sorted(set(items)), 2)
    }


def pairs(baskets: pd.DataFrame, combo_parts: pd.DataFrame, total: Totals) -> list[Pair]:
    """Pairs of `baskets` among the receipts of `total`.

    `baskets` has receipts by item and partner; a row of an item with itself has all its receipts.
    """
    sums = baskets.groupby(["item", "partner"], sort=True)[["receipts", "plain_receipts"]].sum()
    own = {item: row for (item, partner), *row in sums.itertuples(name=None) if item == partner}
    together = combined(combo_parts)
    among = (total.receipts, total.receipts - total.combo_receipts)
    pairs_of_items = []
    for (item, partner), *both in sums[sums["receipts"] >= MIN_RECEIPTS].itertuples(name=None):
        plain = (item, partner) in together
        if item == partner or both[plain] < MIN_RECEIPTS:
            continue
        first, second = sorted((item, partner), key=lambda name: (own[name][plain], name))
        on_both, with_first, with_second = (
            int(count[plain]) for count in (both, own[first], own[second])
        )
        pair = Pair(first, second, on_both, with_first, with_second, among[plain], plain)
        if pair.lift[0] > pair.lift[1]:
            pairs_of_items.append(pair)
    return sorted(pairs_of_items, key=lambda p: (-p.leverage[0], p.first, p.second))
