"""The embedded shop answers like one in this process, and ends with the process that started it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.lakes.embedded_shop import EmbeddedShop
from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from pipeline.simulator.source import encode
from pipeline.simulator.square import OrderQuery, SquareShop

ROOT = Path(__file__).parents[2]
NOW = datetime(2023, 10, 9, 15, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=4)
PROGRAM = """
import time
from datetime import datetime, UTC
from pipeline.lakes.embedded_shop import EmbeddedShop
shop = EmbeddedShop("loyverse", datetime.now(UTC))
print(shop.url, flush=True)
time.sleep(60)
"""


def read(shop: EmbeddedShop, path: str, body: object = None) -> dict:
    request = urllib.request.Request(
        shop.url + path,
        headers={"Authorization": f"Bearer {shop.token}"},
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def is_listening(url: str) -> bool:
    host, port = url.split("/")[2].split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except ConnectionRefusedError:
        return False
    except TimeoutError:  # it has not yet accepted those before
        return True
    return True


def wait_for_end(url: str) -> None:
    deadline = time.monotonic() + 120
    while is_listening(url):
        assert time.monotonic() < deadline, "it still listens"
        time.sleep(0.1)


def test_its_pages_are_those_of_the_shop_in_order() -> None:
    shop, pages = EmbeddedShop("loyverse", NOW), []
    path = f"/receipts?limit=100&created_at_min={SINCE:%Y-%m-%dT%H:%M:%SZ}"
    while not pages or "cursor" in pages[-1]:
        pages.append(read(shop, f"/receipts?cursor={pages[-1]['cursor']}" if pages else path))
    entries = Shop().receipts(millis(NOW), Query(created_min=millis(SINCE)))
    expected = [json.loads(entry.read()) for entry in entries]
    assert [row for page in pages for row in page["receipts"]] == expected
    assert len(pages) > 3


def test_it_serves_the_orders_that_both_apis_have() -> None:
    shop, source = EmbeddedShop("square", NOW), SquareShop(Shop())
    places = [row["id"] for row in read(shop, "/v2/locations")["locations"]]
    body = {"location_ids": places, "limit": 1000}
    orders = read(shop, "/v2/orders/search", body)["orders"]
    rows = [json.loads(encode(row.read())) for row in source.orders(millis(NOW), OrderQuery())]
    assert orders == rows[: len(orders)] and orders
    assert read(shop, "/v2/catalog/search", {})["objects"]


def test_it_ends_with_its_object() -> None:
    shop = EmbeddedShop("loyverse", NOW)
    url = shop.url
    assert read(shop, "/stores")["stores"]
    del shop
    assert not is_listening(url)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_its_process(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        url = process.stdout.readline().strip()
        assert is_listening(url)
        process.send_signal(number)
    wait_for_end(url)
