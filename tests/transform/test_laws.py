"""Laws of the transform, on nasty shops: nothing is lost, nothing counted twice, and no order of
anything matters.
"""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kitchen import DAY as TODAY
from kitchen import brief, catalog, line, raw, receipt, rules, sell
from shops import DAY, NastyShop, shop_of

from pipeline.errors import ConfigError, DataError, MoneyNotConserved
from pipeline.schema import MONTH_TABLES, arrow
from pipeline.transform import BuiltDay, Raw, Store, build_day
from pipeline.transform import tables as tables_module
from tests.support.inputs import tries

NASTY = settings(
    max_examples=tries(6, 40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHOPS = st.randoms(use_true_random=False).map(shop_of)
NEAR = [DAY + timedelta(days=n) for n in range(-3, 4)]
SHARED = ("gross", "discount", "net", "tax_included", "tax_added")


def built_day(shop: NastyShop, raws: list[Raw] | None = None, day=DAY) -> BuiltDay:
    return build_day(day, shop.raws if raws is None else raws, shop.read_catalog(), shop.rules)


def same(entry: BuiltDay, other: BuiltDay) -> bool:
    return all(
        getattr(entry, name).equals(getattr(other, name))
        for name in ("receipts", "sales", "payments")
    )


@NASTY
@given(SHOPS)
def test_every_amount_of_a_receipt_is_that_of_its_rows(shop):
    result = built_day(shop)
    sales, payments = result.sales.to_pylist(), result.payments.to_pylist()
    for row in result.receipts.to_pylist():
        own = [
            s
            for s in sales
            if (s["store_id"], s["receipt_number"]) == (row["store_id"], row["receipt_number"])
        ]
        for name in SHARED:
            assert sum((s[name] for s in own), Decimal(0)) == row[name]
        assert (
            row["net"] + row["tax_added"] + row["tip"] + row["surcharge"] + row["rounding"]
            == row["total"]
        )
        assert sum((d["amount"] for d in row["discounts"]), Decimal(0)) == row["discount"]
        assert (
            sum((t["amount"] for t in row["taxes"]), Decimal(0))
            == row["tax_included"] + row["tax_added"]
        )
        assert row["paid"] == sum(
            (
                p["amount"]
                for p in payments
                if (p["store_id"], p["receipt_number"]) == (row["store_id"], row["receipt_number"])
            ),
            Decimal(0),
        )
        if row["receipt_type"] == "REFUND":
            assert row["gross"] <= 0 and (row["gross"] or row["total"] <= 0)


RATES = {"unit_price", "unit_cost", "combo_price", "cancelled_total"}
"""Columns of a cancelled row that keep their value: prices, and what was charged before."""


@NASTY
@given(SHOPS)
def test_a_cancelled_row_adds_nothing_to_any_sum(shop):
    """Whatever column of the lake one adds up, cancelled receipts do not change the sum."""
    result = built_day(shop)
    for dataset, table in zip(
        MONTH_TABLES[:3], (result.receipts, result.sales, result.payments), strict=True
    ):
        summed = {c.name for c in dataset.columns if c.kind in ("money", "quantity", "unit cost")}
        for row in table.to_pylist():
            if row["is_cancelled"]:
                assert not any(row[name] for name in summed - RATES)
                assert not row.get("lines")
                for below in ("discounts", "taxes", "modifiers"):
                    assert not any(
                        part.get(name)
                        for part in row.get(below, ())
                        for name in ("amount", "quantity")
                    )


@NASTY
@given(SHOPS)
def test_tables_are_held_to_their_schema_and_keys(shop):
    result = built_day(shop)
    for dataset, table in zip(
        MONTH_TABLES,
        (result.receipts, result.sales, result.payments, result.quarantine),
        strict=True,
    ):
        assert table.schema.equals(arrow(dataset, shop.decimals), check_metadata=True)
        table.validate(full=True)
        keys = [tuple(row[name] for name in dataset.key) for row in table.to_pylist()]
        assert len(keys) == len(set(keys))


@NASTY
@given(SHOPS, st.randoms(use_true_random=False))
def test_the_order_of_objects_and_of_days_does_not_matter(shop, rng):
    shuffled = list(shop.raws)
    rng.shuffle(shuffled)
    entry, other = built_day(shop), built_day(shop, shuffled)
    assert same(entry, other) and entry.metadata == other.metadata


@NASTY
@given(SHOPS)
def test_reading_everything_twice_changes_nothing(shop):
    entry, other = (
        built_day(shop),
        built_day(shop, [*shop.raws, *(r._replace(name=f"{r.name}.again") for r in shop.raws)]),
    )
    assert same(entry, other) and entry.metadata["counted"] == other.metadata["counted"]


@NASTY
@given(SHOPS, st.randoms(use_true_random=False))
def test_splitting_objects_anywhere_gives_the_same(shop, rng):
    pieces = []
    for r in shop.raws:
        lines = r.ndjson.splitlines(keepends=True)
        cut = rng.randint(0, len(lines))
        pieces += [
            r._replace(name=f"{r.name}.{n}", ndjson=b"".join(part))
            for n, part in enumerate((lines[:cut], lines[cut:]))
        ]
    assert same(built_day(shop), built_day(shop, pieces))


def versions_of(raws: list[Raw]) -> set[tuple[str, str, datetime]]:
    """The different versions in `raws`: copies of one (the same instant of change) are the same."""
    records = [json.loads(line) for r in raws for line in r.ndjson.splitlines()]
    return {
        (r["store_id"], r["receipt_number"], datetime.fromisoformat(r["updated_at"]))
        for r in records
    }


@NASTY
@given(SHOPS)
def test_days_are_disjoint_and_leave_nothing_out(shop):
    counted = [built_day(shop, day=day) for day in NEAR]
    matches = [
        (row["store_id"], row["receipt_number"])
        for result in counted
        for row in result.receipts.to_pylist()
    ]
    assert (
        len(matches) == len(set(matches)) == sum(result.metadata["received"] for result in counted)
    )
    assert len(versions_of(shop.raws)) == sum(
        result.metadata["received"] + result.metadata["superseded"] for result in counted
    )


def test_empty_input_gives_empty_tables():
    for raws in ([], [Raw("b", "x", b"")]):
        result = build_day(TODAY, raws, catalog(), rules())
        assert [
            t.num_rows for t in (result.receipts, result.sales, result.payments, result.quarantine)
        ] == [0, 0, 0, 0]
        assert result.metadata == {"received": 0, "counted": 0, "quarantined": 0, "superseded": 0}


def test_money_that_is_not_conserved_stops_everything(monkeypatch):
    def lose_a_cent(*args):
        split = of_rows(*args)
        split.gross[-1] -= 1
        return split

    of_rows = tables_module.of_rows
    monkeypatch.setattr(tables_module, "of_rows", lose_a_cent)
    with pytest.raises(
        MoneyNotConserved,
        match=r"receipt 1-77: gross of its rows is 999, the POS says 1000 \(minor units\)",
    ):
        build_day(TODAY, raw(receipt(line("Smash", 10), receipt_number="1-77")), catalog(), rules())


def test_equal_content_has_equal_bytes_whatever_else_was_read():
    tomorrow = "2026-07-02T18:00:00Z"
    own = receipt(line("Smash", 10), line("Agua", 10), receipt_number="1-1")
    other = receipt(
        line("Agua", 10),
        line("Smash", 10),
        receipt_number="1-2",
        store_id="aa",
        receipt_date=tomorrow,
        created_at=tomorrow,
    )
    alone, beside = (
        build_day(TODAY, raw(*records), catalog(), rules()).sales
        for records in ([own], [other, own])
    )
    assert alone.equals(beside)
    for name in ("item", "store_id"):
        assert (
            alone.column(name)
            .combine_chunks()
            .dictionary.equals(beside.column(name).combine_chunks().dictionary)
        )


def test_same_number_in_two_stores_is_two_receipts_and_in_one_store_the_newest():
    here, there = receipt(line("Smash", 10)), receipt(line("Smash", 20), store_id="s2")
    late = {**here, "updated_at": "2026-07-03T00:00:00Z", "line_items": [line("Agua", 10)]}
    result = build_day(TODAY, raw(late, here, there), catalog(), rules())
    assert [(row["store_id"], row["item"]) for row in result.sales.to_pylist()] == [
        ("s1", "Agua"),
        ("s2", "Smash"),
    ]
    assert result.metadata == {"received": 2, "counted": 2, "quarantined": 0, "superseded": 1}


def test_of_equal_updates_the_later_partition_then_the_later_position_counts():
    def version(name: str) -> dict:
        return receipt(line(name, 10))

    first, second = (
        raw(version("Smash"), version("Papas")),
        [Raw("2026-07-02", "raw/receipts/sold=2026-07-01/y", raw(version("Agua"))[0].ndjson)],
    )
    assert brief(build_day(TODAY, first, catalog(), rules()).sales.to_pylist(), "item") == [
        ("Papas",)
    ]
    assert brief(
        build_day(TODAY, second + first, catalog(), rules()).sales.to_pylist(), "item"
    ) == [("Agua",)]


def test_an_edit_moves_a_receipt_to_another_day():
    old = receipt(line("Smash", 10))
    new = {**old, "updated_at": "2026-07-03T00:00:00Z", "receipt_date": "2026-06-30T18:00:00Z"}
    assert [
        build_day(day, raw(old, new), catalog(), rules()).metadata["counted"]
        for day in (TODAY, TODAY - timedelta(days=1))
    ] == [0, 1]


def test_a_store_may_not_have_more_decimals_than_the_lake():
    with pytest.raises(ConfigError, match="the lake has 0 decimals"):
        rules(decimals=0)
