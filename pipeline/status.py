"""Freshness of the lake: last window, gaps, quarantine, receipts by day.

In: a lake and an instant. Out: a Status. Business days; instants UTC.
`state/etl_state.json` holds the same for a machine; it is derived, and losing it costs nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow.compute as pc

from pipeline.extract.missing_numbers import MissingNumbers, find_missing_numbers
from pipeline.extract.new_fields import read_fields
from pipeline.extract.rescan import numbers_tried
from pipeline.extract.warnings import gap_warning
from pipeline.extract.window_bounds import DAY, window_names
from pipeline.extract.windows import spans
from pipeline.load import (
    CATALOG,
    INVALIDATED,
    RAW,
    RAW_SHIFTS,
    RECEIPTS,
    SALES,
    STAGING,
    SUMMARY,
    Lake,
    decompress,
)
from pipeline.load.day_object import FILE, unpack_tables
from pipeline.load.parquet import from_bytes
from pipeline.outside_history import (
    as_json,
    read_outside,
    read_outside_of,
)
from pipeline.raw_source import RawSource
from pipeline.rules import Rules

FORTNIGHT = 14
SILENT_DAYS = 3
MONTHS = 3
YEAR = 12


@dataclass(frozen=True)
class Status:
    """Freshness of a lake.

    `age_hours` is counted from the end of the last window; `receipts` are those of the last
    fortnight by day and store id, `stores` the names of these. `not_seen` are the numbers that are
    missing in each till's series of the fortnight, `unknown` those of them that a rescan requested
    and the API does not know; `new_fields` are unknown fields of receipts with their first window;
    `silent` are stores that stopped sending, with their last day. `outside` are the receipts before
    `history_starts`, `unread` the records in quarantine: no total counts them. `no_shifts` says by
    source why the newest shifts of the cash drawers are missing. With several points of sale
    `sources` has the first five fields of each; then `last_window` is the last that all of them
    have, and a gap or a limit of one is one of the lake.
    """

    last_window: str | None = None
    age_hours: float | None = None
    is_stale: bool = True
    gaps: list[str] = field(default_factory=list)
    truncated: dict[str, str] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, dict[str, int]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stores: dict[str, str] = field(default_factory=dict)
    not_seen: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    new_fields: dict[str, str] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    outside: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, Any]] = field(default_factory=list)
    history_starts: str = ""
    no_shifts: dict[str, str] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The same for a machine: state/etl_state.json."""
        fields = {name: value for name, value in asdict(self).items() if name != "sources" or value}
        return json.dumps(fields, indent=1, sort_keys=True).encode()


class _Windows(NamedTuple):
    """The windows of one source."""

    last_window: str
    end: datetime
    is_stale: bool
    gaps: list[str]
    truncated: dict[str, str]
    new_fields: dict[str, str]


def read_status(
    lake: Lake,
    *,
    expected: date,
    now: datetime,
    limited: bool,
    rules: Rules | None = None,
    starts: date | None = None,
    sources: Sequence[RawSource] = (),
) -> Status:
    """The status of a lake at `now`.

    `expected` is the last day whose window should be there; `limited` tells that the account
    serves 31 days only. With `rules` and `starts`, the first business day of the history, the
    receipts before it are named. `sources` are those of a lake of several points of sale.
    """
    lakes = {raw.point_of_sale: raw.lake for raw in sources} or {"": lake}
    windows = {name: _read_windows(home, expected) for name, home in lakes.items()}
    read = [each for each in windows.values() if each]
    if not read:
        hint = "nothing has been extracted yet; run: luigi --module pipeline Nightly"
        return Status(warnings=[hint])
    oldest = min(read, key=lambda each: each.last_window)
    last = date.fromisoformat(oldest.last_window)
    quarantined, receipts, numbers = _read_recent_days(lake, last)
    missing, warning = find_missing_numbers(numbers), gap_warning(oldest.end, now, limited)
    if not (rules and starts):
        outside = []
    elif sources:
        outside = read_outside_of(sources, starts, {}).to_pylist()
    else:
        outside = read_outside(lake, rules, starts).to_pylist()
    prefixes = {raw.point_of_sale: raw.prefix for raw in sources}
    return Status(
        last_window=oldest.last_window,
        age_hours=_age(oldest, now),
        is_stale=len(read) < len(windows) or any(each.is_stale for each in read),
        gaps=sorted({gap for each in read for gap in each.gaps}),
        truncated={
            f"{prefixes.get(name, '')}{day}": instant
            for name, each in windows.items()
            for day, instant in (each.truncated if each else {}).items()
        },
        quarantined=quarantined,
        receipts=receipts,
        warnings=[warning] if warning else [],
        stores=_name_stores(lakes, prefixes),
        not_seen=name_missing(missing),
        unknown=still_unknown(
            missing,
            {
                f"{prefixes.get(name, '')}{number}": times
                for name, home in lakes.items()
                for number, times in numbers_tried(home, last - FORTNIGHT * DAY).items()
            },
        )
        if missing
        else [],
        new_fields={path: day for each in read for path, day in each.new_fields.items()},
        silent=find_silent(lake, last, receipts),
        outside=as_json(outside),
        unread=find_unread(lake),
        history_starts=str(starts or ""),
        no_shifts={name: why for name, home in lakes.items() if (why := why_no_shifts(home))},
        sources={
            name: {
                "last_window": each and each.last_window,
                "age_hours": each and _age(each, now),
                "is_stale": each is None or each.is_stale,
                "gaps": each.gaps if each else [],
                "truncated": each.truncated if each else {},
            }
            for name, each in windows.items()
            if sources
        },
    )


def why_no_shifts(lake: Lake) -> str:
    """Why the newest raw shifts of a source are missing; "" if they are not."""
    days = lake.partitions(RAW_SHIFTS)[-1:]
    if not days or not _is_current(lake, RAW_SHIFTS, days[0], RAW):
        return ""
    metadata = lake.metadata(RAW_SHIFTS, days[0])
    refused: str = metadata["refused"]
    return refused or ("" if metadata["shifts"] else "the till has none in this half of the month")


def _age(windows: _Windows, now: datetime) -> float:
    return round((now - windows.end).total_seconds() / 3600, 1)


def _read_windows(lake: Lake, expected: date) -> _Windows | None:
    """The windows of one source; None where nothing has been extracted."""
    windows = window_names(lake)
    if not windows:
        return None
    last = date.fromisoformat(windows[-1])
    since = last - FORTNIGHT * DAY
    recent = windows[-max(FORTNIGHT, 31) :]
    metadata = dict(
        zip(
            recent,
            lake.storage.map(lambda name: lake.metadata(RECEIPTS, name), recent),
            strict=True,
        )
    )
    return _Windows(
        last_window=windows[-1],
        end=datetime.fromisoformat(metadata[windows[-1]]["end"]),
        is_stale=last < expected,
        gaps=list(_gaps(windows)),
        truncated={
            name: instant for name in recent if (instant := metadata[name].get("truncated_at"))
        },
        new_fields={
            path: entry["since"]
            for path, entry in read_fields(lake).items()
            if entry["since"] > str(since)
        },
    )


def _is_current(lake: Lake, dataset: str, name: str, fingerprint: str = "") -> bool:
    """Whether a partition exists and is valid, under that fingerprint if one is given."""
    newest = lake.newest(dataset, name)
    if newest is None or newest.fingerprint == INVALIDATED:
        return False
    return not fingerprint or newest.fingerprint == fingerprint


def _gaps(windows: list[str]) -> Iterator[str]:
    """Spans of days without a window, between the first and the last."""
    first, last = date.fromisoformat(windows[0]), date.fromisoformat(windows[-1])
    present = set(windows)
    days = (first + n * DAY for n in range((last - first).days))
    for span in spans(day for day in days if str(day) not in present):
        yield f"{span[0]} to {span[-1]}" if span[1:] else str(span[0])


def _read_recent_days(
    lake: Lake, last: date
) -> tuple[dict[str, int], dict[str, dict[str, int]], list[str]]:
    """Quarantined records by day, receipts by day and store, receipt numbers."""
    quarantined: dict[str, int] = {}
    receipts: dict[str, dict[str, int]] = {}
    numbers: list[str] = []
    days = [str(last - n * DAY) for n in range(FORTNIGHT - 1, -1, -1)]
    names = [name for name in days if _is_current(lake, STAGING, name)]
    objects = lake.storage.map(lambda name: lake.read(STAGING, name)[FILE], names)
    for name, body in zip(names, objects, strict=True):
        if count := lake.metadata(STAGING, name)["quarantined"]:
            quarantined[name] = count
        day = unpack_tables(body, f"{STAGING} {name}")
        tables = {dataset: day[dataset] for dataset in ("receipts", "quarantine")}
        stores = pc.cast(tables["receipts"].column("store_id"), "string").to_pylist()
        receipts[name] = dict(sorted(Counter(stores).items()))
        for table in tables.values():
            numbers += filter(None, table.column("receipt_number").to_pylist())
    return quarantined, receipts, numbers


def find_unread(lake: Lake) -> list[dict[str, Any]]:
    """The records in quarantine, of the last YEAR months of the lake."""
    rows: list[dict[str, Any]] = []
    names = ["receipt_number", "business_day", "reason", "detail", "total", "record"]
    for month in lake.partitions(SALES)[-YEAR:]:
        if _is_current(lake, SALES, month) and lake.metadata(SALES, month)["quarantined"]:
            table = from_bytes(lake.read(SALES, month, ["quarantine"])["quarantine"])
            rows += as_json(table.select(names).to_pylist())
    return rows


def find_silent(lake: Lake, last: date, recent: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Stores without a receipt for SILENT_DAYS or more, and longer than ever before.

    The value is the last day of each that has a receipt; key and value are "" where the lake has
    none of any store. Reads the days of `recent` and, before them, the summaries of MONTHS months.
    """
    seen: dict[str, set[date]] = {}
    for day, count_by_store in recent.items():
        for store in count_by_store:
            seen.setdefault(store, set()).add(date.fromisoformat(day))
    for month in lake.partitions(SUMMARY)[-MONTHS:]:
        if not _is_current(lake, SUMMARY, month):
            continue
        days = from_bytes(lake.read(SUMMARY, month, ["days"])["days"])
        for row in days.select(["store_id", "business_day"]).to_pylist():
            seen.setdefault(row["store_id"], set()).add(row["business_day"])
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


def store_names(lake: Lake) -> dict[str, str]:
    """The stores' names by id, from the newest catalog; empty where there is none."""
    snapshots = lake.partitions(CATALOG)
    if not snapshots or not _is_current(lake, CATALOG, snapshots[-1], RAW):
        return {}
    catalog = json.loads(decompress(lake.read(CATALOG, snapshots[-1])["catalog"]))
    return {store["id"]: store.get("name") or store["id"] for store in catalog.get("stores", [])}


def _name_stores(lakes: Mapping[str, Lake], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The stores of every source; of equal names each bears its source's."""
    rows = [
        (f"{prefixes.get(source, '')}{store_id}", label, source)
        for source, home in lakes.items()
        for store_id, label in store_names(home).items()
    ]
    sources = {(label, source) for _, label, source in rows}
    counts = Counter(label for label, _ in sources)
    return {
        store_id: f"{label} ({source.capitalize()})" if counts[label] > 1 else label
        for store_id, label, source in rows
    }


def name_missing(missing: MissingNumbers) -> dict[str, list[str]]:
    """Missing numbers by till, within its series: 3-1043, 3-1050 to 3-1052.

    They are receipts that have not arrived: of a till that was offline, which sends them later, or
    receipts that a rescan asks for.
    """
    return {
        till: [f"{till}-{a}" + (f" to {till}-{b}" if b > a else "") for a, b in ranges]
        for till, ranges in missing.items()
    }


def still_unknown(missing: MissingNumbers, tried: Mapping[str, int]) -> list[str]:
    """The missing numbers that a rescan has asked for and the API does not know."""
    series = ((number, *number.rpartition("-")[::2]) for number in tried)
    return sorted(
        number
        for number, till, place in series
        if any(a <= int(place) <= b for a, b in missing.get(till, ()))
    )
