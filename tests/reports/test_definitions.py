"""Every definition of the glossary against figures worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from reports.figures import Figures
from reports.figures.baskets import combined, pairs
from reports.figures.calendar import (
    SameWeekdaysPart,
    dates_of_month,
    largest_remainders,
    month_before,
    on_same_weekdays,
    same_day,
    same_weekdays_parts,
    split_change,
)
from reports.figures.customers import by_customer, customers_by_month
from reports.figures.forecast import _around
from reports.figures.growth import by_store_day, on_comparable_days
from reports.figures.items import by_item, classes, compare
from reports.figures.loyalty import cohorts, concentration, quintiles
from reports.figures.menu import classify_items, price_step
from reports.figures.money import SUMS, Totals, total
from reports.figures.outliers import median_of, outliers, sold_by_day
from reports.figures.prices import price_changes
from reports.figures.tables import frame
from reports.sections.hours import clock
from reports.sections.menu import _price_step
from reports.sections.records import longest_run
from reports.sections.tenders import tenders
from reports.values import Money, Name, Quantity, Text, divide


def days(*rows: dict) -> pd.DataFrame:
    """A frame of `days`; what a row does not name is 0."""
    blank = dict.fromkeys(SUMS, 0) | {"store_id": "s1", "channel": "dine_in", "currency": "MXN"}
    return pd.DataFrame([blank | row for row in rows])


def day(text: str, gross: int, receipts: int = 10, **more: object) -> dict:
    return {
        "business_day": date.fromisoformat(text),
        "gross_sales": gross,
        "net_sales": gross,
        "receipts": receipts,
    } | more


def test_the_bridge_of_a_discounted_sale_that_is_wholly_refunded_nets_to_zero():
    sums = Totals(
        receipts=1,
        refund_receipts=1,
        gross_sales=10000,
        sale_discounts=1000,
        refund_discounts=1000,
        refunds=10000,
    )
    assert sums.discounts == 0
    assert (
        sums.gross_sales - sums.discounts - sums.refunds == sums.net_sales == sums.difference == 0
    )


def test_the_bridge_from_gross_to_collected():
    sums = Totals(
        gross_sales=14900,
        sale_discounts=1490,
        refunds=500,
        net_sales=12910,
        tax_added=775,
        tips=1000,
        surcharges=50,
        gift_cards=2500,
        rounding=-5,
        collected=17230,
        paid=17230,
    )
    assert sums.difference == 0 and sums.unpaid == 0
    assert Totals(gross_sales=100, collected=101, paid=99).difference == 1
    assert Totals(gross_sales=100, collected=100, paid=99).unpaid == 1


def test_profit_and_margins_leave_out_what_has_no_cost():
    # The back office's own example: 148.88 - 114.05 = 34.83; 20.53 of included tax; 50.00 more was
    # sold without a cost.
    sums = Totals(net_sales=19888, costed_net=14888, cost=11405, costed_tax_included=2053)
    assert sums.gross_profit == 3483
    assert sums.margin == (3483, 14888)
    assert sums.margin_before_tax == (14888 - 2053 - 11405, 14888 - 2053)
    assert sums.cost_coverage == (14888, 19888)


def test_averages():
    sums = Totals(
        receipts=4,
        net_sales=30000,
        gross_sales=34000,
        sale_discounts=2000,
        refunds=2000,
        units=90000,
        identified_receipts=1,
        combo_receipts=2,
    )
    assert divide(*sums.average_receipt) == 7500
    assert divide(*sums.average_before_refunds) == 8000
    assert (sums.identified_share, sums.combo_share, sums.refund_share) == (
        (1, 4),
        (2, 4),
        (2000, 34000),
    )


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(5, 2, 3), (-5, 2, -3), (7, 3, 2), (-7, 3, -2), (5, -2, -3), (0, 9, 0)],
)
def test_commercial_rounding(part, whole, expected):
    assert divide(part, whole) == expected


def test_months_before_cross_the_year():
    assert month_before(date(2025, 1, 1)) == date(2024, 12, 1)
    assert month_before(date(2025, 3, 1), 12) == date(2024, 3, 1)
    assert same_day(date(2025, 2, 1), date(2025, 3, 30)) == date(2025, 2, 28)


def test_same_weekdays_of_two_months():
    # Base: two Mondays of 100 and a Friday of 300. Now: a Monday of 110, two Fridays of 330, and a
    # Sunday that the base had not.
    base = days(day("2025-09-01", 100), day("2025-09-08", 100), day("2025-09-05", 300))
    now = days(
        day("2025-10-06", 110),
        day("2025-10-03", 330),
        day("2025-10-10", 330),
        day("2025-10-05", 999),
    )
    same_weekdays = on_same_weekdays(now, base)
    assert (same_weekdays.now.net_sales, same_weekdays.base.net_sales) == (2 * 110 + 330, 500)


def test_largest_remainders_add_up_to_the_rounded_sum():
    third = Fraction(1, 3)
    assert largest_remainders({"a": third, "b": third, "c": third}) == {"a": 1, "b": 0, "c": 0}
    assert largest_remainders({"a": -third, "b": Fraction(10, 3)}) == {"a": 0, "b": 3}
    assert largest_remainders({}) == {}


def test_each_item_is_brought_to_its_own_weekdays():
    # Two Mondays and two Fridays before, now two Mondays and one Friday; Sundays before only.
    def rows(*sold: tuple[str, int, int, int]) -> pd.DataFrame:
        names = ["item", "weekday", "net_sales", "receipts"]
        return pd.DataFrame(sold, columns=names).assign(store_id="s1")

    base_days = days(*(day(f"2025-09-{d:02d}", 100) for d in (1, 8, 5, 12)), day("2025-09-07", 999))
    now_days = days(*(day(f"2025-10-{d:02d}", 100) for d in (6, 13, 3)))
    base = rows(("fish", 4, 200, 20), ("soup", 0, 200, 20), ("roast", 6, 999, 9))
    now = rows(("fish", 4, 100, 10), ("soup", 0, 200, 20))
    assert same_weekdays_parts(now, base, (now_days, base_days), "item") == {
        "fish": (200, 200, 20),
        "soup": (200, 200, 20),
        "roast": (0, 0, 0),
    }


def test_the_difference_is_split_without_a_rest():
    base = days(
        day("2025-09-01", 1000),
        day("2025-09-08", 1000),
        day("2025-09-05", 3000, 20),
        day("2025-09-05", 500, 5, store_id="closed"),
    )
    now = days(
        day("2025-10-06", 1200, 12),
        day("2025-10-03", 3300, 20),
        day("2025-10-10", 3300, 20, sale_discounts=90, net_sales=3210),
        day("2025-10-10", 700, 7, store_id="new"),
    )
    split = split_change(now, base, on_same_weekdays(now, base))
    # Both spans share s1: 5000 before; now 7800, or 2 Mondays x 1200 + 1 Friday x 3300 = 5700 on
    # the base's weekdays.
    # 44 receipts against 40 at 125 each: +500; the rest of +700 is the average receipt.
    assert split.amounts() == {
        "stores": 200,
        "calendar": 2100,
        "receipts": 500,
        "average": 200,
        "discounts": -90,
        "refunds": 0,
    }
    assert split.base + sum(split.amounts().values()) == split.now == total(now).net_sales


def test_comparable_days_take_the_equivalent_weekday_of_the_same_store():
    now = days(
        day("2025-09-01", 120),
        day("2025-09-02", 130),
        day("2025-09-03", 500, store_id="s2"),
        day("2025-09-04", 0, 0),
    )
    past = days(
        day("2024-09-02", 100), day("2024-09-03", 100, store_id="s2"), day("2024-09-05", 100)
    )
    assert on_comparable_days(by_store_day(now), by_store_day(past)) == (120, 100, 1, 10)


def item(
    name: str, net: int, units: int, category: str | None = "c", cost: int = 0, **more: object
) -> dict:
    row = {
        "store_id": "s1",
        "currency": "MXN",
        "category": category,
        "item": name,
        "in_combo": False,
        "receipts": units,
        "units": units * 10_000,
        "refunded_units": 0,
        "gross_sales": net,
        "discounts": 0,
        "refunds": 0,
        "net_sales": net,
        "tax_included": 0,
        "cost": cost,
        "costed_units": units * 10_000 if cost else 0,
        "costed_net": net if cost else 0,
        "costed_tax_included": 0,
    }
    return row | more


def test_abc_by_running_share():
    assert classes([8000, 1000, 500, 400, 100]) == ["A", "B", "B", "C", "C"]
    assert classes([7000, 1000, 1500, 300, 200]) == ["A", "A", "B", "C", "C"]
    assert classes([10000]) == ["A"]
    assert classes([100, 0, -5]) == ["A", "C", "C"]
    assert classes([]) == []


def test_items_with_the_part_from_combos_and_their_rank():
    items = pd.DataFrame(
        [
            item("a", 500, 5),
            item("a", 300, 3, in_combo=True),
            item("b", 900, 2),
            item("a", 200, 2, store_id="s2"),
        ]
    )
    ranked = by_item(items)
    assert ranked[["item", "net_sales", "units", "combo_net", "rank"]].values.tolist() == [
        ["a", 1000, 100000, 300, 1],
        ["b", 900, 20000, 0, 2],
    ]
    assert ranked[["item", "receipts", "base"]].values.tolist() == [["a", 10, 7], ["b", 2, 2]]
    same_weekdays = {
        "a": SameWeekdaysPart(1100, 0, 0),
        "b": SameWeekdaysPart(990, 1000, 3),
        "c": SameWeekdaysPart(0, 10, 1),
        "d": SameWeekdaysPart(0, 20, 2),
    }
    moves = compare(
        ranked, by_item(pd.DataFrame([item("b", 1000, 3), item("c", 10, 1)])), same_weekdays
    )
    assert moves[["item", "same_weekdays_change", "rank", "rank_before"]].values.tolist() == [
        ["a", 1100, 1, 0],
        ["b", -10, 2, 1],
        ["c", -10, 0, 2],
        ["d", -20, 0, 0],
    ]


def test_menu_engineering():
    # Units 60, 30, 10, so popular from 0.7 x 100 / 3 = 23.3; contributions a unit 30, 70, 90;
    # weighted mean (1800 + 2100 + 900) / 100 = 48.
    ranked = by_item(
        pd.DataFrame(
            [
                item("horse", 3600, 60, cost=1800),
                item("star", 2400, 30, cost=300),
                item("puzzle", 1000, 10, cost=100, receipts=20),
            ]
        )
    )
    assert {d.item: d.kind for d in classify_items(ranked)} == {
        "horse": "plowhorse",
        "star": "star",
        "puzzle": "puzzle",
    }
    assert {d.item: (d.contribution, d.units) for d in classify_items(ranked)}["star"] == (
        2100,
        300000,
    )
    fourth = by_item(
        pd.DataFrame(
            [item(n, 100, 10, cost=c, receipts=20) for n, c in (("a", 10), ("b", 10), ("c", 90))]
        )
    )
    rare = by_item(
        pd.DataFrame([item(n, 100, k, cost=10) for n, k in (("a", 40), ("b", 19), ("c", 30))])
    )
    assert {d.item for d in classify_items(rare)} == {"a", "c"}, (
        "an item on 19 receipts has no class"
    )
    assert {d.item: d.kind for d in classify_items(fourth)}["c"] == "plowhorse"
    assert (
        classify_items(
            by_item(pd.DataFrame([item("a", 100, 10, cost=10), item("b", 100, 10, cost=10)]))
        )
        == []
    )
    assert classify_items(by_item(pd.DataFrame([item(n, 100, 10) for n in "abc"]))) == []
    assert [price_step(v) for v in (4500, 13900, 10, 0)] == [200, 500, 1, 1]


def test_a_price_step_is_worth_nothing_in_combos():
    def step(*rows: dict) -> Text:
        dishes = classify_items(by_item(pd.DataFrame([*rows, item("star", 90_000, 30, cost=100)])))
        assert [d.kind for d in dishes].count("plowhorse") == len({r["item"] for r in rows}) - 1
        figures = SimpleNamespace(
            currency="MXN",
            total=Totals(net_sales=100_000),
            month=date(2025, 9, 1),
            calendar=dates_of_month(date(2025, 9, 1)),
        )
        (sentence,), _ = _price_step(figures, dishes)
        return sentence

    # Alone 25 units at 1.00; in combos 400 units, credited with 0.20 each.
    rows = [
        item("soda", 2500, 25, cost=2000),
        item("soda", 8000, 400, cost=7000, in_combo=True),
        item("rare", 100, 5, cost=90),
    ]
    sentence = step(*rows)
    assert sentence.values["item"] == Name("soda")
    assert sentence.values["step"] == Money(5, "MXN", signed=True)
    assert sentence.values["worth"] == Money(125, "MXN")
    assert sentence.values["n"] == Quantity(25 * 10_000)
    assert sentence.values["combo"] == Quantity(400 * 10_000)
    # The top plowhorse is that with the most units outside combos.
    sentence = step(*rows, item("fries", 60_000, 300, cost=59_000))
    assert sentence.values["item"] == Name("fries") and sentence.values["combo"] is None


def test_pairs_of_a_basket():
    rows = [
        ("fries", "fries", 50),
        ("burger", "burger", 80),
        ("burger", "fries", 45),
        ("soda", "soda", 40),
        ("burger", "soda", 32),
        ("fries", "soda", 19),
    ]
    baskets = pd.DataFrame(rows, columns=["item", "partner", "receipts"])
    baskets["plain_receipts"] = [20, 40, 20, 40, 32, 19]
    no_parts = pd.DataFrame({"combo": [], "item": []}, dtype=object)
    month = Totals(receipts=100, combo_receipts=40)
    result = pairs(baskets, no_parts, month)
    assert [(p.first, p.second) for p in result] == [("fries", "burger")]
    pair = result[0]
    assert pair.support == (45, 100) and pair.confidence == (45, 50)
    assert Decimal(pair.lift[0]) / pair.lift[1] == Decimal("1.125")
    assert Decimal(pair.leverage[0]) / pair.leverage[1] == Decimal("0.05")
    together = pd.DataFrame({"combo": ["c", "c", "d"], "item": ["fries", "burger", "soda"]})
    assert combined(together) == {("burger", "fries")}
    (pair,) = pairs(baskets, together, month)
    assert (pair.first, pair.second, pair.is_plain, pair.receipts) == ("fries", "burger", True, 60)
    assert Decimal(pair.lift[0]) / pair.lift[1] == Decimal("1.5")


def test_the_lift_of_two_items_of_a_combo_is_not_inflated_by_it():
    """Burger and fries chosen independently of each other (1 in 2 each) on 400 receipts without a
    combo, and 600 receipts with a combo of the two: counted over all, the lift would be 2.5.
    """
    rows = [("burger", "burger", 200), ("burger", "fries", 100), ("fries", "fries", 200)]
    baskets = pd.DataFrame(rows, columns=["item", "partner", "receipts"])
    baskets["plain_receipts"] = baskets["receipts"]
    parts = pd.DataFrame({"combo": ["menu", "menu"], "item": ["burger", "fries"]})
    month = Totals(receipts=1000, combo_receipts=600)
    assert pairs(baskets, parts, month) == []
    assert pairs(baskets, parts.assign(combo=["x", "y"]), month)[0].lift == (100_000, 40_000)


def customers(*rows: tuple[str, int, int]) -> pd.DataFrame:
    first = date(2025, 9, 1)
    return pd.DataFrame(
        [(c, n, net, first, first) for c, n, net in rows],
        columns=["customer_id", "receipts", "net_sales", "first_day", "last_day"],
    )


def test_new_returning_and_repeating_customers():
    august = customers(("a", 1, 100), ("b", 2, 200))
    september = customers(("b", 1, 50), ("c", 1, 70), ("c", 2, 30), ("d", 0, -40))
    given = [date(2025, 8, 1), date(2025, 9, 1)]
    rows = pd.concat([august.assign(month=given[0]), september.assign(month=given[1])])
    result = customers_by_month(rows, given, date(2025, 8, 1))[date(2025, 9, 1)]
    assert (result.everyone.customers, result.everyone.receipts, result.everyone.net_sales) == (
        2,
        4,
        150,
    )
    assert (
        result.new.customers,
        result.returning.customers,
        result.repeating,
        result.has_earlier_months,
    ) == (
        1,
        1,
        1,
        True,
    )
    assert not customers_by_month(rows, given, None)[date(2025, 9, 1)].has_earlier_months
    assert not customers_by_month(rows, given, date(2025, 7, 1))[
        date(2025, 9, 1)
    ].has_earlier_months


def test_cohorts_scores_and_concentration():
    frame_ = pd.concat(
        [
            customers(("a", 1, 1), ("b", 1, 1)).assign(month=date(2025, 7, 1)),
            customers(("a", 1, 1), ("c", 1, 1)).assign(month=date(2025, 8, 1)),
            customers(("a", 1, 1), ("b", 1, 1)).assign(month=date(2025, 9, 1)),
        ]
    )
    july, august, september = (date(2025, m, 1) for m in (7, 8, 9))
    assert cohorts(frame_) == {july: {july: 2, august: 1, september: 2}, august: {august: 1}}
    assert quintiles(np.array([1, 2, 2, 9, 10])).tolist() == [1, 2, 2, 4, 5]
    assert concentration(by_customer(customers(*((str(i), 1, 100 - i) for i in range(20))))) == (
        2,
        199,
        sum(100 - i for i in range(20)),
    )


def test_unusual_days_by_robust_z():
    # Ten weeks of two weekdays, a little noise, one day far off.
    rows = [
        day(
            str(date.fromordinal(date(2025, 7, 7).toordinal() + 7 * w + d)),
            1000 * (d + 1) + (w % 3) * 10,
        )
        for w in range(10)
        for d in range(2)
    ]
    assert outliers(sold_by_day(days(*rows)), {}) == []
    rows[7]["net_sales"] = 400
    result = outliers(sold_by_day(days(*rows)), {})
    assert [(o.day, o.net, o.usual) for o in result] == [(rows[7]["business_day"], 400, 2010)]
    rows.append(rows[7] | {"channel": "takeaway", "net_sales": -100, "receipts": 0})
    (result,) = outliers(sold_by_day(days(*rows)), {})
    assert result.net == 300, "with the refunds of an order type without sales"


@pytest.mark.parametrize(("values", "expected"), [([3], 3), ([1, 2], 2), ([5, 1, 2, 4], 3)])
def test_the_median_of_two_amounts_is_rounded_commercially(values, expected):
    assert median_of(values) == expected


@pytest.mark.parametrize("middle", [-700, 0, 700])
def test_the_interval_of_a_forecast_is_in_order(middle):
    low, expected, high = _around(middle, Fraction(1, 2), Fraction(3, 2))
    assert low <= expected == middle <= high


def test_price_changes_by_the_usual_price():
    def price(month: int, units: int, amount: int, first: int) -> dict:
        return {
            "item": "x",
            "variant": None,
            "month": date(2025, month, 1),
            "unit_price": amount,
            "units": units * 10_000,
            "first_day": date(2025, month, first),
        }

    def changes(*rows: dict) -> list[tuple[int, int, date]]:
        return [(c.was, c.now, c.day) for c in price_changes(pd.DataFrame(rows))]

    raised = [price(8, 40, 900, 1), price(8, 9, 950, 28), price(9, 60, 950, 1)]
    assert changes(price(7, 50, 900, 1), *raised, price(9, 3, 100, 2)) == [
        (900, 950, date(2025, 8, 28))
    ], "the first day of the new price, also where few units of the month had it"
    few = [price(9, 7, 950, 11), price(10, 6, 950, 1), price(11, 10, 950, 2)]
    assert changes(price(8, 40, 900, 1), *few) == [(900, 950, date(2025, 9, 11))], (
        "also where the months between decide nothing"
    )
    back = [price(8, 12, 900, 1), price(8, 40, 950, 6), price(9, 40, 900, 8)]
    assert changes(price(7, 40, 900, 1), *back) == [
        (950, 900, date(2025, 9, 8)),
        (900, 950, date(2025, 8, 6)),
    ], "a price that returns has not been there since before it went"


def test_hours_run_from_opening_past_midnight():
    assert clock({(4, 13): (1, 1), (4, 23): (1, 1), (4, 0): (1, 1), (4, 1): (1, 1)}) == [
        13,
        14,
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        0,
        1,
    ]
    assert clock({(0, 9): (1, 1)}) == [9]


def test_the_longest_run_of_open_days():
    assert longest_run([date(2025, 1, d) for d in (1, 2, 5, 6, 7, 9)]) == (3, date(2025, 1, 5))


def test_money_is_read_without_a_float():
    exact = [Decimal("90071992547409.93"), Decimal("-0.01"), Decimal("0.10")]
    table = pa.table(
        {
            "m": pa.chunked_array(
                [
                    pa.array(exact[:1], pa.decimal128(18, 2)),
                    pa.array(exact, pa.decimal128(18, 2)).slice(1),
                ]
            )
        }
    )
    assert frame(table)["m"].tolist() == [9007199254740993, -1, 10]
    assert frame(pa.table({"m": pa.array([None, Decimal("1.50")], pa.decimal128(18, 2))}))[
        "m"
    ].tolist() == [None, 150]
    with pytest.raises(OverflowError):
        frame(pa.table({"m": pa.array([Decimal(2) ** 64], pa.decimal128(38, 0))}))


@pytest.mark.parametrize("points", [-500, 0, 500])
def test_points_that_were_only_given_back_paid_no_discount(shop, make_summaries, points):
    month = date(2025, 9, 1)
    figures = Figures(month, None, "MXN", make_summaries(shop(receipts=2), [month]))
    days = figures.now["days"]
    days["points_discounts"] = 0
    days.loc[0, "points_discounts"] = points
    keys = {sentence.key for sentence in tenders(figures).sentences}
    assert ("tenders.points" in keys) == (points > 0)


def test_cancellations_by_employee_need_no_refund(shop, make_summaries):
    month = date(2025, 9, 1)
    tables = dict(make_summaries(shop(receipts=2, refunds=0), [month])[month])
    staff = tables["staff"].to_pylist()
    staff[0]["cancelled_receipts"] = 3
    tables["staff"] = pa.Table.from_pylist(staff, schema=tables["staff"].schema)
    section = tenders(Figures(month, None, "MXN", {month: tables}))
    (table,) = (table for table in section.tables if table.name == "refunds-by-employee")
    assert [row[3].number for row in table.rows] == [3]
    assert "refunded-items" not in {table.name for table in section.tables if table.rows}
