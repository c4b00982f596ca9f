"""Freshness of the lake: last window, gaps, quarantine, receipts by day.

Takes a lake and an instant. Returns a Status. Business days; instants UTC. `state/etl_state.json`
holds the same for a machine; it is derived, and losing it costs nothing.
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
from pipeline.extract.window_bounds import DAY
from pipeline.extract.windows import spans
from pipeline.lakes.raw_source import RawSource
from pipeline.load import CATALOG, RAW, Lake, decompress
from pipeline.rules import Rules
from pipeline.status.findings import (
    current_months,
    find_silent,
    find_unread,
    name_missing,
    read_before,
    still_unknown,
    why_no_shifts,
)
from pipeline.status.outside_history import as_json, read_outside, read_outside_of
from pipeline.status.recent_days import FORTNIGHT, is_current, read_recent_days


@dataclass(frozen=True)
class Status:
    """Freshness of a lake.

    `age_hours` is counted from the end of the last window; `receipts` are those of the last
    fortnight by day and store id, `stores` the names of these. `not_seen` are the numbers that are
    missing in each device's series of the fortnight, `unknown` those of them that a rescan
    requested and the API does not know; `new_fields` are unknown fields of receipts with their
    first window; `silent` are stores that stopped sending, with their last day. `outside` are the
    receipts before `history_starts`, `unread` the records in quarantine: no total counts them.
    `no_shifts` says by source why the newest shifts of the cash drawers are missing. With several
    points of sale `sources` has the first five fields of each; then `last_window` is the last that
    all of them have, and a gap or a limit of one is one of the lake. `windows` and `months` are
    the numbers of the manifests that the next status need not read again.
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
    windows: dict[str, int] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)

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
    numbers: dict[str, int]


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
    prefixes = {raw.point_of_sale: raw.prefix for raw in sources}
    before = read_before(lake)
    windows = {
        name: _read_windows(home, expected, before, prefixes.get(name, ""))
        for name, home in lakes.items()
    }
    read = [each for each in windows.values() if each]
    if not read:
        hint = "nothing has been extracted yet; run: luigi --module pipeline Nightly"
        return Status(warnings=[hint])
    oldest = min(read, key=lambda each: each.last_window)
    last = date.fromisoformat(oldest.last_window)
    days = read_recent_days(lake, last)
    receipts = {name: day.receipts for name, day in days.items()}
    missing = find_missing_numbers(number for day in days.values() for number in day.numbers)
    warning = gap_warning(oldest.end, now, limited)
    if not (rules and starts):
        outside = []
    elif sources:
        outside = read_outside_of(sources, starts, {}).to_pylist()
    else:
        outside = read_outside(lake, rules, starts).to_pylist()
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
        quarantined={name: day.quarantined for name, day in days.items() if day.quarantined},
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
        months=current_months(lake),
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
        windows={
            f"{prefixes.get(name, '')}{window}": number
            for name, each in windows.items()
            for window, number in (each.numbers if each else {}).items()
        },
    )


def _age(windows: _Windows, now: datetime) -> float:
    return round((now - windows.end).total_seconds() / 3600, 1)


def _read_windows(
    lake: Lake, expected: date, before: Mapping[str, Any], prefix: str
) -> _Windows | None:
    """The windows of one source; None where nothing has been extracted.

    The manifests of windows that the status `before` has read are not read again.
    """
    committed = lake.windows()
    windows = list(committed)
    if not windows:
        return None
    last = date.fromisoformat(windows[-1])
    since = last - FORTNIGHT * DAY
    recent = windows[-max(FORTNIGHT, 31) :]
    numbers = {name: committed[name].number for name in recent}
    earlier = before.get("windows", {})
    unread = [name for name in recent if earlier.get(f"{prefix}{name}") != numbers[name]]
    read = lake.storage.map(lambda name: lake.window_metadata(name).get("truncated_at"), unread)
    limits = before.get("truncated", {})
    truncated = {name: limits.get(f"{prefix}{name}") for name in recent}
    truncated |= zip(unread, read, strict=True)
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
    """Spans of days without a window, between the first and the last."""
    first, last = date.fromisoformat(windows[0]), date.fromisoformat(windows[-1])
    present = set(windows)
    days = (first + n * DAY for n in range((last - first).days))
    for span in spans(day for day in days if str(day) not in present):
        yield f"{span[0]} to {span[-1]}" if span[1:] else str(span[0])


def store_names(lake: Lake) -> dict[str, str]:
    """The stores' names by id, from the newest catalog; empty where there is none."""
    snapshots = lake.partitions(CATALOG)
    if not snapshots or not is_current(lake, CATALOG, snapshots[-1], RAW):
        return {}
    catalog = json.loads(decompress(lake.read(CATALOG, snapshots[-1])["catalog"]))
    return {store["id"]: store.get("name") or store["id"] for store in catalog.get("stores", [])}


def _name_stores(lakes: Mapping[str, Lake], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The stores of every source; of equal names each has its source's."""
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
