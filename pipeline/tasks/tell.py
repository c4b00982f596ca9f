"""What people read: MonthlyReport, CumulativeReport; and Nightly, which keeps all of it fresh."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

import reports
from pipeline import settings
from pipeline.load.parquet import from_bytes
from pipeline.targets import Fetched, Partition, lake
from pipeline.tasks.lake import MonthlySummary, days_of
from pipeline.tasks.raw import RawCatalog, RawReceipts, Sweep, sweep_due
from pipeline.windows import DAY, back, last_window, months_between


def read_summary(task: MonthlySummary) -> dict[str, pa.Table]:
    """The summary's tables by name."""
    return {name: from_bytes(body) for name, body in lake().read(task.dataset, task.name).items()}


class Report(Partition):
    """What both reports share: every edition is kept as it was issued, and the latest stands under a stable name."""

    month = settings.Month(default=None)

    def shape(self) -> dict[str, object]:
        return {"locale": settings.locale()}

    def tell_story(self, lineage: dict[str, object], before: dict[str, object] | None) -> dict[str, bytes]:
        """The report's files by name."""
        raise NotImplementedError

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        basis = lake().newest(self.dataset, self.name)
        number = basis.number + 1 if basis else 1
        before = json.loads(lake().read(self.dataset, self.name, ["figures.json"])["figures.json"]) if basis else None
        lineage = {"edition": number, "version": self.version, "settings": self.edition(), "watermark": last_window(lake()),
                   "inputs": dict(self.inputs() or ())}
        files = self.tell_story(lineage, before)
        self.tell(f"edition {number}", 100)
        if self.set_tracking_url:
            self.set_tracking_url(lake().uri(self.dataset, self.name, "report.html"))
        return files, {"files": len(files)}


class MonthlyReport(Report):
    """The report of one month against the month before and the same month of last year."""

    dataset, version = "reports/monthly", 1

    def requires(self) -> list[MonthlySummary]:
        first = settings.pos().history_starts.replace(day=1)
        base = [month for month in (back(self.month, 1), back(self.month, 12)) if month >= first]
        return [MonthlySummary(month=month) for month in (self.month, *base)]

    def tell_story(self, lineage: dict[str, object], before: dict[str, object] | None) -> dict[str, bytes]:
        through = days_of(self.month)[-1]
        return reports.monthly(self.month, {task.month: read_summary(task) for task in self.requires()}, locale=settings.locale(),
                               through=through if (through + DAY).month == self.month.month else None,
                               places=settings.rules().places, lineage=lineage, changes=before)


class CumulativeReport(Report):
    """The whole history through a month."""

    dataset, version = "reports/cumulative", 1

    def requires(self) -> list[MonthlySummary]:
        return [MonthlySummary(month=month) for month in months_between(settings.pos().history_starts, self.month)]

    def tell_story(self, lineage: dict[str, object], before: dict[str, object] | None) -> dict[str, bytes]:
        return reports.cumulative(self.month, {task.month: read_summary(task) for task in self.requires()}, locale=settings.locale(),
                                  places=settings.rules().places, lineage=lineage, changes=before)


class Nightly(Partition):
    """The night's work: every window up to a day, then whatever that made stale."""

    date = settings.Day(default=None)
    dataset, version = "nightly", 1

    def requires(self) -> list[Fetched]:
        first, due = settings.pos().history_starts, sweep_due(self.date)
        windows = [RawReceipts(date=first + n * DAY) for n in range((self.date - first).days + 1)]
        return [RawCatalog(date=self.date), *windows, *([Sweep(date=due)] if due >= first else [])]

    def reports(self) -> list[Report]:
        month = self.date.replace(day=1)
        return [*(MonthlyReport(month=m) for m in months_between(settings.pos().history_starts, month)), CumulativeReport(month=month)]

    def inputs(self) -> list[tuple[str, str]] | None:
        """The reports, because whatever a night changes shows in them; None until all is extracted and told."""
        if not all(task.complete() for task in self.requires()):
            return None
        digests = [(f"{task.dataset}/{task.name}", task.digest()) for task in self.reports()]
        return None if any(digest is None for _, digest in digests) else digests

    def run(self) -> Iterator[list[Report]]:
        yield [task for task in self.reports() if not task.complete()]
        yield from super().run()

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        return {}, {}
