"""summarize(A + B) = merge(summarize(A), summarize(B)), in any order and grouping; nothing is added
that must not be.
"""

from datetime import date
from functools import cache
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.schema import RECEIPT_FIGURES
from tests.summarize.lake_month import draw_month, summarize_month
from tests.summarize.merging import merge
from tests.support.inputs import tries

PLACES = 3


def mergeable(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables of a month that spans are merged from; figures of receipts stay with their month."""
    return {name: table for name, table in tables.items() if name != RECEIPT_FIGURES.name}


@settings(max_examples=tries(2, 8), deadline=None)
@given(seed=st.integers(0, 2**32), receipts=st.integers(0, 50), parts=st.integers(1, 3))
def test_merging_parts_equals_counting_all(seed, receipts, parts):
    month, rng = draw_month(seed, receipts), Random(seed)
    numbers = {
        number: rng.randrange(parts)
        for number in (
            [r["receipt_number"] for r in month.receipts]
            + [q["receipt_number"] for q in month.quarantine]
            + ["superseded"]
        )
    }
    counted = [
        summarize_month(
            **month.part(lambda number, part=part: numbers[number] == part).arguments(), threads=1
        )
        for part in range(parts)
    ]
    total = mergeable(summarize_month(**month.arguments(), threads=1))
    for order in (range(parts), reversed(range(parts))):
        assert merge({date(2026, 1 + index, 1): counted[index] for index in order}, PLACES) == total


@cache
def four_months() -> dict[date, dict[str, pa.Table]]:
    return {
        first: summarize_month(**draw_month(first.month, 30, first=first).arguments(), threads=1)
        for first in (date(2026, n, 1) for n in range(1, 5))
    }


@cache
def merged() -> dict[str, pa.Table]:
    """Four months merged at once."""
    return merge(four_months(), PLACES, threads=1)


@settings(max_examples=tries(2, 12), deadline=None)
@given(
    order=st.permutations([date(2026, n, 1) for n in range(1, 5)]),
    cuts=st.lists(st.integers(0, 2), min_size=2, max_size=2),
)
def test_any_order_and_any_grouping_merge_to_the_same(order, cuts):
    """Neighbours of any order are merged two by two until one is left; a group is as new as its
    newest month.
    """
    months = four_months()
    groups = [(month, months[month]) for month in order]
    for cut in [*cuts, 0]:
        index = cut % (len(groups) - 1)
        pair = dict(groups[index : index + 2])
        groups[index : index + 2] = [(max(pair), merge(pair, PLACES, threads=1))]
    assert groups[0][1] == merged()


def test_no_months_and_one_month():
    assert merge({}, PLACES) == {
        dataset.name: schema.empty(dataset, PLACES) for dataset in schema.SUMMARY
    }
    alone = mergeable(summarize_month(**draw_month(5, 30).arguments()))
    assert merge({date(2026, 2, 1): alone}, PLACES) == alone
    assert list(merge({date(2026, 2, 1): alone}, PLACES, [schema.CUSTOMERS])) == ["customers"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_newest_month_names_stores_and_employees(order):
    def named(name: str) -> dict[str, pa.Table]:
        columns = {
            "store_id": ["centro"],
            "currency": ["MXN"],
            "name": [name],
            "timezone": ["UTC"],
            "day_starts_at": ["05:00"],
        }
        return {"stores": schema.conform(pa.table(columns), schema.STORES, PLACES)}

    months = {1: named("Centro"), 2: named("Centro Histórico")}
    merged = merge(
        {date(2026, number, 1): months[number] for number in order}, PLACES, [schema.STORES]
    )
    assert merged["stores"]["name"].to_pylist() == ["Centro Histórico"]
