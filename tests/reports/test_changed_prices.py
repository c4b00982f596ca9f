"""The effect of a price change: units per open day of the item and of all others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest

from reports.figures import Figures
from reports.sections.changed_prices import changed_prices

MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]
ITEM = "Refresco"


@pytest.fixture(scope="module")
def raised(shop, make_summaries):
    """Months of a shop in which the item costs 5 more from September on."""
    tables = make_summaries(shop(receipts=6), MONTHS)
    prices = tables[MONTHS[1]]["prices"]
    rows = [
        row | {"unit_price": row["unit_price"] + 5 * (row["item"] == ITEM)}
        for row in prices.to_pylist()
    ]
    table = pa.Table.from_pylist(rows, schema=prices.schema)
    return tables | {MONTHS[1]: tables[MONTHS[1]] | {"prices": table}}


def row_of(tables) -> tuple:
    (table,) = changed_prices(Figures(MONTHS[1], None, "MXN", tables)).tables
    (row,) = table.rows
    return row


def test_units_of_the_item_and_of_all_others_are_per_open_day(raised):
    def sold(month: date) -> tuple[Decimal, Decimal, Decimal, int]:
        items, days = (raised[month][name].to_pylist() for name in ("items", "days"))
        own = [row for row in items if row["item"] == ITEM]
        units, net = (sum(row[name] for row in own) for name in ("units", "net_sales"))
        opened = {row["business_day"] for row in days if row["receipts"]}
        return units, sum(row["units"] for row in items) - units, net, len(opened)

    _, _, was, now, units, others, per_day, per_day_before = row_of(raised)
    (units_now, others_now, net, opened), (units_base, others_base, net_base, opened_base) = (
        sold(month) for month in reversed(MONTHS)
    )
    assert now.units - was.units == 500
    for told, a, b in ((units, units_now, units_base), (others, others_now, others_base)):
        expected = Fraction(a) / opened / (Fraction(b) / opened_base) - 1
        assert Fraction(told.part, told.base) == expected
    assert per_day.units == round(100 * net / opened)
    assert per_day_before.units == round(100 * net_base / opened_base)


def test_a_receipt_with_the_item_alone_and_in_a_combo_counts_once(raised):
    items = raised[MONTHS[0]]["items"]
    rows = [row | ({"receipts": 12} if row["item"] == ITEM else {}) for row in items.to_pylist()]
    assert sum(row["item"] == ITEM and row["store_id"] == "s1" for row in rows) == 2
    few = [row for row in rows if row["store_id"] == "s1"]
    table = pa.Table.from_pylist(few, schema=items.schema)
    tables = raised | {MONTHS[0]: raised[MONTHS[0]] | {"items": table}}
    assert row_of(tables)[4:6] == (None, None)
