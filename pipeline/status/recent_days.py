"""Receipts, numbers and quarantine of the last 14 days, for the status.

A day is read from the tables of its month if these were built from the day's newest content: that
needs two requests instead of one for each day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.extract.window_bounds import DAY
from pipeline.load import MONTH_DATASET, STAGING, Lake
from pipeline.load.day_object import unpack_tables
from pipeline.load.layout import ONLY_FILE
from pipeline.load.parquet import from_bytes
from pipeline.months import days_between

RECENT_DAYS = 14
_LARGE = 32 << 20  # of a month's tables: the days of a larger one are read one by one


class RecentDay(NamedTuple):
    """A business day: records in quarantine, receipts by store, receipt numbers."""

    quarantined: int
    receipts: dict[str, int]
    numbers: list[str]


def read_recent_days(lake: Lake, last: date) -> dict[str, RecentDay]:
    """Those of the last RECENT_DAYS days that are in the lake."""
    days = map(str, days_between(last - (RECENT_DAYS - 1) * DAY, last))
    names = [name for name in days if lake.current(STAGING, name)]
    read = dict[str, RecentDay]()
    for month in sorted({name[:7] for name in names}):
        read |= _read_days_of_month(lake, month, names)
    unread = [name for name in names if name not in read]
    for name, files in zip(
        unread, lake.storage.map(lambda name: lake.read(STAGING, name), unread), strict=True
    ):
        if not files:
            read[name] = RecentDay(0, {}, [])
            continue
        tables = unpack_tables(files[ONLY_FILE[STAGING]], f"{STAGING} {name}")
        quarantined = lake.metadata(STAGING, name)["quarantined"]
        read[name] = _count_day(quarantined, tables["receipts"], tables["quarantine"])
    return {name: read[name] for name in names}


def _read_days_of_month(lake: Lake, month: str, names: Sequence[str]) -> dict[str, RecentDay]:
    """Days that the tables of their month hold as they are now; none of a large month."""
    if not lake.current(MONTH_DATASET, month):
        return {}
    newest = {name: lake.newest(STAGING, name) for name in names if name[:7] == month}
    body = lake.body(lake.manifests_of(MONTH_DATASET, month)[-1])
    inputs, counts = body["metadata"]["inputs"], body["metadata"].get("counts", {})
    same = [
        name
        for name, manifest in newest.items()
        if manifest and name in counts and inputs.get(f"{STAGING}/{name}") == manifest.digest
    ]
    tables = ("receipts", "quarantine")
    if sum(body["files"][name]["size"] for name in tables) > _LARGE:
        return {}
    files = lake.read(MONTH_DATASET, month, list(tables))
    receipts = from_bytes(files["receipts"], columns=["business_day", "store_id", "receipt_number"])
    quarantine = from_bytes(files["quarantine"], columns=["business_day", "receipt_number"])
    return {
        name: _count_day(
            counts[name]["quarantined"], *(_of_day(table, name) for table in (receipts, quarantine))
        )
        for name in same
    }


def _of_day(table: pa.Table, name: str) -> pa.Table:
    return table.filter(pc.equal(table["business_day"], pa.scalar(date.fromisoformat(name))))


def _count_day(quarantined: int, receipts: pa.Table, quarantine: pa.Table) -> RecentDay:
    stores = pc.cast(receipts.column("store_id"), "string").to_pylist()
    numbers = [
        number
        for table in (receipts, quarantine)
        for number in table.column("receipt_number").to_pylist()
        if number
    ]
    return RecentDay(quarantined, dict(sorted(Counter(stores).items())), numbers)
