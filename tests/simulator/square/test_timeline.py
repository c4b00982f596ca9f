"""The orders are a function of seed, day and instant: time only adds, and stamps what it changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.simulator import Shop
from pipeline.simulator.ids import millis, parse_stamp
from pipeline.simulator.square import OrderQuery, SquareShop
from pipeline.simulator.square.ids import OrderKey, order_id, parse_order_id
from pipeline.simulator.square.orders import RETURN, SALE
from pipeline.simulator.square.timeline import LONGEST_CHANGE
from tests.support.square_events import EventShop, receipt_order_id

Read = Callable[..., list[dict[str, Any]]]
ROOT = Path(__file__).parents[3]
OPENED = datetime(2026, 9, 20, tzinfo=UTC)
WEEK = (datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC))
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
FIELDS = ("created", "updated", "closed")
# of that week, on every machine and Python
UNCHANGED = "fe5653d515d63b34c7274add262831d5db2ca128d2d936a7f7bb23965ee63a7c"
PROGRAM = """
import hashlib
from datetime import date
from pipeline.simulator import Shop
from pipeline.simulator.square import OrderQuery
from pipeline.simulator.source import encode
from tests.support.square_events import EventShop
shop = EventShop(Shop(seed=11, opened=date(2026, 9, 20), receipts_per_day=25))
query = OrderQuery("updated", True, {start}, {end})
print(hashlib.sha256(b"".join(encode(row.read()) for row in shop.orders({now}, query))).hexdigest())
"""


def test_another_process_sees_the_same_orders() -> None:
    program = PROGRAM.format(now=millis(NOW), start=millis(WEEK[0]), end=millis(WEEK[1]))
    digest = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)},
    ).stdout.strip()
    assert digest == UNCHANGED, "the orders of the past have changed: on purpose only"


def test_the_past_does_not_depend_on_what_was_read(small: SquareShop, everything: Read) -> None:
    fresh = EventShop(Shop(seed=11, opened=date(2026, 9, 20), receipts_per_day=25))
    ids = [row["id"] for row in everything(small, millis(WEEK[1]), start=millis(WEEK[0]))]
    read = [fresh.find(millis(NOW), name) for name in reversed(ids)]
    assert read == [small.find(millis(NOW), name) for name in reversed(ids)]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 40 * 24 * 60), st.integers(0, 14 * 24 * 60))
def test_time_only_adds_and_stamps_what_it_changes(
    small: SquareShop, everything: Read, minutes: int, later: int
) -> None:
    first = millis(OPENED + timedelta(minutes=minutes))
    second = first + later * 60_000
    before = {row["id"]: row for row in everything(small, first)}
    after = {row["id"]: row for row in everything(small, second)}
    assert before.keys() <= after.keys()
    for name, order in after.items():
        updated = parse_stamp(order["updated_at"])
        assert parse_stamp(order["created_at"]) <= updated <= second
        if "closed_at" in order:
            assert order["created_at"] <= order["closed_at"] <= order["updated_at"]
        if name not in before:
            assert updated > first
        elif order != before[name]:
            assert updated > first and order["version"] > before[name]["version"]


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(FIELDS), st.booleans(), st.integers(0, 60 * 24), st.integers(0, 30 * 24 * 60)
)
def test_a_search_gives_what_it_names_of_all_orders(
    small: SquareShop, everything: Read, field: str, ascending: bool, hours: int, minutes: int
) -> None:
    now = millis(datetime(2026, 11, 25, tzinfo=UTC))
    start = millis(OPENED + timedelta(hours=hours))
    end = start + minutes * 60_000
    expected = {
        row["id"]
        for row in everything(small, now)
        if f"{field}_at" in row and start <= parse_stamp(row[f"{field}_at"]) <= end
    }
    rows = list(small.orders(now, OrderQuery(field, ascending, start, end)))
    assert {row.id for row in rows} == expected and len(rows) == len(expected)
    keys = [(row.instant, row.id) for row in rows]
    assert keys == sorted(keys, reverse=not ascending)
    assert all(row.instant == parse_stamp(row.read()[f"{field}_at"]) for row in rows[:50])


def test_nothing_changes_later_than_the_search_looks_back(small: SquareShop) -> None:
    for day in range(date(2026, 9, 20).toordinal(), date(2026, 10, 30).toordinal()):
        for planned in small.schedule.created_on(day):
            for order in small.timeline.orders_of(planned):
                last = max((order.born, *(instant for instant, _ in order.changes)))
                assert last // 86_400_000 - planned.created // 86_400 <= LONGEST_CHANGE


@given(st.integers(0, 8), st.integers(0, 200), st.integers(0, 2**40 - 1), st.integers(0, 99))
def test_an_order_id_can_be_read_back_by_its_shop_alone(
    kind: int, device: int, number: int, seed: int
) -> None:
    key = OrderKey(kind, device, number)
    name = order_id(seed, key)
    assert len(name) == 29 and name.isalnum()
    assert parse_order_id(seed, name) == key
    assert parse_order_id(seed + 1, name) is None
    assert parse_order_id(seed, name[:-3] + "aZY") in (None, key)


def test_a_receipts_order_is_named_by_its_number(small: SquareShop) -> None:
    for planned in small.schedule.plan(0, OPENED.toordinal()):
        prefix = small.schedule.registers[planned.device].number
        name = receipt_order_id(small, f"{prefix}-{planned.number}")
        order = small.timeline.order_of(planned)
        assert order.id == name and order.key.kind == (RETURN if planned.refunds else SALE)


def test_the_shop_starts_from_the_command_line() -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pipeline.simulator",
            "--api",
            "square",
            "--now",
            "2026-11-02T15:00Z",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        url, token = process.stdout.readline().strip(), process.stdout.readline().split()[-1]
        request = urllib.request.Request(
            f"{url}/v2/locations", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=20) as reply:
            assert len(json.load(reply)["locations"]) == 2
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_options_of_the_other_api_are_refused() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "pipeline.simulator", "--api", "square", "--history-days", "31"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert refused.returncode == 2 and "--api loyverse" in refused.stderr
