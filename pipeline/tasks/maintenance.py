"""Care of the lake: Verify looks at what stands in it, Rebuild makes a span again from raw."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator
from datetime import date
from hashlib import sha256

import luigi

from pipeline import settings
from pipeline.errors import Corrupt
from pipeline.load import BACKOFFICE, CUSTOMERS, OUTSIDE, RECEIPTS, SALES, STAGING, SUMMARY, VOID
from pipeline.load.publish import digest_files
from pipeline.maintenance import LakeFinding, Span, everything
from pipeline.maintenance.audit import audit, restore
from pipeline.maintenance.leftovers import remove_leftovers
from pipeline.maintenance.reconcile import reconcile
from pipeline.targets import DerivedTask, lake
from pipeline.tasks.lake import (
    DailySales,
    MonthlyCustomers,
    MonthlySales,
    MonthlySummary,
)
from pipeline.tasks.outside_history import OutsideHistory, check_conserved
from pipeline.tasks.reports import CumulativeReport, MonthlyReport
from pipeline.tasks.till_exports import BackOffice, uncompared

log = logging.getLogger(__name__)

MADE_OF_RAW = {
    STAGING: DailySales,
    SALES: MonthlySales,
    SUMMARY: MonthlySummary,
    CUSTOMERS: MonthlyCustomers,
    BACKOFFICE: BackOffice,
    OUTSIDE: OutsideHistory,
}


def span_of(first: date | None, last: date | None) -> Span:
    """From the month `first` to the month `last`; open where one is not given."""
    whole = everything()
    return Span(f"{first:%Y-%m}" if first else whole.first, f"{last:%Y-%m}" if last else whole.last)


def partitions_of(span: Span) -> list[DerivedTask]:
    """What of the span was published and is made of raw alone, in the order in which it is made."""
    found = []
    for dataset, family in MADE_OF_RAW.items():
        for name in filter(span.holds, lake().partitions(dataset)):
            parts = [int(part) for part in name.split("-")]
            found.append(
                family(date=date(*parts)) if dataset == STAGING else family(month=date(*parts, 1))
            )
    return found


def look(span: Span, *, deep: bool) -> Iterator[LakeFinding]:
    """All that is wrong with the span. Sums leave out only what is made of broken partitions."""
    broken: set[tuple[str, str]] = set()
    for finding in audit(lake(), span):
        if finding.is_wrong and finding.dataset:
            broken.add((finding.dataset, finding.partition))
        yield finding
    yield from reconcile(lake(), span, broken)
    if span == everything() and not broken:
        yield from check_conserved()
    for stat in uncompared() if span == everything() else ():
        yield LakeFinding(
            lake().storage.uri(stat.key),
            "is compared with no month: its days lie outside of the lake's history, which begins"
            f" on {settings.pos().history_starts}, or have not closed",
            "if they lie before it, set [pos] history_starts back, or move the file away",
            is_wrong=False,
        )
    if deep:
        yield from remake(span, broken)


def remake(span: Span, broken: Container[tuple[str, str]] = ()) -> Iterator[LakeFinding]:
    """Each partition made again in memory, from raw up; what differs from what is published was not
    made of its inputs. Partitions whose inputs are broken are left out with a note.
    """
    for task in partitions_of(span):
        digest = task.digest()
        if digest is None or (task.dataset, task.name) in broken:
            continue  # an input has changed since, or it is broken: the next night makes it again
        try:
            files, _ = task.make()
        except Corrupt as error:
            yield LakeFinding(
                f"{task.dataset} {task.name}",
                f"was not made again: {error}",
                "repair that first, then verify again",
                task.dataset,
                task.name,
                is_wrong=(error.dataset, error.partition) not in broken,
            )
            continue
        if digest_files({name: sha256(data).hexdigest() for name, data in files.items()}) != digest:
            yield LakeFinding(
                f"{task.dataset} {task.name}",
                "made again from its inputs it is different",
                "`pos rebuild` that month; if it stays, another version of this project made it",
                task.dataset,
                task.name,
                repairable=True,
            )


def repair(findings: list[LakeFinding]) -> list[str]:
    """Put back what was kept, declare broken what can be made again; returns the partitions."""
    whys = {(one.dataset, one.partition): one.what for one in findings if one.repairable}
    names = sorted(
        {(one.dataset, one.partition) for one in findings if one.repairable and one.is_wrong}
    )
    for dataset, partition in names:
        newest = lake().newest(dataset, partition)
        if newest is None or newest.fingerprint == VOID:
            continue
        is_claimed = bool(lake().pending(dataset, partition))  # invalidating completes the claim
        if is_claimed or not restore(lake(), newest):
            lake().invalidate(dataset, partition, f"found by verify: {whys[dataset, partition]}")
    return [f"{dataset} {partition}" for dataset, partition in names]


def refetch(window: str) -> None:
    """Declare a window of raw broken, so that the next night asks the shop for it again. Raises
    Corrupt where there is none.
    """
    if lake().newest(RECEIPTS, window) is None:
        raise Corrupt(f"{RECEIPTS} has no window {window}", RECEIPTS, window)
    lake().invalidate(RECEIPTS, window, "declared broken by hand, to be fetched again")


class Verify(luigi.Task):
    """Looks at the lake, all of it or the months from `first` to `last`; fails when something is
    wrong. Made for a weekly timer.
    """

    first = luigi.OptionalParameter(default=None, description="YYYY-MM")
    last = luigi.OptionalParameter(default=None, description="YYYY-MM")
    deep = luigi.BoolParameter(
        default=False, description="make each partition again in memory and compare"
    )
    repair = luigi.BoolParameter(default=False, description="declare broken what can be made again")

    is_done = False

    def complete(self) -> bool:
        return self.is_done

    def run(self) -> None:
        parse = settings.Month(default=None).parse
        found = list(
            look(
                span_of(self.first and parse(self.first), self.last and parse(self.last)),
                deep=self.deep,
            )
        )
        for one in found:
            log.log(logging.ERROR if one.is_wrong else logging.INFO, "%s", one)
        if self.repair:
            repair(found)
            for key in remove_leftovers(lake(), found):
                log.info("removed leftover %s", lake().storage.uri(key))
        wrong = [one for one in found if one.is_wrong]
        if wrong:
            raise Corrupt(f"{len(wrong)} things in the lake are wrong, the first: {wrong[0]}")
        self.is_done = True


class Rebuild(luigi.WrapperTask):
    """All that was ever published of the months from `first` to `last`, but what the shop says:
    `pos rebuild` has declared it broken before, or an erasure has changed raw.
    """

    first = settings.Month(default=None)
    last = settings.Month(default=None)

    def requires(self) -> list[DerivedTask]:
        span = span_of(self.first, self.last)
        told = [
            family(month=date.fromisoformat(f"{name}-01"))
            for family in (MonthlyReport, CumulativeReport)
            for name in filter(span.holds, lake().partitions(family.dataset))
        ]
        return [*partitions_of(span), *told]
