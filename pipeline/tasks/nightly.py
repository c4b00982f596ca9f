"""Nightly(date): extracts up to a day, rebuilds what changed, delivers it."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import luigi

from pipeline import settings
from pipeline.errors import Corrupt
from pipeline.lakes import check_lake, raw_sources, sources
from pipeline.load import NIGHTLY, RAW_RECEIPTS
from pipeline.months import days_between, months_between
from pipeline.recipients import report_recipients
from pipeline.targets import DatasetTask, DerivedTask, Files, Metadata, lake
from pipeline.tasks import warm_up
from pipeline.tasks.business_days import history_period
from pipeline.tasks.cumulative_report import CumulativeReport
from pipeline.tasks.daily_sales import DailySales
from pipeline.tasks.monthly_report import MonthlyReport
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.raw import Rescan, catalogs_for, rescan_due, windows_of_all
from pipeline.tasks.raw_task import RawTask, committed
from pipeline.tasks.report import Report
from pipeline.tasks.report_index import PAGE, pages_written_last, publish_index
from pipeline.tasks.run_state import run_state

if TYPE_CHECKING:
    from pipeline.status.read import Status

log = logging.getLogger(__name__)

STARTED = time.monotonic()  # of this process, for the duration of the run


def reports_until(day: dt.date) -> list[Report]:
    """The reports that are current after a run on `day`."""
    month = day.replace(day=1)
    return [
        *(MonthlyReport(month=m) for m in months_between(history_period().first, month)),
        CumulativeReport(month=month),
    ]


class Reports(luigi.WrapperTask):
    """The reports of a run, planned together.

    Luigi plans each yielded task on its own, with all that it needs. Every report needs the months
    before it, so planning the reports one by one grows with the square of the months.
    """

    date: dt.date = settings.field(settings.DayParameter(default=None))
    priority = 0  # see Nightly

    def requires(self) -> list[Report]:
        pages_written_last().add(PAGE)
        return reports_until(self.date)

    def run(self) -> Iterator[Any]:
        """Plan again what the extraction of this run has changed."""
        yield [report for report in self.requires() if not report.complete()]


class Nightly(DerivedTask):
    """Everything up to a day: raw data, what it makes outdated, deliveries."""

    date: dt.date = settings.field(settings.DayParameter(default=None))
    dataset, version = NIGHTLY, 1
    priority = 0  # Luigi would raise every report to a higher one, and old months would come first

    def requires(self) -> list[RawTask]:
        report_recipients()  # refuses those that are wrong before anything is extracted
        if not self._is_extracted():
            warm_up.start_simulators()
        windows = windows_of_all(history_period().first, self.date)
        return [*catalogs_for(self.date), *windows, *self._rescans()]

    def _rescans(self) -> list[Rescan]:
        """The rescan of each source that is due."""
        due = rescan_due(self.date)
        if due < history_period().first:
            return []
        return [Rescan(date=due, source=source) for source in sources()]

    def _is_extracted(self) -> bool:
        """Whether all that it requires is there, without a task for each window."""
        days = days_between(history_period().first, self.date)
        return all(
            committed(RAW_RECEIPTS, str(day), source) for source in sources() for day in days
        ) and all(task.complete() for task in (*catalogs_for(self.date), *self._rescans()))

    def inputs(self) -> list[tuple[str, str]] | None:
        """The reports, where every change shows; None until all of them are current."""
        if not self._is_extracted():
            return None
        inputs = []
        for report in reports_until(self.date):
            digest = report.digest()
            if digest is None:
                return None
            inputs.append((f"{report.dataset}/{report.name}", digest))
        return inputs

    def deliveries(self) -> list[DatasetTask]:
        """The delivery of the reports; none if the settings name no recipient."""
        from pipeline.tasks.delivery import Delivery  # which imports this module

        return [Delivery(date=self.date)] if report_recipients() else []

    def _digest_if_unchanged(self) -> str | None:
        """Its digest if all that it depends on is as it was when it was published."""
        check_lake()
        newest = lake().current(NIGHTLY, self.name)
        if newest is None:
            return None
        try:
            state = lake().metadata(NIGHTLY, self.name, newest).get("state")
        except Corrupt as error:
            log.warning("%s: %s; it is planned as for the first time", self, error)
            return None
        return newest.digest if state == run_state() else None

    def digest(self) -> str | None:
        digest = self._digest_if_unchanged() or super().digest()
        return digest if digest and all(task.complete() for task in self.deliveries()) else None

    def run(self) -> Iterator[Any]:
        planned = Reports(date=self.date)
        yield [] if planned.complete() else [planned]
        publish_index()  # a run that was killed after its last report has not written it
        yield [task for task in self.deliveries() if not task.complete()]
        try:
            status = self._read_status()
        except Corrupt as error:  # a day or month that nothing had to read again
            families = {family.dataset: family for family in (DailySales, MonthlySales)}
            if error.dataset not in families:
                raise
            log.warning("%s: %s; it is rebuilt", self, error)
            lake().invalidate(error.dataset, error.partition, str(error))
            yield [families[error.dataset].of_partition(error.partition)]
            status = self._read_status()
        yield from super().run()
        self._summarize_run(status)

    def _read_status(self) -> Status:
        from pipeline.status.read import read_status

        return read_status(
            lake(),
            expected=self.date,
            now=settings.now(),
            limited=settings.pos().limited_history,
            starts=history_period().first,
            sources=raw_sources(),
        )

    def _summarize_run(self, status: Status) -> None:
        """Write state files and log the summary."""
        from pipeline.status.problems import STATE
        from pipeline.status.run_summary import FILE, format_summary, read_summary
        from pipeline.status.text import format_status

        lake().put_state(STATE, status.to_bytes())
        seconds = time.monotonic() - STARTED
        summary = read_summary(lake(), self.date, status, seconds, raw_sources())
        lake().put_state(FILE, summary.to_bytes())
        log.info("the lake after this run:\n%s\n%s", format_status(status), format_summary(summary))

    def make(self) -> tuple[Files, Metadata]:
        return {}, {"state": run_state()}
