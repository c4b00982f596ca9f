"""Verify checks the published lake; Rebuild rebuilds some of its months from raw."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Container, Iterable, Iterator
from hashlib import sha256

import luigi

from pipeline import settings
from pipeline.errors import ConfigError, Corrupt
from pipeline.lakes import PRIMARY, raw_lake, raw_sources
from pipeline.load import RAW_RECEIPTS
from pipeline.load.layout import RawPartition
from pipeline.load.publication import digest_files
from pipeline.maintenance import EVERYTHING, LakeFinding, MonthRange
from pipeline.targets import DerivedTask, lake
from pipeline.tasks.back_office import BackOffice, unused_exports
from pipeline.tasks.cumulative_report import CumulativeReport
from pipeline.tasks.daily_sales import DailySales
from pipeline.tasks.monthly_report import MonthlyReport
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.monthly_summary import MonthlyCustomers, MonthlySummary
from pipeline.tasks.outside_history import OutsideHistory, find_missing_receipts
from pipeline.tasks.shifts import MonthlyShifts

log = logging.getLogger(__name__)

BUILT_FROM_RAW: tuple[type[DerivedTask], ...] = (
    DailySales,
    MonthlySales,
    MonthlySummary,
    MonthlyCustomers,
    BackOffice,
    OutsideHistory,
    MonthlyShifts,
)
REPORTS = (MonthlyReport, CumulativeReport)


def month_range(first: dt.date | None, last: dt.date | None) -> MonthRange:
    """From the month `first` to the month `last`; open where one is not given.

    Raises ConfigError if the last one is before the first.
    """
    if first and last and last < first:
        raise ConfigError(
            f"{first:%Y-%m} to {last:%Y-%m} is not a period: the last month is before the first;"
            " exchange them"
        )
    limits = {"first": first, "last": last}
    return MonthRange(**{name: f"{month:%Y-%m}" for name, month in limits.items() if month})


def partitions_of(
    months: MonthRange, families: Iterable[type[DerivedTask]] = BUILT_FROM_RAW
) -> list[DerivedTask]:
    """Published partitions of `months` of these kinds of tasks, in build order."""
    return [
        family.of_partition(name)
        for family in families
        for name in filter(months.holds, lake().partitions(family.dataset))
    ]


def find_damage(months: MonthRange, *, deep: bool) -> Iterator[LakeFinding]:
    """Everything that is wrong in `months`; damaged partitions are not summed."""
    from pipeline.maintenance.audit import audit
    from pipeline.maintenance.reconcile import reconcile

    broken: set[tuple[str, str]] = set()
    folders = tuple(raw.folder for raw in raw_sources()[1:])
    for raw in raw_sources():
        for finding in audit(raw.lake, months, () if raw.folder else folders):
            if finding.is_wrong and finding.dataset:
                broken.add((finding.dataset, finding.partition))
            # raw data of an additional source are not repaired: they are restored or fetched again
            yield finding._replace(dataset="", unreferenced_key="") if raw.folder else finding
    yield from reconcile(lake(), months, broken)
    if months == EVERYTHING:
        if not broken:
            yield from find_missing_receipts().findings
        for stat in unused_exports():
            yield LakeFinding(
                lake().storage.uri(stat.key),
                "is compared with no month: its days are outside of the lake's history, which"
                f" begins on {settings.pos().history_starts}, or have not closed",
                "if they are before it, set [pos] history_starts back, or move the file away",
                is_wrong=False,
            )
    if deep:
        yield from compare_rebuilt(months, broken)


def compare_rebuilt(
    months: MonthRange, broken: Container[tuple[str, str]] = ()
) -> Iterator[LakeFinding]:
    """Partitions that differ from what undamaged inputs give when built in memory."""
    for task in partitions_of(months):
        digest = task.digest()
        if digest is None or (task.dataset, task.name) in broken:
            continue  # an input has changed since, or it is damaged: the next run rebuilds it
        label = f"{task.dataset} {task.name}"
        try:
            files, _ = task.make_from_inputs()
        except Corrupt as error:
            yield LakeFinding(
                label,
                f"was not rebuilt for comparison: {error}",
                "repair that first, then verify again",
                task.dataset,
                task.name,
                is_wrong=(error.dataset, error.partition) not in broken,
            )
            continue
        if digest_files({name: sha256(data).hexdigest() for name, data in files.items()}) != digest:
            yield LakeFinding(
                label,
                "differs from what its inputs give",
                "run `pos rebuild` for that month; if it stays, another version of this project"
                " built it",
                task.dataset,
                task.name,
                repairable=True,
            )


def repair(findings: list[LakeFinding]) -> list[str]:
    """Restore archived files, invalidate what can be rebuilt; return the names."""
    from pipeline.maintenance.audit import restore

    repairable = [finding for finding in findings if finding.repairable]
    reasons = {(finding.dataset, finding.partition): finding.what for finding in repairable}
    names = sorted({(each.dataset, each.partition) for each in repairable if each.is_wrong})
    for dataset, partition in names:
        newest = lake().current(dataset, partition)
        if newest is None:
            continue
        has_pending_commit = bool(lake().pending(dataset, partition))  # invalidate() publishes it
        if has_pending_commit or not restore(lake(), newest):
            reason = reasons[dataset, partition]
            lake().invalidate(dataset, partition, f"found by verify: {reason}")
    return [f"{dataset} {partition}" for dataset, partition in names]


def refetch(window: str, source: str = PRIMARY) -> None:
    """Invalidate a raw window, so that the next run fetches it. Raises Corrupt.

    The windows that were committed together with it are discarded too; for a second one of these
    nothing is left to do.
    """
    source_lake = raw_lake(source)
    manifest = source_lake.windows().get(window) or source_lake.newest(RAW_RECEIPTS, window)
    if manifest:
        source_lake.invalidate(
            RAW_RECEIPTS, manifest.partition, "invalidated by hand, to be fetched again"
        )
    elif not any(
        window in RawPartition.parse(name).windows for name in source_lake.partitions(RAW_RECEIPTS)
    ):
        raise Corrupt(f"{RAW_RECEIPTS} has no window {window}", RAW_RECEIPTS, window)


class Verify(luigi.Task):
    """Check the lake, or some months, on a weekly timer; fails if something is wrong."""

    first = luigi.OptionalParameter(default=None, description="YYYY-MM")
    last = luigi.OptionalParameter(default=None, description="YYYY-MM")
    deep = luigi.BoolParameter(
        default=False, description="rebuild each partition in memory and compare"
    )
    repair = luigi.BoolParameter(default=False, description="invalidate what can be rebuilt")

    is_done = False

    def complete(self) -> bool:
        return self.is_done

    def run(self) -> None:
        from pipeline.maintenance.unreferenced import remove_unreferenced

        first, last = (
            settings.MonthParameter().parse(month) if month else None
            for month in (self.first, self.last)
        )
        findings = list(find_damage(month_range(first, last), deep=self.deep))
        for finding in findings:
            log.log(logging.ERROR if finding.is_wrong else logging.INFO, "%s", finding)
        if self.repair:
            repair(findings)
            for key in remove_unreferenced(lake(), findings):
                log.info("removed unreferenced file %s", lake().storage.uri(key))
        wrong = [finding for finding in findings if finding.is_wrong]
        if wrong:
            raise Corrupt(f"{len(wrong)} problems found, the first: {wrong[0]}")
        self.is_done = True


class Rebuild(luigi.WrapperTask):
    """Everything published of the months from `first` to `last`, raw data excepted.

    It rebuilds what is not current: `pos rebuild` has invalidated it, or an erasure changed raw.
    """

    first: dt.date = settings.field(settings.MonthParameter(default=None))
    last: dt.date = settings.field(settings.MonthParameter(default=None))

    def requires(self) -> list[DerivedTask]:
        return partitions_of(month_range(self.first, self.last), (*BUILT_FROM_RAW, *REPORTS))
