"""RawShifts(date), MonthlyShifts(month): the shifts of the cash drawers.

A point of sale lists shifts by the instant at which the server received them. A raw partition is
named after a business day and has the shifts received in the half of the month that ends with it,
and in LOOK_BACK days before, in which a shift may still have been open. Each closed half of a month
has exactly one raw partition that is used. A shift belongs to the month in which it was opened; one
that arrives later than in the first half of the next month is in no month, and is logged.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from typing import Any

from pipeline import schema, settings
from pipeline.errors import ConfigError, NotServed
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import point_of_sale_of, prefix_of, raw_lake, reader_of, rules_of, sources
from pipeline.load import CATALOG, RAW, RAW_SHIFTS, SHIFTS, compress, decompress
from pipeline.pos.source import Shift
from pipeline.rules import day_bounds
from pipeline.settings.run_context import once_per_run
from pipeline.targets import DerivedTask, Files, Metadata, RawTask
from pipeline.tasks.history import days_of, history_span
from pipeline.tasks.raw import RawCatalog, catalogs_for, open_source, read_catalog

FILE = "shifts"
HALF = 15
"""The last day of the first half of a month."""
LOOK_BACK = 3
log = logging.getLogger(__name__)


@once_per_run
def shift_sources() -> tuple[str, ...]:
    """The sources that serve shifts: those with an API whose reader reads them."""
    return tuple(
        source
        for source in sources()
        if reader_of(source).read_shift
        and not settings.point_of_sale(point_of_sale_of(source)).is_saved
    )


class RawShifts(RawTask):
    """The shifts received in the half of a month that ends with a day.

    And in LOOK_BACK days before it. Empty if the account or its token does not provide shifts; the
    manifest says so.
    """

    date: dt.date = settings.field(settings.Day(default=None))
    dataset = RAW_SHIFTS

    def fetch(self) -> None:
        if self.date > settings.last_day():
            raise ConfigError(
                f"shifts of {self.date}: that day has not closed; the last closed one is"
                f" {settings.last_day()}"
            )
        first = self.date.replace(day=HALF + 1 if self.date.day > HALF else 1) - LOOK_BACK * DAY
        store, rows, refused = settings.default_store(), list[bytes](), ""
        since = day_bounds(max(first, history_span().first), store)[0]
        shop: Any = open_source(self.source)  # its reader has read_shift, so it has `shifts`
        try:
            rows = shop.shifts(since, day_bounds(self.date, store)[1])
        except NotServed as error:
            refused = str(error)
            log.warning("%s: no shifts of the cash drawer are kept: %s", self, refused)
        home = raw_lake(self.source)
        home.publish(
            self.dataset,
            self.name,
            RAW,
            {FILE: compress(b"".join(row + b"\n" for row in rows))},
            {"shifts": len(rows), "refused": refused},
            expected_manifest=home.newest(self.dataset, self.name),
        )
        self.report_progress(f"{len(rows)} shifts", 100)


def halves_of(month: dt.date) -> list[dt.date]:
    """The ends of the halves of a month and of the first half of the next."""
    following = (month + 31 * DAY).replace(day=1)
    return [month.replace(day=HALF), following - DAY, following.replace(day=HALF)]


def parts_of(month: dt.date) -> list[dt.date]:
    """The days of the raw partitions that may have shifts of `month` and have closed.

    The last one is that of the last closed day, until its half of the month is over.
    """
    first, last, _ = history_span()
    starts = [month, *(end + DAY for end in halves_of(month)[:-1])]
    return [
        min(end, last)
        for start, end in zip(starts, halves_of(month), strict=True)
        if start <= last and end >= first
    ]


class MonthlyShifts(DerivedTask):
    """The shifts of a month; publishes no file (digest NOTHING) where there are none."""

    month: dt.date = settings.field(settings.Month(default=None))
    dataset, version = SHIFTS, schema.version_of((schema.SHIFTS,))
    upstream = (RAW_SHIFTS, CATALOG)

    def requires(self) -> list[RawTask]:
        days = parts_of(self.month)
        shifts = [RawShifts(date=day, source=name) for name in shift_sources() for day in days]
        return [*catalogs_for(days_of(self.month)[-1]), *shifts]

    def fingerprint_settings(self) -> dict[str, object]:
        shaping = settings.cleaning()
        return {name: shaping[name] for name in ("stores", "decimals", "tzdata")}

    def make(self) -> tuple[Files, Metadata]:
        import pyarrow as pa

        from pipeline.load.parquet import to_bytes
        from pipeline.transform.shifts import shifts_table

        rules = settings.rules()
        tables, counts = [schema.empty(schema.SHIFTS, rules.decimals)], Counter[str]()
        for source in shift_sources():
            shifts = self._read(source, counts)
            table = shifts_table(
                shifts, rules_of(source), self._registers(source), prefix_of(source)
            )
            months = [day.replace(day=1) for day in table["business_day"].to_pylist()]
            is_of_month = pa.array([month == self.month for month in months], pa.bool_())
            tables.append(table.filter(is_of_month))
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

    def _read(self, source: str, counts: Counter[str]) -> dict[Shift, dt.date]:
        """The newest version of each shift, with the first partition that has it."""
        read, home = reader_of(source).read_shift, raw_lake(source)
        assert read is not None  # as of every source in shift_sources()
        newest: dict[str, tuple[Shift, dt.date]] = {}
        for task in self.requires():
            if not isinstance(task, RawShifts) or task.source != source:
                continue
            for line in decompress(home.read(RAW_SHIFTS, task.name, [FILE])[FILE]).splitlines():
                try:
                    shift = read(line)
                except ValueError as error:
                    counts["unreadable"] += 1
                    log.warning("raw/shifts %s: a shift is unreadable: %s", task.name, error)
                    continue
                _, day = newest.get(shift.shift_id, (None, task.date))
                newest[shift.shift_id] = shift, day
        return dict(newest.values())


def is_late(month: dt.date, received: dt.date) -> bool:
    """Whether a shift was received after the last half-month that is read for `month`."""
    return received > max(halves_of(month))
