"""Runs on a real shop: what is done is skipped, what changed is made again, and only that."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from tests.summarize.export_csv import amounts, newest
from tests.support.fake_pos import FakePos, served
from tests.support.few_files import FEW_FILES

ZONE = ZoneInfo("America/Mexico_City")


def ran(log: str) -> list[str]:
    """Tasks that ended in this run, in their order; a batch as its partitions."""
    tasks = re.findall(r"done +(\w+)\((\w+)=([^)]*)\)", log)
    return [
        f"{family}({name}={period})"
        for family, name, periods in tasks
        for period in re.split(", ?", periods)
    ]


def changed_receipts(log: str) -> dict[str, str]:
    """Partitions that were made again, each with what changed."""
    return dict(re.findall(r"(\w+\([^)]*\)) rebuilt because: (.*)", log))


def test_a_run_that_is_done_does_nothing(fake_pos: FakePos) -> None:
    log = fake_pos.run_nightly()
    assert "MonthlyReport(month=2026-10)" in ran(log) and "last window      2026-10-30" in log
    assert (
        json.loads((fake_pos.luigi.folder / "lake/state/etl_state.json").read_text())["last_window"]
        == "2026-10-30"
    )
    report = fake_pos.luigi.folder / "lake/reports/monthly/2026-10"
    shown = set(FEW_FILES) - {"message.json"}
    assert {path.name for path in report.glob("*.*")} == shown, "nothing was drawn"
    again = fake_pos.run_nightly()
    assert ran(again) == [] and "Did not run any tasks" in again


def test_a_cancelled_receipt_changes_its_own_day_and_no_other(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    fake_pos.run_nightly()
    before, days = fake_pos.figures()["currencies"]["MXN"]["bridge"]["total"], staged(fake_pos)
    number = fake_pos.some_receipt(date(2026, 10, 29), hour=18)["receipt_number"]
    fake_pos.book.cancel(number, datetime(2026, 10, 31, 18, tzinfo=UTC))
    log = fake_pos.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC)).run_nightly()
    assert {name for name, body in staged(fake_pos).items() if days.get(name) != body} == {
        "day=2026-10-29",
        "day=2026-10-31",
    }
    assert (
        "raw/receipts/2026-10-31 sold 2026-10-29"
        in changed_receipts(log)["DailySales(date=2026-10-29)"]
    )
    assert {name for name in ran(log) if name.startswith("DailySales")} == {
        "DailySales(date=2026-10-29)",
        "DailySales(date=2026-10-31)",
    }
    assert (
        changed_receipts(log)["MonthlySales(month=2026-10)"]
        == "staging/2026-10-29, staging/2026-10-31"
    )
    after = fake_pos.figures()["currencies"]["MXN"]["bridge"]["total"]
    assert after["cancelled_receipts"] == before["cancelled_receipts"] + 1


def staged(fake_pos: FakePos) -> dict[str, bytes]:
    return {
        path.parent.name: path.read_bytes()
        for path in (fake_pos.luigi.folder / "lake" / "staging").rglob("day.arrow.zst")
    }


def test_after_late_edited_and_cancelled_receipts_the_report_ties_and_the_lake_is_one_made_at_once(
    fake_pos: FakePos, tmp_path: Path
) -> None:
    fake_pos.run_nightly()
    late = {**fake_pos.some_receipt(date(2026, 10, 29)), "receipt_number": "99-1"}
    fake_pos.book.add(late, datetime(2026, 10, 31, 20, tzinfo=UTC))
    moved = fake_pos.some_receipt(date(2026, 10, 30))
    fake_pos.book.change(
        moved["receipt_number"],
        datetime(2026, 10, 31, 21, tzinfo=UTC),
        receipt_date="2026-10-28T22:00:00.000Z",
    )
    fake_pos.book.cancel(
        fake_pos.some_receipt(date(2026, 10, 31))["receipt_number"],
        datetime(2026, 11, 1, 17, tzinfo=UTC),
    )
    fake_pos.set_clock(datetime(2026, 11, 2, 12, tzinfo=UTC)).run_nightly()
    receipts = newest(
        json.dumps(receipt).encode()
        for receipt in served(
            fake_pos.server, datetime(2026, 9, 1, tzinfo=UTC), fake_pos.server.now()
        )
    )
    stores = fake_pos.figures()["currencies"]["MXN"]["bridge"]["stores"]
    assert len(stores) == 2
    for store, figures in stores.items():
        expected = total_of(receipt for receipt in receipts if is_of_october(receipt, store))
        assert {name: Decimal(figures[name]) for name in expected} == expected, store

    fake_pos.luigi.configure("lake", url=tmp_path / "other")
    fake_pos.luigi("MonthlySales", "--month", "2026-10,2026-11")
    rebuilt = sorted((tmp_path / "other" / "sales").rglob("*.parquet"))
    assert len(rebuilt) == 2
    for path in rebuilt:
        other = tmp_path / "lake" / path.relative_to(tmp_path / "other")
        assert other.read_bytes() == path.read_bytes(), path


def is_of_october(receipt: dict, store: str) -> bool:
    """Whether a receipt counts in the store's last days of October, which begin at 5."""
    sold = datetime.fromisoformat(receipt["receipt_date"]).astimezone(ZONE)
    day = (sold - timedelta(hours=5)).date()
    in_span = date(2026, 10, 28) <= day <= date(2026, 10, 31)
    return receipt["store_id"] == store and receipt["cancelled_at"] is None and in_span


def total_of(receipts: Iterable[dict]) -> dict[str, Decimal]:
    """Figures of the bridge, summed of verbatim receipts."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for receipt in receipts:
        is_sale = receipt["receipt_type"] == "SALE"
        sign = 1 if is_sale else -1
        own = amounts(receipt)
        totals["receipts"] += is_sale
        totals["gross_sales" if is_sale else "refunds"] += own["Gross sales"]
        totals["net_sales"] += sign * own["Net sales"]
        totals["collected"] += sign * own["Total collected"]
        totals["tips"] += sign * receipt["tip"]
        totals["paid"] += sign * sum(payment["money_amount"] for payment in receipt["payments"])
        for kind, name in (("INCLUDED", "tax_included"), ("ADDED", "tax_added")):
            taxes = (tax for tax in receipt["total_taxes"] if tax["type"] == kind)
            totals[name] += sign * sum(tax["money_amount"] for tax in taxes)
    return totals


def test_a_lone_report_extracts_its_own_months_and_no_more(fake_pos: FakePos) -> None:
    fake_pos.luigi.configure("pos", history_starts="2026-07-01")
    log = fake_pos.luigi("MonthlyReport", "--month", "2026-10")
    assert "1 MonthlyCustomers(month=2026-09)" in log and "2026-08" not in log
    assert "Did not run any tasks" in fake_pos.luigi("MonthlyReport", "--month", "2026-10")


def test_a_month_of_some_days_says_so_and_is_nothing_to_compare_with(fake_pos: FakePos) -> None:
    fake_pos.set_clock(datetime(2026, 11, 4, 12, tzinfo=UTC)).run_nightly()
    reports = {
        month: (fake_pos.luigi.folder / f"lake/reports/monthly/{month}/report.md").read_text()
        for month in ("2026-10", "2026-11")
    }
    assert (
        "The history begins on Oct 28, 2026" in reports["2026-10"]
        and "The history begins" not in reports["2026-11"]
    )
    assert "no complete earlier month" in reports["2026-10"]
    assert "data of October 2026 are missing or incomplete" in reports["2026-11"]
    inputs = fake_pos.figures("2026-11")["lineage"]["inputs"]
    assert "summary/2026-11" in inputs and "summary/2026-10" not in inputs, (
        "three days are nothing to compare a month with"
    )


def test_the_first_day_of_a_store_whose_day_begins_before_that_of_the_shop(
    quiet_pos: FakePos,
) -> None:
    """No window is before it, and none after it has receipts that did not change since."""
    fake_pos, other = quiet_pos, "Pacific/Auckland"
    store = fake_pos.some_receipt(date(2026, 10, 29))["store_id"]
    fake_pos.luigi.configure("shop", stores=json.dumps({store: {"timezone": other}}))
    sold = datetime(2026, 10, 28, 7, tzinfo=ZoneInfo(other)).astimezone(UTC)
    first = {
        **fake_pos.some_receipt(date(2026, 10, 29)),
        "receipt_number": "99-1",
        "receipt_date": f"{sold:%Y-%m-%dT%H:%M:%S}.000Z",
    }
    fake_pos.book.add(first, sold + timedelta(minutes=1))
    fake_pos.luigi("MonthlySales", "--month", "2026-10")
    (path,) = (fake_pos.luigi.folder / "lake" / "receipts").rglob("*.parquet")
    table = pq.read_table(path, columns=["receipt_number", "business_day"])
    days = dict(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
    assert days["99-1"] == date(2026, 10, 28)
