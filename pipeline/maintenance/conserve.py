"""Check that every receipt of raw is in exactly one place of the lake.

Reads raw with the few fields that name a receipt, not with the transform's reader; the current
months of the lake; and the receipts outside history. Records without a readable number are
identified by object and line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

import pyarrow as pa

from pipeline.load import RECEIPTS, SALES, Lake, RawObject
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.findings import LakeFinding
from pipeline.outside_history import name_receipt
from pipeline.pos.loyverse.pages import read_receipt
from pipeline.transform import Rules, day_bounds

_REMEDY = "a defect of this project: report it, with `pos explain` of that receipt"


class ReceiptIndex:
    """Where the lake has each receipt number: months, quarantine, outside history."""

    def __init__(self, lake: Lake, months: Collection[str], outside: pa.Table) -> None:
        self.counted: set[str] = set()
        self._quarantined: set[str] = set()
        self.outside = {row["receipt_number"]: row for row in outside.to_pylist()}
        self._records = set(outside["record"].to_pylist())
        for month in months:
            tables = lake.read(SALES, month, ["receipts", "quarantine"])
            receipts, quarantine = (
                from_bytes(tables[name], f"{SALES} {month} {name}")
                for name in ("receipts", "quarantine")
            )
            self.counted |= set(receipts["receipt_number"].to_pylist())
            self._quarantined |= set(quarantine["receipt_number"].to_pylist())
            self._records |= set(quarantine["record"].to_pylist())

    def holds(self, number: str | None, record: str) -> bool:
        """Whether it has the receipt, or the record (object#line) of one without a number."""
        return record in self._records or (
            number is not None
            and (number in self.counted or number in self._quarantined or number in self.outside)
        )


def conserve(
    lake: Lake,
    rules: Rules,
    months: Collection[str],
    outside: pa.Table,
    starts: date,
    last: date,
    batches: Collection[str] | None = None,
) -> Iterator[LakeFinding]:
    """Receipts that are nowhere, or both outside history and counted.

    `months` are those built from the current raw; receipts of other months, and those sold after
    business day `last`, are not due. `batches` limits the check to some of raw.
    """
    entries = [
        entry
        for entry in lake.raw_before(date.max)
        if (batches is None or entry.batch in batches) and _is_due(entry, months, starts)
    ]
    near = {f"{day:%Y-%m}" for entry in entries for day in _days_near(entry)}
    index = ReceiptIndex(lake, sorted(near & set(months)), outside)
    both = sorted(number for number in index.outside if number and number in index.counted)
    if both:
        yield LakeFinding(
            RECEIPTS,
            f"receipt {name_receipt(index.outside[both[0]])}: it lies before the history and is"
            f" counted too{_more(len(both))}",
            _REMEDY,
        )
    lost: dict[str, str] = {}
    for entry in entries:
        for line, body in enumerate(lake.read_raw(entry).splitlines(), 1):
            record = read_receipt(body)
            name = f"{entry.key}#{line}"
            if not index.holds(record.number, name) and _is_closed(record.sold_at, last, rules):
                lost.setdefault(record.number or name, name)
    if lost:
        number = min(lost)
        yield LakeFinding(
            RECEIPTS,
            f"receipt {number} ({lost[number]}) was read and is neither counted, nor in quarantine,"
            f" nor outside history{_more(len(lost))}",
            _REMEDY,
        )


def _more(count: int) -> str:
    return f"; and {count - 1:,} more" if count > 1 else ""


def _days_near(entry: RawObject) -> list[date]:
    """Business days to which its records may belong, and that of its batch."""
    batch_day = entry.batch_name.day
    day = entry.sold or batch_day
    return [*(day + timedelta(days=shift) for shift in (-2, -1, 0, 1)), batch_day]


def _is_due(entry: RawObject, months: Collection[str], starts: date) -> bool:
    """Whether every day to which a record may belong is built, or outside history."""
    return all(day < starts or f"{day:%Y-%m}" in months for day in _days_near(entry))


def _is_closed(sold_at: datetime | None, last: date, rules: Rules) -> bool:
    """Whether the sale's business day has closed in every store."""
    stores = (rules.default, *rules.stores.values())
    return sold_at is None or sold_at < min(day_bounds(last, store)[1] for store in stores)
