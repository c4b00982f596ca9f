"""How the lake stands, told from the lake alone: last window, age, gaps, truncated spans, quarantine, receipts by day.

In: a lake and an instant. Out: sentences for a person, and whether the data are as fresh as they should be. Business
days; instants UTC. `state/etl_state.json` is the same facts for a machine; it is derived, and losing it costs nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow.compute as pc

from pipeline.extract import gap_warning
from pipeline.load import RAW, Lake
from pipeline.load.parquet import from_bytes
from pipeline.windows import DAY, spans

FORTNIGHT = 14


@dataclass(frozen=True)
class Status:
    """`receipts` counts those of the last fortnight by (day, store); `age_hours` is counted from the end of the last window."""

    last_window: str | None
    age_hours: float | None
    is_stale: bool
    gaps: list[str]
    truncated: dict[str, str]
    quarantined: dict[str, int]
    receipts: dict[str, dict[str, int]]
    warnings: list[str]

    def to_bytes(self) -> bytes:
        """The same for a machine: state/etl_state.json."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()


def read_status(lake: Lake, *, expected: date, now: datetime, limited: bool) -> Status:
    """`expected` is the last day whose window should be there; `limited` says that the account serves 31 days only."""
    windows = [name for name in lake.partitions("raw/receipts") if _is_day(name) and lake.newest("raw/receipts", name).edition == RAW]
    if not windows:
        return Status(None, None, True, [], {}, {}, {}, ["nothing has been extracted yet; run: luigi --module pipeline Nightly"])
    first, last = date.fromisoformat(windows[0]), date.fromisoformat(windows[-1])
    held = set(windows)
    missing = spans(day for n in range((last - first).days) if str(day := first + n * DAY) not in held)
    gaps = [f"{span[0]} to {span[-1]}" if span[1:] else str(span[0]) for span in missing]
    recent = windows[-max(FORTNIGHT, 31):]
    truncated = {name: at for name in recent if (at := lake.facts("raw/receipts", name).get("truncated_at"))}
    end = datetime.fromisoformat(lake.facts("raw/receipts", windows[-1])["end"])
    quarantined, receipts = {}, {}
    for name in (str(last - n * DAY) for n in range(FORTNIGHT - 1, -1, -1)):
        newest = lake.newest("staging", name)
        if newest is None or newest.edition == "void":
            continue
        if count := lake.facts("staging", name, newest)["quarantined"]:
            quarantined[name] = count
        stores = from_bytes(lake.read("staging", name, ["receipts"])["receipts"]).column("store_id")
        receipts[name] = dict(sorted(Counter(pc.cast(stores, "string").to_pylist()).items()))
    warning = gap_warning(end, now, limited)
    return Status(windows[-1], round((now - end).total_seconds() / 3600, 1), last < expected, gaps, truncated, quarantined, receipts,
                  [warning] if warning else [])


def tell_status(status: Status) -> str:
    """The status in lines for a terminal."""
    if status.last_window is None:
        return "\n".join(status.warnings)
    lines = [f"last window    {status.last_window}, closed {status.age_hours:,.1f} hours ago{'   STALE' if status.is_stale else ''}",
             f"gaps           {', '.join(status.gaps) or 'none'}",
             f"truncated      {', '.join(f'{day} at {at}' for day, at in status.truncated.items()) or 'none'}",
             f"in quarantine  {', '.join(f'{day}: {n}' for day, n in status.quarantined.items()) or 'none'} (last fortnight)"]
    stores = sorted({store for by_store in status.receipts.values() for store in by_store})
    if stores:
        lines.append("receipts       " + "  ".join(f"{store[:13]:>13}" for store in stores))
        lines += [f"  {day}   " + "  ".join(f"{by_store.get(store, 0):>13,}" for store in stores) for day, by_store in status.receipts.items()]
    return "\n".join([*lines, *status.warnings])


def _is_day(name: str) -> bool:
    return len(name) == 10
