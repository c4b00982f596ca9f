"""MonthlyReport(month): one month against the one before and last year's."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import reports
from pipeline import schema, settings
from pipeline.errors import Corrupt
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import raw_lake, sources
from pipeline.load import (
    BACKOFFICE,
    BEFORE_HISTORY,
    CUSTOMERS,
    MONTHLY,
    RAW_SHIFTS,
    SHIFTS,
    SUMMARY,
    Manifest,
)
from pipeline.load.publication import NOTHING
from pipeline.months import days_between, months_before, months_between
from pipeline.targets import DerivedTask, Files, Metadata, lake
from pipeline.tasks import warm_up
from pipeline.tasks.back_office import BackOffice, exports
from pipeline.tasks.batches import BatchTask, Months
from pipeline.tasks.business_days import days_of, history_period
from pipeline.tasks.labour import labour, plans_for
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.monthly_summary import MonthlyCustomers, MonthlySummary
from pipeline.tasks.outside_history import OutsideHistory, check_receipts_complete, is_needed
from pipeline.tasks.raw import catalogs_for
from pipeline.tasks.raw_state import until_raw_changes
from pipeline.tasks.report import Report, tasks_of
from pipeline.tasks.shifts import MonthlyShifts, shift_sources
from pipeline.tasks.tables import read_months, read_summary, read_table, read_tables
from pipeline.tasks.versions import figures_of

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

RECEIPT_FIGURES = schema.RECEIPT_FIGURES.name
# BatchTask.size of a report: two exceed _LITTLE_WORK of batches.py, so processes build them
_SIZE = 4_300_000
_UNREAD_DAYS = 7  # a report says so if a later window has been missing for so many days
CHECKED = "checked"  # names of checked raw objects, in the manifest of a report
ARCHIVED_RECEIPTS = "receipts.parquet"  # the receipts as a version of a report counted them


class MonthlyReport(Report, BatchTask):
    """One month against the month before and the same month of last year.

    Also built from the customers of earlier months (`months_of_customers`) and the POS's own
    exports.
    """

    month: dt.date = settings.field(Months(default=None))
    dataset, version = MONTHLY, 11
    may_run_on_cluster, draws_charts = False, True
    fingerprint_datasets = (
        *MonthlyCustomers.fingerprint_datasets,
        CUSTOMERS,
        BACKOFFICE,
        BEFORE_HISTORY,
        RAW_SHIFTS,
        SHIFTS,
    )

    def requires(self) -> list[DerivedTask]:
        last = days_of(self.month)[-1]  # ConfigError for an invalid month
        if not all(catalog.complete() for catalog in catalogs_for(last)):
            warm_up.start_simulators()  # the month is not extracted yet
        base = [
            month
            for month in (months_before(self.month, 1), months_before(self.month, 12))
            if month >= history_period().first_month and days_of(month)[0].day == 1
        ]  # a month that begins later cannot be compared with
        return [
            *(MonthlySummary(month=month) for month in (self.month, *base)),
            *(MonthlyCustomers(month=month) for month in months_of_customers(self.month)),
            *([BackOffice(month=self.month)] if exports() else []),
            *([OutsideHistory(month=self.month)] if is_needed(self.month) else []),
            *(MonthlyShifts(month=month) for month in self.months_of_shifts()),
        ]

    def inputs(self) -> list[tuple[str, str]] | None:
        """What it requires, without exports, shifts and OutsideHistory that have no rows."""
        inputs = super().inputs()
        optional = [f"{dataset}/{self.name}" for dataset in (BACKOFFICE, BEFORE_HISTORY)]
        optional += [f"{SHIFTS}/{month:%Y-%m}" for month in self.months_of_shifts()]
        return inputs and [
            (name, digest)
            for name, digest in inputs
            if not (name in optional and digest == NOTHING)
        ]

    def size(self) -> int:
        return _SIZE

    def options(self) -> dict[str, object]:
        return super().options() | {"plans": settings.plans_digest(labour())}

    def months_of_shifts(self) -> list[dt.date]:
        """The month and the one before: its last shifts may close in this one."""
        months = (self.month, months_before(self.month, 1)) if shift_sources() else ()
        return [month for month in months if month >= history_period().first_month]

    def customers_since(self) -> dt.date:
        """The first day whose customers the report compares with."""
        return days_of(min([self.month, *months_of_customers(self.month)]))[0]

    def read_through(self) -> dt.date | None:
        """The last day whose changes are read, if later windows are missing; else None.

        A receipt is only in the window of its last change. So if it changed in a window that is not
        read yet, it is missing in the month.
        """
        first, last, _ = history_period()
        after = max(days_of(self.month)[-1], first)
        unread = next((day for day in unread_days() if day > after), last + DAY)
        return unread - DAY if (last - unread).days >= _UNREAD_DAYS else None

    def fingerprint_settings(self) -> dict[str, object]:
        settings_used = super().fingerprint_settings() | {"starts": str(self.customers_since())}
        if read_through := self.read_through():
            settings_used["read through"] = str(read_through)
        return settings_used

    def run(self) -> Iterator[Any]:
        with suppress(Corrupt):  # the report that reads a damaged month has it rebuilt
            for dataset in (CUSTOMERS, SUMMARY):  # once, for all processes
                lake().prefetch(dataset, lake().partitions(dataset))
        yield from super().run()

    def write_report(self, previous: Manifest | None, **common: Any) -> Files:
        import pyarrow as pa

        names = [dataset.name for dataset in schema.SUMMARY]
        required = self.requires()
        customers = read_months(tasks_of(MonthlyCustomers, required), read_tables)
        summaries = read_months(
            tasks_of(MonthlySummary, required), lambda task: read_summary(task, names)
        )
        compared = [read_tables(task) for task in tasks_of(BackOffice, required)]
        outside = [read_tables(task) for task in tasks_of(OutsideHistory, required)]
        shifts = [
            tables[SHIFTS]
            for task in tasks_of(MonthlyShifts, required)
            if SHIFTS in (tables := read_tables(task))
        ]
        plans = plans_for(days_of(self.month), summaries)
        return reports.monthly(
            self.month,
            customers | summaries,
            previous_figures=figures_of(previous) if previous else None,
            changed_receipts=self.changed_since(previous) if previous else (),
            customers_since=self.customers_since(),
            covered=list(days_of(self.month)),
            backoffice=compared[0] if compared else None,
            outside=outside[0].get(BEFORE_HISTORY) if outside else None,
            shifts=pa.concat_tables(shifts) if shifts else None,
            quarantine=self.quarantine(summaries[self.month]["quality"]),
            history_starts=history_period().first,
            currency=settings.default_store().currency,
            plans=plans,
            read_through=self.read_through(),
            **common,
        )

    def quarantine(self, quality: pa.Table) -> pa.Table | None:
        """The rejected records of the month; None where there are none."""
        if "quarantined" not in quality["check"].to_pylist():
            return None
        return read_tables(MonthlySales(month=self.month), ["quarantine"])["quarantine"]

    def archived_files(self) -> Files:
        summary = MonthlySummary(month=self.month)
        files = lake().read(summary.dataset, summary.name, [RECEIPT_FIGURES])
        return {ARCHIVED_RECEIPTS: files[RECEIPT_FIGURES]}

    def check(self, previous: Manifest | None) -> Metadata:
        """Every receipt near the month is in the lake. Raises DataError."""
        return {
            CHECKED: check_receipts_complete(
                self.month, self.checked_by(previous) if previous else ()
            )
        }

    def checked_by(self, previous: Manifest) -> frozenset[str]:
        """The raw objects that version `previous` checked; they need not be checked again.

        Empty if a receipt has left the month since then, if one in quarantine has no number, or if
        the receipts of the two versions cannot be compared.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        tables, keys = self.receipts(previous), ["store_id", "receipt_number"]
        if tables is None:
            return frozenset()
        earlier, now = (
            pa.table({key: table[key].cast("string") for key in keys}) for table in tables
        )
        same = earlier.equals(now)
        left = 0 if same else earlier.join(now, keys, join_type="left anti").num_rows
        if left or pc.any(pc.equal(earlier["receipt_number"], "")).as_py():
            return frozenset()
        return frozenset(
            lake().metadata(previous.dataset, previous.partition, previous).get(CHECKED, ())
        )

    def changed_since(self, previous: Manifest) -> list[dict[str, Any]]:
        """Receipts that count differently than in the version `previous`."""
        from pipeline.summarize.receipt_figures import changed_receipts

        tables = self.receipts(previous)
        return changed_receipts(*tables) if tables else []

    def receipts(self, previous: Manifest) -> tuple[pa.Table, pa.Table] | None:
        """The month's receipts as version `previous` counted them, and as they are now.

        None if they cannot be compared: the archive of `previous` is lost, or it has another
        version of the dataset.
        """
        summary, names = MonthlySummary(month=self.month), [ARCHIVED_RECEIPTS]
        try:
            files = lake().read(previous.dataset, previous.partition, names, manifest=previous)
        except Corrupt as error:
            log.warning("%s: %s; the report cannot list the changed receipts", self, error)
            return None
        earlier = read_table(summary, RECEIPT_FIGURES, files[ARCHIVED_RECEIPTS])
        now = read_tables(summary, [RECEIPT_FIGURES])[RECEIPT_FIGURES]
        if earlier.schema.metadata[b"version"] != now.schema.metadata[b"version"]:
            return None
        return earlier, now


def months_of_customers(month: dt.date) -> list[dt.date]:
    """The months before `month` whose customers its report compares with.

    The month before, and earlier months as long as raw has all of their windows. So a report that
    is built alone does not extract the shop's complete history.
    """
    history, complete = history_period(), complete_months()
    months: list[dt.date] = []
    earlier = months_before(month, 1)
    while earlier >= history.first_month and (not months or earlier in complete):
        months.insert(0, earlier)
        earlier = months_before(earlier, 1)
    return months


@until_raw_changes
def unread_days() -> list[dt.date]:
    """Closed days of the history whose window raw lacks, of at least one source."""
    first, last, _ = history_period()
    windows = set.intersection(*(set(raw_lake(source).windows()) for source in sources()))
    return [day for day in days_between(first, last) if str(day) not in windows]


@until_raw_changes
def complete_months() -> frozenset[dt.date]:
    """Months of which raw has every closed window."""
    history = history_period()
    incomplete = {day.replace(day=1) for day in unread_days()}
    return frozenset(
        month for month in months_between(history.first, history.last) if month not in incomplete
    )
