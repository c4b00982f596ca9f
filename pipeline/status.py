"""How the lake stands, told from the lake alone: last window, age, gaps, truncated spans,
quarantine, receipts by day.

In: a lake and an instant. Out: sentences for a person, and whether the data are as fresh as they
should be. Business days; instants UTC. `state/etl_state.json` is the same facts for a machine; it
is derived, and losing it costs nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import pairwise

import pyarrow.compute as pc

from pipeline.extract.missing_numbers import MissingNumbers, find_missing_numbers
from pipeline.extract.warnings import gap_warning
from pipeline.extract.windows import DAY, numbers_tried, read_fields, spans
from pipeline.load import RAW, SALES, SUMMARY, VOID, BatchName, Lake, decompress
from pipeline.load.parquet import from_bytes
from pipeline.outside_history import as_json, format_outside, format_unread, read_outside
from pipeline.transform import Rules

FORTNIGHT = 14
SILENT_DAYS = 3
MONTHS = 3
YEAR = 12


@dataclass(frozen=True)
class Status:
    """`receipts` counts those of the last fortnight by (day, store); `age_hours` is counted from
    the end of the last window.

    `stores` are their names, `not_seen` the numbers that each till's series of the fortnight leaves
    out, `unknown` those of them that the shop did not know either when a sweep asked; `new_fields`
    are unknown fields of receipts and since which window, of late; `silent` are the stores that
    stopped sending, with the last day that has a record of them; `outside` are the receipts before
    `history_starts`, which no total counts, `unread` the records in quarantine.
    """

    last_window: str | None
    age_hours: float | None
    is_stale: bool
    gaps: list[str]
    truncated: dict[str, str]
    quarantined: dict[str, int]
    receipts: dict[str, dict[str, int]]
    warnings: list[str]
    stores: dict[str, str]
    not_seen: dict[str, list[str]]
    unknown: list[str] = field(default_factory=list)
    new_fields: dict[str, str] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    outside: list[dict[str, str | None]] = field(default_factory=list)
    unread: list[dict[str, str | None]] = field(default_factory=list)
    history_starts: str = ""

    def to_bytes(self) -> bytes:
        """The same for a machine: state/etl_state.json."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()


def read_status(
    lake: Lake,
    *,
    expected: date,
    now: datetime,
    limited: bool,
    rules: Rules | None = None,
    starts: date | None = None,
) -> Status:
    """`expected` is the last day whose window should be there; `limited` says that the account
    serves 31 days only. With `rules` and `starts`, the first business day of the history, the
    receipts before it are named.
    """
    windows = [
        name
        for name in lake.partitions("raw/receipts")
        if BatchName.parse(name).is_window and lake.newest("raw/receipts", name).fingerprint == RAW
    ]
    if not windows:
        return Status(
            None,
            None,
            True,
            [],
            {},
            {},
            {},
            ["nothing has been extracted yet; run: luigi --module pipeline Nightly"],
            {},
            {},
        )
    first, last = date.fromisoformat(windows[0]), date.fromisoformat(windows[-1])
    held = set(windows)
    missing = spans(
        day for n in range((last - first).days) if str(day := first + n * DAY) not in held
    )
    gaps = [f"{span[0]} to {span[-1]}" if span[1:] else str(span[0]) for span in missing]
    recent = windows[-max(FORTNIGHT, 31) :]
    truncated = {
        name: at
        for name in recent
        if (at := lake.metadata("raw/receipts", name).get("truncated_at"))
    }
    end = datetime.fromisoformat(lake.metadata("raw/receipts", windows[-1])["end"])
    quarantined, receipts, numbers = {}, {}, []
    for name in (str(last - n * DAY) for n in range(FORTNIGHT - 1, -1, -1)):
        newest = lake.newest("staging", name)
        if newest is None or newest.fingerprint == "void":
            continue
        if count := lake.metadata("staging", name, newest)["quarantined"]:
            quarantined[name] = count
        read = {
            file_name: from_bytes(body)
            for file_name, body in lake.read("staging", name, ["receipts", "quarantine"]).items()
        }
        receipts[name] = dict(
            sorted(
                Counter(pc.cast(read["receipts"].column("store_id"), "string").to_pylist()).items()
            )
        )
        numbers += [
            number
            for table in read.values()
            for number in table.column("receipt_number").to_pylist()
            if number
        ]
    warning = gap_warning(end, now, limited)
    holes, since = find_missing_numbers(numbers), last - FORTNIGHT * DAY
    new_fields = {
        path: said["since"]
        for path, said in read_fields(lake).items()
        if said["since"] > str(since)
    }
    return Status(
        windows[-1],
        round((now - end).total_seconds() / 3600, 1),
        last < expected,
        gaps,
        truncated,
        quarantined,
        receipts,
        [warning] if warning else [],
        store_names(lake),
        name_holes(holes),
        still_unknown(holes, numbers_tried(lake, since)) if holes else [],
        new_fields,
        find_silent(lake, last, receipts),
        as_json(read_outside(lake, rules, starts).to_pylist()) if rules and starts else [],
        find_unread(lake),
        str(starts or ""),
    )


def find_unread(lake: Lake) -> list[dict[str, object]]:
    """The records in quarantine, of the last YEAR months of the lake."""
    rows: list[dict[str, object]] = []
    for month in lake.partitions(SALES)[-YEAR:]:
        newest = lake.newest(SALES, month)
        if newest.fingerprint == VOID or not lake.metadata(SALES, month, newest)["quarantined"]:
            continue
        table = from_bytes(lake.read(SALES, month, ["quarantine"])["quarantine"])
        names = ["receipt_number", "business_day", "reason", "detail", "total", "record"]
        rows += as_json(table.select(names).to_pylist())
    return rows


def find_silent(lake: Lake, last: date, recent: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Stores that have sent nothing for SILENT_DAYS or more, and for longer than any break before:
    the last day of each that has a receipt, "" where the lake has none of any store.

    Looked at are the days of `recent` and, before them, the summaries of MONTHS months.
    """
    seen: dict[str, set[date]] = {}
    for day, business_days_by_store in recent.items():
        for store in business_days_by_store:
            seen.setdefault(store, set()).add(date.fromisoformat(day))
    for month in lake.partitions(SUMMARY)[-MONTHS:]:
        if lake.newest(SUMMARY, month).fingerprint == VOID:
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
    """The stores' names by id, as the newest snapshot of the catalog has them; empty where there is
    none.
    """
    snapshots = lake.partitions("raw/catalog")
    if not snapshots or lake.newest("raw/catalog", snapshots[-1]).fingerprint != RAW:
        return {}
    catalog = json.loads(decompress(lake.read("raw/catalog", snapshots[-1])["catalog"]))
    return {store["id"]: store.get("name") or store["id"] for store in catalog.get("stores", [])}


def name_holes(holes: MissingNumbers) -> dict[str, list[str]]:
    """By till, the numbers that are missing between the first and the last of its series: 3-1043,
    3-1050 to 3-1052.

    A hole is a receipt that has not arrived: a till that was offline, which closes it later, or one
    that a sweep asks for.
    """
    return {
        till: [f"{till}-{a}" + (f" to {till}-{b}" if b > a else "") for a, b in found]
        for till, found in holes.items()
    }


def still_unknown(holes: MissingNumbers, tried: Mapping[str, int]) -> list[str]:
    """Of the numbers in the holes, those that a sweep has asked for and the shop does not know
    either.
    """
    series = ((number, *number.rpartition("-")[::2]) for number in tried)
    return sorted(
        number
        for number, till, place in series
        if any(a <= int(place) <= b for a, b in holes.get(till, ()))
    )


def format_status(status: Status) -> str:
    """The status in lines for a terminal."""
    if status.last_window is None:
        return "\n".join(status.warnings)
    lines = [
        (
            f"last window    {status.last_window}, closed {status.age_hours:,.1f} hours"
            f" ago{'   STALE' if status.is_stale else ''}"
        ),
        f"gaps           {', '.join(status.gaps) or 'none'}",
        (
            "truncated     "
            f" {', '.join(f'{day} at {at}' for day, at in status.truncated.items()) or 'none'}"
        ),
        (
            "in quarantine "
            f" {', '.join(f'{day}: {n}' for day, n in status.quarantined.items()) or 'none'} (last"
            " fortnight)"
        ),
    ]
    if status.not_seen:
        holes = [hole for of_till in status.not_seen.values() for hole in of_till]
        lines.append(
            "not seen      "
            f" {', '.join(holes[:8])}{f' and {len(holes) - 8} more' if len(holes) > 8 else ''} (a"
            " till that was offline? It closes them by itself; else: pos rescan)"
            + (
                "; asked for"
                f" {', '.join(status.unknown[:8])}{' and others' * (len(status.unknown) > 8)}, the"
                " shop knows none of them"
                if status.unknown
                else ""
            )
        )
    if status.new_fields:
        lines.append(
            "new fields    "
            f" {', '.join(f'{path} since {day}' for path, day in status.new_fields.items())} (kept"
            " in raw, counted nowhere)"
        )
    lines += [
        f"silent         {format_silence(status, store, day)}"
        for store, day in status.silent.items()
    ]
    lines += format_unread(status.unread)
    lines += format_outside(status.outside, status.history_starts)
    stores = sorted(
        {
            store
            for business_days_by_store in status.receipts.values()
            for store in business_days_by_store
        }
    )
    if stores:
        columns = [
            (store, status.stores.get(store, store), max(7, len(status.stores.get(store, store))))
            for store in stores
        ]
        lines.append(
            "receipts       " + "  ".join(f"{name:>{width}}" for _, name, width in columns)
        )
        lines += [
            f"  {day}   "
            + "  ".join(
                f"{business_days_by_store.get(store, 0):>{width},}" for store, _, width in columns
            )
            for day, business_days_by_store in status.receipts.items()
        ]
    return "\n".join([*lines, *status.warnings])


def format_silence(status: Status, store: str, day: str) -> str:
    """One store that stopped sending, in words."""
    if not store:
        return "no receipt of any store in the lake's last days; was the shop closed?"
    name, last = status.stores.get(store, store), date.fromisoformat(status.last_window or day)
    days = (last - date.fromisoformat(day)).days
    return f"{name}: no receipt since {day}, {days} days; was it closed, or has it stopped sending?"
