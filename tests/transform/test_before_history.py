"""Records in = counted + in quarantine + before the history + waiting: each receipt in exactly one
place, whatever its dates, edits, store and windows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.extract.commit import earlier_dates_in, pack_objects
from pipeline.extract.missed import Missed, by_date
from pipeline.extract.moved_revisions import sales_of
from pipeline.lakes.raw_source import RawSource
from pipeline.load import Lake, open_storage
from pipeline.pos.loyverse import reader
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import sold_date
from pipeline.rules import Rules
from pipeline.status.before_history import objects_before_history, read_before_history
from pipeline.transform import Raw, Store, build_day, day_bounds
from tests.support.inputs import tries
from tests.transform.kitchen import catalog, line, receipt, rules

STARTS, LAST = date(2026, 10, 3), date(2026, 10, 9)
DAY = timedelta(days=1)
STORES = {
    "s1": Store("America/Mexico_City", time(5), "MXN", 2),
    "s2": Store("Asia/Tokyo", time(0), "MXN", 2),
}
RULES = rules("", stores=STORES)
OPENS = day_bounds(STARTS, STORES["s1"])[0]
HOURS = int((day_bounds(LAST, STORES["s1"])[1] - OPENS) / timedelta(hours=1))


def versions_of(
    number: int, store: str, created: int, edits: list[tuple[int, int, bool]]
) -> Iterator[dict]:
    """The versions of one receipt: `created` and the delays in hours from the first window on, each
    edit with the hours between its sale and its creation, and whether its amount can be read.
    """
    arrived = OPENS + timedelta(hours=created)
    changed = arrived
    for delay, ahead, is_readable in edits:
        changed += timedelta(hours=delay)
        body = receipt(line("Taco", 10 + number), receipt_number=f"1-{number}", store_id=store)
        body |= {
            "created_at": stamp(arrived),
            "updated_at": stamp(changed),
            "receipt_date": stamp(arrived - timedelta(hours=ahead)),
        }
        yield body if is_readable else {**body, "total_money": "?"}


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def fill(lake: Lake, bodies: list[dict]) -> None:
    """Commit the versions, each to the window of its `updated_at`, as extraction does."""
    for n in range((LAST - STARTS).days + 1):
        day = STARTS + n * DAY
        start, end = day_bounds(day, STORES["s1"])
        records = [read_receipt(json.dumps(body).encode()) for body in bodies]
        own = {}  # the API serves the newest version of a receipt only
        for record in sorted(records, key=lambda r: r.updated_at):
            if start <= record.updated_at < end:
                own[record.number] = record
        batch = by_date(Missed(sold_date(record), record, None) for record in own.values())
        objects, times = pack_objects(batch, earlier_dates_in(lake, reader), sales_of(batch))
        metadata = {"start": start.isoformat(), "end": end.isoformat(), "records": len(own)}
        lake.commit_window(str(day), objects, {**metadata, "truncated_at": None}, times)


def source_of(lake: Lake, shop: Rules = RULES) -> list[RawSource]:
    """The only source of the lake."""
    return [RawSource("loyverse", lake, shop, reader)]


def found_in(lake: Lake) -> dict[str, list[str]]:
    """Where the transform puts each receipt: every place that names it."""
    decimals: dict[str, list[str]] = {}
    for n in range((LAST - STARTS).days + 1):
        day = STARTS + n * DAY
        bounds = [day_bounds(day, store) for store in (RULES.default, *STORES.values())]
        start, end = min(b[0] for b in bounds), max(b[1] for b in bounds)
        entries = lake.raw_objects(start.date(), end.date(), str(day))
        raw = [Raw(e.partition, e.key, lake.read_raw(e)) for e in entries if e.may_hold(start, end)]
        result = build_day(day, raw, catalog(), RULES)
        for number in result.receipts["receipt_number"].to_pylist():
            decimals.setdefault(number, []).append(f"counted {day}")
        for number in result.quarantine["receipt_number"].to_pylist():
            decimals.setdefault(number, []).append(f"quarantine {day}")
    for row in read_before_history(source_of(lake), STARTS).to_pylist():
        decimals.setdefault(row["receipt_number"], []).append(f"outside {row['business_day']}")
    return decimals


def expected(newest: dict) -> list[str]:
    """Where a receipt belongs, by the rules in words, on the clock of its store."""
    store = STORES[newest["store_id"]]
    sold, created, updated = (
        datetime.fromisoformat(newest[name])
        for name in ("receipt_date", "created_at", "updated_at")
    )
    is_dead = sold < created - timedelta(days=366)
    day = wall_day(created if is_dead else sold, store)
    if sold.year < 2010:
        return [f"quarantine {wall_day(updated, STORES['s1'])}"]
    if day < STARTS:
        return [f"outside {day}"]
    if day > LAST:
        return []
    is_refused = is_dead or newest["total_money"] == "?"
    return [f"{'quarantine' if is_refused else 'counted'} {day}"]


def wall_day(instant: datetime, store: Store) -> date:
    wall = instant.astimezone(ZoneInfo(store.timezone))
    return wall.date() - DAY * (wall.time() < store.day_starts_at)


AHEAD = st.one_of(
    st.integers(-47, 200),
    st.sampled_from([366 * 24 - 1, 366 * 24 + 1, 94_000, 170_000]),
)
RECEIPTS = st.lists(
    st.tuples(
        st.sampled_from(sorted(STORES)),
        st.integers(0, HOURS - 1),
        st.lists(
            st.tuples(st.integers(0, 60), AHEAD, st.sampled_from([True, True, True, False])),
            min_size=1,
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(RECEIPTS)
@settings(max_examples=tries(8, 30), deadline=None, derandomize=True)
@example(
    [("s1", 1, [(0, 12, True), (30, -3, True)])]
)  # over the first midnight, within one UTC date
@example(
    [("s1", 20, [(0, 0, True), (30, 60, True), (30, 0, True)])]
)  # out of the history, and back
@example([("s1", 50, [(0, 94_000, True)])])  # a dead clock
def test_every_receipt_is_in_exactly_one_place(drawn) -> None:
    bodies = [
        body
        for number, (store, created, edits) in enumerate(drawn)
        for body in versions_of(number, store, created, [(0, *edits[0][1:]), *edits[1:]])
    ]
    newest: dict[str, dict] = {}
    end = day_bounds(LAST, STORES["s1"])[1]
    for body in sorted(bodies, key=lambda b: b["updated_at"]):
        if datetime.fromisoformat(body["updated_at"]) < end:
            newest[body["receipt_number"]] = body
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(open_storage(folder), run="test")
        fill(lake, bodies)
        decimals = found_in(lake)
    required = {number: expected(body) for number, body in newest.items()}
    assert decimals == {number: place for number, place in required.items() if place}


def test_money_and_arrival_are_stated_and_a_cancelled_receipt_counts_none(tmp_path) -> None:
    lake = Lake(open_storage(str(tmp_path)), run="test")
    [sale] = versions_of(1, "s1", 30, [(0, 90, True)])
    [refund] = versions_of(2, "s1", 30, [(0, 90, True)])
    [cancelled] = versions_of(3, "s1", 30, [(0, 90, True)])
    [unread] = versions_of(4, "s1", 30, [(0, 90, False)])
    fill(
        lake,
        [
            sale,
            {**refund, "receipt_type": "REFUND"},
            {**cancelled, "cancelled_at": sale["created_at"]},
            unread,
        ],
    )
    rows = read_before_history(source_of(lake), STARTS).to_pylist()
    assert [(row["receipt_number"], row["total"], row["reason"]) for row in rows] == [
        ("1-1", 11, None),
        ("1-2", -12, None),
        ("1-3", 0, None),
        ("1-4", None, "not_a_number"),
    ]
    assert {row["received"] for row in rows} == {STARTS + DAY}
    assert {row["currency"] for row in rows} == {"MXN"}
    keys = {entry.key for entry in objects_before_history(lake, RULES, STARTS)}
    assert {row["record"].partition("#")[0] for row in rows} == keys


def test_a_lake_without_such_receipts_reads_nothing(tmp_path) -> None:
    lake = Lake(open_storage(str(tmp_path)), run="test")
    fill(
        lake, [*versions_of(1, "s1", 30, [(0, 1, True)]), *versions_of(2, "s2", 80, [(0, 0, True)])]
    )
    assert objects_before_history(lake, RULES, STARTS) == []


@pytest.mark.parametrize("days", [30, 400])
def test_the_bound_of_an_implausible_date_is_a_setting(tmp_path, days: int) -> None:
    lake = Lake(open_storage(str(tmp_path)), run="test")
    fill(lake, list(versions_of(1, "s1", 30, [(0, 200 * 24, True)])))
    late = rules("", stores=STORES, max_days_late=days)
    rows = read_before_history(source_of(lake, late), STARTS).to_pylist()
    assert len(rows) == (days == 400)
