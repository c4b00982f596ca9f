"""Check that every receipt of raw is in the lake.

It is counted, in quarantine or before the history. A receipt may not be before the history and
counted too. Reads the fields of raw that identify a receipt (not what transform/parse.py makes of
it), the newest tables of each month, and the receipts before the history. A receipt is identified
by its store and number, as in the tables, or by its number alone where the store is unreadable; a
record without a readable number by object and line. `MonthlyReport.checked_by` says which objects
the check for a report skips.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pyarrow as pa

from pipeline.lakes.raw_source import RawSource
from pipeline.load import MONTH_DATASET, RAW_RECEIPTS, Lake, RawObject
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.findings import LakeFinding
from pipeline.months import month_after
from pipeline.pos.source import NotCanonicalError, Reader, Record
from pipeline.rules import Rules, day_bounds
from pipeline.status.before_history import name_receipt

_REMEDY = "a defect of this project: report it, with `pos explain` of that receipt"
_DAY = timedelta(days=1)


ReceiptKey = tuple[str | None, str]
"""Store (None: unreadable) and number of a receipt, as the tables name them."""


class ReceiptIndex:
    """Where the lake has each receipt: months, quarantine, before the history."""

    def __init__(self, lake: Lake, before_history: pa.Table) -> None:
        self._lake, self._months = lake, set[str]()
        self.counted: set[ReceiptKey] = set()
        self.before_history = {
            (row["store_id"], row["receipt_number"]): row
            for row in before_history.to_pylist()
            if row["receipt_number"]
        }
        self._keys: set[ReceiptKey] = set(self.before_history)
        self._numbers = {number for _, number in self._keys}
        self._records = set(before_history["record"].to_pylist())

    def add(self, months: Collection[str]) -> None:
        """Read those of `months` that were not read yet."""
        for month in sorted(set(months) - self._months):
            tables = self._lake.read(MONTH_DATASET, month, ["receipts", "quarantine"])
            receipts, quarantine = (
                from_bytes(tables[name], f"{MONTH_DATASET} {month} {name}")
                for name in ("receipts", "quarantine")
            )
            counted = _keys_of(receipts)
            self.counted |= counted
            self._keys |= counted | _keys_of(quarantine)
            self._numbers = {number for _, number in self._keys}
            self._records |= set(quarantine["record"].to_pylist())
            self._months.add(month)

    def holds(self, key: ReceiptKey | None, record: str) -> bool:
        """Whether it has the receipt, or the record (object#line) of one without a number."""
        if record in self._records or key is None:
            return record in self._records
        store, number = key
        if store is None:
            return number in self._numbers
        return key in self._keys or (None, number) in self._keys


def _keys_of(table: pa.Table) -> set[ReceiptKey]:
    """The receipts of a table that have a number."""
    stores, numbers = (table[name].to_pylist() for name in ("store_id", "receipt_number"))
    return {(store, number) for store, number in zip(stores, numbers, strict=True) if number}


def objects_near(lake: Lake, month: date) -> list[RawObject]:
    """Raw objects with sales in or near a month, and those that arrived in it."""
    first = month - 2 * _DAY
    last = month_after(month)
    return [
        entry
        for entry in lake.raw_before(last + _DAY)
        if (entry.sold and entry.sold >= first) or entry.partition_name.month == f"{month:%Y-%m}"
    ]


@dataclass
class Completeness:
    """What is wrong, and `checked`: names of objects without a newly missing receipt.

    All their receipts were found, or were missing in an object that was read before.
    """

    findings: list[LakeFinding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)


def name_of(raw: RawSource, entry: RawObject) -> str:
    """A short name of an entry: its digest and first byte, with its source."""
    return raw.path_of(f"{entry.digest}+{entry.start}" if entry.start else entry.digest)


def check_completeness(
    raw: RawSource,
    entries: Collection[RawObject],
    is_built: Callable[[str], bool],
    index: ReceiptIndex,
    starts: date,
    last: date,
) -> Completeness:
    """Look for receipts that are in no table, or both before the history and counted.

    Receipts of months that are not `is_built` from the current raw, and those sold after business
    day `last`, are not due.
    """

    def is_due(day: date) -> bool:
        return day < starts or is_built(f"{day:%Y-%m}")

    due = [entry for entry in entries if all(map(is_due, _days_near(entry)))]
    index.add({f"{day:%Y-%m}" for entry in due for day in _days_near(entry) if day >= starts})
    missing: dict[ReceiptKey | str, list[tuple[str, datetime | None]]] = {}
    checked = []
    for entry in due:
        count = len(missing)
        for line, body in enumerate(_lines(raw, entry), 1):
            record = raw.reader.read_record(body)
            name = f"{raw.path_of(entry.key)}#{line}"
            key = _key_of(raw, record)
            if not index.holds(key, name) and _is_receipt(record, raw.reader):
                missing.setdefault(key or name, []).append((name, record.sold_at))
        if len(missing) == count:
            checked.append(name_of(raw, entry))
    # receipt to one record; one whose date has changed is looked for in the months of all its
    # revisions
    lost: dict[str, str] = {}
    for name_or_key, records in missing.items():
        times = [sold_at for _, sold_at in records if sold_at]
        days = {time.date() + shift * _DAY for time in times for shift in (-1, 0, 1)}
        if all(map(is_due, days)) and all(_is_closed(time, last, raw.rules) for time in times):
            index.add({f"{day:%Y-%m}" for day in days if day >= starts})
            record_name = records[0][0]
            key = None if isinstance(name_or_key, str) else name_or_key
            if not index.holds(key, record_name):
                lost[record_name] = key[1] if key else record_name
    return Completeness(list(_findings(raw, lost, index)), checked)


def _key_of(raw: RawSource, record: Record) -> ReceiptKey | None:
    """The store and number of a record, None without a readable number."""
    if not record.number:
        return None
    stores = raw.reader.store_ids(record.body)
    store = raw.name(stores.pop()) if len(stores) == 1 else None
    return store, raw.name(record.number)


def _findings(raw: RawSource, lost: dict[str, str], index: ReceiptIndex) -> Iterator[LakeFinding]:
    """Findings for receipts in two places, and for `lost` ones (number by record)."""
    both = [row for key, row in index.before_history.items() if key in index.counted]
    if both and not raw.prefix:  # once for all sources
        name = name_receipt(min(both, key=lambda row: str(row["receipt_number"])))
        what = f"receipt {name}: it is before the history and is counted too{_more(len(both))}"
        yield LakeFinding(RAW_RECEIPTS, what, _REMEDY)
    if lost:
        record, number = min(lost.items(), key=lambda item: item[::-1])
        what = (
            f"receipt {number} ({record}) was read and is neither counted, nor in quarantine,"
            f" nor before the history{_more(len(lost))}"
        )
        yield LakeFinding(RAW_RECEIPTS, what, _REMEDY)


def _lines(raw: RawSource, entry: RawObject) -> Iterator[bytes]:
    for block in raw.lake.read_raw_blocks(entry):
        yield from block.splitlines()


def _is_receipt(record: Record, reader: Reader) -> bool:
    """Whether the record makes a receipt: an open or abandoned order makes none."""
    if reader.translator is None:
        return True
    try:
        receipts = [json.loads(body) for body in reader.translator({})(record.body)]
        return any(receipt.get("replaces") is None for receipt in receipts)
    except NotCanonicalError:
        return True


def _more(count: int) -> str:
    return f"; and {count - 1:,} more" if count > 1 else ""


def _days_near(entry: RawObject) -> list[date]:
    """Business days to which its records may belong, and that of its partition."""
    partition_day = entry.partition_name.day
    day = entry.sold or partition_day
    return [*(day + shift * _DAY for shift in (-2, -1, 0, 1)), partition_day]


def _is_closed(sold_at: datetime, last: date, rules: Rules) -> bool:
    """Whether the sale's business day has closed in every store."""
    return sold_at < min(day_bounds(last, store)[1] for store in rules.every_store)
