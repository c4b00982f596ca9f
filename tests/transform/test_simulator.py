"""The shop's own menu.toml on the simulator's receipts, and the recorded receipts, against the
simple reference.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from reference import Reference
from test_reference import differences

from pipeline.simulator import Query, Shop
from pipeline.transform import (
    Catalog,
    Raw,
    Rules,
    Store,
    build_day,
    explain,
    find_unmapped,
    read_menu,
)

ROOT = Path(__file__).parents[2]
MENU = (ROOT / "config" / "menu.toml").read_text(encoding="utf-8")
FIXTURES = ROOT / "tests" / "fixtures"
STORE = Store("America/Mexico_City", time(5), "MXN", 2)
RULES = Rules({}, STORE, read_menu(MENU, "config/menu.toml"), 2, b"key")
NOW = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)


@cache
def shop() -> tuple[Shop, bytes]:
    source = Shop(receipts_per_day=120)
    resources = {
        name: [json.loads(entry.read()) for entry in source.rows(NOW, name)]
        for name in ("items", "categories", "stores", "employees")
    }
    return source, json.dumps(resources).encode()


@cache
def raws(day: date, days: int = 2) -> tuple[Raw, ...]:
    """What extraction would have kept of the UTC dates that a business day touches."""
    matches = []
    for sold in (day + timedelta(days=n) for n in range(days)):
        begin = int(datetime.combine(sold, time(), UTC).timestamp() * 1000)
        bodies = [
            entry.read()
            for entry in shop()[0].receipts(
                NOW, Query(created_min=begin, created_max=begin + 86_399_999)
            )
        ]
        matches.append(
            Raw(str(sold), f"raw/receipts/sold={sold}/x", b"".join(body + b"\n" for body in bodies))
        )
    return tuple(matches)


@pytest.mark.parametrize("day", [date(2024, 12, 24), date(2025, 10, 4), date(2026, 7, 5)])
def test_days_of_the_simulator_row_by_row(day):
    result = build_day(day, raws(day), Catalog.read(shop()[1]), RULES)
    reference = Reference(MENU, shop()[1], {}, STORE, 2, b"key")
    assert result.metadata["quarantined"] == 0 and result.metadata["counted"] > 50
    for table, expected in zip(
        (result.receipts, result.sales, result.payments),
        reference.build_day(day, raws(day)),
        strict=True,
    ):
        assert differences(table, expected) == []


def test_the_menu_covers_the_simulators_combos():
    matches = find_unmapped(raws(date(2026, 7, 5), 4), Catalog.read(shop()[1]), RULES)
    assert {(f.kind, f.text) for f in matches.findings} <= {("dish", "La Bestia"), ("channel", "")}
    sales = build_day(
        date(2026, 7, 5), raws(date(2026, 7, 5)), Catalog.read(shop()[1]), RULES
    ).sales.to_pylist()
    combos = Counter(row["combo"] for row in sales)
    assert {
        "Combo Smash",
        "Combo Chicken",
        "Combo Pa' Dos",
        "Combo Boneless",
        "Paquete Lunch",
    } <= set(combos)
    assert not any(row["is_known"] for row in sales if row["item"] == "La Bestia")
    assert all(row["is_known"] for row in sales if row["item"] != "La Bestia")


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def recorded() -> list[Raw]:
    receipts = json.loads(fixture("receipts_page.json"), parse_float=Decimal)["receipts"]
    return [
        Raw(
            "2025-10-19",
            "raw/receipts/sold=2025-10-18/x",
            b"".join(json.dumps(r, default=float).encode() + b"\n" for r in receipts),
        )
    ]


def test_the_recorded_receipts_row_by_row():
    reference = Reference(MENU, fixture("items_page.json"), {}, STORE, 2, b"key")
    counted = Counter()
    for day in (
        date(2025, 10, 17),
        date(2025, 7, 18),
        date(2024, 3, 1),
        date(2024, 1, 5),
        date(2022, 3, 12),
    ):
        result = build_day(day, recorded(), Catalog.read(fixture("items_page.json")), RULES)
        counted.update(result.metadata)
        for table, expected in zip(
            (result.receipts, result.sales, result.payments),
            reference.build_day(day, recorded()),
            strict=True,
        ):
            assert differences(table, expected) == []
    assert counted == {"received": 8, "counted": 8, "quarantined": 0, "superseded": 0}


def test_the_recorded_receipts_by_hand():
    result = build_day(
        date(2025, 7, 18), recorded(), Catalog.read(fixture("items_page.json")), RULES
    )
    (row,) = result.receipts.to_pylist()
    assert [
        str(row[name])
        for name in (
            "gross",
            "discount",
            "net",
            "tax_included",
            "tax_added",
            "total",
            "paid",
            "units",
        )
    ] == [
        "335.00",
        "0.00",
        "335.00",
        "46.21",
        "0.00",
        "335.00",
        "335.00",
        "4.0000",
    ]
    assert [str(s["cost"]) for s in result.sales.to_pylist()] == ["13.05", "9.73", "17.28", "23.36"]
    refund, sale = sorted(
        build_day(date(2024, 1, 5), recorded(), Catalog.read(b"{}"), RULES).receipts.to_pylist(),
        key=lambda r: r["receipt_type"],
    )
    assert (refund["refund_for"], refund["total"], sale["total"], refund["units"]) == (
        "108-1748",
        Decimal("-81.25"),
        Decimal("81.25"),
        -1,
    )


def test_explain_accounts_for_each_cent():
    day, catalog = date(2026, 7, 5), Catalog.read(shop()[1])
    sales = build_day(day, raws(day), catalog, RULES).sales.to_pylist()
    for number in {row["combo"]: row["receipt_number"] for row in sales}.values():
        explanation = explain(number, raws(day), catalog, RULES)
        assert (
            explanation.number == number
            and explanation.revisions == 1
            and explanation.rejection is None
        )
        rows = [row for line in explanation.lines for row in line["rows"]]
        assert rows == [row for row in sales if row["receipt_number"] == number]
        for line in explanation.lines:
            sold, sums = line["as_sold"], line["sums"]
            assert (abs(sums["gross"]), abs(sums["discount"])) == (
                sold["gross_total_money"],
                sold["total_discount"],
            )
        assert all(
            row["item"] in explanation.text and str(row["gross"]) in explanation.text
            for row in rows
        )
        assert f"= total {explanation.receipt['total']}" in explanation.text


def test_explain_finds_the_newest_revision_and_says_what_is_rejected_or_missing():
    body = json.loads(recorded()[0].ndjson.splitlines()[0])
    number = body["receipt_number"]
    newer = {
        **body,
        "updated_at": "2026-01-01T00:00:00Z",
        "tip": 1,
        "total_money": body["total_money"] + 1,
    }
    broken = {**body, "updated_at": "2026-01-02T00:00:00Z", "tip": None}

    def explanation(*bodies):
        pages = [Raw("b", "x", b"".join(json.dumps(b).encode() + b"\n" for b in bodies))]
        return explain(number, pages, Catalog.read(b"{}"), RULES)

    assert (explanation(body, newer).revisions, explanation(body, newer).record["tip"]) == (2, 1)
    assert explanation(body, broken).text == f"{number} is in quarantine: null_value at /tip (null)"
    assert explanation().text == f"{number}: the searched raw data has no receipt with this number"


def test_unmapped_finds_what_a_menu_lacks_and_its_text_can_be_pasted():
    day, catalog = date(2026, 7, 5), Catalog.read(shop()[1])
    dishes = MENU[MENU.index("[dishes]") : MENU.index("# --- Combos")]
    bare = Rules({}, STORE, read_menu(dishes, "menu.toml"), 2)
    matches = find_unmapped(raws(day), catalog, bare)
    combos = {f.text: f.hints for f in matches.findings if f.kind == "combo"}
    assert combos["Combo Smash"] == ("Hamburguesa", "Papas", "Refresco Sabor")
    assert {f.text for f in matches.findings if f.kind == "channel"} >= {
        "Comer aquí",
        "Para llevar",
    }
    pasted = read_menu(dishes + matches.text, "menu.toml")
    again = find_unmapped(raws(day), catalog, Rules({}, STORE, pasted, 2))
    assert not [f for f in again.findings if f.kind == "combo"]
    assert {"Mayonesa", "Extras"} <= {f.text for f in again.findings if f.kind == "modifier"}
    assert {f.text for f in again.findings if f.kind == "dish"} >= {"La Bestia"}


SMALL_DAY = """
import json, sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from pipeline.pos.source import CashShift
from pipeline.transform import Catalog, Raw, Rules, Store, build_day, read_menu
from pipeline.transform.shifts import shifts_table
rules = Rules({}, Store("America/Mexico_City", time(5), "MXN", 2), read_menu(Path("config/menu.toml").read_text(), "menu.toml"), 2)
page = json.loads(Path("tests/fixtures/receipts_page.json").read_bytes())["receipts"]
raw = [Raw("b", "x", b"".join(json.dumps(r).encode() + b"\\n" for r in page) + b"{\\n")]
made = build_day(date(2025, 10, 17), raw, Catalog.read(Path("tests/fixtures/items_page.json").read_bytes()), rules)
assert made.metadata["counted"] == 3 and made.metadata["quarantined"] == 1, made.metadata
opened = datetime(2025, 10, 17, 15, tzinfo=UTC)
amounts = map(Decimal, ("500", "80", "10", "0", "20.50", "549.50"))
shift = CashShift("s", "a", "r", opened, None, "e", None, *amounts, None)
assert shifts_table([shift], rules, {})["expected_cash"].null_count == 0
heavy = {"pandas", "luigi", "matplotlib", "boto3", "duckdb", "requests"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_small_day_and_a_shift_import_nothing_heavy():
    subprocess.run([sys.executable, "-W", "error", "-c", SMALL_DAY], cwd=ROOT, check=True)
