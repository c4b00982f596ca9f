"""CumulativeReport(month): the history through a month."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reports
from pipeline import settings
from pipeline.load import CUMULATIVE, MONTHLY, Manifest
from pipeline.months import closed_month, months_between
from pipeline.recipients import report_recipients
from pipeline.targets import DerivedTask, Files, lake
from pipeline.tasks.business_days import history_period
from pipeline.tasks.monthly_report import MonthlyReport
from pipeline.tasks.monthly_summary import MonthlySummary
from pipeline.tasks.report import Report, tasks_of
from pipeline.tasks.tables import read_months, read_summary
from pipeline.tasks.versions import digest_of_versions, figures_of, list_versions, versions


class CumulativeReport(Report):
    """The history through a month, with the versions of all reports through it."""

    dataset, version = CUMULATIVE, 12
    fingerprint_datasets = (*MonthlyReport.fingerprint_datasets, MONTHLY, CUMULATIVE)

    @property
    def priority(self) -> int:  # type: ignore[override]  # Luigi only reads it
        """Below that of every monthly report: Luigi raises required tasks to it."""
        return super().priority - 5_000

    def requires(self) -> list[DerivedTask]:
        months = months_between(history_period().first, self.month)
        return [
            *(MonthlySummary(month=month) for month in months),
            *(MonthlyReport(month=month) for month in months),
            *(CumulativeReport(month=month) for month in self.earlier()),
        ]

    def earlier(self) -> list[dt.date]:
        """Earlier cumulative reports to rebuild: those that exist, and one that is due."""
        issued = {dt.date.fromisoformat(f"{name}-01") for name in lake().partitions(CUMULATIVE)}
        last_day = settings.last_day()
        closed = closed_month(last_day)
        is_newest = self.month == last_day.replace(day=1)
        if is_newest and report_recipients() and sends_only_closed(closed):
            issued.add(closed)  # recipients get this one
        first = history_period().first_month
        return sorted(month for month in issued if first <= month < self.month)

    def inputs(self) -> list[tuple[str, str]] | None:
        """The summaries, and every version that the report lists."""
        inputs = super().inputs()
        return inputs and [
            *((name, digest) for name, digest in inputs if name.startswith(MonthlySummary.dataset)),
            ("version history", digest_of_versions(self.month)),
        ]

    def options(self) -> dict[str, object]:
        plans = settings.plans_digest()
        return super().options() | {"weekend": settings.weekend(), "plans": plans}

    def write_report(self, previous: Manifest | None, **common: Any) -> Files:
        figures = figures_of(previous) if previous else None
        own = versions(self.dataset, self.name)[: common["lineage"]["version"] - 1]
        summaries = read_months(
            tasks_of(MonthlySummary, self.requires()),
            lambda task: read_summary(task, reports.CUMULATIVE_TABLES),
        )
        return reports.cumulative(
            self.month,
            summaries,
            previous_figures=figures,
            versions=list_versions(self.month, own, figures),
            weekend=settings.weekend(),
            plans=settings.plans(),
            currency=settings.default_store().currency,
            **common,
        )


def sends_only_closed(closed: dt.date) -> bool:
    """Whether only the cumulative report through `closed`, the last month, is sent."""
    open_months: bool = settings.mail().open_months
    return closed >= history_period().first_month and not open_months
