"""Amounts allocated by weight: the parts always add up to the amount.

In whole minor units: each part gets the floor of its share, and what is left goes, one
unit each, to the parts with the largest remainders (of equal ones the earlier); or all of it to the
first or the last part. Where all weights are 0 the parts are equal. Cases that a public POS got
wrong (odoo PR 265010, 247558, 167472) are among the tests.
"""

from __future__ import annotations

import numpy as np

from pipeline.transform.columns import Ints, sums

LARGEST, FIRST, LAST = range(3)
_WIDE = 1 << 62


def allocate(amounts: Ints, weights: Ints, counts: Ints, rule: Ints) -> Ints:
    """`amounts[g]` over the `counts[g]` parts of group g by `weights` (0 or more).

    `rule`, per group, says where the remainder goes: LARGEST, FIRST or LAST.
    """
    if not len(weights):
        return np.zeros(0, "i8")
    group = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    total = sums(weights, counts)
    if (total == 0).any():
        weights = np.where(total[group] == 0, 1, weights)
        total = np.where(total == 0, counts, total)
    size = np.abs(amounts)
    if int(size.max()) * int(weights.max()) >= _WIDE or int(total.max()) >= _WIDE:
        size, weights, total = (values.astype(object) for values in (size, weights, total))
    product = size[group] * weights
    part = product // total[group]
    remainder = product - part * total[group]
    left = size - sums(part, counts)
    by_size = (left > 0) & (rule == LARGEST)
    if by_size.any():
        rows = np.flatnonzero(by_size[group])
        order = (
            rows[np.lexsort((-remainder[rows], group[rows]))]
            if remainder.dtype != object
            else np.array(sorted(rows.tolist(), key=lambda row: (group[row], -remainder[row])))
        )
        within = counts[by_size]
        rank = np.arange(len(order)) - np.repeat(np.cumsum(within) - within, within)
        part[order[rank < left[group[order]]]] += 1
    for ending, position in ((FIRST, starts), (LAST, starts + counts - 1)):
        chosen = np.flatnonzero((left > 0) & (rule == ending))
        part[position[chosen]] += left[chosen]
    return (part * np.sign(amounts)[group]).astype("i8")
