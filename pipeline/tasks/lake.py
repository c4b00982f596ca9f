"""From raw to the lake and its summary: DailySales, MonthlySales, MonthlySummary, MonthlyCustomers."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import luigi
import pyarrow as pa

from pipeline import schema, settings
from pipeline.errors import ConfigError
from pipeline.extract.private_folder import make_private
from pipeline.extract.windows import DAY
from pipeline.load import CATALOG, CUSTOMERS, RECEIPTS, SALES, STAGING, SUMMARY, Lake, RawObject
from pipeline.load.parquet import Writer, check_schema, from_bytes, to_bytes
from pipeline.summarize import summarize
from pipeline.targets import DerivedTask, RawTask, lake
from pipeline.tasks.batches import BatchTask, Months, engine
from pipeline.tasks.raw import RawReceipts, catalog_for, read_catalog
from pipeline.transform import Catalog, Cleaned, Raw, Rules, clean, day_bounds
from pipeline.transform.split_day import clean_share, unite


@cache
def history(of: Lake) -> tuple[date, date, int]:
    """First and last business day of the shop's history, and how many windows a day settles for;
    asked once per run, as to read a section of the settings for each day of three years takes
    seconds.
    """
    del of
    section = settings.pos()
    return section.history_starts, settings.last_day(), section.allowed_lateness_days


def spill_folder() -> Path:
    """Private folder of this machine for what does not fit into memory."""
    return make_private(settings.spool())


class DailySales(BatchTask):
    """One business day, exploded and clean."""

    date = settings.Days(default=None)
    dataset, version = STAGING, schema.version_of(schema.LAKE)
    upstream = (RECEIPTS, CATALOG)

    def requires(self) -> list[RawTask]:
        first, last, allowed_lateness_days = history(lake())
        windows = (self.date + n * DAY for n in range(allowed_lateness_days + 1))
        return [
            catalog_for(self.date),
            *(RawReceipts(date=day) for day in windows if first <= day <= last),
        ]

    def shape(self) -> dict[str, object]:
        return settings.cleaning()

    def objects(self) -> list[RawObject]:
        """Raw objects that may hold receipts of this business day, whichever window brought them."""
        return objects_of(self.date, self.name)

    def inputs(self) -> list[tuple[str, str]] | None:
        catalog, *windows = self.requires()
        if not catalog.complete() or not all(window.complete() for window in windows):
            return None
        return [
            (f"{catalog.dataset}/{catalog.name}", catalog.digest()),
            *(
                (f"raw/receipts/{found.batch} sold {found.sold or 'unknown'}", found.digest)
                for found in self.objects()
            ),
        ]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        return self.pack(clean(self.date, *self.read()))

    def read(self) -> tuple[Iterator[Raw], Catalog, Rules]:
        """What the day is made of: its raw objects, one by one, its catalog, the rules."""
        catalog = self.requires()[0]
        raw = (Raw(found.batch, found.key, lake().read_raw(found)) for found in self.objects())
        return raw, read_catalog(catalog.name, catalog.digest()), settings.rules()

    def pack(self, day: Cleaned) -> tuple[dict[str, bytes], dict[str, object]]:
        self.tell(
            f"{day.metadata['curated']:,} receipts, {day.metadata['quarantined']} in quarantine",
            100,
        )
        decimals = settings.rules().decimals
        return {
            d.name: to_bytes(schema.conform(getattr(day, d.name), d, decimals), d.order)
            for d in schema.LAKE
        }, dict(day.metadata)

    def size(self) -> int:
        return sum(found.size for found in self.objects())

    def shares(self) -> int:
        return max(1, -(-self.size() // engine().share_bytes)) if engine().share_bytes else 1

    def make_share(self, share: int, shares: int) -> Cleaned:
        return clean_share(self.date, *self.read(), share, shares)

    def unite(self, parts: list[Cleaned]) -> tuple[dict[str, bytes], dict[str, object]]:
        return self.pack(unite(parts))


def objects_of(day: date, batch: str | None = None) -> list[RawObject]:
    """Raw objects that may hold receipts of the business day of any store, and those of `batch`
    whose date of sale is unreadable. UTC dates alone would name the day before or after too.
    """
    rules = settings.rules()
    starts, ends = zip(
        *(day_bounds(day, store) for store in (rules.default, *rules.stores.values())),
        strict=True,
    )
    start, end = min(starts), max(ends)
    return [
        found
        for found in lake().raw_objects(start.date(), end.date(), batch)
        if found.may_hold(start, end)
    ]


def days_of(month: date) -> list[date]:
    """The business days of `month` that have closed and belong to the shop's history."""
    first, last, _ = history(lake())
    days = [
        day
        for day in (month + n * DAY for n in range(31))
        if day.month == month.month and first <= day <= last
    ]
    if not days:
        raise ConfigError(
            f"month {month:%Y-%m}: none of its business days has closed within the shop's history"
            f" ({first} to {last}); ask for another month, or change [pos] history_starts"
        )
    return days


class MonthlySales(BatchTask):
    """The lake of one month: receipts, sales, payments and quarantine, sorted by business day and
    time.
    """

    month = Months(default=None)
    dataset, version = SALES, schema.version_of(schema.LAKE)
    upstream = (*DailySales.upstream, STAGING)

    def requires(self) -> list[DailySales]:
        return [DailySales(date=day) for day in days_of(self.month)]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        days = self.requires()
        writers = {
            d.name: Writer(schema.arrow(d, settings.rules().decimals), d.order) for d in schema.LAKE
        }
        metadata = {"days": len(days)}
        for count, day in enumerate(days, 1):
            files = lake().read(day.dataset, day.name)
            for name, writer in writers.items():
                writer.append(read_table(day, name, files[name]))
            for key in ("fetched", "curated", "quarantined", "superseded"):
                metadata[key] = metadata.get(key, 0) + lake().metadata(day.dataset, day.name)[key]
            self.tell(f"{count} of {len(days)} days", 100 * count // len(days))
        return {name: writer.close() for name, writer in writers.items()}, metadata


_SWELLS = 8  # a Parquet file of the lake as a table: at most that many times as large
_UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}


_DATASETS = {
    dataset.name: dataset
    for dataset in (
        *schema.LAKE,
        schema.OUTSIDE,
        *schema.SUMMARY,
        schema.RECEIPT_FIGURES,
        *schema.BACKOFFICE,
    )
}


def read_table(task: DerivedTask, file_name: str, body: bytes) -> pa.Table:
    """A member of a partition as the table that its dataset declares; SchemaMismatch, naming it,
    where it is another.
    """
    return from_bytes(
        body,
        f"{task.dataset}/{task.name}/{file_name}",
        schema=schema.arrow(_DATASETS[file_name], settings.rules().decimals),
    )


@contextmanager
def open_tables(task: DerivedTask, memory: str, folder: Path) -> Iterator[dict[str, object]]:
    """The tables of a month, held to the schema. Where they would fill half of `memory`, they are
    files in `folder`, read batch by batch.
    """
    files = lake().read(task.dataset, task.name)
    size = re.fullmatch(r"([\d.]+) ?([KMGT])i?B", memory.strip(), re.IGNORECASE)
    limit = float(size[1]) * (1 << _UNITS[size[2].upper()]) if size else math.inf
    if sum(map(len, files.values())) * _SWELLS <= limit / 2:
        yield {name: read_table(task, name, body) for name, body in files.items()}
        return
    from pyarrow.dataset import (
        dataset,
    )  # imports pandas where it is installed, which a small month does without

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        for file_name, body in files.items():
            (Path(name) / file_name).write_bytes(body)
        tables = {
            file_name: dataset(Path(name) / file_name, format="parquet") for file_name in files
        }
        for file_name, table in tables.items():
            check_schema(
                table.schema,
                schema.arrow(_DATASETS[file_name], settings.rules().decimals),
                f"{task.dataset}/{task.name}/{file_name}",
            )
        yield tables


class MonthlySummary(BatchTask):
    """Small exact tables of one month, which longer spans are merged from and reports are told
    from.
    """

    month = Months(default=None)
    dataset, version = SUMMARY, schema.version_of((*schema.SUMMARY, schema.RECEIPT_FIGURES))
    upstream = (*MonthlySales.upstream, SALES)

    def requires(self) -> list[luigi.Task]:
        return [MonthlySales(month=self.month), catalog_for(days_of(self.month)[-1])]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        sales, catalog = self.requires()
        known = read_catalog(catalog.name, catalog.digest())
        with open_tables(sales, settings.lake().memory, spill_folder()) as tables:
            summary = summarize(
                self.month,
                **tables,
                stores=known.stores_table(settings.rules()),
                employees=known.employees_table(settings.rules()),
                metadata=lake().metadata(sales.dataset, sales.name),
                decimals=settings.rules().decimals,
                memory_limit=settings.lake().memory,
                spill=spill_folder(),
            )
        tables = (*schema.SUMMARY, schema.RECEIPT_FIGURES)
        return {d.name: to_bytes(summary[d.name], d.key) for d in tables}, {}


class MonthlyCustomers(DerivedTask):
    """The month's identified customers on their own, so that the reports of later months are told
    again only when these change.
    """

    month = settings.Month(default=None)
    dataset, version = CUSTOMERS, schema.version_of((schema.CUSTOMERS,))
    upstream = (*MonthlySummary.upstream, SUMMARY)

    def requires(self) -> list[MonthlySummary]:
        return [MonthlySummary(month=self.month)]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        (summary,) = self.requires()
        return lake().read(summary.dataset, summary.name, ["customers"]), {}
