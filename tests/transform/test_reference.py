"""The vectorised code against the simple one, row by row, on nasty shops and on the simulator's."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import Reference
from shops import DAY, NastyShop, shop_of

from pipeline.transform import build_day
from tests.support.inputs import tries

NASTY = settings(
    max_examples=tries(12, 120),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def differences(result: pa.Table, expected: list[dict]) -> list[str]:
    rows = result.to_pylist()
    if len(rows) != len(expected):
        return [f"{len(rows)} rows, expected {len(expected)}"]
    return [
        f"row {n} {name}: made {row[name]!r}, expected {want[name]!r}"
        for n, (row, want) in enumerate(zip(rows, expected, strict=True))
        for name in row
        if row[name] != want[name]
    ]


def compare(shop: NastyShop, day: date) -> None:
    result = build_day(day, shop.raws, shop.read_catalog(), shop.rules)
    assert result.quarantine.to_pylist() == []
    reference = Reference(shop.menu, shop.catalog, shop.stores, shop.default, shop.decimals, b"key")
    for table, expected in zip(
        (result.receipts, result.sales, result.payments),
        reference.build_day(day, shop.raws),
        strict=True,
    ):
        assert differences(table, expected) == []


@NASTY
@given(st.randoms(use_true_random=False))
def test_nasty_shops_row_by_row(rng):
    shop = shop_of(rng)
    for ahead in (-1, 0):
        compare(shop, DAY + timedelta(days=ahead))
