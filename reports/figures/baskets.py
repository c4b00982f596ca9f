"""Bought together: pairs of items on one SALE receipt, combos as one item, modifiers left out.

support = receipts with both ÷ receipts; confidence = receipts with both ÷ receipts with the first;
lift = confidence ÷ support of the second; leverage = support - product of the supports (mlxtend's
definitions). A pair stands once, its rarer item first; kept are pairs on >= FEWEST receipts with
lift > 1, the largest leverage first. All measures are fractions of integers.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

FEWEST = 20


class Pair(NamedTuple):
    first: str
    second: str
    both: int
    with_first: int
    with_second: int
    receipts: int

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


def pairs(baskets: pd.DataFrame, receipts: int, fewest: int = FEWEST) -> list[Pair]:
    """Pairs of `baskets` (receipts by item and partner, own receipts where they are equal) out of
    `receipts`.
    """
    sums = baskets.groupby(["item", "partner"], sort=True)["receipts"].sum()
    own = {item: int(n) for (item, partner), n in sums.items() if item == partner}
    found = []
    for (item, partner), both in sums[sums >= fewest].items():
        if item == partner:
            continue
        first, second = sorted((item, partner), key=lambda name: (own[name], name))
        pair = Pair(first, second, int(both), own[first], own[second], receipts)
        if pair.lift[0] > pair.lift[1]:
            found.append(pair)
    return sorted(found, key=lambda p: (-p.leverage[0], p.first, p.second))
