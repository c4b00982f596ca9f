"""BackOffice(month): the POS's own exports, compared with the lake."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pipeline import schema, settings
from pipeline.errors import DataError
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import PRIMARY, raw_sources, rules_of
from pipeline.load import BACKOFFICE, Stat
from pipeline.months import months_before
from pipeline.pos import export_forms
from pipeline.rules import Store, day_bounds
from pipeline.settings.run_context import once_per_run
from pipeline.targets import DerivedTask, Files, Metadata, lake
from pipeline.tasks.business_days import days_of, history_period
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.tables import read_tables

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = f"{BACKOFFICE}/"
log = logging.getLogger(__name__)


@once_per_run
def exports() -> tuple[Stat, ...]:
    """The files of backoffice/ in this run."""
    return lake().files_of_owner(PREFIX)


@once_per_run
def read_export(key: str, _etag: str) -> bytes:
    """The bytes of an export."""
    return lake().storage.get(key)


def _at_root(rows: pa.Table) -> pa.Table:
    """The rows of the primary source, whose exports these are."""
    import pyarrow.compute as pc

    for raw in raw_sources()[1:]:
        is_other = pc.starts_with(rows.column("receipt_number"), raw.prefix)
        rows = rows.filter(pc.invert(pc.fill_null(is_other, False)))
    return rows


def unused_exports() -> list[Stat]:
    """Exports that no month of the lake is compared with."""
    from pipeline.load.parquet import from_bytes

    used: set[str] = set()
    for month in lake().partitions(BACKOFFICE):
        newest = lake().current(BACKOFFICE, month)
        if newest and "export_files" in lake().body(newest)["files"]:
            table = from_bytes(lake().read(BACKOFFICE, month, ["export_files"])["export_files"])
            used |= set(table["file"].to_pylist())
    return [stat for stat in exports() if stat.key.removeprefix(PREFIX) not in used]


def _first_complete_day() -> dt.date:
    """The first calendar day of which the lake has every sale of every store.

    The first of the history is, unless it begins in a store before the store's first business day.
    """
    first = history_period().first

    def is_complete(store: Store) -> bool:
        midnight = day_bounds(first, replace(store, day_starts_at=dt.time()))[0]
        return midnight >= day_bounds(first, store)[0]

    return first if all(map(is_complete, rules_of(PRIMARY).every_store)) else first + DAY


class BackOffice(DerivedTask):
    """The exports in backoffice/ compared with one month, receipt by receipt.

    Publishes no file (digest NOTHING) where no export concerns the month.
    """

    month: dt.date = settings.field(settings.MonthParameter(default=None))
    dataset, version = BACKOFFICE, schema.version_of(schema.BACKOFFICE)

    def requires(self) -> list[MonthlySales]:
        """The month and the one before, whose last business day ends in this one."""
        first = history_period().first_month
        return [
            MonthlySales(month=month)
            for month in (months_before(self.month, 1), self.month)
            if month == self.month or month >= first
        ]

    def days(self) -> tuple[dt.date, dt.date]:
        """First and last calendar day of the month of which the lake has every sale."""
        return max(self.month, _first_complete_day()), days_of(self.month)[-1]

    def fingerprint_settings(self) -> dict[str, object]:
        return {
            "days": self.days(),
            "currency": settings.default_store().currency,
            "decimals": settings.rules().decimals,
        }

    def inputs(self) -> list[tuple[str, str]] | None:
        inputs = super().inputs()
        if inputs is None:
            return None
        return [*inputs, *((stat.key, stat.etag) for stat in exports())]

    def make(self) -> tuple[Files, Metadata]:
        from pipeline.load.parquet import to_bytes
        from pipeline.summarize.compare_exports import compare_exports

        files = {
            stat.key.removeprefix(PREFIX): partial(read_export, stat.key, stat.etag)
            for stat in exports()
        }
        months = [read_tables(task, ["receipts", "quarantine"]) for task in self.requires()]
        tables = compare_exports(
            *self.days(),
            files,
            [_at_root(tables["receipts"]) for tables in months],
            settings.rules().decimals,
            settings.default_store().currency,
            export_forms(),
            [_at_root(tables["quarantine"]) for tables in months],
        )
        for row in tables["export_files"].to_pylist():
            if row["problem"]:
                uri = lake().storage.uri(f"{PREFIX}{row['file']}")
                log.warning("%s cannot be compared with %s: %s", uri, self.name, row["problem"])
            elif row["differing"]:
                counts = f"{row['differing']} of {row['compared']} receipts or totals"
                problem = f"{counts}, net by {row['difference']}"
                log.warning("%s differs from %s in %s", row["file"], self.name, problem)
        if self.month == history_period().first_month:
            self._warn_of_older(files)
        datasets = schema.BACKOFFICE if tables["export_files"].num_rows else ()
        published = {d.name: to_bytes(tables[d.name], d.key) for d in datasets}
        return published, {"files": len(files)}

    def _warn_of_older(self, files: dict[str, partial[bytes]]) -> None:
        """Log exports whose days all are before the history."""
        from pipeline.summarize.compare_exports import read_cached

        first = self.days()[0]
        for name, body in files.items():
            try:
                readings = read_cached(body(), settings.rules().decimals, export_forms()).readings
            except DataError:
                continue  # shown with its problem
            days = [line.day for lines in readings.values() for line in lines]
            if days and max(days) < first:
                problem = (
                    f"its days, {min(days)} to {max(days)}, are before the lake's history, which"
                    f" begins on {first} ([pos] history_starts)"
                )
                uri = lake().storage.uri(f"{PREFIX}{name}")
                log.warning("%s is compared with no month: %s", uri, problem)
