"""The till's own exports, where the owner puts them into the lake's folder backoffice/:
BackOffice(month).
"""

from __future__ import annotations

import logging
from datetime import date, time
from functools import cache, partial

from pipeline import schema, settings
from pipeline.errors import DataError
from pipeline.extract.windows import DAY, months_before
from pipeline.load import BACKOFFICE, VOID, Lake, Stat
from pipeline.load.parquet import from_bytes, to_bytes
from pipeline.load.publish import digest_files
from pipeline.summarize.compare_exports import compare_exports, read_cached
from pipeline.targets import DerivedTask, lake
from pipeline.tasks.lake import MonthlySales, days_of, read_table

NOTHING = digest_files({})
log = logging.getLogger(__name__)


@cache
def exports(of: Lake) -> tuple[Stat, ...]:
    """What lies in backoffice/ itself, asked once per run."""
    prefix = f"{BACKOFFICE}/"
    return tuple(
        stat
        for stat in of.storage.list(prefix)
        if "/" not in stat.key.removeprefix(prefix) and not stat.key.startswith(f"{prefix}.")
    )


@cache
def read(of: Lake, stat: Stat) -> bytes:
    return of.storage.get(stat.key)


def uncompared() -> list[Stat]:
    """Exports of which no month of the lake has told anything."""
    told: set[str] = set()
    for month in lake().partitions(BACKOFFICE):
        newest = lake().newest(BACKOFFICE, month)
        if newest.fingerprint != VOID and "till_files" in lake().body(newest)["files"]:
            told |= {
                *from_bytes(lake().read(BACKOFFICE, month, ["till_files"])["till_files"])[
                    "file"
                ].to_pylist()
            }
    return [stat for stat in exports(lake()) if stat.key.removeprefix(f"{BACKOFFICE}/") not in told]


class BackOffice(DerivedTask):
    """The exports held to the lake, receipt by receipt, on the calendar days of one month; NOTHING
    where none concerns it.
    """

    month = settings.Month(default=None)
    dataset, version = BACKOFFICE, schema.version_of(schema.BACKOFFICE)

    def requires(self) -> list[MonthlySales]:
        """The month, and the one before: the evening of its last day ends on the first calendar day
        of this one.
        """
        first = settings.pos().history_starts.replace(day=1)
        return [
            MonthlySales(month=month)
            for month in (months_before(self.month, 1), self.month)
            if month == self.month or month >= first
        ]

    def days(self) -> tuple[date, date]:
        """The calendar days of which the lake has every sale."""
        starts = settings.pos().history_starts
        whole = starts if settings.default_store().day_starts_at == time() else starts + DAY
        return max(self.month, whole), days_of(self.month)[-1]

    def shape(self) -> dict[str, object]:
        return {
            "days": self.days(),
            "currency": settings.default_store().currency,
            "places": settings.rules().decimals,
        }

    def inputs(self) -> list[tuple[str, str]] | None:
        made_of = super().inputs()
        return (
            None
            if made_of is None
            else [*made_of, *((stat.key, stat.etag) for stat in exports(lake()))]
        )

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        files = {
            stat.key.removeprefix(f"{BACKOFFICE}/"): partial(read, lake(), stat)
            for stat in exports(lake())
        }
        receipts = [
            read_table(
                task, "receipts", lake().read(task.dataset, task.name, ["receipts"])["receipts"]
            )
            for task in self.requires()
        ]
        found = compare_exports(
            *self.days(),
            files,
            receipts,
            settings.rules().decimals,
            settings.default_store().currency,
        )
        for row in found["till_files"].to_pylist():
            if row["problem"]:
                log.warning(
                    "%s cannot be compared with %s: %s",
                    lake().storage.uri(f"{BACKOFFICE}/{row['file']}"),
                    self.name,
                    row["problem"],
                )
            elif row["differing"]:
                log.warning(
                    "%s differs from %s in %d of %d, net by %s",
                    row["file"],
                    self.name,
                    row["differing"],
                    row["compared"],
                    row["difference"],
                )
        if self.month == settings.pos().history_starts.replace(day=1):
            self._name_older(files)
        told = schema.BACKOFFICE if found["till_files"].num_rows else ()
        return {dataset.name: to_bytes(found[dataset.name], dataset.key) for dataset in told}, {
            "files": len(files)
        }

    def _name_older(self, files: dict[str, partial[bytes]]) -> None:
        """Exports whose days all lie before the lake's history: no month compares them, so the
        first one says so.
        """
        first = self.days()[0]
        for name, body in files.items():
            try:
                readings = read_cached(body(), settings.rules().decimals).readings
            except DataError:
                continue  # told with its problem
            days = [line.day for lines in readings.values() for line in lines]
            if days and max(days) < first:
                log.warning(
                    "%s is compared with nothing: its days, %s to %s, lie before the lake's"
                    " history, which begins on %s ([pos] history_starts)",
                    lake().storage.uri(f"{BACKOFFICE}/{name}"),
                    min(days),
                    max(days),
                    first,
                )
