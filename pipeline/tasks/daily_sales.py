"""DailySales(date): one business day, from raw to staging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipeline import schema, settings
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import (
    PRIMARY,
    folder_of,
    prefix_of,
    raw_lake,
    rules_of,
    sources,
)
from pipeline.load import CATALOG, RAW_RECEIPTS, STAGING, RawObject
from pipeline.months import days_between
from pipeline.rules import day_bounds
from pipeline.targets import DatasetTask, Files, Metadata
from pipeline.tasks.batch_groups import chunks_of
from pipeline.tasks.batches import BatchTask
from pipeline.tasks.business_days import history_period
from pipeline.tasks.raw import RawReceipts, catalog_for, catalogs_for, read_catalog
from pipeline.tasks.raw_state import until_raw_changes
from pipeline.tasks.raw_task import committed

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.transform import BuiltDay, Catalog, Raw, Rules

_PORTION_ROWS = 2048  # rows of each portion that a merge holds at once


class PackedPortion(NamedTuple):
    """The tables of a portion of a chunk, each packed, and its counts."""

    tables: dict[str, bytes]
    metadata: dict[str, int]


class DailySales(BatchTask):
    """One business day, with combos split into components."""

    date: dt.date = settings.field(settings.Days(default=None))
    dataset, version = STAGING, schema.version_of(schema.MONTH_TABLES)
    fingerprint_datasets = (RAW_RECEIPTS, CATALOG)

    def requires(self) -> list[DatasetTask]:
        days = self.windows()
        windows = [RawReceipts(date=day, source=name) for name in sources() for day in days]
        return [*catalogs_for(self.date), *windows]

    def windows(self) -> list[dt.date]:
        """The windows that it waits for."""
        first, last, allowed_lateness_days = history_period()
        return days_between(
            max(first, self.date), min(last, self.date + allowed_lateness_days * DAY)
        )

    def fingerprint_settings(self) -> dict[str, object]:
        return settings.transform_settings()

    def objects(self, source: str = PRIMARY) -> list[RawObject]:
        """Raw objects of a source that may hold receipts of this business day."""
        return objects_of(self.date, self.name, source)

    def inputs(self) -> list[tuple[str, str]] | None:
        catalogs = catalogs_for(self.date)
        if not all(catalog.digest() for catalog in catalogs) or not all(
            committed(RAW_RECEIPTS, str(day), source)
            for source in sources()
            for day in self.windows()
        ):
            return None
        inputs = [(task.path, task.digest() or "") for task in catalogs]
        for source in sources():
            folder = f"{prefix_of(source)}raw/receipts"
            inputs += [
                (f"{folder}/{entry.partition} sold {entry.sold or 'unknown'}", entry.digest)
                for entry in self.objects(source)
            ]
        return inputs

    def make(self) -> tuple[Files, Metadata]:
        return self.make_all([self])[self]

    @classmethod
    def make_all(cls, tasks: Sequence[DailySales]) -> dict[DailySales, tuple[Files, Metadata]]:
        """Build the days in one pass, which reads each raw object once."""
        by_source = {source: cls._build_source(tasks, source) for source in sources()}
        files = {}
        for task in tasks:
            days = {source: days[task.date] for source, days in by_source.items()}
            files[task] = task.pack(merge_sources(days))
        return files

    @staticmethod
    def _build_source(tasks: Sequence[DailySales], source: str) -> dict[dt.date, BuiltDay]:
        """The days of one source."""
        from pipeline.transform import Raw, build_days

        source_lake = raw_lake(source)
        objects = {task.date: task.objects(source) for task in tasks}
        catalogs = {task.date: read_catalog(catalog_for(task.date, source)) for task in tasks}
        entries = {entry.key: entry for day in objects.values() for entry in day}
        bodies = source_lake.read_raw_all(list(entries.values()))
        pairs = zip(entries.values(), bodies, strict=True)
        raw = [Raw(entry.partition, entry.key, body) for entry, body in pairs]
        keys = {day: {entry.key for entry in read} for day, read in objects.items()}
        return build_days(keys, raw, catalogs.__getitem__, rules_of(source))

    def read(self, source: str = PRIMARY) -> tuple[Iterator[Raw], Catalog, Rules]:
        """The raw objects of a source's day, in blocks of lines, its catalog and rules."""
        from pipeline.transform import Raw

        source_lake = raw_lake(source)
        raw = (
            Raw(entry.partition, entry.key, block)
            for entry in self.objects(source)
            for block in source_lake.read_raw_blocks(entry)
        )
        return raw, read_catalog(catalog_for(self.date, source)), rules_of(source)

    def pack(self, day: BuiltDay) -> tuple[Files, Metadata]:
        """The files and metadata of a day; no file if raw has no record of it."""
        from pipeline.load.day_object import FILE, pack_tables

        self._report_counts(day.metadata)
        if not any(day.metadata.values()):
            return {}, dict(day.metadata)
        return {FILE: pack_tables(_sorted_tables(day))}, dict(day.metadata)

    def _report_counts(self, counts: Mapping[str, int]) -> None:
        self.report_progress(
            f"{counts['counted']:,} receipts, {counts['quarantined']} in quarantine", 100
        )

    def size(self) -> int:
        return sum(entry.size for source in sources() for entry in self.objects(source))

    def chunks(self) -> int:
        return chunks_of(self.size())

    def make_chunk(self, chunk: int, chunks: int) -> list[PackedPortion]:
        from pipeline.load.day_object import pack_tables
        from pipeline.transform.several import qualify_day
        from pipeline.transform.split_day import build_chunk

        portions = []
        for source in sources():
            for portion in build_chunk(self.date, *self.read(source), chunk, chunks):
                day = qualify_day(portion, prefix_of(source), folder_of(source))
                tables = _sorted_tables(day).items()
                packed = {name: pack_tables({name: rows}, _PORTION_ROWS) for name, rows in tables}
                portions.append(PackedPortion(packed, portion.metadata))
        return portions

    def merge_chunks(self, parts: list[list[PackedPortion]]) -> tuple[Files, Metadata]:
        from pipeline.load.day_object import FILE, pack, unpack_pieces
        from pipeline.transform.merge import merge
        from pipeline.transform.split_day import add_counts

        portions = [portion for part in parts for portion in part]
        counts = add_counts([portion.metadata for portion in portions])
        self._report_counts(counts)
        tables = {}
        for dataset in schema.MONTH_TABLES:
            expected = {dataset.name: schema.arrow(dataset, settings.rules().decimals)}
            objects = [
                unpack_pieces(portion.tables[dataset.name], f"a portion of {self}", expected)
                for portion in portions
            ]
            pieces = [(rows for _, rows in tables_of) for tables_of in objects]
            tables[dataset.name] = expected[dataset.name], merge(pieces, dataset.order)
        return {FILE: pack(tables)}, dict(counts)


def _sorted_tables(day: BuiltDay) -> dict[str, pa.Table]:
    """The tables of a day, or of a portion of it, as the lake keeps them."""
    from pipeline.load.parquet import sort_table

    decimals, tables = settings.rules().decimals, {}
    for dataset in schema.MONTH_TABLES:
        table = getattr(day, dataset.name)
        if not table.schema.equals(schema.arrow(dataset, decimals)):
            table = schema.conform(table, dataset, decimals)
        tables[dataset.name] = sort_table(table, dataset.order)
    return tables


def merge_sources(days: Mapping[str, BuiltDay]) -> BuiltDay:
    """The business day of all sources, from that of each."""
    if len(days) == 1:
        return next(iter(days.values()))
    from pipeline.transform.several import qualify_day
    from pipeline.transform.split_day import merge_parts

    return merge_parts(
        [qualify_day(day, prefix_of(name), folder_of(name)) for name, day in days.items()]
    )


@until_raw_changes
def objects_of(
    day: dt.date, partition: str | None = None, source: str = PRIMARY
) -> list[RawObject]:
    """Raw objects of a source that may hold receipts of a business day of any store.

    They include those of `partition` whose date of sale is unreadable. An object is left out if its
    times of sale are outside the day, although its UTC date is not.
    """
    bounds = [day_bounds(day, store) for store in rules_of(source).every_store]
    start, end = min(start for start, _ in bounds), max(end for _, end in bounds)
    return [
        entry
        for entry in raw_lake(source).raw_objects(start.date(), end.date(), partition)
        if entry.may_hold(start, end)
    ]
