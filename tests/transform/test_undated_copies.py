"""A record whose date became unreadable is in its window, and as a copy under the dates that it
left: it counts once.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.extract.fetch import pack
from pipeline.extract.moved_revisions import copy_moved_revisions
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.source import sold_date
from pipeline.transform import Catalog, Raw, build_day
from tests.transform.kitchen import DAY, rules

NO_CATALOG = Catalog.read(b"{}")
SOLD, CHANGED = datetime(2026, 7, 1, 18, tzinfo=UTC), datetime(2026, 7, 4, 18, tzinfo=UTC)


def body(updated: datetime, sold: object, **fields: object) -> bytes:
    plain = {
        "receipt_number": "1-1",
        "receipt_type": "SALE",
        "store_id": "s",
        "created_at": SOLD.isoformat(),
        "updated_at": updated.isoformat(),
        "receipt_date": sold,
        "total_money": 0,
        "total_tax": 0,
        "total_discount": 0,
        "tip": 0,
        "surcharge": 0,
        "line_items": [],
        "payments": [],
        "total_taxes": [],
        "total_discounts": [],
        "points_earned": 0,
        "points_deducted": 0,
        "points_balance": 0,
        "cancelled_at": None,
        "refund_for": None,
        "note": None,
        "order": None,
        "customer_id": None,
        "employee_id": None,
        "pos_device_id": None,
        "dining_option": None,
        "source": "point of sale",
        **fields,
    }
    return json.dumps(plain).encode()


def quarantined(second: bytes) -> dict[str, int]:
    """Records in quarantine by business day, after a receipt of DAY was changed to `second` three
    days later.
    """
    first, rows = read_receipt(body(SOLD, SOLD.isoformat())), read_receipt(second)
    raws = [
        Raw("2026-07-01", f"raw/receipts/sold={DAY}/2026-07-01.0.0.ndjson.zst", first.body + b"\n")
    ]
    batch = copy_moved_revisions({sold_date(rows): [rows]}, lambda *_: {DAY})
    raws += [
        Raw(
            "2026-07-04", f"raw/receipts/sold={sold or 'unknown'}/2026-07-04.0.0.ndjson.zst", ndjson
        )
        for sold, ndjson in pack(batch).items()
    ]
    result = {}
    for day in (DAY, date(2026, 7, 4)):
        own = [
            raw
            for raw in raws
            if f"sold={day}" in raw.name or ("unknown" in raw.name and raw.partition == str(day))
        ]
        built = build_day(day, own, NO_CATALOG, rules())
        assert built.metadata["counted"] == 0, "the version that was sold on that day is no more"
        result[str(day)] = built.metadata["quarantined"]
    return result


@pytest.mark.parametrize(
    "sold",
    [None, 5, "yesterday", "1970-01-01T00:00:00.000Z", (SOLD + timedelta(days=40)).isoformat()],
)
def test_it_is_in_quarantine_once(sold: object) -> None:
    assert quarantined(body(CHANGED, sold)) == {str(DAY): 0, "2026-07-04": 1}


def test_what_extraction_could_date_and_the_transform_cannot_is_never_dropped() -> None:
    twice = body(CHANGED, SOLD.isoformat()).replace(
        b'"receipt_date"', b'"receipt_date": 5, "receipt_date"'
    )
    fine = body(CHANGED, SOLD.isoformat().replace("+00:00", ".123456789Z"))
    for second in (twice, fine):
        assert sum(quarantined(second).values()) == 1
