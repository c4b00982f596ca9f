"""MonthlySales(month): the lake's tables of one month, from its days."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline import schema, settings
from pipeline.errors import Corrupt, SchemaMismatch
from pipeline.lakes import raw_lake, sources
from pipeline.load import MONTH_DATASET, STAGING
from pipeline.load.publication import NOTHING
from pipeline.targets import Files, Metadata, lake
from pipeline.tasks.batches import BatchTask, Months
from pipeline.tasks.business_days import days_of
from pipeline.tasks.daily_sales import DailySales
from pipeline.tasks.tables import read_day, read_day_pieces, read_tables

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

Counts = dict[str, dict[str, int]]
"""The counts of days, by date."""

_UPDATED_SIZE = 32 << 20  # of a month's files: a larger month is read day by day


class MonthlySales(BatchTask):
    """The lake's tables of one month, sorted by business day and time."""

    month: dt.date = settings.field(Months(default=None))
    dataset, version = MONTH_DATASET, schema.version_of(schema.MONTH_TABLES)
    fingerprint_datasets = (*DailySales.fingerprint_datasets, STAGING)

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
        from pipeline.load.parquet import ParquetWriter
        from pipeline.summarize.check import COUNTS

        days = self.requires()
        changed = [task for task in days if task.name not in unchanged]
        decimals = settings.rules().decimals
        if unchanged:
            files = _updated(before, unchanged, changed)
        else:
            lake_tables = {
                d.name: (schema.arrow(d, decimals), d.order) for d in schema.MONTH_TABLES
            }
            writers = {name: ParquetWriter(*form) for name, form in lake_tables.items()}
            for name, rows in _read_together(changed):
                writers[name].append(rows)
            files = {name: writer.close() for name, writer in writers.items()}
        counts = unchanged | {day.name: _counts_of(day) for day in changed}
        self.report_progress(f"{len(changed)} of {len(days)} days read", 100)
        totals = {key: sum(day[key] for day in counts.values()) for key in COUNTS}
        return files, {"days": len(days), **totals, "counts": counts}

    def unchanged_days(self) -> Counts:
        """The counts of the days that the published month holds as they are now.

        Empty where reading its days again is cheaper, or the month is not as it was published.
        """
        newest = lake().current(self.dataset, self.name)
        if newest is None:
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


def _counts_of(day: DailySales) -> dict[str, int]:
    """The counts of a day; its manifest is not read where it has no file."""
    from pipeline.summarize.check import COUNTS

    if day.digest() == NOTHING:
        return dict.fromkeys(COUNTS, 0)
    metadata = lake().metadata(day.dataset, day.name)
    return {key: metadata[key] for key in COUNTS}


def _read_together(days: Iterable[DailySales]) -> Iterator[tuple[str, pa.Table]]:
    """`read_day_pieces` of days, small ones joined: an append has its fixed cost."""
    import pyarrow as pa

    from pipeline.load.parquet import ROW_GROUP

    parts: dict[str, list[pa.Table]] = defaultdict(list)
    for day in days:
        for name, rows in read_day_pieces(day):
            parts[name].append(rows)
            if sum(part.num_rows for part in parts[name]) >= ROW_GROUP:
                yield name, pa.concat_tables(parts.pop(name))
    for name, tables in parts.items():
        yield name, pa.concat_tables(tables)


def _updated(
    before: Mapping[str, pa.Table], unchanged: Collection[str], changed: Sequence[DailySales]
) -> Files:
    """Join the unchanged days of a published month to its changed days."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from pipeline.load.parquet import to_bytes
    from pipeline.transform.columns import fixed
    from pipeline.transform.days import EPOCH

    days = [read_day(day) for day in changed]
    dates = [dt.date.fromisoformat(name) for name in unchanged]
    numbers = fixed(np.array([day.toordinal() - EPOCH for day in dates]), pa.date32())
    decimals, files = settings.rules().decimals, {}
    for dataset in schema.MONTH_TABLES:
        table = before[dataset.name]
        kept = table.filter(pc.is_in(table.column("business_day"), value_set=numbers))
        rows = pa.concat_tables([kept, *(day[dataset.name] for day in days)])
        # a list that was read from Parquet names its elements differently
        rows = rows.cast(schema.arrow(dataset, decimals))
        files[dataset.name] = to_bytes(rows, dataset.order)
    return files


def month_size(month: dt.date) -> int:
    """The work of a month's tables: a quarter of that of its days."""
    days = days_of(month)
    raws = (raw_lake(source).raw_objects(days[0], days[-1]) for source in sources())
    return sum(entry.size for entries in raws for entry in entries) // 4
