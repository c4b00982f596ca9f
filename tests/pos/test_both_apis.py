"""The same shop through Loyverse's API and through Square's: the same sales, to the cent.

What differs is listed in docs/square.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from pipeline.simulator import Shop
from tests.pos.two_apis import instant, read, serving, sums

MONEY = [
    "gross",
    "discount",
    "net",
    "tax_included",
    "tax_added",
    "tip",
    "surcharge",
    "rounding",
    "total",
    "paid",
]


def _tables(shop: Shop, first: date, last: date, now: datetime) -> Iterator[dict]:
    """The tables of both, with a day more on either side to read from."""
    for name in ("loyverse", "square"):
        with serving(name, shop, now) as source:
            since = instant(str(first - timedelta(days=3)))
            yield read(source, name, since, now).tables(first, last)


def check_same(loyverse: dict, square: dict) -> None:
    """Hold the tables of both against each other, in all that both can know."""
    by_day = ["business_day", "receipt_type", "is_cancelled"]
    assert sums(square["receipts"], by_day, [*MONEY, "units"]) == sums(
        loyverse["receipts"], by_day, [*MONEY, "units"]
    )
    for keys in (
        ["business_day", "item", "category"],
        ["item", "variant", "combo", "slot"],
        ["combo", "component"],
    ):
        values = ["quantity", "units", "gross", "discount", "net", "tax_included", "tax_added"]
        assert sums(square["sales"], keys, values) == sums(loyverse["sales"], keys, values)
    keys = ["business_day", "receipt_type"]
    assert sums(square["payments"], keys, ["amount"]) == sums(
        loyverse["payments"], keys, ["amount"]
    )
    hours = [
        sorted(
            (row["sold_at_local"].replace(microsecond=0), row["total"], row["lines"])
            for row in tables["receipts"].to_pylist()
            if not row["is_cancelled"]
        )
        for tables in (square, loyverse)
    ]
    assert hours[0] == hours[1]
    assert square["quarantine"].num_rows == loyverse["quarantine"].num_rows == 0


@pytest.mark.slow
def test_a_quarter_is_the_same_through_both() -> None:
    shop = Shop(seed=8, opened=date(2026, 1, 1), stores=2, receipts_per_day=6)
    loyverse, square = _tables(shop, date(2026, 4, 1), date(2026, 6, 30), instant("2026-07-12"))
    assert loyverse["receipts"].num_rows > 800
    check_same(loyverse, square)
