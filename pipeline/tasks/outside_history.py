"""OutsideHistory(month): the receipts that arrived in a month and lie before the history."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import date
from hashlib import sha256

import pyarrow as pa

from pipeline import schema, settings
from pipeline.extract.windows import DAY
from pipeline.load import OUTSIDE, RECEIPTS, SALES, Lake, RawObject
from pipeline.load.parquet import to_bytes
from pipeline.load.publish import digest_files
from pipeline.maintenance import LakeFinding
from pipeline.maintenance.conserve import conserve
from pipeline.outside_history import objects_outside, read_outside
from pipeline.targets import DerivedTask, lake
from pipeline.tasks.lake import MonthlySales, days_of, history
from pipeline.tasks.raw import RawReceipts

SHAPING = ("stores", "places", "tzdata", "max_days_late")
_listed: dict[tuple[object, ...], list[RawObject]] = {}


def listed(of: Lake) -> list[RawObject]:
    """The raw objects that may hold receipts outside history, listed once per change of raw."""
    if (entries := _listed.get(_state(of))) is None:
        entries = objects_outside(of, settings.rules(), history(of)[0])
        _listed.clear()
        _listed[_state(of)] = entries  # listing may have refreshed what is known of raw
    return entries


def _state(of: Lake) -> tuple[object, ...]:
    return os.getpid(), id(of), of.generation_of((RECEIPTS,)), history(of)[0]


def is_empty(digest: str) -> bool:
    """Whether a partition of that content digest names no receipt."""
    nothing = schema.empty(schema.OUTSIDE, settings.rules().decimals)
    body = to_bytes(nothing, schema.OUTSIDE.order)
    return digest == digest_files({schema.OUTSIDE.name: sha256(body).hexdigest()})


def is_needed(month: date) -> bool:
    """Whether the month has, or had, anything that may be outside history."""
    return bool(objects_of(month)) or lake().newest(OUTSIDE, f"{month:%Y-%m}") is not None


def objects_of(month: date) -> list[RawObject]:
    """What may hold a receipt that arrived in `month`, or a later version of one."""
    is_first = month == history(lake())[0].replace(day=1)
    return [one for one in listed(lake()) if is_first or one.batch_name.month >= f"{month:%Y-%m}"]


class OutsideHistory(DerivedTask):
    """Receipts outside history by month of arrival.

    What arrived before the first month is named by the first month.
    """

    month = settings.Month(default=None)
    dataset, version = OUTSIDE, schema.version_of((schema.OUTSIDE,))
    upstream = (RECEIPTS,)

    def requires(self) -> list[RawReceipts]:
        first, last, allowed_lateness_days = history(lake())
        days = days_of(self.month)
        windows = (
            days[0] + n * DAY for n in range((days[-1] - days[0]).days + 1 + allowed_lateness_days)
        )
        return [RawReceipts(date=day) for day in windows if first <= day <= last]

    def shape(self) -> dict[str, object]:
        shaping = settings.cleaning()
        return {
            **{name: shaping[name] for name in SHAPING},
            "history_starts": history(lake())[0],
        }

    def inputs(self) -> list[tuple[str, str]] | None:
        if not all(window.complete() for window in self.requires()):
            return None
        return [(f"{RECEIPTS}/{one.key}", one.digest) for one in objects_of(self.month)]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        first = history(lake())[0]
        table = read_outside(lake(), settings.rules(), first, objects_of(self.month))
        floor = first.replace(day=1)
        keep = [
            max(day.replace(day=1), floor) == self.month for day in table["received"].to_pylist()
        ]
        rows = table.filter(pa.array(keep, pa.bool_()))
        files = {schema.OUTSIDE.name: to_bytes(rows, schema.OUTSIDE.order)}
        return files, {"receipts": rows.num_rows}


def check_conserved(batches: Collection[str] | None = None) -> Iterator[LakeFinding]:
    """What was read from the shop and stands nowhere, among the months that are current; of these
    batches, or of all.
    """
    starts, last, _ = history(lake())
    months = [
        name
        for name in lake().partitions(SALES)
        if MonthlySales(month=date.fromisoformat(f"{name}-01")).complete()
    ]
    rows = read_outside(lake(), settings.rules(), starts, listed(lake()))
    yield from conserve(lake(), settings.rules(), months, rows, starts, last, batches)
