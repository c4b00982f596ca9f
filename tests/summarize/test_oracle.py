"""The oracle itself is held to figures worked out by hand from the eight receipts of
fixtures/receipts_page.json.

The shops of the file: BANGKOK 2-7336, 2-7337, 2-7338; CAFE 1-10131; DORITO 1-1006; NAIROBI
108-1748, 108-1749, 1-1000.
"""

import json
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.oracle import Shop, newest, tally

BANGKOK, CAFE = "6b365a0c-a2a8-4774-8904-06cedede22e6", "f1e2d3c4-b5a6-4978-8c9d-0e1f2a3b4c5d"
DORITO, NAIROBI = "176cb35a-e21f-438a-96d8-99d1e0852a2e", "eca0890b-cbd9-4172-9b34-703ef2f84705"
SHOPS = {
    BANGKOK: Shop("Asia/Bangkok", time(5), "THB", 2),
    CAFE: Shop("America/Mexico_City", time(5), "MXN", 2),
    DORITO: Shop("America/Mexico_City", time(5), "MXN", 2),
    NAIROBI: Shop("Africa/Nairobi", time(5), "KES", 2),
}
FIXTURE = Path(__file__).parent.parent / "fixtures" / "receipts_page.json"

# By hand: gross of SALE lines; nothing is discounted, tipped or rounded in the file, so net = gross
# - refunds.
TOTALS = {
    (BANGKOK, "THB"): {
        "receipts": 3,
        "refund_receipts": 0,
        "units": 5,
        "gross_sales": 2280,
        "refunds": 0,  # 550 + 250 + (580 + 900)
        "net_sales": 2280,
        "tax_included": 0,
        "tax_added": 0,
        "collected": 2280,
        "paid": 2280,
    },
    (CAFE, "MXN"): {
        "receipts": 1,
        "refund_receipts": 0,
        "units": 4,
        "gross_sales": 335,
        "refunds": 0,  # 95 + 55 + 90 + 95
        "net_sales": 335,
        "tax_included": Decimal("46.21"),
        "tax_added": 0,
        "collected": 335,
        "paid": 335,
    },
    (DORITO, "MXN"): {
        "receipts": 1,
        "refund_receipts": 0,
        "units": 2,
        "gross_sales": 50,
        "refunds": 0,  # 2 x 25, 8 of tax on top
        "net_sales": 50,
        "tax_included": 0,
        "tax_added": 8,
        "collected": 58,
        "paid": 58,
    },
    (NAIROBI, "KES"): {
        "receipts": 2,
        "refund_receipts": 1,
        "units": 60,  # 0.25 kg is 1 unit, + 1 + 56 + 2
        "gross_sales": Decimal("35381.25"),
        "refunds": Decimal("81.25"),  # 81.25 + 500 + 33600 + 1200
        "net_sales": 35300,
        "tax_included": 0,
        "tax_added": 0,
        "collected": 35300,
        "paid": 35300,
    },
}
# business day: net sales. 2-7336 was rung up at 03:23 and 1-10131 at 00:57 of the next date.
DAYS = {
    (BANGKOK, "THB"): {date(2025, 10, 17): 1480, date(2025, 10, 18): 800},
    (CAFE, "MXN"): {date(2025, 7, 18): 335},
    (DORITO, "MXN"): {date(2024, 3, 1): 50},
    (NAIROBI, "KES"): {date(2022, 3, 12): 35300, date(2024, 1, 6): 0},
}
HOURS = {  # (business day, hour on the wall): SALE receipts, net sales
    (BANGKOK, "THB"): {
        (date(2025, 10, 17), 3): (1, 1480),
        (date(2025, 10, 18), 12): (1, 250),
        (date(2025, 10, 18), 14): (1, 550),
    },
    (CAFE, "MXN"): {(date(2025, 7, 18), 0): (1, 335)},
    (DORITO, "MXN"): {(date(2024, 3, 1), 23): (1, 50)},
    (NAIROBI, "KES"): {(date(2022, 3, 12), 16): (1, 35300), (date(2024, 1, 6), 13): (1, 0)},
}
TENDERS = {  # payment type: payments, paid, payments back, paid back
    (BANGKOK, "THB"): {("Cash", "CASH"): (3, 2280, 0, 0)},
    (CAFE, "MXN"): {("Cash", "CASH"): (1, 335, 0, 0)},
    (DORITO, "MXN"): {("Card", "NONINTEGRATEDCARD"): (1, 58, 0, 0)},
    (NAIROBI, "KES"): {("Cash", "CASH"): (2, Decimal("35381.25"), 1, Decimal("81.25"))},
}
ITEMS = {  # item: units, gross, units back, gross back
    (BANGKOK, "THB"): {
        "Super Boof": (1, 550, 0, 0),
        "Sativa Normal": (1, 250, 0, 0),
        "Juicy wine": (1, 580, 0, 0),
        "Buddha": (2, 900, 0, 0),
    },
    (CAFE, "MXN"): {
        "Coffee Americano": (1, 95, 0, 0),
        "Espresso": (1, 55, 0, 0),
        "Flat White": (1, 90, 0, 0),
        "Latte": (1, 95, 0, 0),
    },
    (DORITO, "MXN"): {"Dorito": (2, 50, 0, 0)},
    (NAIROBI, "KES"): {
        "Cooking Fat Yellow per kg": (1, Decimal("81.25"), 1, Decimal("81.25")),
        "Ice cream": (1, 500, 0, 0),
        "Meat": (56, 33600, 0, 0),
        "Shampoo": (2, 1200, 0, 0),
    },
}


def bodies() -> list[bytes]:
    return [
        json.dumps(receipt).encode() for receipt in json.loads(FIXTURE.read_bytes())["receipts"]
    ]


@pytest.mark.parametrize("store", TOTALS, ids=["Bangkok", "Cafe", "Dorito", "Nairobi"])
def test_the_fixture_by_hand(store):
    figures = tally(bodies(), SHOPS)
    assert set(figures) == set(TOTALS)
    owner = figures[store]
    zero = dict.fromkeys(owner.totals, 0)
    assert owner.totals == zero | TOTALS[store]
    assert {day: row["net_sales"] for day, row in owner.days.items()} == DAYS[store]
    assert {
        hour: (row["receipts"], row["net_sales"]) for hour, row in owner.hours.items()
    } == HOURS[store]
    assert {
        key: (row["payments"], row["sales_amount"], row["refund_payments"], row["refunds_amount"])
        for key, row in owner.tenders.items()
    } == TENDERS[store]
    assert {
        name: (row["units"], row["gross_sales"], row["refunded_units"], row["refunds"])
        for name, row in owner.items.items()
    } == ITEMS[store]
    assert owner.discounts == {}


def test_average_receipt_is_net_sales_over_sale_receipts():
    figures = tally(bodies(), SHOPS)
    assert figures[BANGKOK, "THB"].average_receipt == 760
    assert figures[NAIROBI, "KES"].average_receipt == 17650
    assert figures[NAIROBI, "KES"].average_receipt == Fraction(35300, 2)


def test_only_the_days_asked_for_count():
    assert (
        tally(bodies(), SHOPS, date(2025, 10, 18), date(2025, 10, 18))[BANGKOK, "THB"].totals[
            "net_sales"
        ]
        == 800
    )


def test_the_newest_version_counts_and_a_cancelled_one_counts_nothing_else():
    receipt = json.loads(bodies()[0])
    voided = receipt | {
        "updated_at": "2025-10-20T00:00:00.000Z",
        "cancelled_at": "2025-10-20T00:00:00.000Z",
    }
    for order in ([receipt, voided], [voided, receipt]):
        totals = tally([json.dumps(entry).encode() for entry in order], SHOPS)[
            BANGKOK, "THB"
        ].totals
        assert totals == dict.fromkeys(totals, 0) | {
            "cancelled_receipts": 1,
            "cancelled_total": 550,
        }


def test_discounts_tips_points_and_rounding_by_hand():
    receipt = json.loads(bodies()[0]) | {
        "total_discount": 100,
        "tip": 20,
        "surcharge": 5,
        "total_money": 480,
        "total_discounts": [
            {"id": "1", "type": "DISCOUNT_BY_POINTS", "name": "Points", "money_amount": 60},
            {"id": "2", "type": "FIXED_AMOUNT", "name": "Friend", "money_amount": 40},
        ],
    }
    receipt["payments"][0]["money_amount"] = 480
    totals = tally([json.dumps(receipt).encode()], SHOPS)[BANGKOK, "THB"].totals
    expected = {
        "gross_sales": 550,
        "sale_discounts": 100,
        "net_sales": 450,
        "tips": 20,
        "surcharges": 5,
        "rounding": 5,
        "collected": 480,
        "points_discounts": 60,
    }
    assert {name: totals[name] for name in expected} == expected


def test_what_cannot_be_read_is_counted_apart():
    receipt = json.loads(bodies()[0])
    assert newest([b"{", b"[]", json.dumps(receipt).encode()])[1] == 2
    assert (
        tally([json.dumps(receipt | {"receipt_date": "2009-01-01T00:00:00Z"}).encode()], SHOPS)
        == {}
    )
