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
from pipeline.lakes import (
    ROOT,
    folder_of,
    further_state,
    point_of_sale_of,
    prefix_of,
    raw_lake,
    rules_of,
    sources,
)
from pipeline.load import CATALOG, CUSTOMERS, RECEIPTS, SALES, STAGING, SUMMARY, VOID, RawObject
from pipeline.load.day_object import FILE, pack_tables
from pipeline.load.layout import TABLES
from pipeline.load.parquet import ParquetWriter, sort_table, to_bytes
from pipeline.settings.run_context import once_per_run
from pipeline.summarize import summarize
from pipeline.summarize.check import COUNTS
from pipeline.targets import DatasetTask, Files, Metadata, lake
from pipeline.tasks.batches import BatchTask, Months, share_size
from pipeline.tasks.raw import RawReceipts, catalog_for, catalogs_for, read_catalog
from pipeline.tasks.tables import open_tables, read_day, read_tables
from pipeline.transform import Catalog, Cleaned, Raw, Rules, clean_days, day_bounds
from pipeline.transform.columns import fixed
from pipeline.transform.days import EPOCH
from pipeline.transform.several import qualify, qualify_day, unite_named
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
        windows = [self.date + n * DAY for n in range(allowed_lateness_days + 1)]
        return [
            *catalogs_for(self.date),
            *(
                RawReceipts(date=day, source=source)
                for source in sources()
                for day in windows
                if first <= day <= last
            ),
        ]

    def fingerprint_settings(self) -> dict[str, object]:
        return settings.cleaning()

    def objects(self, source: str = ROOT) -> list[RawObject]:
        """Raw objects of a source that may hold receipts of this business day."""
        return objects_of(self.date, self.name, source)

    def inputs(self) -> list[tuple[str, str]] | None:
        required, count = self.requires(), len(sources())
        catalogs, windows = required[:count], required[count:]
        digests = [catalog.digest() for catalog in catalogs]
        if not all(digests) or not all(window.complete() for window in windows):
            return None
        return [
            *(
                (task.place, digest)
                for task, digest in zip(catalogs, digests, strict=True)
                if digest
            ),
            *(
                (
                    f"{prefix_of(source)}raw/receipts/{entry.batch} sold {entry.sold or 'unknown'}",
                    entry.digest,
                )
                for source in sources()
                for entry in self.objects(source)
            ),
        ]

    def make(self) -> tuple[Files, Metadata]:
        return self.make_all([self])[self]

    @classmethod
    def make_all(cls, tasks: Sequence[DailySales]) -> dict[DailySales, tuple[Files, Metadata]]:
        """The days in one pass: each raw object is read and parsed once."""
        cleaned = {source: cls._clean(tasks, source) for source in sources()}
        return {
            task: task.pack(
                unite_sources({name: days[task.date] for name, days in cleaned.items()})
            )
            for task in tasks
        }

    @staticmethod
    def _clean(tasks: Sequence[DailySales], source: str) -> dict[dt.date, Cleaned]:
        """The days of one source."""
        home = raw_lake(source)
        objects = {task.date: task.objects(source) for task in tasks}
        catalogs = {task.date: read_catalog(catalog_for(task.date, source)) for task in tasks}
        entries = {entry.key: entry for day in objects.values() for entry in day}
        bodies = home.storage.map(home.read_raw, entries.values())
        return clean_days(
            {day: {entry.key for entry in read} for day, read in objects.items()},
            [
                Raw(entry.batch, entry.key, body)
                for entry, body in zip(entries.values(), bodies, strict=True)
            ],
            catalogs.__getitem__,
            rules_of(source),
        )

    def read(self, source: str = ROOT) -> tuple[Iterator[Raw], Catalog, Rules]:
        """What a source's day is built from: its raw objects, its catalog and rules."""
        home = raw_lake(source)
        raw = (Raw(entry.batch, entry.key, home.read_raw(entry)) for entry in self.objects(source))
        return raw, read_catalog(catalog_for(self.date, source)), rules_of(source)

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
        return sum(entry.size for source in sources() for entry in self.objects(source))

    def shares(self) -> int:
        return max(1, -(-self.size() // share_size())) if share_size() else 1

    def make_share(self, share: int, shares: int) -> Cleaned:
        return unite_sources(
            {
                source: clean_share(self.date, *self.read(source), share, shares)
                for source in sources()
            }
        )

    def unite(self, parts: list[Any]) -> tuple[Files, Metadata]:
        return self.pack(unite(parts))


def unite_sources(days: Mapping[str, Cleaned]) -> Cleaned:
    """The business day of all sources, from that of each."""
    if len(days) == 1:
        return next(iter(days.values()))
    return unite([qualify_day(day, prefix_of(name), folder_of(name)) for name, day in days.items()])


_Objects = dict[tuple[dt.date, str | None, str], list[RawObject]]


@once_per_run
def _objects_by_state() -> dict[tuple[int, ...], _Objects]:
    return {}


def objects_of(day: dt.date, batch: str | None = None, source: str = ROOT) -> list[RawObject]:
    """Raw objects of a source that may hold receipts of a business day of any store.

    Those of `batch` whose date of sale is unreadable are among them. UTC dates alone would name
    the day before or after too. Found once while raw stays as it is.
    """
    by_state, state = _objects_by_state(), (os.getpid(), *raw_state())
    if state not in by_state:
        by_state.clear()
        by_state[state] = {}
    objects = by_state[state]
    if (day, batch, source) not in objects:
        objects[day, batch, source] = _find_objects(day, batch, source)
    return objects[day, batch, source]


def raw_state() -> tuple[int, ...]:
    """Numbers that change whenever the known raw receipts of a source change."""
    return *lake().generation_of((RECEIPTS,)), *further_state((RECEIPTS,))


def _find_objects(day: dt.date, batch: str | None, source: str) -> list[RawObject]:
    rules = rules_of(source)
    bounds = [day_bounds(day, store) for store in (rules.default, *rules.stores.values())]
    start, end = min(start for start, _ in bounds), max(end for _, end in bounds)
    return [
        entry
        for entry in raw_lake(source).raw_objects(start.date(), end.date(), batch)
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
    raws = (raw_lake(source).raw_objects(days[0], days[-1]) for source in sources())
    return sum(entry.size for entries in raws for entry in entries) // 4


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


def people_and_places(day: dt.date) -> tuple[pa.Table, pa.Table]:
    """The stores and employees of every source, in the catalogs that `day` uses."""
    catalogs = {task.source: read_catalog(task) for task in catalogs_for(day)}
    stores = [
        qualify(catalog.stores_table(rules_of(source)), prefix_of(source), "")
        for source, catalog in catalogs.items()
    ]
    employees = [
        qualify(catalog.employees_table(rules_of(source)), prefix_of(source), "")
        for source, catalog in catalogs.items()
    ]
    if len(catalogs) == 1:
        return stores[0], employees[0]
    suffixes = [f" ({point_of_sale_of(source).capitalize()})" for source in catalogs]
    return unite_named(stores, "name", suffixes), unite_named(employees, "alias", suffixes)


class MonthlySummary(BatchTask):
    """Small exact tables of one month, which longer spans and reports are built from."""

    month: dt.date = settings.field(Months(default=None))
    dataset = SUMMARY
    version = f"2:{schema.version_of((*schema.SUMMARY, schema.RECEIPT_FIGURES))}"
    upstream = (*MonthlySales.upstream, SALES)

    def requires(self) -> list[DatasetTask]:
        return [MonthlySales(month=self.month), *catalogs_for(days_of(self.month)[-1])]

    def make(self) -> tuple[Files, Metadata]:
        sales, rules = MonthlySales(month=self.month), settings.rules()
        stores, employees = people_and_places(days_of(self.month)[-1])
        memory, spill = settings.lake().memory, spill_folder()
        with open_tables(sales, memory, spill) as tables:
            summary = summarize(
                self.month,
                **tables,
                stores=stores,
                employees=employees,
                metadata=lake().metadata(sales.dataset, sales.name),
                decimals=rules.decimals,
                threads=1 if self.size() < _LARGE_MONTH else 2,
                memory_limit=memory,
                spill=spill,
            )
        datasets = (*schema.SUMMARY, schema.RECEIPT_FIGURES)
        tables = {d.name: sort_table(summary[d.name], d.key) for d in datasets}
        files = {d.name: to_bytes(tables[d.name], d.key) for d in datasets}
        return files | {TABLES: pack_tables({d.name: tables[d.name] for d in schema.SUMMARY})}, {}

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
