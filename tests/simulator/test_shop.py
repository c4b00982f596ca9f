"""The shop is a function of seed, day and instant: neither earlier requests nor the process change
its answers.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis, parse_stamp
from pipeline.simulator.receipt_schedule import LONGEST_CANCELLATION, LONGEST_SYNC
from tests.support.inputs import tries

WEEK = (datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC))
# of that week, on every machine and Python
LIKE_EVER = "1b4a4040844bcf4509d205e7b1fd7d478c2c9838f98f082b9a871278245f928a"
PROGRAM = """
import hashlib, sys
from pipeline.simulator import Query, Shop
shop = Shop(seed=int(sys.argv[1]), receipts_per_day=120)
print(hashlib.sha256(b"".join(entry.read() for entry in shop.receipts({now}, Query(created_min={start}, created_max={end})))).hexdigest())
"""


def digest(shop: Shop, now: datetime, start: datetime, end: datetime) -> str:
    result = shop.receipts(millis(now), Query(created_min=millis(start), created_max=millis(end)))
    return hashlib.sha256(b"".join(entry.read() for entry in result)).hexdigest()


def everything(shop: Shop, now: datetime, query: Query = Query()) -> dict[str, dict]:
    return {entry.key: json.loads(entry.read()) for entry in shop.receipts(millis(now), query)}


def test_another_process_sees_the_same_shop(shop: Shop, now: datetime) -> None:
    program = PROGRAM.format(now=millis(now), start=millis(WEEK[0]), end=millis(WEEK[1]))
    root = str(Path(__file__).parents[2])
    digests = [
        subprocess.run(
            [sys.executable, "-c", program, seed],
            check=True,
            capture_output=True,
            text=True,
            cwd=root,
            env={"PYTHONHASHSEED": "1", "PYTHONPATH": root},
        ).stdout.strip()
        for seed in "78"
    ]
    assert digests[0] == digest(shop, now, *WEEK)
    assert digests[0] == LIKE_EVER, (
        "the shop's past has changed: on purpose only, and then with every golden file that shows it"
    )
    assert digests[1] != digests[0]


def test_the_past_does_not_depend_on_what_was_asked(shop: Shop, now: datetime) -> None:
    fresh = Shop(receipts_per_day=120)
    for number in ("1-30000", "2-4321", "3-1"):
        fresh.find(millis(now), number)
    list(fresh.receipts(millis(datetime(2024, 3, 1, tzinfo=UTC)), Query()))
    assert digest(fresh, now, *WEEK) == digest(shop, now, *WEEK)


@settings(max_examples=tries(3, 15), deadline=None)
@given(st.integers(0, 40 * 24 * 60), st.integers(0, 12 * 24 * 60))
def test_time_only_adds_and_only_updates_what_it_stamps(
    stall: Shop, minutes: int, later: int
) -> None:
    first = datetime(2026, 9, 21, tzinfo=UTC) + timedelta(minutes=minutes)
    second = first + timedelta(minutes=later)
    before, after = everything(stall, first), everything(stall, second)
    assert before.keys() <= after.keys()
    for number, receipt in after.items():
        if number not in before:
            assert parse_stamp(receipt["created_at"]) > millis(first)
        elif receipt != before[number]:
            assert parse_stamp(receipt["updated_at"]) > millis(first)
        assert parse_stamp(receipt["updated_at"]) <= millis(second)
        assert (receipt["cancelled_at"] or receipt["created_at"]) == receipt["updated_at"]
        assert receipt["cancelled_at"] is None or receipt["cancelled_at"] > receipt["created_at"]


@settings(max_examples=tries(3, 15), deadline=None)
@given(st.integers(0, 60 * 24), st.integers(0, 60 * 24), st.booleans())
def test_a_filter_gives_what_it_says_of_the_whole_list(
    stall: Shop, start: int, length: int, by_update: bool
) -> None:
    now, low = (
        datetime(2026, 11, 20, tzinfo=UTC),
        datetime(2026, 9, 20, tzinfo=UTC) + timedelta(hours=start),
    )
    bounds = (millis(low), millis(low + timedelta(hours=length)))
    query = (
        Query(updated_min=bounds[0], updated_max=bounds[1])
        if by_update
        else Query(created_min=bounds[0], created_max=bounds[1])
    )
    field = "updated_at" if by_update else "created_at"
    expected = {
        number
        for number, receipt in everything(stall, now).items()
        if bounds[0] <= parse_stamp(receipt[field]) <= bounds[1]
    }
    assert everything(stall, now, query).keys() == expected


def test_numbers_of_a_device_have_no_gaps_and_follow_its_clock(stall: Shop) -> None:
    series: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, receipt in everything(stall, datetime(2026, 12, 1, tzinfo=UTC)).items():
        till, _, count = number.partition("-")
        series[till].append((int(count), receipt["receipt_date"]))
    assert len(series) == 4
    for rung in series.values():
        rung.sort()
        assert [count for count, _ in rung] == list(range(1000, 1000 + len(rung)))
        assert [moment for _, moment in rung] == sorted(moment for _, moment in rung)


def test_a_refund_gives_back_no_more_than_its_sale_and_only_once(shop: Shop, now: datetime) -> None:
    receipts = everything(shop, now, Query(created_min=millis(now - timedelta(days=25))))
    refunds = [receipt for receipt in receipts.values() if receipt["receipt_type"] == "REFUND"]
    lines = [line["id"] for receipt in receipts.values() for line in receipt["line_items"]]
    partial = 0
    for refund in refunds:
        sale = json.loads(shop.find(millis(now), refund["refund_for"]).read())
        assert sale["receipt_type"] == "SALE" and sale["cancelled_at"] is None
        assert sale["created_at"] <= refund["receipt_date"], (
            "a refund needs a connection, and a sale that the server has"
        )
        assert (
            refund["total_money"] <= sale["total_money"]
            and refund["customer_id"] == sale["customer_id"]
        )
        sold = {line["variant_id"] for line in sale["line_items"]}
        assert {line["variant_id"] for line in refund["line_items"]} <= sold
        partial += refund["total_money"] < sale["total_money"]
    assert len(refunds) > 40 and 5 < partial < len(refunds) - 5
    assert len({refund["refund_for"] for refund in refunds}) == len(refunds)
    assert len(lines) == len(set(lines))


def test_no_sale_of_three_years_is_given_back_twice_or_after_its_cancellation(shop: Shop) -> None:
    schedule = shop.schedule
    targets = [
        (device, *target)
        for device in range(len(schedule.registers))
        for day in range(schedule.first, schedule.first + 1096)
        for target in schedule._refunds(device, day)
    ]
    assert len(targets) == len(set(targets)) > 2000
    assert not any(schedule.sale(*target).cancelled for target in targets[::9])


def test_devices_sync_late_and_within_bounds(shop: Shop, now: datetime) -> None:
    lags, cancelled = [], []
    for entry in shop.receipts(millis(now), Query(created_min=millis(now - timedelta(days=300)))):
        till, _, number = entry.key.partition("-")
        planned = shop.schedule.find(
            [till.number for till in shop.schedule.registers].index(int(till)), int(number)
        )
        lags.append(planned.created - planned.sold)
        cancelled += [planned.cancelled - planned.created] if planned.cancelled else []
    assert max(lags) < LONGEST_SYNC * 86_400 and max(lags) > 3 * 86_400
    assert sum(2 * 3600 < lag < 86_400 for lag in lags) > 100 and sum(
        lag <= 300 for lag in lags
    ) > 0.95 * len(lags)
    assert min(cancelled) > 0 and 10 * 86_400 < max(cancelled) < LONGEST_CANCELLATION * 86_400


def test_a_cancellation_shows_from_its_instant_on(shop: Shop) -> None:
    start = datetime(2026, 9, 1, tzinfo=UTC)
    seen = 0
    for day in range(start.toordinal(), start.toordinal() + 8):
        for planned in shop.schedule.created_on(day):
            if planned.cancelled:
                number, instant = (
                    f"{shop.schedule.registers[planned.device].number}-{planned.number}",
                    planned.cancelled * 1000,
                )
                before, after = (
                    json.loads(shop.find(moment, number).read())
                    for moment in (instant - 1, instant)
                )
                assert (
                    before["cancelled_at"] is None and before["updated_at"] == before["created_at"]
                )
                assert after == {
                    **before,
                    "cancelled_at": after["updated_at"],
                    "updated_at": after["updated_at"],
                }
                assert parse_stamp(after["updated_at"]) == instant
                for moment, updated in ((instant - 1, planned.created * 1000), (instant, instant)):
                    exactly = Query(updated_min=updated, updated_max=updated)
                    assert number in {entry.key for entry in shop.receipts(moment, exactly)}
                seen += 1
    assert seen > 5


def test_the_days_differ_as_the_demand_says(shop: Shop) -> None:
    schedule, sales = shop.schedule, Counter()
    for day in range(date(2023, 10, 1).toordinal(), date(2026, 10, 1).toordinal()):
        for device, till in enumerate(schedule.registers):
            sales[date.fromordinal(day), till.store] += schedule.sales(device, day)
    assert (
        sales[date(2025, 12, 25), 0] == 0
        and sales[date(2025, 3, 5), 1] == 0 < sales[date(2025, 3, 5), 0]
    )
    assert 105 < sum(sales.values()) / 2 / 1096 < 130
    by_weekday = Counter()
    for (day, store), count in sales.items():
        by_weekday[day.weekday(), store] += count
    assert by_weekday[5, 0] > 1.5 * by_weekday[0, 0]
    years = [
        sum(
            count
            for (day, _), count in sales.items()
            if start <= day < start.replace(year=start.year + 1)
        )
        for start in (date(2023, 10, 1), date(2024, 10, 1), date(2025, 10, 1))
    ]
    assert years[0] < years[1] < years[2]
    night = schedule.plan(0, date(2026, 10, 10).toordinal())
    assert any(
        planned.sold >= schedule.midnight(date(2026, 10, 11).toordinal()) for planned in night
    )


def test_only_so_many_stores() -> None:
    with pytest.raises(ValueError, match="stores=5"):
        Shop(stores=5)
    four, entry = (
        {row.key for row in Shop(stores=count).rows(millis(WEEK[0]), "stores")} for count in (4, 1)
    )
    assert len(four) == 4 and len(entry) == 1 and entry < four
