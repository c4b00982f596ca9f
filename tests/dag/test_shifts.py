"""Shifts of the cash drawers from the POS to the report: nothing is lost, added or rounded."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.load import MONTHLY, RAW_SHIFTS, SHIFTS, SUMMARY, Lake, open_storage
from pipeline.simulator import Shop
from pipeline.simulator.ids import millis
from tests.support.book import Book
from tests.support.fake_pos import FakePos
from tests.support.runner import Runner
from tests.support.server import serve

AMOUNTS = {
    "opening_cash": "starting_cash",
    "cash_payments": "cash_payments",
    "cash_refunds": "cash_refunds",
    "paid_in": "paid_in",
    "paid_out": "paid_out",
    "expected_cash": "expected_cash",
    "counted_cash": "actual_cash",
}


@pytest.fixture
def unpermitted(luigi: Runner) -> Iterator[FakePos]:
    """A POS whose token may read everything but shifts."""
    book = Book(Shop(opened=date(2026, 10, 1), receipts_per_day=3, stores=1))
    scopes = frozenset({"RECEIPTS", "ITEMS", "EMPLOYEES", "STORES", "POS_DEVICES", "MERCHANT"})
    more = frozenset({"PAYMENT_TYPES", "TAXES", "CUSTOMERS"})
    with serve(book, scopes=frozenset(f"{name}_READ" for name in scopes | more)) as server:
        yield FakePos(server, book, luigi)


def table(fake_pos: FakePos, name: str) -> list[dict]:
    """The rows of a table of the lake in October."""
    path = fake_pos.luigi.folder / "lake" / name / "year=2026" / "month=10" / f"{name}.parquet"
    rows: list[dict] = pq.read_table(path).to_pylist()
    return rows


def lake_of(fake_pos: FakePos) -> Lake:
    return Lake(open_storage(str(fake_pos.luigi.folder / "lake")))


def test_the_section_sums_what_the_pos_states_and_ties_to_the_receipts(fake_pos: FakePos) -> None:
    fake_pos.luigi("MonthlyReport", "--month", "2026-10")
    listed = [
        json.loads(entry.read(), parse_float=Decimal)
        for entry in fake_pos.book.rows(millis(datetime(2026, 10, 31, 11, tzinfo=UTC)), "shifts")
    ]
    expected_shifts = {
        shift["id"]: shift for shift in listed if shift["opened_at"] > "2026-10-28T11"
    }
    rows = {row["shift_id"]: row for row in table(fake_pos, "shifts")}
    assert len(rows) > 6 and rows.keys() == expected_shifts.keys()
    for key, row in rows.items():
        assert all(
            row[ours] == Decimal(expected_shifts[key][theirs]) for ours, theirs in AMOUNTS.items()
        )
        moved = row["cash_payments"] - row["cash_refunds"] + row["paid_in"] - row["paid_out"]
        assert row["expected_cash"] == row["opening_cash"] + moved
        assert row["difference"] == row["counted_cash"] - row["expected_cash"]
    section = fake_pos.figures()["currencies"]["MXN"]["cash_drawer"]
    for name in ("expected", "counted"):
        theirs = AMOUNTS[f"{name}_cash"]
        assert Decimal(section[name]) == sum(
            Decimal(shift[theirs]) for shift in expected_shifts.values()
        )
    assert Decimal(section["difference"]) == sum(row["difference"] for row in rows.values())
    assert Decimal(section["over"]) - Decimal(section["short"]) == Decimal(section["difference"])
    assert section["shifts"] == section["counted_shifts"] == len(rows)
    check_receipts(fake_pos, rows)


def check_receipts(fake_pos: FakePos, rows: dict[str, dict]) -> None:
    """The cash of each shift is that of the receipts of its register between open and close."""
    devices = {
        shift["id"]: shift["pos_device_id"]
        for entry in fake_pos.book.rows(millis(fake_pos.server.now()), "shifts")
        if (shift := json.loads(entry.read()))["id"] in rows
    }
    receipts = {row["receipt_number"]: row for row in table(fake_pos, "receipts")}
    cash: dict[str, Decimal] = defaultdict(Decimal)
    cancelled = set()
    for payment in table(fake_pos, "payments"):
        if payment["tender_type"] != "CASH":
            continue
        receipt = receipts[payment["receipt_number"]]
        for key, row in rows.items():
            is_in = row["opened_at"] <= receipt["sold_at"] <= row["closed_at"]
            if is_in and devices[key] == receipt["pos_device_id"]:
                cash[key] += payment["amount"]
                cancelled |= {key} if receipt["is_cancelled"] else set()
    compared = [key for key in rows if key not in cancelled]
    assert len(compared) > 3
    for key in compared:
        assert rows[key]["cash_payments"] - rows[key]["cash_refunds"] == cash[key]


def test_an_earlier_start_of_history_adds_the_shifts_of_its_days(fake_pos: FakePos) -> None:
    expected_shifts = {
        shift["id"]: shift["opened_at"]
        for entry in fake_pos.book.rows(millis(datetime(2026, 10, 31, 11, tzinfo=UTC)), "shifts")
        if (shift := json.loads(entry.read()))
    }
    for start in ("2026-10-28", "2026-10-25"):
        fake_pos.luigi.configure("pos", history_starts=start)
        fake_pos.luigi("MonthlyShifts", "--month", "2026-10")
        expected = {key for key, opened in expected_shifts.items() if opened > f"{start}T11"}
        assert {row["shift_id"] for row in table(fake_pos, "shifts")} == expected


def test_a_token_without_the_right_costs_a_line_of_status_and_nothing_else(
    unpermitted: FakePos,
) -> None:
    fake_pos = unpermitted
    log = fake_pos.luigi("MonthlyReport", "--month", "2026-10")
    assert "no shifts of the cash drawer are kept" in log and "SHIFTS_READ" in log
    assert "cash_drawer" not in fake_pos.figures()["currencies"]["MXN"]
    report = fake_pos.luigi.folder / "lake/reports/monthly/2026-10/report.md"
    assert "Was the cash in the drawers correct?" not in report.read_text("utf-8")
    lake = lake_of(fake_pos)
    inputs = lake.metadata(MONTHLY, "2026-10")["inputs"]
    assert not any(name.startswith(SHIFTS) for name in inputs), "its fingerprint stays the same"
    assert not any("shifts" in name for name in lake.metadata(SUMMARY, "2026-10")["inputs"])
    assert lake.read(SHIFTS, "2026-10") == {} and lake.partitions(RAW_SHIFTS)
    status = fake_pos.luigi.pos("status")[1]
    assert [line for line in status.splitlines() if line.startswith("cash drawers     no shifts")]
    again = fake_pos.luigi("MonthlyReport", "--month", "2026-10")
    assert "Did not run any tasks" in again


def test_a_shift_that_closes_later_counts_in_the_month_of_its_opening(
    quiet_pos: FakePos, tmp_path: Path
) -> None:
    fake_pos, shift = (
        quiet_pos,
        {
            "id": "late",
            "store_id": "11111111-aaaa-4aaa-8aaa-000000000001",
            "pos_device_id": "till-1",
            "created_at": "2026-10-31T15:00:00.000Z",
            "opened_at": "2026-10-31T15:00:00.000Z",
            "closed_at": None,
            "opened_by_employee": None,
            "closed_by_employee": None,
            "starting_cash": 100.5,
            "cash_payments": 0,
            "cash_refunds": 0,
            "paid_in": 0,
            "paid_out": 0,
            "expected_cash": 100.5,
            "actual_cash": None,
            "cash_movements": [{"comment": "for Ana", "money_amount": 1}],
        },
    )
    fake_pos.book.put_rows("shifts", [shift])
    fake_pos.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    fake_pos.luigi("MonthlyShifts", "--month", "2026-10")
    assert [(row["shift_id"], row["difference"]) for row in table(fake_pos, "shifts")] == [
        ("late", None)
    ]
    closed = {"closed_at": "2026-11-02T05:00:00.000Z", "actual_cash": 90.25}
    fake_pos.book.put_rows("shifts", [{**shift, **closed}])
    fake_pos.set_clock(datetime(2026, 11, 3, 12, tzinfo=UTC))
    fake_pos.luigi("MonthlyShifts", "--month", "2026-10")
    (row,) = table(fake_pos, "shifts")
    assert row["difference"] == Decimal("-10.25")
    assert (row["business_day"], row["closed_day"]) == (date(2026, 10, 31), date(2026, 11, 1))
    fake_pos.luigi("MonthlyReport", "--month", "2026-11")
    inputs = lake_of(fake_pos).metadata(MONTHLY, "2026-11")["inputs"]
    assert f"{SHIFTS}/2026-10" in inputs, "it was closed in November"
    raw = lake_of(fake_pos).storage
    assert not any(b"Ana" in raw.get(stat.key) for stat in raw.list("raw/shifts/"))


def test_a_shift_with_an_impossible_amount_costs_no_other_shift_and_no_report(
    quiet_pos: FakePos,
) -> None:
    fake_pos = quiet_pos
    amounts = dict.fromkeys(AMOUNTS.values(), 100)
    good = amounts | {
        "id": "good",
        "store_id": "11111111-aaaa-4aaa-8aaa-000000000001",
        "pos_device_id": "till-1",
        "created_at": "2026-10-29T15:00:00.000Z",
        "opened_at": "2026-10-29T15:00:00.000Z",
        "closed_at": "2026-10-30T03:00:00.000Z",
    }
    odd = good | {"id": "odd", "expected_cash": 100.10000000000001}
    fake_pos.book.put_rows("shifts", [good, odd])
    log = fake_pos.luigi("MonthlyReport", "--month", "2026-10")
    assert [row["shift_id"] for row in table(fake_pos, "shifts")] == ["good"]
    assert "cannot hold (100.10000000000001)" in log
    assert "1 shifts could not be read and are in no report" in log
    assert fake_pos.figures()["currencies"]["MXN"]["cash_drawer"]["shifts"] == 1


def test_halves_of_months_that_touch_are_one_request_and_the_same_months(
    luigi: Runner, tmp_path: Path
) -> None:
    shop = Book(Shop(opened=date(2026, 9, 1), receipts_per_day=3, stores=1))
    with serve(shop) as server:
        FakePos(server, shop, luigi)
        luigi.configure("pos", history_starts="2026-09-02")
        months: list[list[bytes]] = []
        for name in ("halves", "span"):
            luigi.configure("lake", url=tmp_path / name)
            server.requests.clear()
            if name == "halves":
                for day in ("2026-09-15", "2026-09-30", "2026-10-15", "2026-10-30"):
                    luigi("RawShifts", "--date", day)
            else:
                luigi("Backfill", "--first", "2026-09-02", "--last", "2026-10-29")
            paths = [request.path for request in server.requests]
            assert paths.count("/shifts") == {"halves": 4, "span": 1}[name]
            luigi("MonthlyShifts", "--month", "2026-09")
            lake = Lake(open_storage(str(tmp_path / name)))
            months.append(sorted(lake.read(SHIFTS, "2026-09").values()))
    assert months[0] == months[1]
    assert len(pq.read_table(io.BytesIO(months[0][0]))) > 20
