"""Freshness of the lake: last window, gaps, quarantine, receipts by day.

Takes a lake and an instant. Returns a Status. Days are business days, instants UTC.
`state/etl_state.json` has the same as JSON, for programs; it is derived and can be lost without
harm.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from pipeline.extract.missing_numbers import find_missing_numbers
from pipeline.extract.new_fields import read_fields
from pipeline.extract.rescan import numbers_tried
from pipeline.extract.warnings import gap_warning
from pipeline.extract.window_bounds import DAY, consecutive_days
from pipeline.lakes.raw_source import RawSource
from pipeline.load import CATALOG, Lake, decompress
from pipeline.months import days_between
from pipeline.status.before_history import as_json, read_before_history
from pipeline.status.problems import (
    STATE,
    current_months,
    find_quarantined,
    find_silent_stores,
    name_missing,
    still_unknown,
    why_no_shifts,
)
from pipeline.status.recent_days import RECENT_DAYS, read_recent_days


@dataclass(frozen=True)
class Status:
    """Freshness of a lake.

    age_hours        since the end of the last window
    gaps             periods of days whose windows are missing
    truncated        windows that the history limit cut, each with the limit
    receipts         number of receipts by day and store id, of the last 14 days
    stores           names of the stores by id
    missing_numbers  missing receipt numbers of these days, by device
    unknown          those of them that a rescan requested and the POS does not know
    new_fields       fields of receipts that the reader does not know, each with its first window
    silent           stores that stopped sending, each with its last day
    outside          receipts before `history_starts`, which no total counts
    quarantined      number of records in quarantine by day, of the last 14 days
    quarantined_records  records in quarantine of the last 12 months, which no total counts
    no_shifts        why the newest shifts of the cash drawers are missing, by source
    sources          with several sources, the window fields of each; then `last_window` is the last
                     that all of them have, and `gaps` and `truncated` are those of all
    windows, months  numbers of the manifests that the next status need not read again
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
    missing_numbers: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    new_fields: dict[str, str] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    outside: list[dict[str, Any]] = field(default_factory=list)
    quarantined_records: list[dict[str, Any]] = field(default_factory=list)
    history_starts: str = ""
    no_shifts: dict[str, str] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The same as JSON: state/etl_state.json."""
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
    numbers: dict[str, int]

    def age(self, now: datetime) -> float:
        """Hours since the end of the last window."""
        return round((now - self.end).total_seconds() / 3600, 1)


def read_status(
    lake: Lake,
    *,
    expected: date,
    now: datetime,
    limited: bool,
    starts: date,
    sources: Sequence[RawSource],
) -> Status:
    """The status of a lake at `now`.

    `expected` is the last day whose window should exist, `limited` whether the account serves only
    31 days, `starts` the first business day of the history.
    """
    previous = lake.read_state(STATE)
    windows = [(raw, _read_windows(raw, expected, previous)) for raw in sources]
    extracted = [(raw, each) for raw, each in windows if each]
    if not extracted:
        hint = "nothing has been extracted yet; run: pos run"
        return Status(warnings=[hint])
    oldest = min((each for _, each in extracted), key=lambda each: each.last_window)
    last = date.fromisoformat(oldest.last_window)
    days = read_recent_days(lake, last)
    receipts = {name: day.receipts for name, day in days.items()}
    missing = find_missing_numbers(number for day in days.values() for number in day.numbers)
    since = last - RECENT_DAYS * DAY
    tried = {
        raw.name(number): times
        for raw in sources
        if missing
        for number, times in numbers_tried(raw.lake, since).items()
    }
    warning = gap_warning(oldest.end, now, limited)
    several, stores = len(sources) > 1, _name_stores(sources)
    return Status(
        last_window=oldest.last_window,
        age_hours=oldest.age(now),
        is_stale=len(extracted) < len(windows) or any(each.is_stale for _, each in extracted),
        gaps=sorted({gap for _, each in extracted for gap in each.gaps}),
        truncated={
            raw.name(day): instant
            for raw, each in extracted
            for day, instant in each.truncated.items()
        },
        quarantined={name: day.quarantined for name, day in days.items() if day.quarantined},
        receipts=receipts,
        warnings=[warning] if warning else [],
        stores=stores,
        missing_numbers=name_missing(missing),
        unknown=still_unknown(missing, tried),
        new_fields={path: day for _, each in extracted for path, day in each.new_fields.items()},
        silent=find_silent_stores(lake, last, receipts, stores),
        outside=as_json(read_before_history(sources, starts).to_pylist()),
        quarantined_records=find_quarantined(lake),
        months=current_months(lake),
        history_starts=str(starts),
        no_shifts={
            raw.point_of_sale if several else "": why
            for raw in sources
            if (why := why_no_shifts(raw.lake))
        },
        sources={raw.point_of_sale: _fields(each, now) for raw, each in windows if several},
        windows={
            raw.name(window): number
            for raw, each in extracted
            for window, number in each.numbers.items()
        },
    )


def _fields(windows: _Windows | None, now: datetime) -> dict[str, Any]:
    """What the status says about one of several sources."""
    return {
        "last_window": windows and windows.last_window,
        "age_hours": windows and windows.age(now),
        "is_stale": windows is None or windows.is_stale,
        "gaps": windows.gaps if windows else [],
        "truncated": windows.truncated if windows else {},
    }


def _read_windows(raw: RawSource, expected: date, previous: Mapping[str, Any]) -> _Windows | None:
    """The windows of a source, or None; those in the status `previous` are not read."""
    lake, committed = raw.lake, raw.lake.windows()
    windows = list(committed)
    if not windows:
        return None
    last = date.fromisoformat(windows[-1])
    since = last - RECENT_DAYS * DAY
    recent = windows[-max(RECENT_DAYS, 31) :]
    numbers = {name: committed[name].number for name in recent}
    earlier = previous.get("windows", {})
    not_read = [name for name in recent if earlier.get(raw.name(name)) != numbers[name]]
    read = lake.storage.map(lambda name: lake.window_metadata(name).get("truncated_at"), not_read)
    limits = previous.get("truncated", {})
    truncated = {name: limits.get(raw.name(name)) for name in recent}
    truncated |= zip(not_read, read, strict=True)
    return _Windows(
        last_window=windows[-1],
        end=datetime.fromisoformat(lake.window_metadata(windows[-1])["end"]),
        is_stale=last < expected,
        gaps=list(_gaps(windows)),
        truncated={name: instant for name, instant in truncated.items() if instant},
        new_fields={
            path: entry["since"]
            for path, entry in read_fields(lake).items()
            if entry["since"] > str(since)
        },
        numbers=numbers,
    )


def _gaps(windows: list[str]) -> Iterator[str]:
    """Periods of days without a window, between the first and the last."""
    first, last = date.fromisoformat(windows[0]), date.fromisoformat(windows[-1])
    present = set(windows)
    missing = (day for day in days_between(first, last) if str(day) not in present)
    for gap in consecutive_days(missing):
        yield f"{gap[0]} to {gap[-1]}" if gap[1:] else str(gap[0])


def store_names(lake: Lake) -> dict[str, str]:
    """The stores' names by id, from the newest catalog; empty where there is none."""
    snapshots = lake.partitions(CATALOG)
    if not snapshots or not lake.current(CATALOG, snapshots[-1]):
        return {}
    catalog = json.loads(decompress(lake.read(CATALOG, snapshots[-1])["catalog"]))
    return {store["id"]: store.get("name") or store["id"] for store in catalog.get("stores", [])}


def _name_stores(sources: Sequence[RawSource]) -> dict[str, str]:
    """Names of the stores of all sources; equal names get their source as suffix."""
    rows = [
        (raw.name(store_id), label, raw.point_of_sale)
        for raw in sources
        for store_id, label in store_names(raw.lake).items()
    ]
    counts = Counter(label for label, _ in {(label, source) for _, label, source in rows})
    return {
        store_id: f"{label} ({source.capitalize()})" if counts[label] > 1 else label
        for store_id, label, source in rows
    }
