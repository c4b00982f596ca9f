"""What a night has done, told from the lake: windows, receipts, late ones, partitions made,
quarantine, reconciliation, cost.

In: the lake after the night, and state/night.json as the night before left it; what is newer than
that is this night's, also where somebody ran a task by hand in between. Out: sentences, and the
same for a machine, state/night.json, whose `seen` the next night compares with. Derived: losing it
makes the next summary one of the whole lake. Business days; money as decimal strings. `requests`
are those to the store by the process that tells it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from pipeline.errors import Corrupt
from pipeline.load import RAW, RECEIPTS, VOID, BatchName, Lake
from pipeline.load.layout import DATASETS, IDENTITY, MONTHLY, NIGHTLY, SALES, state_key
from pipeline.load.layout import parse_raw as parse
from pipeline.load.storage import Stat
from pipeline.status import Status

FILE = "night.json"
COUNTED = (
    31  # more new windows than that are a backfill, in which every receipt is of an earlier day
)


@dataclass(frozen=True)
class Night:
    """`late` are receipts of days before their window's, that came, changed or were cancelled late
    (None in a backfill); `swept` is what each sweep has found missing, `made` the partitions by
    dataset, `reconciled` the difference of collected and paid by month and currency, which is 0.
    """

    day: str
    windows: list[str]
    receipts: int
    late: int | None
    swept: dict[str, int]
    made: dict[str, list[str]]
    quarantined: dict[str, int]
    reconciled: dict[str, dict[str, str]]
    requests: dict[str, int]
    seconds: float
    last_window: str | None
    is_stale: bool
    gaps: list[str]
    truncated: dict[str, str]
    seen: dict[str, dict[str, int]]

    def to_bytes(self) -> bytes:
        """The same for a machine: state/night.json."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()


def read_night(lake: Lake, day: date, status: Status, seconds: float) -> Night:
    """What the night of `day` has done; `status` is how the lake stands after it, `seconds` how
    long the run has taken.
    """
    seen = {
        dataset: {
            name: newest.number
            for name in lake.partitions(dataset)
            if (newest := lake.newest(dataset, name))
        }
        for dataset in DATASETS
    }
    past = _past(lake)
    new = {
        dataset: [
            name for name, number in known.items() if number > past.get(dataset, {}).get(name, 0)
        ]
        for dataset, known in seen.items()
    }
    batches = [name for name in new.pop(RECEIPTS) if lake.newest(RECEIPTS, name).fingerprint == RAW]
    records = dict(
        zip(
            batches,
            lake.storage.map(lambda name: lake.metadata(RECEIPTS, name)["records"], batches),
            strict=True,
        )
    )
    windows = [name for name in batches if BatchName.parse(name).is_window]
    late = sum(_late(lake, name) for name in windows) if len(windows) <= COUNTED else None
    made = {
        dataset: names
        for dataset, names in new.items()
        if names and dataset not in (NIGHTLY, IDENTITY)
    }
    return Night(
        str(day),
        windows,
        sum(records[name] for name in windows),
        late,
        {name: count for name, count in records.items() if name not in windows},
        made,
        {
            name: lake.metadata(SALES, name)["quarantined"]
            for name in made.get(SALES, ())
            if lake.newest(SALES, name).fingerprint != VOID
        },
        {
            name: _difference(lake, name)
            for name in made.get(MONTHLY, ())
            if lake.newest(MONTHLY, name).fingerprint != VOID
        },
        dict(sorted(lake.storage.requests.items())),
        round(seconds, 1),
        status.last_window,
        status.is_stale,
        status.gaps,
        status.truncated,
        seen,
    )


def tell_night(night: Night) -> str:
    """The summary in lines for a terminal, a log or a mail."""
    span = (
        f" ({night.windows[0]}" + (f" to {night.windows[-1]}" if night.windows[1:] else "") + ")"
        if night.windows
        else ""
    )
    late = "" if night.late is None else f", {night.late:,} of them of earlier days"
    differences = [
        f"{month} {currency} {amount}"
        for month, by_currency in night.reconciled.items()
        for currency, amount in by_currency.items()
    ]
    quarantined = [f"{month}: {count:,}" for month, count in night.quarantined.items()]
    return "\n".join(
        [
            f"night of       {night.day}, in {night.seconds:,.0f} seconds",
            f"windows        {len(night.windows):,} new{span}, {night.receipts:,} receipts{late}",
            *(
                f"{BatchName.parse(name).label:<13}  {count:,} receipts were missing"
                for name, count in night.swept.items()
            ),
            (
                "made          "
                f" {', '.join(f'{dataset} {len(names):,}' for dataset, names in night.made.items()) or 'nothing'}"
            ),
            f"in quarantine  {', '.join(quarantined) or 'no month was made'}",
            f"reconciled     {', '.join(differences) or 'no month was made'} (collected less paid)",
            (
                "requests      "
                f" {', '.join(f'{command_name} {count:,}' for command_name, count in night.requests.items()) or 'none'}"
            ),
        ]
    )


def _past(lake: Lake) -> dict[str, dict[str, int]]:
    try:
        return json.loads(lake.storage.get(state_key(FILE)))["seen"]
    except Corrupt:
        return {}  # the first night


def _late(lake: Lake, window: str) -> int:
    """Receipts of a window in objects whose sales all lie before it."""
    body = lake.body(lake.newest(RECEIPTS, window))
    start, end = (datetime.fromisoformat(body["metadata"][edge]) for edge in ("start", "end"))
    objects = [parse(Stat(said["key"], said["size"], "")) for said in body["files"].values()]
    return sum(
        lake.read_raw(found).count(b"\n")
        for found in objects
        if found and found.sold and not found.may_hold(start, end)
    )


def _difference(lake: Lake, month: str) -> dict[str, str]:
    figures = json.loads(lake.read(MONTHLY, month, ["figures.json"])["figures.json"])
    return {
        currency: said["bridge"]["total"]["unpaid"]
        for currency, said in figures["currencies"].items()
        if "bridge" in said
    }
