"""An independent client of the real API finds no fault in the simulated one, in what it serves."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from tests.support.server import serve

loyverse_api = pytest.importorskip(
    "loyverse.api", reason="the loyverse client of PyPI is a development dependency"
)

LISTS = (
    "receipts",
    "items",
    "categories",
    "modifiers",
    "employees",
    "shifts",
    "stores",
    "pos_devices",
    "payment_types",
    "taxes",
    "discounts",
)


def test_it_pages_through_every_list(now: datetime) -> None:
    shop = Shop(opened=date(2026, 9, 20), receipts_per_day=30)
    with serve(shop, now=lambda: now) as server:
        client = loyverse_api.Api(server.token)
        client.url = server.url
        result = {name: client.request("get", name, {})[name] for name in LISTS}
        assert client.request("get", "merchant/")["currency"]["code"] == "MXN"
        month = {
            "created_at_min": "2026-10-01T00:00:00.000Z",
            "created_at_max": "2026-10-31T23:59:59.999Z",
        }
        october = client.request("get", "receipts", dict(month))["receipts"]
    numbers = [row["receipt_number"] for row in result["receipts"]]
    assert (
        numbers == [entry.key for entry in shop.receipts(millis(now), Query())]
        and len(numbers) > 500
    )
    assert [row for row in result["receipts"] if row["created_at"].startswith("2026-10")] == october
    assert all(result.values())
