"""Some days of the simulated shop, from raw receipts through clean and summarize, equal the
oracle's figures over raw.

The shop is asked every other day and once long after: a receipt stands in raw as first received
and, where it was cancelled later, once more. The eight receipts of fixtures/receipts_page.json take
the same way.
"""

import json
import tomllib
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.simulator import Query, Shop
from pipeline.summarize import merge
from pipeline.transform import Catalog, Raw, Rules, Store, clean, read_menu
from tests.oracle import Shop as Till
from tests.oracle import newest, read, tally
from tests.summarize.lake_month import summarize_month
from tests.summarize.test_oracle import NAIROBI, SHOPS, bodies

ROOT = Path(__file__).parent.parent.parent
MENU = (ROOT / "config" / "menu.toml").read_text(encoding="utf-8")
FIRST, LAST = date(2026, 9, 27), date(2026, 10, 4)  # two months
RESOURCES = (
    "stores",
    "items",
    "categories",
    "modifiers",
    "employees",
    "payment_types",
    "taxes",
    "discounts",
    "pos_devices",
)


def millis(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


def fold(text: str) -> str:
    return " ".join(
        "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        .casefold()
        .split()
    )


def united(name: str) -> str:
    """The name by [items] of menu.toml, as the operator would read it there."""
    spellings = {
        fold(other): single
        for single, others in tomllib.loads(MENU)["items"].items()
        for other in [single, *others]
    }
    return spellings.get(fold(name), name)


def rules_of(shops: dict[str, Till], menu: str) -> Rules:
    stores = {
        store: Store(s.timezone, s.day_starts_at, s.currency, s.decimals)
        for store, s in shops.items()
    }
    return Rules(
        stores,
        next(iter(stores.values())),
        read_menu(menu, "menu.toml"),
        max(s.decimals for s in shops.values()),
    )


def summaries(
    records: list[bytes], days: list[date], catalog: Catalog, rules: Rules
) -> dict[date, dict[str, pa.Table]]:
    """The summary of each month that `days` touch, by way of the transform."""
    raw = [Raw("2026-12-01", "raw/receipts/batch", b"\n".join(records) + b"\n")]
    counted = {}
    for first in sorted({day.replace(day=1) for day in days}):
        cleaned = [clean(day, raw, catalog, rules) for day in days if day.replace(day=1) == first]
        tables = {
            d.name: pa.concat_tables([getattr(single, d.name) for single in cleaned])
            for d in schema.LAKE
        }
        metadata = {
            name: sum(single.metadata[name] for single in cleaned) for name in cleaned[0].metadata
        }
        counted[first] = summarize_month(
            first,
            **tables,
            stores=catalog.stores_table(rules),
            employees=catalog.employees_table(rules),
            metadata=metadata,
            decimals=rules.decimals,
        )
    return counted


@pytest.fixture(scope="module")
def shop_month():
    shop = Shop(seed=7, receipts_per_day=40)
    catalog = {
        name: [json.loads(row.read()) for row in shop.rows(millis(LAST), name)]
        for name in RESOURCES
    }
    catalog["merchant"] = [shop.merchant()]
    tills = {
        store["id"]: Till("America/Mexico_City", time(5), "MXN", 2) for store in catalog["stores"]
    }
    matches = {}
    for now in (*(FIRST + timedelta(days=n) for n in range(1, 14, 2)), LAST + timedelta(days=60)):
        query = Query(
            created_min=millis(FIRST), created_max=millis(min(now, LAST + timedelta(days=14)))
        )
        matches |= {
            (entry.key, entry.updated): entry.read() for entry in shop.receipts(millis(now), query)
        }
    records = [matches[name] for name in sorted(matches)]
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    rules = rules_of(tills, MENU)
    read_catalog = Catalog.read(json.dumps(catalog).encode())
    weighed = {item["id"] for item in catalog["items"] if item["sold_by_weight"]}
    return records, tills, weighed, summaries(records, days, read_catalog, rules)


def test_the_simulated_shop_equals_the_oracle(shop_month):
    records, tills, weighed, counted = shop_month
    merged = read(merge(counted, 2))
    expected = tally(records, tills, FIRST, LAST, rename=united, weighed=weighed)
    assert set(merged) == set(expected)
    for store, figures in expected.items():
        for name in vars(figures):
            assert dict(getattr(merged[store], name)) == dict(getattr(figures, name)), name
    assert len(records) > len(newest(records)[0]), (
        "no receipt of these days was changed; take others"
    )
    assert sum(f.totals["refund_receipts"] for f in expected.values()) > 0
    assert sum(f.totals["cancelled_receipts"] for f in expected.values()) > 0


def test_each_month_equals_the_oracle_of_its_days(shop_month):
    records, tills, weighed, counted = shop_month
    assert list(counted) == [date(2026, 9, 1), date(2026, 10, 1)]
    for first, tables in counted.items():
        last = date(2026, 9, 30) if first.month == 9 else LAST
        assert read(tables) == tally(
            records, tills, max(first, FIRST), last, rename=united, weighed=weighed
        )


def test_the_fixture_equals_the_oracle():
    rules = rules_of(SHOPS, "")
    days = [
        date(2022, 3, 12),
        date(2024, 1, 6),
        date(2024, 3, 1),
        date(2025, 7, 18),
        date(2025, 10, 17),
        date(2025, 10, 18),
    ]
    empty = Catalog.read(b"{}")
    counted = summaries(bodies(), days, empty, rules)
    assert read(merge(counted, 2)) == tally(bodies(), SHOPS)
    orphans = [
        row
        for row in counted[date(2024, 1, 1)]["quality"].to_pylist()
        if row["check"] == "orphan_refund"
    ]
    assert orphans == [], "its sale is named, and that is enough"
    assert {row["store_id"] for row in counted[date(2024, 1, 1)]["refunded_items"].to_pylist()} == {
        NAIROBI
    }
