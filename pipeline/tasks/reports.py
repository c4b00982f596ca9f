"""What people read: MonthlyReport, CumulativeReport; and Nightly, which keeps all of it fresh."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import date
from functools import cache

import luigi
import pyarrow as pa

import reports
from pipeline import schema, settings
from pipeline.cli.recipients import report_readers
from pipeline.cli.run_summary import COUNTED, read_night, tell_night
from pipeline.errors import DataError
from pipeline.extract.windows import DAY, months_before, months_between
from pipeline.load import (
    BACKOFFICE,
    CUMULATIVE,
    CUSTOMERS,
    MONTHLY,
    OUTSIDE,
    RECEIPTS,
    Manifest,
)
from pipeline.load.layout import digest_of
from pipeline.outside_history import format_outside, format_unread, read_outside
from pipeline.rebuild_reason import plain
from pipeline.status import find_unread, format_status, read_status
from pipeline.summarize.receipt_figures import changed_receipts
from pipeline.targets import DatasetTask, DerivedTask, RawTask, lake
from pipeline.tasks.lake import (
    MonthlyCustomers,
    MonthlySales,
    MonthlySummary,
    days_of,
    history,
    read_table,
)
from pipeline.tasks.outside_history import (
    OutsideHistory,
    check_conserved,
    is_empty,
    is_needed,
    listed,
)
from pipeline.tasks.raw import RawReceipts, Rescan, catalog_for, rescan_due
from pipeline.tasks.till_exports import NOTHING, BackOffice, exports
from pipeline.tasks.versions import (
    all_versions,
    digest_of_versions,
    earlier_versions,
    figures_of,
    list_versions,
    versions,
)

log = logging.getLogger(__name__)

FIGURES_OF_RECEIPTS = schema.RECEIPT_FIGURES.name
KEPT_RECEIPTS = "receipts.parquet"  # the month's receipts as a version of its report counted them

STARTED = time.monotonic()  # of this process, to say how long a night took


def read_tables(task: DerivedTask, files: list[str] | None = None) -> dict[str, pa.Table]:
    """The tables of a partition by name; all, where none are named."""
    return {
        name: read_table(task, name, body)
        for name, body in lake().read(task.dataset, task.name, files).items()
    }


class Report(DerivedTask):
    """What both reports share: every version is kept as it was issued, and the latest stands under
    a stable name.
    """

    month = settings.Month(default=None)

    def options(self) -> dict[str, object]:
        """Settings that shape the report, those of the cleaning included."""
        return {
            "locale": settings.locale(),
            "paper": settings.paper(),
            "decimals": settings.decimals(),
            **settings.cleaning(),
        }

    def shape(self) -> dict[str, object]:
        """All that the report states and that its inputs do not determine."""
        return self.options() | {"through": str(days_of(self.month)[-1]), "code": self.code()}

    def code(self) -> str:
        """Digest of the code versions of the report and of all that it is made of."""
        return digest_of(*map(str, (self.version, MonthlySummary.version, MonthlySales.version)))

    def write_report(self, before: Manifest | None, **common: object) -> dict[str, bytes]:
        """The report's files by name; `before` is the version before this one."""
        raise NotImplementedError

    def kept_members(self) -> dict[str, bytes]:
        """What a version keeps beside its files, for the versions after it."""
        return {}

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        issued = earlier_versions(self.dataset, self.name, self.fingerprint())
        number, through = len(issued) + 1, days_of(self.month)[-1]
        lineage = {
            "version": number,
            "definitions": self.version,
            "code": self.code(),
            "settings": digest_of(json.dumps(plain(self.options()), sort_keys=True)),
            "watermark": str(through),
            "inputs": dict(self.inputs() or ()),
        }
        files = self.write_report(
            issued[-1] if issued else None,
            lineage=lineage,
            locale=settings.locale(),
            paper=settings.paper(),
            lake_decimals=settings.rules().decimals,
            decimals=settings.decimals(),
            through=through if (through + DAY).month == self.month.month else None,
        )
        change = reports.change_of(json.loads(files["figures.json"]))
        self.tell(f"version {number}", 100)
        if self.set_tracking_url:
            self.set_tracking_url(lake().uri(self.dataset, self.name, "report.html"))
        return files | self.kept_members(), {"files": len(files), "change": change}

    def run(self) -> Iterator[list[DerivedTask]]:
        if (
            not self.complete()
        ):  # what was planned for its sake may have been made again to the same content
            yield from super().run()
        publish_index()
        warn_of_uncounted()


def warn_of_uncounted() -> None:
    """Name in the log the receipts that no figure counts: in quarantine, or before the history."""
    first = history(lake())[0]
    rows = read_outside(lake(), settings.rules(), first, listed(lake())).to_pylist()
    lines = [*format_unread(find_unread(lake())), *format_outside(rows, str(first))]
    if lines:
        log.warning("%s", "\n".join(lines))


class MonthlyReport(Report):
    """The report of one month against the month before and the same month of last year, the
    customers of all months before it, and the till's own exports.
    """

    dataset, version = MONTHLY, 5
    upstream = (*MonthlyCustomers.upstream, CUSTOMERS, BACKOFFICE, OUTSIDE)

    def requires(self) -> list[DerivedTask]:
        days_of(self.month)  # a month that cannot be is said of itself
        first = history(lake())[0].replace(day=1)
        base = [
            month
            for month in (months_before(self.month, 1), months_before(self.month, 12))
            if month >= first and days_of(month)[0].day == 1
        ]  # a month that begins later is nothing to compare with
        return [
            *(MonthlySummary(month=month) for month in (self.month, *base)),
            *map(MonthlyCustomers, months_known(self.month)),
            *([BackOffice(self.month)] if exports(lake()) else []),
            *([OutsideHistory(self.month)] if is_needed(self.month) else []),
        ]

    def inputs(self) -> list[tuple[str, str]] | None:
        """All that it requires, but not that an export of another month was held to this one too,
        nor that no receipt is outside history.
        """
        made_of = super().inputs()
        return made_of and [
            (name, digest)
            for name, digest in made_of
            if (name, digest) != (f"{BackOffice.dataset}/{self.name}", NOTHING)
            and not (name == f"{OUTSIDE}/{self.name}" and is_empty(digest))
        ]

    def shape(self) -> dict[str, object]:
        known = min([self.month, *months_known(self.month)])
        return super().shape() | {"starts": str(days_of(known)[0])}

    def write_report(self, before: Manifest | None, **common: object) -> dict[str, bytes]:
        known = {
            task.month: read_tables(task)
            for task in self.requires()
            if isinstance(task, MonthlyCustomers)
        }
        names = [dataset.name for dataset in schema.SUMMARY]
        told = {
            task.month: read_tables(task, names)
            for task in self.requires()
            if isinstance(task, MonthlySummary)
        }
        till = [read_tables(task) for task in self.requires() if isinstance(task, BackOffice)]
        left_out = [
            read_tables(task) for task in self.requires() if isinstance(task, OutsideHistory)
        ]
        lake_starts = days_of(min(known, default=self.month))[0]
        return reports.monthly(
            self.month,
            known | told,
            changes=figures_of(before) if before else None,
            reopened=self.changed_since(before) if before else (),
            lake_starts=lake_starts,
            covered=days_of(self.month),
            backoffice=till[0] if till else None,
            outside=left_out[0][OUTSIDE] if left_out else None,
            quarantine=self.quarantine(told[self.month]["quality"]),
            history_starts=history(lake())[0],
            currency=settings.default_store().currency,
            **common,
        )

    def quarantine(self, quality: pa.Table) -> pa.Table | None:
        """The records of the month that could not be read; None where there are none."""
        if "quarantined" not in quality["check"].to_pylist():
            return None
        return read_tables(MonthlySales(month=self.month), ["quarantine"])["quarantine"]

    def kept_members(self) -> dict[str, bytes]:
        summary = MonthlySummary(month=self.month)
        body = lake().read(summary.dataset, summary.name, [FIGURES_OF_RECEIPTS])
        return {KEPT_RECEIPTS: body[FIGURES_OF_RECEIPTS]}

    def changed_since(self, before: Manifest) -> list[dict[str, object]]:
        """Receipts that count differently than in the version `before`."""
        if KEPT_RECEIPTS not in lake().body(before)["members"]:
            return []  # a version that was issued by code that did not keep them
        summary = MonthlySummary(month=self.month)
        kept = lake().read(before.dataset, before.partition, [KEPT_RECEIPTS], manifest=before)
        return changed_receipts(
            read_table(summary, FIGURES_OF_RECEIPTS, kept[KEPT_RECEIPTS]),
            read_tables(summary, [FIGURES_OF_RECEIPTS])[FIGURES_OF_RECEIPTS],
        )


def months_known(month: date) -> list[date]:
    """The months before `month` whose customers its report knows: the one before, and those before
    that which raw holds whole and without a gap. A lone report of a young lake does not extract all
    of the shop's history for their sake.
    """
    first, windows = history(lake())[0], set(lake().partitions(RECEIPTS))
    found, at = [], months_before(month, 1)
    while at >= first.replace(day=1) and (
        not found or all(str(day) in windows for day in days_of(at) if day >= first)
    ):
        found.append(at)
        at = months_before(at, 1)
    return found[::-1]


class CumulativeReport(Report):
    """The whole history through a month, after the monthly reports of all of it, whose versions it
    lists.
    """

    dataset, version = CUMULATIVE, 5
    upstream = (*MonthlyReport.upstream, MONTHLY, CUMULATIVE)

    def requires(self) -> list[DerivedTask]:
        months = months_between(history(lake())[0], self.month)
        return [
            *(MonthlySummary(month=month) for month in months),
            *(MonthlyReport(month=month) for month in months),
            *(CumulativeReport(month=month) for month in self.earlier()),
        ]

    def earlier(self) -> list[date]:
        """Months of the cumulative reports that are brought up to date before this one: those that
        were issued, and the one that is about to be delivered.
        """
        issued = {date.fromisoformat(f"{name}-01") for name in lake().partitions(CUMULATIVE)}
        closed = closed_month(settings.last_day())
        is_newest = self.month == settings.last_day().replace(day=1)
        if is_newest and report_readers() and is_delivered_alone(closed):
            issued.add(closed)
        first = history(lake())[0].replace(day=1)
        return sorted(month for month in issued if first <= month < self.month)

    def inputs(self) -> list[tuple[str, str]] | None:
        """The summaries, and every version that the report lists."""
        made_of = super().inputs()
        return made_of and [
            *(one for one in made_of if one[0].startswith(MonthlySummary.dataset)),
            ("version history", digest_of_versions(self.month)),
        ]

    def options(self) -> dict[str, object]:
        return super().options() | {"weekend": settings.weekend()}

    def write_report(self, before: Manifest | None, **common: object) -> dict[str, bytes]:
        figures = figures_of(before) if before else None
        own = versions(self.dataset, self.name)[: common["lineage"]["version"] - 1]
        told = {
            task.month: read_tables(task, list(reports.HISTORY))
            for task in self.requires()
            if isinstance(task, MonthlySummary)
        }
        return reports.cumulative(
            self.month,
            told,
            changes=figures,
            versions=[
                {
                    "report": entry.report,
                    "month": entry.month,
                    "version": entry.version,
                    "digest": entry.digest,
                    "change": entry.change,
                }
                for entry in list_versions(self.month, own, figures)
            ],
            weekend=settings.weekend(),
            **common,
        )


def closed_month(day: date) -> date:
    """The last month that has closed on the evening of `day`."""
    return months_before((day + DAY).replace(day=1), 1)


def is_delivered_alone(closed: date) -> bool:
    """Whether recipients get the cumulative report through the last closed month, not through the
    month under way.
    """
    first = settings.pos().history_starts.replace(day=1)
    return closed >= first and not settings.mail().open_months


def publish_index() -> None:
    """Write reports/index.html again where it says something else; it is derived from the log, and
    losing it costs nothing.
    """
    issued = all_versions()
    folders = {
        dataset: {
            name: [f"{m.number:06d}.{m.digest}" for m in found]
            for name, found in months.items()
            if found
        }
        for dataset, months in issued.items()
    }
    newest = max((name for name, found in issued[CUMULATIVE].items() if found), default=None)
    manifest = issued[CUMULATIVE][newest][-1] if newest else None
    figures = (
        json.loads(
            lake().read(CUMULATIVE, newest, ["figures.json"], manifest=manifest)["figures.json"]
        )
        if newest
        else None
    )
    told = {
        name: _figures(name, found[-1])
        for name, found in issued[MONTHLY].items()
        if found and (newest is None or name > newest)
    }
    lake().put_page(
        "index.html",
        reports.index(
            folders[MONTHLY], folders[CUMULATIVE], figures, months=told, locale=settings.locale()
        ),
    )


@cache
def _figures(month: str, fingerprint: Manifest) -> dict[str, object]:
    """The figures.json of a monthly report, read once a process."""
    return json.loads(
        lake().read(MONTHLY, month, ["figures.json"], manifest=fingerprint)["figures.json"]
    )


class Reports(luigi.WrapperTask):
    """The reports of a run, planned together.

    Luigi plans each yielded task on its own, with all that it needs. Every report needs the months
    before it, so that planning the reports one by one grew with the square of the months.
    """

    date = settings.Day(default=None)
    priority = 0  # see Nightly

    def requires(self) -> list[Report]:
        return Nightly(date=self.date).reports()

    def run(self) -> Iterator[list[Report]]:
        """Plan again what extraction has made stale in this very run."""
        yield [report for report in self.requires() if not report.complete()]


class Nightly(DerivedTask):
    """The night's work: every window up to a day, then whatever that made stale."""

    date = settings.Day(default=None)
    dataset, version = "nightly", 1
    priority = 0  # or Luigi would lift every report to its own, and old history come first

    def requires(self) -> list[RawTask]:
        first, due = history(lake())[0], rescan_due(self.date)
        windows = [RawReceipts(date=first + n * DAY) for n in range((self.date - first).days + 1)]
        return [catalog_for(self.date), *windows, *([Rescan(date=due)] if due >= first else [])]

    def reports(self) -> list[Report]:
        month = self.date.replace(day=1)
        return [
            *(MonthlyReport(month=m) for m in months_between(history(lake())[0], month)),
            CumulativeReport(month=month),
        ]

    def inputs(self) -> list[tuple[str, str]] | None:
        """The reports, because whatever a night changes shows in them; None until all is extracted
        and told.
        """
        if not all(task.complete() for task in self.requires()):
            return None
        digests = [(f"{task.dataset}/{task.name}", task.digest()) for task in self.reports()]
        return None if any(digest is None for _, digest in digests) else digests

    def deliveries(self) -> list[DatasetTask]:
        """What takes the editions to their readers; nothing where the settings name nobody."""
        from pipeline.tasks.delivery import Delivery  # which requires the reports of this module

        return [Delivery(date=self.date)] if report_readers() else []

    def digest(self) -> str | None:
        found = super().digest()
        return found if found and all(task.complete() for task in self.deliveries()) else None

    def run(self) -> Iterator[list[DatasetTask]]:
        planned = Reports(date=self.date)
        yield [] if planned.complete() else [planned]
        publish_index()  # a night that was killed behind its last report has not
        yield [task for task in self.deliveries() if not task.complete()]
        yield from super().run()
        found = read_status(
            lake(),
            expected=self.date,
            now=settings.now(),
            limited=settings.pos().limited_history,
            rules=settings.rules(),
            starts=history(lake())[0],
        )
        lake().put_state("etl_state.json", found.to_bytes())
        night = read_night(lake(), self.date, found, time.monotonic() - STARTED)
        lake().put_state("night.json", night.to_bytes())
        lost = list(check_conserved(night.windows)) if len(night.windows) <= COUNTED else []
        if lost:
            raise DataError(str(lost[0]))
        log.info("the lake after this night:\n%s\n%s", format_status(found), tell_night(night))

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        return {}, {}
