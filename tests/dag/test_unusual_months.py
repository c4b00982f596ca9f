"""Small months read from saved receipts, through to the report: days before the history, only
refunds, a day of refunds, and names that look like Markdown.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.runner import Runner

STORE = "11111111-aaaa-4aaa-8aaa-000000000001"


def receipt(number: int, at: str, amount: int, item: str, refund_for: str | None = None) -> dict:
    line = {
        "id": "line",
        "item_id": f"item-{item}",
        "variant_id": f"variant-{item}",
        "item_name": item,
        "variant_name": None,
        "sku": "1",
        "quantity": 1,
        "price": amount,
        "gross_total_money": amount,
        "total_money": amount,
        "cost": 0,
        "cost_total": 0,
        "line_note": None,
        "line_taxes": [],
        "total_discount": 0,
        "line_discounts": [],
        "line_modifiers": [],
    }
    payment = {
        "payment_type_id": "p1",
        "name": "Cash",
        "type": "CASH",
        "money_amount": amount,
        "paid_at": at,
        "payment_details": None,
    }
    return {
        "receipt_number": f"1-{number}",
        "note": None,
        "receipt_type": "REFUND" if refund_for else "SALE",
        "refund_for": refund_for,
        "order": None,
        "created_at": at,
        "updated_at": at,
        "source": "point of sale",
        "receipt_date": at,
        "cancelled_at": None,
        "total_money": amount,
        "total_tax": 0,
        "points_earned": 0,
        "points_deducted": 0,
        "points_balance": 0,
        "customer_id": None,
        "total_discount": 0,
        "employee_id": None,
        "store_id": STORE,
        "pos_device_id": "22222222-bbbb-4bbb-8bbb-000000000001",
        "dining_option": "Dine in",
        "total_discounts": [],
        "total_taxes": [],
        "tip": 0,
        "surcharge": 0,
        "line_items": [line],
        "payments": [payment],
    }


def stamp(day: int, hour: int = 18, month: int = 10) -> str:
    return f"2026-{month:02d}-{day:02d}T{hour:02d}:00:00.000Z"


def report_of(luigi: Runner, receipts: list[dict], **settings: str) -> tuple[str, dict, Path]:
    """The Markdown and the figures of October, and the folder of the report."""
    saved = luigi.folder / "saved"
    saved.mkdir()
    (saved / "receipts.json").write_text(json.dumps({"receipts": receipts}))
    shop = {"timezone": "America/Mexico_City", "day_starts_at": "00:00", "currency": "MXN"}
    starts = settings.pop("history_starts", "2026-10-01")
    luigi.configure("pos", source="files", folder=saved, history_starts=starts)
    luigi.configure("shop", **(shop | settings)).configure("report", locale="en_US")
    luigi("MonthlyReport", "--month", "2026-10")
    folder = luigi.folder / "lake/reports/monthly/2026-10"
    return (
        (folder / "report.md").read_text("utf-8"),
        json.loads((folder / "figures.json").read_text("utf-8")),
        folder,
    )


@pytest.mark.parametrize(
    ("timezone", "first"), [("Asia/Tokyo", "2026-10-06"), ("America/Mexico_City", "2026-10-05")]
)
def test_the_header_names_the_first_day_of_the_data(luigi, timezone, first):
    receipts = [receipt(day, stamp(day), 100, "Taco") for day in range(5, 12)]
    text, figures, _ = report_of(luigi, receipts, timezone=timezone, history_starts=first)
    days = figures["currencies"]["MXN"]["days"]["days"]
    assert min(days) == first and days[first]["receipts"] == 1
    day = int(first[-2:])
    assert f"The history begins on Oct {day}, 2026" in text
    (closed,) = re.findall(r"(?m)^\d+ days without sales: .*$", text)
    assert f"Oct {day - 1}" not in closed and "more." in closed


def test_a_month_of_refunds_only_has_no_best_and_no_share(luigi):
    back = [receipt(20 + i, stamp(i), 585, "Big table", refund_for="1-1") for i in range(1, 11)]
    text, _, _ = report_of(luigi, back)
    sections, lineage, _ = text.partition("Data quality and origin")
    assert lineage
    assert "best" not in sections.lower() and "%" not in re.sub("no percentage", "", sections)


def test_a_day_of_refunds_is_named_and_is_not_the_lowest(luigi):
    sales = [receipt(day, stamp(day), 100 + day, "Taco") for day in range(1, 26)]
    back = receipt(90, stamp(9, 19), 5852, "Big table", refund_for="1-1")
    text, _, _ = report_of(luigi, [*sales, back])
    assert "1 day on which refunds came to more than sales: Oct 9." in text
    assert "the lowest of 24 days with net sales was Thu, Oct 1, 2026" in text
    (row,) = (line for line in text.splitlines() if line.startswith("| Big table | −"))
    assert row.endswith("| – | – |"), "neither a share nor a class"


def test_numbered_names_read_as_they_are(luigi):
    sales = [receipt(day, stamp(day), 100, f"{day}. Pollo") for day in range(1, 13)]
    text, _, _ = report_of(luigi, sales)
    assert "| 12. Pollo |" in text and not re.search(r"\\\d|\d\\[.)]", text)
