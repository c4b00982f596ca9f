"""RawShifts(date), MonthlyShifts(month): the shifts of the cash drawers.

A point of sale lists shifts by the instant at which the server received them. A raw partition is
named after a business day and has the shifts received in the half of the month that ends with it,
and in LOOK_BACK days before, in which a shift may still have been open. Each closed half of a month
has exactly one raw partition that is used. A shift belongs to the month in which it was opened. One
that arrives later than in the first half of the next month is logged and belongs to no month.
Exception: if several half-months are read together, it goes to the half-month of its close.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from typing import Any

from pipeline import schema, settings
from pipeline.errors import ConfigError, DataError, NotServed, PipelineError
from pipeline.extract.window_bounds import DAY, consecutive_days
from pipeline.lakes import point_of_sale_of, prefix_of, raw_lake, reader_of, rules_of, sources
from pipeline.load import CATALOG, RAW_FINGERPRINT, RAW_SHIFTS, SHIFTS, compress, decompress
from pipeline.load.publication import Content
from pipeline.months import month_after, months_between
from pipeline.pos.source import CashShift, Reader
from pipeline.rules import day_bounds
from pipeline.settings.run_context import once_per_run
from pipeline.targets import Files, Metadata
from pipeline.tasks.batches import BatchTask, Months
from pipeline.tasks.business_days import days_of, history_period
from pipeline.tasks.raw import RawCatalog, RawDays, catalogs_for, open_checked_source, read_catalog
from pipeline.tasks.raw_task import RawTask

FILE = "shifts"
HALF = 15
"""The last day of the first half of a month."""
LOOK_BACK = 3
_READING = 250_000  # work of a month (BatchTask.size): years are enough for the process pool

log = logging.getLogger(__name__)


@once_per_run
def shift_sources() -> tuple[str, ...]:
    """The sources that serve shifts: those with an API whose reader reads them."""
    readable = [source for source in sources() if reader_of(source).read_shift]
    points = {source: settings.point_of_sale(point_of_sale_of(source)) for source in readable}
    return tuple(source for source, point in points.items() if not point.is_saved)


class RawShifts(RawDays):
    """The shifts received in one half of a month, named by its last day.

    It also has those of the LOOK_BACK days before that half. Empty if the account or its token does
    not provide shifts; the manifest says so. Luigi batches the missing ones: those that touch are
    requested as one period.
    """

    date: dt.date = settings.field(settings.Days(default=None))
    dataset = RAW_SHIFTS
    max_batch_size = 1_000

    def fetch(self) -> None:
        if self.days[-1] > settings.last_day():
            raise ConfigError(
                f"shifts of {self.days[-1]}: that day has not closed; the last closed one is"
                f" {settings.last_day()}"
            )
        for days in consecutive_days(self.missing_days(), start_of_half):
            self._fetch_period(days)

    def _fetch_period(self, days: list[dt.date]) -> None:
        """Request the half-months that end with `days` together; publish them together."""
        # its reader has read_shift, so it has `shifts`
        pos_source: Any = open_checked_source(self.source)
        rows, refused = list[bytes](), ""
        since, until = received_in(days[0])[0], received_in(days[-1])[1]
        try:
            rows, served_from = pos_source.shifts(since, until)
        except NotServed as error:
            refused, served_from = str(error), until
        source_lake, contents = raw_lake(self.source), []
        for day, part in split_shifts(rows, days, reader_of(self.source)).items():
            reason = ""
            if received_in(day)[1] <= served_from:
                reason = refused or f"the account serves no shifts before {served_from:%Y-%m-%d}"
                log.warning("%s: no shifts of the cash drawer are kept: %s", day, reason)
            files = {FILE: compress(b"".join(row + b"\n" for row in part))}
            metadata = {"shifts": len(part), "refused": reason}
            expected = source_lake.newest(RAW_SHIFTS, str(day))
            contents.append(
                Content(RAW_SHIFTS, str(day), RAW_FINGERPRINT, files, metadata, expected)
            )
        for result in source_lake.publish_all(contents):
            if isinstance(result, PipelineError):
                raise result
        self.report_progress(f"{len(rows)} shifts", 100)


def start_of_half(day: dt.date) -> dt.date:
    """The first day of the half of a month that has `day`."""
    return day.replace(day=HALF + 1 if day.day > HALF else 1)


def received_in(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """The bounds of the raw partition of a day, in the server's time of receipt.

    They do not depend on `history_starts`, which may be set to an earlier day.
    """
    store = settings.default_store()
    first = start_of_half(day) - LOOK_BACK * DAY
    return day_bounds(first, store)[0], day_bounds(day, store)[1]


def split_shifts(
    rows: list[bytes], days: list[dt.date], reader: Reader
) -> dict[dt.date, list[bytes]]:
    """The rows of a period by the day of the raw partition.

    A row does not state when the server received it. So each partition has the shifts that were
    open between its bounds; the first also has those that arrived later than its bounds, and the
    last those that are unreadable. Of a period of one partition it has all rows.
    """
    assert reader.read_shift is not None  # as of every source in shift_sources()
    if len(days) == 1:
        return {days[0]: rows}
    parts: dict[dt.date, list[bytes]] = {day: [] for day in days}
    bounds = {day: received_in(day) for day in days}
    for row in rows:
        try:
            shift = reader.read_shift(row)
        except ValueError:
            parts[days[-1]].append(row)
            continue
        end = shift.closed_at or shift.opened_at
        has_been_open = [
            day
            for day, (since, until) in bounds.items()
            if end >= since and shift.opened_at < until
        ]
        for day in has_been_open or [days[0] if end < bounds[days[0]][0] else days[-1]]:
            parts[day].append(row)
    return parts


def shifts_of_all(first: dt.date, last: dt.date) -> list[RawShifts]:
    """The tasks of each half of a month that has a day of the period, of every source."""
    history = history_period()
    ends = {
        min(end, history.last)
        for month in months_between(first, min(last, history.last))
        for end in halves_of(month)[:2]
        if start_of_half(end) <= min(last, history.last) and end >= max(first, history.first)
    }
    return [RawShifts(date=end, source=name) for name in shift_sources() for end in sorted(ends)]


def halves_of(month: dt.date) -> list[dt.date]:
    """The ends of the halves of a month and of the first half of the next."""
    following = month_after(month)
    return [month.replace(day=HALF), following - DAY, following.replace(day=HALF)]


def parts_of(month: dt.date) -> list[dt.date]:
    """The days of the raw partitions that may have shifts of `month` and have closed.

    The last one is that of the last closed day, until its half of the month is over.
    """
    first, last, _ = history_period()
    return [
        min(end, last) for end in halves_of(month) if start_of_half(end) <= last and end >= first
    ]


class MonthlyShifts(BatchTask):
    """The shifts of a month; publishes no file (digest NOTHING) where there are none."""

    month: dt.date = settings.field(Months(default=None))
    may_run_on_cluster = False
    dataset, version = SHIFTS, schema.version_of((schema.SHIFTS,))
    fingerprint_datasets = (RAW_SHIFTS, CATALOG)

    def requires(self) -> list[RawTask]:
        days = parts_of(self.month)
        shifts = [RawShifts(date=day, source=name) for name in shift_sources() for day in days]
        return [*catalogs_for(days_of(self.month)[-1]), *shifts]

    def fingerprint_settings(self) -> dict[str, object]:
        of_transform = settings.transform_settings()
        starts = max(history_period().first, self.month)
        return {name: of_transform[name] for name in ("stores", "decimals", "tzdata")} | {
            "starts": str(starts)
        }

    def size(self) -> int:
        return _READING

    def make(self) -> tuple[Files, Metadata]:
        import pyarrow as pa

        from pipeline.load.parquet import to_bytes
        from pipeline.transform.columns import column
        from pipeline.transform.shifts import shifts_table

        rules, first = settings.rules(), history_period().first
        tables, counts = [schema.empty(schema.SHIFTS, rules.decimals)], Counter[str]()
        for source in shift_sources():
            shifts = self._read(source, counts)
            table = shifts_table(
                shifts, rules_of(source), self._registers(source), prefix_of(source)
            )
            days = table["business_day"].to_pylist()
            months = [day.replace(day=1) for day in days]
            is_of_month = [
                day >= first and month == self.month
                for day, month in zip(days, months, strict=True)
            ]
            tables.append(table.filter(column(is_of_month, pa.bool_())))
            counts["late"] += sum(
                is_late(month, day) for month, day in zip(months, shifts.values(), strict=True)
            )
        rows = pa.concat_tables(tables)
        for name, problem in (("unreadable", "could not be read"), ("late", "arrived too late")):
            if counts[name]:
                log.warning("%s: %d shifts %s and are in no report", self, counts[name], problem)
        files = {FILE: to_bytes(rows, schema.SHIFTS.key)} if rows.num_rows else {}
        return files, {"shifts": rows.num_rows, **counts}

    def _registers(self, source: str) -> dict[str, str]:
        """The names of the registers of a source by id."""
        (task,) = (
            task
            for task in self.requires()
            if isinstance(task, RawCatalog) and task.source == source
        )
        rows = read_catalog(task).raw.get("pos_devices", [])
        return {row["id"]: row.get("name") or row["id"] for row in rows}

    def _read(self, source: str, counts: Counter[str]) -> dict[CashShift, dt.date]:
        """The newest version of each shift, with the first partition that has it."""
        from pipeline.transform.shifts import check_amounts

        read, source_lake = reader_of(source).read_shift, raw_lake(source)
        decimals = rules_of(source).decimals
        assert read is not None  # as of every source in shift_sources()
        newest: dict[str, tuple[CashShift, dt.date]] = {}
        for task in self.requires():
            if not isinstance(task, RawShifts) or task.source != source:
                continue
            for line in decompress(
                source_lake.read(RAW_SHIFTS, task.name, [FILE])[FILE]
            ).splitlines():
                try:
                    shift = read(line)
                    check_amounts(shift, decimals)
                except (ValueError, DataError) as error:
                    counts["unreadable"] += 1
                    log.warning("raw/shifts %s: a shift is unreadable: %s", task.name, error)
                    continue
                _, day = newest.get(shift.shift_id, (None, task.date))
                newest[shift.shift_id] = shift, day
        return dict(newest.values())


def is_late(month: dt.date, received: dt.date) -> bool:
    """Whether a shift was received after the last half-month that is read for `month`."""
    return received > max(halves_of(month))
