"""tap-square, the Singer tap, discovers and pulls the simulated shop, and loses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulator import Shop
from pipeline.simulator.ids import millis
from pipeline.simulator.square import OrderQuery, SquareRules, SquareShop
from tests.support import machine
from tests.support.server import serve_square
from tests.support.square_events import EventShop

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
PACKAGES = Path(sys.prefix) / "tap-square"
STREAMS = (
    "orders",
    "payments",
    "refunds",
    "locations",
    "items",
    "categories",
    "discounts",
    "taxes",
    "modifier_lists",
    "team_members",
)
NOT_SERVED = {"inventories", "shifts", "cash_drawer_shifts", "customers"}
Json = dict[str, Any]


@pytest.fixture
def packages() -> Path:
    """Folder of tap-square and its packages."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("tap-square's pinned packages are tried on Python 3.11 only.")
    if not (PACKAGES / "tap_square").exists():
        machine.missing("tap-square is not installed in .venv/tap-square; ./run test installs it.")
    return PACKAGES


def run_tap(packages: Path, folder: Path, url: str, *arguments: str) -> list[Json] | Json:
    """What the tap writes: its catalog, or its messages."""
    shim = Path(__file__).with_name("tap_shim.py")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(packages),
        "SQUARE_URL": url,
        "SQUARE_NOW": NOW.isoformat(),
    }
    command = [sys.executable, str(shim), "--config", str(folder / "config.json"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    if arguments == ("--discover",):
        return dict(json.loads(done.stdout))
    return [json.loads(line) for line in done.stdout.splitlines()]


def select(catalog: Json) -> Json:
    """The catalog with the streams that the simulator serves selected."""
    for stream in catalog["streams"]:
        if stream["tap_stream_id"] in STREAMS:
            root = next(row for row in stream["metadata"] if row["breadcrumb"] == [])
            root["metadata"]["selected"] = True
    return catalog


@pytest.mark.slow
@pytest.mark.real_server
def test_it_pulls_every_stream_and_parses_all_of_it(packages: Path, tmp_path: Path) -> None:
    shop = EventShop(Shop(seed=4, opened=date(2026, 10, 15), receipts_per_day=6))
    with serve_square(shop, now=lambda: NOW, rules=SquareRules(default_limit=50)) as server:
        config = {
            **dict.fromkeys(("refresh_token", "client_id", "client_secret"), "unused"),
            "access_token": server.token,
            "start_date": "2020-01-01T00:00:00Z",
            "sandbox": "true",
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        catalog = run_tap(packages, tmp_path, server.url, "--discover")
        assert isinstance(catalog, dict)
        assert {row["tap_stream_id"] for row in catalog["streams"]} == {*STREAMS, *NOT_SERVED}
        (tmp_path / "catalog.json").write_text(json.dumps(select(catalog)))
        place = str(tmp_path / "catalog.json")
        messages = run_tap(packages, tmp_path, server.url, "--catalog", place)
        searches = [row for row in server.requests if row.path.startswith("/v2/orders/search")]
    assert {row.status for row in server.requests} == {200}
    pulled: dict[str, dict[str, Json]] = defaultdict(dict)
    for message in messages:
        if message["type"] == "RECORD":
            pulled[message["stream"]][message["record"]["id"]] = message["record"]
    now = millis(NOW)
    orders = {row.id: row.read() for row in shop.orders(now, OrderQuery())}
    assert set(pulled["orders"]) == set(orders) and len(orders) > 200
    assert len(searches) >= len(orders) // 50, "several pages"
    for name, order in orders.items():
        record = pulled["orders"][name]
        assert (record["state"], record["version"]) == (order["state"], order["version"])
        for field in ("total_money", "net_amounts", "line_items", "returns", "tenders"):
            assert (field in record) == (field in order)
        assert record["net_amounts"] == order["net_amounts"]
    assert set(pulled["payments"]) == {row.read()["id"] for row in shop.payments(now, OrderQuery())}
    assert set(pulled["refunds"]) == {row.read()["id"] for row in shop.refunds(now, OrderQuery())}
    assert set(pulled["locations"]) == {row["id"] for row in shop.locations(now)}
    objects = {row["id"] for row in shop.catalog(now)}
    kinds = ("items", "categories", "discounts", "taxes", "modifier_lists")
    assert all(pulled[kind] and set(pulled[kind]) <= objects for kind in kinds)
    assert pulled["team_members"]
