"""The sections on items, menu, combos and baskets equal SQL over the verbatim receipts."""

from __future__ import annotations

from fractions import Fraction

from tests.reports import raw_shop
from tests.reports.recount import MENU, PAIRS
from tests.reports.test_recount import same, told


def test_items_categories_and_mix(told):
    figures, raw = told
    same(figures["items"]["items"], raw.items())
    same(
        figures["items"]["stores"],
        {store: raw.items("and store_id = $store", store=store) for store in raw_shop.STORES},
    )
    categories = raw.rows(
        "select category, sum(net) as net_sales, sum(units) filter (where sale) as units,"
        " sum(gross) filter (where sale) as gross_sales from s where in_month = $month group by all"
        " order by 2 desc"
    )
    same(figures["items"]["categories"], categories)
    total = sum(row["net_sales"] for row in categories)
    same(
        figures["modifiers"]["mix"],
        [
            {
                "category": row["category"],
                "net_sales": row["net_sales"],
                "share": Fraction(row["net_sales"]) / Fraction(total),
            }
            for row in categories
        ],
    )


def test_menu_engineering(told):
    figures, raw = told
    expected = {(row["category"], row["item"]): row for row in raw.rows(MENU)}
    assert {(d["category"], d["item"]) for d in figures["menu"]["dishes"]} == set(expected) and len(
        {row["class"] for row in expected.values()}
    ) > 2
    for dish in figures["menu"]["dishes"]:
        row = expected[dish["category"], dish["item"]]
        same(
            dish,
            {
                "category": row["category"],
                "item": row["item"],
                "class": row["class"],
                "units": row["units"],
                "contribution": row["contribution"],
                "unit_contribution": Fraction(row["contribution"]) / Fraction(row["costed"]),
            },
        )
    total = raw.totals()
    same(
        {name: figures["menu"][name] for name in ("margin", "margin_before_tax", "cost_coverage")},
        {name: total[name] for name in ("margin", "margin_before_tax", "cost_coverage")},
    )


def test_combos_choices_and_modifiers(told):
    figures, raw = told
    combos = raw.rows(
        """with line as (select store_id, receipt_number, line, combo, sale, combo_quantity, sum(gross) as gross,
            sum(discount) as discount,
            sum(net) as net from s where in_month = $month and combo is not null group by all)
        select combo, count(distinct receipt_number) filter (where sale) as receipts, coalesce(sum(combo_quantity) filter (where sale), 0) as units,
            coalesce(-sum(combo_quantity) filter (where not sale), 0) as refunded_units, coalesce(sum(gross) filter (where sale), 0) as gross_sales,
            sum(discount) as discounts, coalesce(-sum(gross) filter (where not sale), 0) as refunds, sum(net) as net_sales from line group by all"""
    )
    same(
        sorted(figures["combos"]["combos"], key=lambda row: row["combo"]),
        sorted(combos, key=lambda row: row["combo"]),
    )
    parts = raw.rows(
        "select combo, slot, item, coalesce(sum(units) filter (where sale), 0) as units, sum(net)"
        " as net_sales from s where in_month = $month and combo is not null group by all"
    )

    def named(row: dict) -> str:
        return str([row.get(name) for name in ("combo", "slot", "item", "modifier", "option")])

    same(sorted(figures["combos"]["parts"], key=named), sorted(parts, key=named))
    choices = raw.rows(
        "select item, m.name as modifier, m.option as option, sum(m.quantity) as units,"
        " sum(m.amount) as amount from (select item, unnest(modifiers) as m from s where in_month ="
        " $month and sale) group by all"
    )
    same(sorted(figures["combos"]["choices"], key=named), sorted(choices, key=named))
    paid = raw.rows(
        """with option as (
            select store_id, item, m.name as modifier, m.option as choice, sum(m.quantity) as units, sum(m.amount) as amount
            from (select store_id, item, unnest(modifiers) as m from s
                  where in_month = $month and sale)
            where m.amount <> 0 group by all
            union all
            select store_id, combo || item, slot, item, units, upgrade
            from s where in_month = $month and sale and combo is not null)
        select modifier, sum(units) as units, sum(amount) as amount from option where amount <> 0 group by all order by 3 desc, 1"""
    )
    assert paid
    same(figures["modifiers"]["paid"], paid)


def test_baskets(told):
    figures, raw = told
    expected = [
        {
            "first": row["first"],
            "second": row["second"],
            "receipts": row["both_"],
            "with_first": row["with_first"],
            "with_second": row["with_second"],
            "among": row["receipts"],
            "without_combos": row["among_plain"],
            "support": Fraction(row["both_"], row["receipts"]),
            "confidence": Fraction(row["both_"], row["with_first"]),
            "lift": Fraction(
                row["both_"] * row["receipts"], row["with_first"] * row["with_second"]
            ),
            "leverage": (
                Fraction(row["both_"], row["receipts"])
                - Fraction(row["with_first"] * row["with_second"], row["receipts"] ** 2)
            ),
        }
        for row in raw.rows(PAIRS)
    ]
    assert expected
    same(figures["baskets"]["pairs"], expected)
