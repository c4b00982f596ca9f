"""DailySales, MonthlySales, MonthlySummary, MonthlyCustomers: raw to summary."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema, settings
from pipeline.errors import ConfigError, Corrupt, SchemaMismatch
from pipeline.extract.private_folder import make_private
from pipeline.extract.window_bounds import DAY
from pipeline.load import CATALOG, CUSTOMERS, RECEIPTS, SALES, STAGING, SUMMARY, VOID, RawObject
from pipeline.load.day_object import FILE, pack_tables
from pipeline.load.parquet import ParquetWriter, sort_table, to_bytes
from pipeline.settings.run_context import once_per_run
from pipeline.summarize import summarize
from pipeline.summarize.check import COUNTS
from pipeline.targets import DatasetTask, Files, Metadata, lake
from pipeline.tasks.batches import BatchTask, Months, share_size
from pipeline.tasks.raw import RawReceipts, catalog_for, read_catalog
from pipeline.tasks.tables import open_tables, read_day, read_tables
from pipeline.transform import Catalog, Cleaned, Raw, Rules, clean_days, day_bounds
from pipeline.transform.columns import fixed
from pipeline.transform.days import EPOCH
from pipeline.transform.split_day import clean_share, unite

log = logging.getLogger(__name__)

Counts = dict[str, dict[str, int]]
"""The counts of days, by date."""

_LARGE_MONTH = 8 << 20  # work (month_size) from which one process counts with two threads
_UPDATED_SIZE = 32 << 20  # of a month's files: a larger month is read day by day


class HistorySpan(NamedTuple):
    """First and last business day of the lake, and the windows that a day waits for."""

    first: dt.date
    last: dt.date
    allowed_lateness_days: int

    @property
    def first_month(self) -> dt.date:
        """The first day of the first month."""
        return self.first.replace(day=1)


@once_per_run
def history_span() -> HistorySpan:
    """The history of the settings; reading a section for each day takes seconds."""
    section = settings.pos()
    return HistorySpan(section.history_starts, settings.last_day(), section.allowed_lateness_days)


def spill_folder() -> Path:
    """Private folder of this machine for what does not fit into memory."""
    return make_private(settings.spool())


class DailySales(BatchTask):
    """One business day, clean and exploded."""

    date: dt.date = settings.field(settings.Days(default=None))
    dataset, version = STAGING, schema.version_of(schema.LAKE)
    upstream = (RECEIPTS, CATALOG)

    def requires(self) -> list[DatasetTask]:
        first, last, allowed_lateness_days = history_span()
        windows = (self.date + n * DAY for n in range(allowed_lateness_days + 1))
        return [
            catalog_for(self.date),
            *(RawReceipts(date=day) for day in windows if first <= day <= last),
        ]

    def fingerprint_settings(self) -> dict[str, object]:
        return settings.cleaning()

    def objects(self) -> list[RawObject]:
        """Raw objects that may hold receipts of this business day, from any window."""
        return objects_of(self.date, self.name)

    def inputs(self) -> list[tuple[str, str]] | None:
        catalog, *windows = self.requires()
        digest = catalog.digest()
        if digest is None or not all(window.complete() for window in windows):
            return None
        return [
            (f"{catalog.dataset}/{catalog.name}", digest),
            *(
                (f"raw/receipts/{entry.batch} sold {entry.sold or 'unknown'}", entry.digest)
                for entry in self.objects()
            ),
        ]

    def make(self) -> tuple[Files, Metadata]:
        return self.make_all([self])[self]

    @classmethod
    def make_all(cls, tasks: Sequence[DailySales]) -> dict[DailySales, tuple[Files, Metadata]]:
        """The days in one pass: each raw object is read and parsed once."""
        objects = {task.date: task.objects() for task in tasks}
        catalogs = {task.date: read_catalog(task.requires()[0]) for task in tasks}
        entries = {entry.key: entry for day in objects.values() for entry in day}
        bodies = lake().storage.map(lake().read_raw, entries.values())
        days = clean_days(
            {day: {entry.key for entry in read} for day, read in objects.items()},
            [
                Raw(entry.batch, entry.key, body)
                for entry, body in zip(entries.values(), bodies, strict=True)
            ],
            catalogs.__getitem__,
            settings.rules(),
        )
        return {task: task.pack(days[task.date]) for task in tasks}

    def read(self) -> tuple[Iterator[Raw], Catalog, Rules]:
        """What the day is built from: its raw objects, its catalog and the rules."""
        raw = (Raw(entry.batch, entry.key, lake().read_raw(entry)) for entry in self.objects())
        return raw, read_catalog(self.requires()[0]), settings.rules()

    def pack(self, day: Cleaned) -> tuple[Files, Metadata]:
        """The files and metadata of a cleaned day."""
        self.report_progress(
            f"{day.metadata['curated']:,} receipts, {day.metadata['quarantined']} in quarantine",
            100,
        )
        decimals = settings.rules().decimals
        tables = {}
        for dataset in schema.LAKE:
            table = getattr(day, dataset.name)
            if not table.schema.equals(schema.arrow(dataset, decimals)):
                table = schema.conform(table, dataset, decimals)
            tables[dataset.name] = sort_table(table, dataset.order)
        return {FILE: pack_tables(tables)}, dict(day.metadata)

    def size(self) -> int:
        return sum(entry.size for entry in self.objects())

    def shares(self) -> int:
        return max(1, -(-self.size() // share_size())) if share_size() else 1

    def make_share(self, share: int, shares: int) -> Cleaned:
        return clean_share(self.date, *self.read(), share, shares)

    def unite(self, parts: list[Any]) -> tuple[Files, Metadata]:
        return self.pack(unite(parts))


@once_per_run
def _objects_by_state() -> dict[tuple[int, ...], dict[tuple[dt.date, str | None], list[RawObject]]]:
    return {}


def objects_of(day: dt.date, batch: str | None = None) -> list[RawObject]:
    """Raw objects that may hold receipts of a business day of any store.

    Those of `batch` whose date of sale is unreadable are among them. UTC dates alone would name
    the day before or after too. Found once while raw stays as it is.
    """
    by_state, state = _objects_by_state(), (os.getpid(), *lake().generation_of((RECEIPTS,)))
    if state not in by_state:
        by_state.clear()
        by_state[state] = {}
    objects = by_state[state]
    if (day, batch) not in objects:
        objects[day, batch] = _find_objects(day, batch)
    return objects[day, batch]


def _find_objects(day: dt.date, batch: str | None) -> list[RawObject]:
    rules = settings.rules()
    bounds = [day_bounds(day, store) for store in (rules.default, *rules.stores.values())]
    start, end = min(start for start, _ in bounds), max(end for _, end in bounds)
    return [
        entry
        for entry in lake().raw_objects(start.date(), end.date(), batch)
        if entry.may_hold(start, end)
    ]


@once_per_run
def days_of(month: dt.date) -> tuple[dt.date, ...]:
    """The closed business days of `month` within the shop's history, at least one."""
    first, last, _ = history_span()
    days = tuple(
        day
        for day in (month + n * DAY for n in range(31))
        if day.month == month.month and first <= day <= last
    )
    if not days:
        raise ConfigError(
            f"month {month:%Y-%m}: none of its business days has closed within the shop's history"
            f" ({first} to {last}); ask for another month, or change [pos] history_starts"
        )
    return days


def month_size(month: dt.date) -> int:
    """The work of a month's tables: a quarter of what its days were."""
    days = days_of(month)
    return sum(entry.size for entry in lake().raw_objects(days[0], days[-1])) // 4


class MonthlySales(BatchTask):
    """The lake's tables of one month, sorted by business day and time."""

    month: dt.date = settings.field(Months(default=None))
    dataset, version = SALES, schema.version_of(schema.LAKE)
    upstream = (*DailySales.upstream, STAGING)

    def requires(self) -> list[DailySales]:
        return [DailySales(date=day) for day in days_of(self.month)]

    def make(self) -> tuple[Files, Metadata]:
        unchanged = self.unchanged_days()
        try:
            before = read_tables(self) if unchanged else {}
        except (Corrupt, SchemaMismatch) as error:
            log.warning("%s: %s; it is built from all its days", self, error)
            return self.make_from_inputs()
        return self._make(unchanged, before)

    def make_from_inputs(self) -> tuple[Files, Metadata]:
        return self._make({}, {})

    def _make(self, unchanged: Counts, before: Mapping[str, pa.Table]) -> tuple[Files, Metadata]:
        days = self.requires()
        changed = [task for task in days if task.name not in unchanged]
        decimals = settings.rules().decimals
        if unchanged:
            files = _updated(before, unchanged, changed)
        else:
            writers = [ParquetWriter(schema.arrow(d, decimals), d.order) for d in schema.LAKE]
            for day in changed:
                tables = read_day(day)
                for dataset, writer in zip(schema.LAKE, writers, strict=True):
                    writer.append(tables[dataset.name])
            files = {d.name: w.close() for d, w in zip(schema.LAKE, writers, strict=True)}
        counts = unchanged | {
            day.name: {key: lake().metadata(day.dataset, day.name)[key] for key in COUNTS}
            for day in changed
        }
        self.report_progress(f"{len(changed)} of {len(days)} days read", 100)
        totals = {key: sum(day[key] for day in counts.values()) for key in COUNTS}
        return files, {"days": len(days), **totals, "counts": counts}

    def unchanged_days(self) -> Counts:
        """The counts of the days that the published month holds as they are now.

        Empty where reading its days again is cheaper, or the month is not as it was published.
        """
        newest = lake().newest(self.dataset, self.name)
        if newest is None or newest.fingerprint == VOID:
            return {}
        body = lake().body(newest)
        metadata, size = body["metadata"], sum(file["size"] for file in body["files"].values())
        if metadata["version"] != self.version or size > _UPDATED_SIZE:
            return {}
        days = self.requires()
        same = {
            day.name: metadata["counts"][day.name]
            for day in days
            if metadata["inputs"].get(f"{STAGING}/{day.name}") == day.digest()
        }
        return same if len(same) * 2 >= len(days) else {}

    def size(self) -> int:
        return month_size(self.month)


def _updated(
    before: Mapping[str, pa.Table], unchanged: Collection[str], changed: Sequence[DailySales]
) -> Files:
    """Join the unchanged days of a published month to its changed days."""
    days = [read_day(day) for day in changed]
    dates = [dt.date.fromisoformat(name) for name in unchanged]
    numbers = fixed(np.array([day.toordinal() - EPOCH for day in dates]), pa.date32())
    decimals, files = settings.rules().decimals, {}
    for dataset in schema.LAKE:
        table = before[dataset.name]
        kept = table.filter(pc.is_in(table.column("business_day"), value_set=numbers))
        rows = pa.concat_tables([kept, *(day[dataset.name] for day in days)])
        # a list that was read from Parquet names its elements differently
        rows = rows.cast(schema.arrow(dataset, decimals))
        files[dataset.name] = to_bytes(rows, dataset.order)
    return files


class MonthlySummary(BatchTask):
    """Small exact tables of one month, which longer spans and reports are built from."""

    month: dt.date = settings.field(Months(default=None))
    dataset, version = SUMMARY, schema.version_of((*schema.SUMMARY, schema.RECEIPT_FIGURES))
    upstream = (*MonthlySales.upstream, SALES)

    def requires(self) -> list[DatasetTask]:
        return [MonthlySales(month=self.month), catalog_for(days_of(self.month)[-1])]

    def make(self) -> tuple[Files, Metadata]:
        sales = MonthlySales(month=self.month)
        catalog, rules = read_catalog(catalog_for(days_of(self.month)[-1])), settings.rules()
        memory, spill = settings.lake().memory, spill_folder()
        with open_tables(sales, memory, spill) as tables:
            summary = summarize(
                self.month,
                **tables,
                stores=catalog.stores_table(rules),
                employees=catalog.employees_table(rules),
                metadata=lake().metadata(sales.dataset, sales.name),
                decimals=rules.decimals,
                threads=1 if self.size() < _LARGE_MONTH else 2,
                memory_limit=memory,
                spill=spill,
            )
        datasets = (*schema.SUMMARY, schema.RECEIPT_FIGURES)
        return {d.name: to_bytes(summary[d.name], d.key) for d in datasets}, {}

    def size(self) -> int:
        return month_size(self.month)


class MonthlyCustomers(BatchTask):
    """The month's customers alone: later reports change only with these."""

    month: dt.date = settings.field(Months(default=None))
    dataset, version = CUSTOMERS, schema.version_of((schema.CUSTOMERS,))
    is_for_clusters = False
    upstream = (*MonthlySummary.upstream, SUMMARY)

    def requires(self) -> list[MonthlySummary]:
        return [MonthlySummary(month=self.month)]

    def make(self) -> tuple[Files, Metadata]:
        (summary,) = self.requires()
        return lake().read(summary.dataset, summary.name, ["customers"]), {}
