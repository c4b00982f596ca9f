"""Problems in a status: rejected records, silent stores, missing numbers, shifts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from pipeline.extract.missing_numbers import MissingNumbers
from pipeline.load import MONTH_DATASET, RAW_SHIFTS, SUMMARY, Lake
from pipeline.load.layout import TABLES
from pipeline.status.before_history import as_json

STATE = "etl_state.json"
SILENT_DAYS = 3
MONTHS = 3
YEAR = 12


def current_months(lake: Lake) -> dict[str, int]:
    """The last YEAR months of the lake, with the numbers of their manifests."""
    months = lake.partitions(MONTH_DATASET)[-YEAR:]
    return {
        month: newest.number for month in months if (newest := lake.current(MONTH_DATASET, month))
    }


def find_quarantined(lake: Lake) -> list[dict[str, Any]]:
    """Records in quarantine in the last YEAR months.

    Those of months that have not changed are taken from the last status.
    """
    rows: list[dict[str, Any]] = []
    names = ["receipt_number", "business_day", "reason", "detail", "total", "record"]
    before = lake.read_state(STATE)
    numbers = before.get("months", {})
    for month, number in current_months(lake).items():
        if numbers.get(month) == number:
            earlier = before.get("quarantined_records", ())
            rows += [row for row in earlier if row["business_day"].startswith(month)]
        elif lake.metadata(MONTH_DATASET, month)["quarantined"]:
            from pipeline.load.parquet import from_bytes

            table = from_bytes(lake.read(MONTH_DATASET, month, ["quarantine"])["quarantine"])
            rows += as_json(table.select(names).to_pylist())
    return rows


def find_silent_stores(
    lake: Lake, last: date, recent: Mapping[str, Mapping[str, int]], listed: Collection[str]
) -> dict[str, str]:
    """Stores without a receipt for SILENT_DAYS or more, and longer than ever before.

    Returns the last day with a receipt of each, or {"": ""} if the lake has no receipt of any
    store. Reads the days of `recent` and, before them, the summaries of MONTHS months. A store that
    is missing in these, but that the POS has `listed`, is looked up in the other summaries of a
    year; after a year without a receipt it counts as closed.
    """
    seen: dict[str, set[date]] = {}
    for day, count_by_store in recent.items():
        for store in count_by_store:
            seen.setdefault(store, set()).add(date.fromisoformat(day))
    months = lake.partitions(SUMMARY)[-YEAR:]
    for month in months[-MONTHS:]:
        for store, days in _days_by_store(lake, month).items():
            seen.setdefault(store, set()).update(days)
    for month in reversed(months[:-MONTHS]):
        if seen.keys() >= set(listed):
            break
        missing = set(listed) - seen.keys()
        days_by_store = _days_by_store(lake, month)
        seen |= {store: days for store, days in days_by_store.items() if store in missing}
    silent = {}
    for store, days in sorted(seen.items()):
        ordered = sorted(day for day in days if day <= last)
        breaks = [(b - a).days - 1 for a, b in pairwise(ordered)]
        passed = (last - ordered[-1]).days if ordered else 0
        if passed >= SILENT_DAYS and passed > max(breaks, default=0):
            silent[store] = str(ordered[-1])
    if not seen and len(recent) >= SILENT_DAYS:
        silent[""] = ""
    return silent


def _days_by_store(lake: Lake, month: str) -> dict[str, set[date]]:
    """The business days of a month with a receipt, by store."""
    if not lake.current(SUMMARY, month):
        return {}
    from pipeline.load.day_object import unpack_tables

    # from the file that a run with reports has read
    tables = unpack_tables(lake.read(SUMMARY, month, [TABLES])[TABLES], month)
    days: dict[str, set[date]] = {}
    for row in tables["days"].select(["store_id", "business_day"]).to_pylist():
        days.setdefault(row["store_id"], set()).add(row["business_day"])
    return days


def why_no_shifts(lake: Lake) -> str:
    """Why the newest raw shifts of a source are missing; "" if they are not."""
    days = lake.partitions(RAW_SHIFTS)[-1:]
    if not days or not lake.current(RAW_SHIFTS, days[0]):
        return ""
    metadata = lake.metadata(RAW_SHIFTS, days[0])
    refused: str = metadata["refused"]
    return refused or ("" if metadata["shifts"] else "the POS has none in this half of the month")


def name_missing(missing: MissingNumbers) -> dict[str, list[str]]:
    """Missing numbers by device, within its series: 3-1043, 3-1050 to 3-1052.

    Their receipts have not arrived: an offline device sends them later, or a rescan requests them.
    """
    return {
        device: [f"{device}-{a}" + (f" to {device}-{b}" if b > a else "") for a, b in ranges]
        for device, ranges in missing.items()
    }


def still_unknown(missing: MissingNumbers, tried: Mapping[str, int]) -> list[str]:
    """The missing numbers that a rescan has requested and the POS does not know."""
    series = ((number, *number.rpartition("-")[::2]) for number in tried)
    return sorted(
        number
        for number, device, number_part in series
        if any(a <= int(number_part) <= b for a, b in missing.get(device, ()))
    )
