"""Amounts divided to the last minor unit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.transform.allocate import FIRST, LARGEST, LAST, allocate

GROUPS = st.lists(
    st.tuples(
        st.one_of(st.integers(-(10**14), 10**14), st.integers(-300, 300)),
        st.lists(st.one_of(st.integers(0, 10**18), st.integers(0, 9)), min_size=1, max_size=6),
        st.sampled_from([LARGEST, FIRST, LAST]),
    ),
    max_size=8,
)


def shared(*groups: tuple[int, list[int], int]) -> list[list[int]]:
    counts = np.array([len(weights) for _, weights, _ in groups], "i8")
    flat = allocate(
        np.array([g[0] for g in groups], "i8"),
        np.array([w for g in groups for w in g[1]], "i8"),
        counts,
        np.array([g[2] for g in groups], "i8"),
    )
    return [part.tolist() for part in np.split(flat, np.cumsum(counts)[:-1])] if len(groups) else []


def exact(amount: int, weights: list[int]) -> list[Fraction]:
    total = sum(weights)
    return [
        Fraction(abs(amount) * w, total) if total else Fraction(abs(amount), len(weights))
        for w in weights
    ]


@settings(max_examples=200, deadline=None)
@given(GROUPS)
def test_parts_add_up_and_are_fair(groups):
    for (amount, weights, rule), parts in zip(groups, shared(*groups), strict=True):
        assert sum(parts) == amount
        sizes = [abs(part) for part in parts]
        assert all(part == 0 or (part < 0) == (amount < 0) for part in parts)
        due = exact(amount, weights)
        if rule == LARGEST:
            assert all(abs(size - want) < 1 for size, want in zip(sizes, due, strict=True))
            short = [want - int(want) for want in due]
            left = abs(amount) - sum(map(int, due))
            first = sorted(range(len(parts)), key=lambda n: (-short[n], n))[:left]
            assert sizes == [int(want) + (n in first) for n, want in enumerate(due)]
        else:
            keeps = 0 if rule == FIRST else len(parts) - 1
            assert all(
                size == int(want)
                for index, (size, want) in enumerate(zip(sizes, due, strict=True))
                if index != keeps
            )


@settings(max_examples=60, deadline=None)
@given(GROUPS)
def test_groups_do_not_know_of_each_other(groups):
    assert shared(*groups) == [shared(group)[0] for group in groups]


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100_00, [0, 0, 0], [33_34, 33_33, 33_33]),  # odoo PR 265010: no base has a price
        (100_00, [33_33, 33_33, 33_33], [33_34, 33_33, 33_33]),  # odoo PR 247558: 100 became 100.02
        (7_00, [3_50, 2_33, 1_17], [3_50, 2_33, 1_17]),  # odoo PR 167472: 7.00 was shown as 6.99
        (7_00, [1, 1, 1], [2_34, 2_33, 2_33]),
        (1, [1, 1], [1, 0]),
        (-1, [1, 1], [-1, 0]),
        (0, [5, 5], [0, 0]),
        (5, [0, 1], [0, 5]),
        (199_00, [105_00, 45_00, 32_00], [114_81, 49_20, 34_99]),
    ],
)
def test_known_cases(amount, weights, parts):
    assert shared((amount, weights, LARGEST)) == [parts]


def test_the_remainder_may_go_to_the_first_or_the_last():
    assert shared((10, [1, 1, 1], FIRST), (10, [1, 1, 1], LAST), (10, [1, 1, 1], LARGEST)) == [
        [4, 3, 3],
        [3, 3, 4],
        [4, 3, 3],
    ]


def test_products_beyond_64_bits_stay_exact():
    big = 10**14
    assert shared((big, [10**18, 10**18, 1], LARGEST)) == [[big // 2, big // 2, 0]]


def test_nothing_is_shared_where_there_are_no_parts():
    none = np.zeros(0, "i8")
    assert len(allocate(none, none, none, none)) == 0
