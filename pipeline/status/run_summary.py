"""The summary of a run, read from the lake: extracted, built, collected less paid.

Compares the lake after the run with state/run.json of the previous run. Everything newer counts as
this run's, also tasks that were run in between; without the file everything is new. Formats lines
of text, and the new state/run.json. Days are business days, money is decimal strings, and
`requests` are those of this process to the storage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial

from pipeline.lakes.raw_source import RawSource
from pipeline.load import RAW_RECEIPTS, Lake, RawPartition
from pipeline.load.layout import DATASETS, IDENTITY, MONTH_DATASET, MONTHLY, NIGHTLY
from pipeline.load.raw_keys import objects_named
from pipeline.load.summary_digests import FILE as FILE
from pipeline.load.summary_digests import Digests
from pipeline.status.read import Status

MAX_WINDOWS = 31  # more new windows are a backfill, in which every receipt is of an earlier day
_DAY = len("2026-10-31")


@dataclass(frozen=True)
class RunSummary:
    """What a run has done.

    `late` are receipts of days before their window's that arrived, changed or were cancelled late
    (None in a backfill); `rescanned` the missing receipts that each rescan added;
    `partitions` those built, by dataset; `differences` collected less paid by month and currency;
    `summaries` the digests of the files of summaries, which save requests to later runs.
    """

    day: str
    windows: list[str]
    receipts: int
    late: int | None
    rescanned: dict[str, int]
    partitions: dict[str, list[str]]
    quarantined: dict[str, int]
    differences: dict[str, dict[str, str]]
    requests: dict[str, int]
    seconds: float
    last_window: str | None
    is_stale: bool
    gaps: list[str]
    truncated: dict[str, str]
    seen: dict[str, dict[str, int]]
    summaries: Digests

    def to_bytes(self) -> bytes:
        """The content of state/run.json."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()


def read_summary(
    lake: Lake, day: date, status: Status, seconds: float, sources: Sequence[RawSource]
) -> RunSummary:
    """What the run of `day` did in `seconds`; `status` is the lake after it."""
    past = lake.read_state(FILE).get("seen", {})
    seen = {dataset: _numbers(lake, dataset) for dataset in DATASETS if dataset != RAW_RECEIPTS}
    for raw in sources:
        manifests = raw.lake.windows_and_rescans().items()
        seen[raw.path_of(RAW_RECEIPTS)] = {name: newest.number for name, newest in manifests}
    new = {
        dataset: [name for name, n in numbers.items() if n > past.get(dataset, {}).get(name, 0)]
        for dataset, numbers in seen.items()
    }
    records: dict[str, int] = {}
    late: dict[str, Callable[[], int]] = {}
    for raw in sources:
        names = new.pop(raw.path_of(RAW_RECEIPTS))
        records |= _count_records(raw, names)
        days = [name for name in names if RawPartition.parse(name).is_window]
        late |= {raw.name(name): partial(_late, raw.lake, name) for name in days}
    windows = [name for name in records if name in late]
    partitions = {
        dataset: names
        for dataset, names in new.items()
        if names and dataset not in (NIGHTLY, IDENTITY)
    }

    def valid(dataset: str) -> list[str]:
        return [name for name in partitions.get(dataset, ()) if lake.current(dataset, name)]

    return RunSummary(
        day=str(day),
        windows=windows,
        receipts=sum(records[name] for name in windows),
        late=sum(count() for count in late.values()) if len(windows) <= MAX_WINDOWS else None,
        rescanned={name: count for name, count in records.items() if name not in windows},
        partitions=partitions,
        quarantined={
            name: lake.metadata(MONTH_DATASET, name)["quarantined"] for name in valid(MONTH_DATASET)
        },
        differences={
            name: lake.metadata(MONTHLY, name).get("unpaid", {}) for name in valid(MONTHLY)
        },
        requests=dict(sorted(lake.storage.requests.items())),
        seconds=round(seconds, 1),
        last_window=status.last_window,
        is_stale=status.is_stale,
        gaps=status.gaps,
        truncated=status.truncated,
        seen=seen,
        summaries=lake.summary_digests(),
    )


def _numbers(lake: Lake, dataset: str) -> dict[str, int]:
    """The number of the newest manifest of each partition."""
    names = lake.partitions(dataset)
    return {name: newest.number for name in names if (newest := lake.newest(dataset, name))}


def _count_records(raw: RawSource, names: Sequence[str]) -> dict[str, int]:
    """The records of each raw partition."""
    lake = raw.lake
    counts = lake.storage.map(lambda name: lake.window_metadata(name)["records"], names)
    return dict(zip(map(raw.name, names), counts, strict=True))


def format_summary(run: RunSummary) -> str:
    """The summary in lines for a terminal, a log or a mail."""
    return "\n".join(f"{label:<15}{value}" for label, value in _lines(run))


def _lines(run: RunSummary) -> Iterator[tuple[str, str]]:
    days = [name.rpartition(":")[2] for name in run.windows]
    first, last = (min(days), max(days)) if days else ("", "")
    span = f" ({first} to {last})" if first != last else f" ({first})" if first else ""
    late = "" if run.late is None else f", {run.late:,} of earlier days"
    differences = [
        f"{month} {currency} {amount}"
        for month, by_currency in run.differences.items()
        for currency, amount in by_currency.items()
    ]
    partitions = [f"{dataset} {len(names):,}" for dataset, names in run.partitions.items()]
    quarantined = [f"{month}: {count:,}" for month, count in run.quarantined.items()]
    requests = [f"{method} {count:,}" for method, count in run.requests.items()]
    yield "run of", f"{run.day}, in {run.seconds:,.0f} seconds"
    yield "windows", f"{len(run.windows):,} new{span}, {run.receipts:,} receipts{late}"
    for name, count in run.rescanned.items():
        source, _, partition = name.rpartition(":")
        yield partition[_DAY + 1 :], f"{count:,} receipts{source and f' of {source}'} were missing"
    yield "built", ", ".join(partitions) or "nothing"
    yield "in quarantine", ", ".join(quarantined) or "no month was built"
    yield "difference", f"{', '.join(differences) or 'no month was built'} (collected less paid)"
    yield "requests", ", ".join(requests) or "none"


def _late(lake: Lake, window: str) -> int:
    """Receipts of a window in objects whose sales all are before it."""
    metadata = lake.window_metadata(window)
    start, end = (datetime.fromisoformat(metadata[edge]) for edge in ("start", "end"))
    entries = objects_named(lake.body(lake.windows()[window])["files"])
    return sum(
        block.count(b"\n")
        for entry in entries
        if entry.partition == window and entry.sold and not entry.may_hold(start, end)
        for block in lake.read_raw_blocks(entry)
    )
