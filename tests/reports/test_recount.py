"""Every figure of every section of a month equals SQL over the verbatim receipts, in a month in
which the clock changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

import reports
from reports.sections.lineage import FLOW
from tests.reports import raw_shop
from tests.reports.recount import Recount
from tests.support.few_files import leave_undrawn

FEBRUARY, MARCH, APRIL = raw_shop.MONTHS


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> tuple[dict, Recount]:
    """figures.json of April, and the same receipts in SQL."""
    result = raw_shop.receipts(3000)
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch.setattr)
        files = reports.monthly(
            APRIL,
            raw_shop.summaries(result),
            lake_decimals=2,
            lineage={},
            locale="en_US",
            customers_since=FEBRUARY,
        )
    return json.loads(files["figures.json"])["currencies"]["MXN"], Recount(
        result, tmp_path_factory.mktemp("raw"), APRIL, MARCH
    )


def same(result: object, expected: object, where: str = "") -> None:
    """`found` of figures.json is `wanted`: equal, or a Fraction rounded to as many decimals as it
    shows.
    """
    if isinstance(expected, Mapping):
        assert set(result) == set(expected), where
        for key in expected:
            same(result[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, (list, tuple)):
        assert len(result) == len(expected), where
        for position, (entry, other) in enumerate(zip(result, expected, strict=True)):
            same(entry, other, f"{where}[{position}]")
    elif isinstance(expected, Fraction):
        shown = Decimal(result)
        assert abs(Fraction(shown) - expected) <= Fraction(
            1, 2 * 10 ** -shown.as_tuple().exponent
        ), f"{where}: {result}, not {float(expected)}"
    elif isinstance(expected, (int, Decimal)) and not isinstance(expected, bool):
        assert Decimal(result) == expected, f"{where}: {result}, not {expected}"
    else:
        assert result == expected, where


def test_the_months_are_awkward_enough(told):
    raw = told[1]
    (row,) = raw.rows(
        "select count(*) filter (where gone) as gone, count(*) filter (where refund) as refunds,"
        " count(*) filter (where hour < 5) as late, count(distinct store) as stores, count(*)"
        " filter (where tip > 0) as tips, count(*) filter (where added > 0) as added from r where"
        " month = $month"
    )
    assert all(row.values()) and row["stores"] == 3
    assert raw.rows(
        "select 1 from r where day = date '2022-04-02' and wall >= timestamp '2022-04-03 00:00' and"
        " wall < timestamp '2022-04-03 02:00'"
    )
    assert [
        r["store"]
        for r in raw.rows("select distinct store from r where month = date '2022-02-01' order by 1")
    ] == list(raw_shop.STORES[:2])
    assert (
        raw.rows("select count(*) as n from version")[0]["n"]
        > raw.rows("select count(*) as n from r")[0]["n"]
    )


def test_headline_and_bridge(told):
    figures, raw = told
    same(figures["bridge"]["total"], raw.totals())
    same(figures["bridge"]["stores"], {store: raw.totals(store=store) for store in raw_shop.STORES})
    assert figures["headline"]["total"] == figures["bridge"]["total"]
    same(figures["headline"]["before"], raw.totals(month=MARCH))
    assert "year_ago" not in figures["headline"]


def test_same_weekdays(told):
    figures, raw = told
    for name, expression in {
        "net_sales": "sum(sign * net)",
        "gross_sales": "coalesce(sum(gross) filter (where sale), 0)",
        "receipts": "count(*) filter (where sale)",
        "collected": "sum(sign * total)",
    }.items():
        now, base = raw.same_weekdays(expression)
        lake_decimals = 0 if name == "receipts" else 2
        assert abs(
            Fraction(Decimal(figures["headline"]["now_same_weekdays"][name])) - now
        ) <= Fraction(1, 2 * 10**lake_decimals), name
        same(figures["headline"]["before_same_weekdays"][name], base, name)


def test_drivers(told):
    figures, raw = told
    expected = raw.drivers()
    for name, part in expected["parts"].items():
        assert abs(
            Fraction(Decimal(figures["drivers"]["parts"][name])) - Fraction(part)
        ) <= Fraction(1, 100), name  # the rest of a rounding
    same(
        {key: figures["drivers"][key] for key in ("now", "base", "change")},
        {key: expected[key] for key in ("now", "base", "change")},
    )
    assert sum(map(Decimal, figures["drivers"]["parts"].values())) == expected["change"]


def test_days_hours_weekdays_and_channels(told):
    figures, raw = told
    days = {
        row["day"].isoformat(): row
        for row in raw.rows(
            "select day, sum(sign * net) as net_sales, count(*) filter (where sale) as receipts"
            " from r where month = $month group by all"
        )
    }
    calendar = [(APRIL + timedelta(days=n)).isoformat() for n in range(30)]
    same(
        figures["days"]["days"],
        {
            day: {name: days.get(day, {}).get(name, 0) for name in ("net_sales", "receipts")}
            for day in calendar
        },
    )
    assert figures["days"]["open_days"] == sum(row["receipts"] > 0 for row in days.values()) == 26
    hours = raw.rows(
        "select hour, sum(sign * net) as net_sales, count(*) filter (where sale) as receipts from r"
        " where month = $month and not gone group by all"
    )
    same(
        figures["hours"]["by_hour"],
        {
            f"{row['hour']:02d}": {"net_sales": row["net_sales"], "receipts": row["receipts"]}
            for row in hours
        },
    )
    parts = raw.rows(
        "select case when hour >= 22 or hour < 5 then 'late' when hour < 12 then 'breakfast'"
        " when hour < 17 then 'lunch' else 'dinner' end as part, sum(sign * net) as net_sales"
        " from r where month = $month and not gone group by all"
    )
    same(figures["dayparts"]["net_sales"], {row["part"]: row["net_sales"] for row in parts})
    weekdays = raw.rows(
        "select weekday, sum(sign * net) as net, count(*) filter (where sale) as n, count(distinct"
        " day) filter (where sale) as opened from r where month = $month group by all having"
        " opened > 0"
    )
    opened = {row["weekday"]: row["opened"] for row in weekdays}
    same(
        figures["weekdays"]["weekdays"],
        {
            str(row["weekday"]): {
                "net_sales": row["net"],
                "receipts": row["n"],
                "open_days": row["opened"],
                "per_day": Fraction(row["net"]) / row["opened"],
            }
            for row in weekdays
        },
    )
    grid = raw.rows(
        "select weekday, hour, count(*) as n from r where month = $month and sale group by all"
    )
    same(
        figures["hours"]["grid"],
        {
            f"{row['weekday']}-{row['hour']:02d}": {
                "receipts": row["n"],
                "open_days": opened[row["weekday"]],
                "per_day": Fraction(row["n"], opened[row["weekday"]]),
            }
            for row in grid
        },
    )
    channels = raw.rows(
        "select channel, sum(sign * net) as net_sales, count(*) filter (where sale) as receipts"
        " from r where month = $month group by all"
    )
    same(figures["weekdays"]["channels"], {row.pop("channel"): row for row in channels})


def test_customers_new_and_returning_over_the_whole_lake(told):
    figures, raw = told
    groups = raw.rows(
        """with visit as (select customer, count(*) filter (where sale) as receipts, sum(sign * net) as net_sales,
            (select count(*) from r p where p.customer = r.customer and p.sale and p.month < $month) > 0 as known
            from r where month = $month and customer is not null and not gone group by all having count(*) filter (where sale) > 0)
        select known, count(*) as customers, sum(receipts) as receipts, sum(net_sales) as net_sales, count(*) filter (where receipts > 1) as again
        from visit group by all order by known"""
    )
    new, returning = groups
    assert min(new["customers"], returning["customers"]) > 20
    names = ("customers", "receipts", "net_sales")
    same(
        {group: figures["customers"][group] for group in ("new", "returning", "everyone")},
        {
            "new": {name: new[name] for name in names},
            "returning": {name: returning[name] for name in names},
            "everyone": {name: new[name] + returning[name] for name in names},
        },
    )
    again = new["again"] + returning["again"]
    same(
        figures["customers"]["repeat_rate"],
        Fraction(again, new["customers"] + returning["customers"]),
    )
    same(figures["customers"]["identified_share"], raw.totals()["identified_share"])


def test_payments_discounts_refunds_and_cancellations(told):
    figures, raw = told
    tenders = """with p as (select store, sale, unnest(payments) as p from r where month = $month and not gone)
        select p.name as tender, p.type as type, count(*) filter (where sale) as payments, count(*) filter (where not sale) as refund_payments,
            coalesce(sum(p.money_amount) filter (where sale), 0) as sales_amount,
            coalesce(sum(p.money_amount) filter (where not sale), 0) as refunds_amount,
            sales_amount - refunds_amount as amount from p {where} group by all order by amount desc"""
    same(figures["tenders"]["tenders"], raw.rows(tenders.format(where="")))
    same(
        figures["tenders"]["stores"],
        {
            store: raw.rows(tenders.format(where="where store = $store"), store=store)
            for store in raw_shop.STORES
        },
    )
    same(
        figures["tenders"]["discounts"],
        raw.rows(
            "with d as (select number, sale, sign, unnest(total_discounts) as d from r where month"
            " = $month and not gone) select d.name as name, d.type as type, count(distinct number)"
            " filter (where sale) as receipts, sum(sign * d.money_amount) as amount from d group"
            " by all"
        ),
    )
    same(
        figures["tenders"]["refunded_items"],
        raw.rows(
            "with back as (select sold_as, store_id, receipt_number, line,"
            " max(abs(coalesce(combo_quantity, units))) as units, -sum(gross) as refunds from s"
            " where in_month = $month and not sale group by all) select sold_as as item, sum(units)"
            " as units, count(distinct receipt_number) as receipts, sum(refunds) as refunds from"
            " back group by all order by item"
        ),
    )
    total = raw.totals()
    same(
        figures["tenders"]["cancelled"],
        {"receipts": total["cancelled_receipts"], "total": total["cancelled_total"]},
    )


def test_stores_and_employees(told):
    figures, raw = told
    total = raw.totals()["net_sales"]
    stores = raw.rows(
        "select store, sum(sign * net) as net_sales, count(*) filter (where sale) as receipts from"
        " r where month = $month group by all"
    )
    same(
        figures["stores"]["stores"],
        {
            row["store"]: {
                "net_sales": row["net_sales"],
                "receipts": row["receipts"],
                "share": Fraction(row["net_sales"]) / Fraction(total),
            }
            for row in stores
        },
    )
    same(
        figures["stores"]["employees"],
        raw.rows(
            "select employee, count(*) filter (where sale) as receipts, sum(sign * net) as"
            " net_sales, sum(sign * discount) as discounts from r where month = $month group by all"
            " order by net_sales desc"
        ),
    )


def test_counts_in_and_counts_out(told):
    figures, raw = told
    checks = {
        name: (row["count"], 0 if name in FLOW else Decimal(row["amount"] or 0))
        for name, row in figures["lineage"]["checks"].items()
    }
    count = raw.rows("select count(*) as n from r where month = $month")[0]["n"]
    versions = raw.rows(
        "select count(*) as n from version v join r on r.number = v.receipt_number and r.store ="
        " v.store_id where r.month = $month"
    )[0]["n"]
    rows = raw.rows(
        "select count(*) filter (where cost is null) as costless, sum(net) filter (where cost is"
        " null) as costless_net, count(*) filter (where category is null) as bare, sum(net) filter"
        " (where category is null) as bare_net, count(*) filter (where not is_known) as unknown,"
        " sum(net) filter (where not is_known) as unknown_net from s where in_month = $month"
    )[0]
    total = raw.totals()
    expected = {
        "received": (count, 0),
        "counted": (count, 0),
        "superseded": (versions - count, 0),
        "missing_cost": (rows["costless"], rows["costless_net"]),
        "missing_category": (rows["bare"], rows["bare_net"]),
        "unknown_component": (rows["unknown"], rows["unknown_net"]),
        "cancelled": (total["cancelled_receipts"], total["cancelled_total"]),
    }
    assert {name: result for name, result in checks.items() if result != (0, 0)} == expected


def test_no_section_is_left_out(told):
    """Whoever adds a section adds its recount."""
    assert set(told[0]) == {
        "attention",
        "baskets",
        "bridge",
        "changes",  # recounted in test_changes
        "combos",
        "customers",
        "dayparts",
        "days",
        "drivers",
        "headline",
        "hours",
        "items",
        "lineage",
        "menu",
        "modifiers",
        "stores",
        "tenders",
        "weekdays",
    }
    assert told[0]["changes"] == {"cause": "first", "changed": []}, "a first version has none"
    assert date(2022, 4, 3) in [APRIL + timedelta(days=n) for n in range(30)]
