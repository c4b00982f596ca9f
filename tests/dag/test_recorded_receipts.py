"""The eight recorded receipts, whose every total was worked out by hand from the file.

They come from shops in different countries, so each store has its own currency and time zone, and
nothing is added up across currencies. Two receipts were rung up after midnight and before 05:00,
and belong to the evening before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.replay import Replay
from tests.support.runner import ROOT, Runner
from tests.support.server import serve

BANGKOK, MEXICO, CANTINA, NAIROBI = (
    "6b365a0c-a2a8-4774-8904-06cedede22e6",
    "f1e2d3c4-b5a6-4978-8c9d-0e1f2a3b4c5d",
    "176cb35a-",
    "eca0890b-cbd9-4172-9b34-703ef2f84705",
)
ZERO = {
    "discounts": "0.00",
    "refunds": "0.00",
    "tax_included": "0.00",
    "tax_added": "0.00",
    "tips": "0.00",
    "difference": "0.00",
}

# month: (currency, store, bridge, payments by tender, items, business days with their net sales)
EXPECTED = {
    "2025-10": (
        "THB",
        BANGKOK,
        {
            **ZERO,
            "gross_sales": "2280.00",
            "net_sales": "2280.00",
            "collected": "2280.00",
            "receipts": 3,
        },
        {"Cash": "2280.00"},
        {
            "Super Boof": "550.00",
            "Sativa Normal": "250.00",
            "Juicy wine": "580.00",
            "Buddha": "900.00",
        },
        {"2025-10-17": "1480.00", "2025-10-18": "800.00"},
    ),
    "2025-07": (
        "MXN",
        MEXICO,
        {
            **ZERO,
            "gross_sales": "335.00",
            "net_sales": "335.00",
            "tax_included": "46.21",
            "collected": "335.00",
            "receipts": 1,
        },
        {"Cash": "335.00"},
        {"Coffee Americano": "95.00", "Espresso": "55.00", "Flat White": "90.00", "Latte": "95.00"},
        {"2025-07-18": "335.00"},
    ),
    "2024-03": (
        "MXN",
        CANTINA,
        {
            **ZERO,
            "gross_sales": "50.00",
            "net_sales": "50.00",
            "tax_added": "8.00",
            "collected": "58.00",
            "receipts": 1,
        },
        {"Card": "58.00"},
        {"Dorito": "50.00"},
        {"2024-03-01": "50.00"},
    ),
    "2024-01": (
        "KES",
        NAIROBI,
        {
            **ZERO,
            "gross_sales": "81.25",
            "refunds": "81.25",
            "net_sales": "0.00",
            "collected": "0.00",
            "receipts": 1,
            "refund_receipts": 1,
        },
        {"Cash": "0.00"},
        {"Cooking Fat Yellow per kg": "0.00"},
        {"2024-01-06": "0.00"},
    ),
    "2022-03": (
        "KES",
        NAIROBI,
        {
            **ZERO,
            "gross_sales": "35300.00",
            "net_sales": "35300.00",
            "collected": "35300.00",
            "receipts": 1,
        },
        {"Cash": "35300.00"},
        {"Ice cream": "500.00", "Meat": "33600.00", "Shampoo": "1200.00"},
        {"2022-03-12": "35300.00"},
    ),
}


@pytest.fixture
def replay(luigi: Runner) -> Iterator[Runner]:
    with serve(
        Replay(ROOT / "tests/fixtures/receipts_page.json", ROOT / "tests/fixtures/items_page.json"),
        now=lambda: datetime(2026, 1, 10, tzinfo=UTC),
    ) as server:
        luigi.environment["LOYVERSE_TOKEN"] = server.token
        luigi.configure(
            "pos",
            url=server.url,
            now="2026-01-10T00:00:00Z",
            rate_requests=0,
            allowed_lateness_days=0,
            state_folder=luigi.folder / "state",
        )
        luigi.configure(
            "shop",
            stores=json.dumps(
                {
                    BANGKOK: {"timezone": "Asia/Bangkok", "currency": "THB"},
                    NAIROBI: {"timezone": "Africa/Nairobi", "currency": "KES"},
                }
            ),
        )
        yield luigi


@pytest.mark.parametrize("month", EXPECTED)
def test_the_report_says_what_was_worked_out_by_hand(replay: Runner, month: str) -> None:
    currency, store, bridge, tenders, items, days = EXPECTED[month]
    replay.configure("pos", history_starts=f"{month}-01")
    replay("MonthlyReport", "--month", month)
    found = json.loads(
        (replay.folder / "lake/reports/monthly" / month / "figures.json").read_text()
    )["currencies"]
    assert list(found) == [currency], "a currency in which nothing was sold has no sections"
    found = found[currency]
    stores = {name: total for name, total in found["bridge"]["stores"].items() if total["receipts"]}
    assert len(stores) == 1 and next(iter(stores)).startswith(store)
    for total in (found["bridge"]["total"], *stores.values()):
        assert {name: total[name] for name in bridge} == bridge
    assert {row["tender"]: row["amount"] for row in found["tenders"]["tenders"]} == tenders
    assert {row["item"]: row["net_sales"] for row in found["items"]["items"]} == items
    assert {
        day: row["net_sales"] for day, row in found["days"]["days"].items() if row["receipts"]
    } == days
