"""A receipt that was read and is before the history is named with its amount everywhere, and enters
the lake when the history begins earlier.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.runner import Runner

STORE = "11111111-aaaa-4aaa-8aaa-000000000001"


def sale(number: str, sold: str, created: str, total: object) -> dict:
    line = {
        "item_id": "i",
        "variant_id": "v",
        "item_name": "Café",
        "variant_name": None,
        "quantity": 1,
        "price": total,
        "gross_total_money": total,
        "total_discount": 0,
        "cost": 0,
        "cost_total": 0,
        "line_taxes": [],
        "line_modifiers": [],
    }
    return {
        "receipt_number": number,
        "receipt_type": "SALE",
        "created_at": created,
        "updated_at": created,
        "receipt_date": sold,
        "total_money": total,
        "total_tax": 0,
        "total_discount": 0,
        "tip": 0,
        "surcharge": 0,
        "store_id": STORE,
        "total_discounts": [],
        "total_taxes": [],
        "line_items": [line],
        "payments": [
            {
                "payment_type_id": None,
                "name": "Efectivo",
                "type": "CASH",
                "money_amount": total,
                "paid_at": created,
            }
        ],
    }


@pytest.fixture
def saved(luigi: Runner) -> Runner:
    receipts = [
        sale("1-1000", "2026-10-05T18:00:00Z", "2026-10-05T18:00:00Z", 100),
        sale("1-1001", "2026-10-06T18:00:00Z", "2026-10-06T18:00:00Z", 100),
        # a tablet with a dead clock, one offline over the first midnight, and an older page
        sale("1-1090", "2016-01-01T06:05:00Z", "2026-10-05T19:00:00Z", 250),
        sale("1-0999", "2026-10-05T05:50:00Z", "2026-10-05T20:00:00Z", 33),
        sale("1-0901", "2026-10-02T18:00:00Z", "2026-10-02T18:00:00Z", 777),
    ]
    folder = luigi.folder / "saved"
    folder.mkdir()
    (folder / "all.json").write_text(json.dumps({"receipts": receipts}))
    luigi.configure(
        "pos",
        source="files",
        folder=folder,
        history_starts="2026-10-05",
        now="2026-10-08T12:00:00Z",
    )
    return luigi.configure("shop", day_starts_at="00:00").configure("report", locale="en_US")


def numbers(lake: Path, table: str) -> list[str]:
    path = lake / f"{table}/year=2026/month=10/{table}.parquet"
    return sorted(pq.read_table(path)["receipt_number"].to_pylist())


def test_it_is_named_everywhere_and_enters_when_the_history_is_set_back(saved: Runner) -> None:
    log = saved("MonthlyReport", "--month", "2026-10")
    lake = saved.folder / "lake"
    _, status = saved.pos("status")
    report = (lake / "reports/monthly/2026-10/report.md").read_text()
    for text in (log, status, report):
        assert all(word in text for word in ("1-0901", "777.00", "1-0999", "33.00", "2026-10-02"))
        assert "1-1090" in text and "250.00" in text and "history" in text
    assert numbers(lake, "receipts") == ["1-1000", "1-1001"]
    assert numbers(lake, "quarantine") == ["1-1090"]
    assert numbers(lake, "outside") == ["1-0901", "1-0999"]
    code, said = saved.pos("verify", "--deep")
    assert code == 0, said
    saved.configure("pos", history_starts="2026-10-02")
    saved("MonthlyReport", "--month", "2026-10")
    assert numbers(lake, "receipts") == ["1-0901", "1-0999", "1-1000", "1-1001"]
    assert numbers(lake, "quarantine") == ["1-1090"]
    assert numbers(lake, "outside") == []
    _, status = saved.pos("status")
    code, said = saved.pos("verify")
    assert "1-0901" not in status and "1-0999" not in status and code == 0, said
