"""To people: Delivery, which takes the editions that they do not have yet to everyone whom the
settings name.

It is done when the ledger in the lake has nothing open: one listing. Nothing is asked while nobody
is named. What is due is said in pipeline/deliver/plan.py, that nothing goes twice is the ledger's
work.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import luigi

from pipeline import settings
from pipeline.cli.recipients import Reader, open_ledger, report_readers
from pipeline.deliver import (
    DeliveryKey,
    DeliveryLog,
    Due,
    Issued,
    ReportEmail,
    find_due,
    has_visible_changes,
    same_figures,
    write_report_email,
)
from pipeline.errors import DeliveryError, Stale
from pipeline.load import VOID, Manifest
from pipeline.targets import DatasetTask, lake
from pipeline.tasks import failures
from pipeline.tasks.reports import (
    CumulativeReport,
    MonthlyReport,
    Nightly,
    Report,
    closed_month,
    is_delivered_alone,
)
from pipeline.tasks.versions import versions

log = logging.getLogger(__name__)

Nightly.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)(
    failures.watch
)  # a run that plans a night tells a person how it failed


@lru_cache(maxsize=1)
def _ledger(_process: int) -> DeliveryLog:
    """The ledger of this process: a child of a fork lists it again, since its siblings may have
    sent something.
    """
    return open_ledger()


class Delivery(DatasetTask):
    """Reports to their readers: by mail and webhook, each edition once to each."""

    date = settings.Day(default=None)
    dataset = "deliveries"

    @property
    def closed(self) -> date:
        """The last month that has closed."""
        return closed_month(self.date)

    def requires(self) -> list[Report]:
        """The night's reports, and the cumulative one through the last closed month, which no night
        may have made while it was the newest.
        """
        told = Nightly(date=self.date).reports()
        whole = CumulativeReport(month=self.closed)
        is_wanted = is_delivered_alone(self.closed) and whole not in told
        return [*told, *([whole] if is_wanted else [])]

    def digest(self) -> str | None:
        if not report_readers():
            return "nobody"
        is_done = all(task.complete() for task in self.requires()) and not any(
            True for _ in self.due()
        )
        return "delivered" if is_done else None

    def run(self) -> Iterator[list[Report]]:
        stale = [task for task in self.requires() if not task.complete()]
        if stale:
            yield stale
        sent, failed, parcels = 0, [], list(self.due())
        for reader, due in parcels:
            try:
                sent += self._deliver(reader, due)
            except DeliveryError as error:
                log.error("%s %s to %s: %s", due.issued.kind, due.issued.month, reader.place, error)
                failed.append(error)
        self.tell(f"{sent} sent, {len(failed)} failed", None if failed else 100)
        if failed:
            raise DeliveryError(
                f"{len(failed)} of {len(parcels)} deliveries failed; the first: {failed[0]}. Run"
                " again: what was sent is not sent again"
            )

    def due(self) -> Iterator[tuple[Reader, Due]]:
        """What is due to whom."""
        issued = [
            Issued(task.dataset.partition("/")[2], task.name, _edition(newest))
            for task in self.requires()
            if (newest := lake().newest(task.dataset, task.name)) and newest.fingerprint != VOID
        ]
        ledger = _ledger(os.getpid())
        for reader in report_readers():
            had = set().union(*map(ledger.versions, reader.whos))
            begun = set().union(*map(ledger.begun, reader.whos))
            for due in find_due(
                issued,
                had,
                closed=self.closed,
                open_months=settings.mail().open_months,
                begun=begun,
            ):
                if not any(
                    ledger.is_settled(_delivery_key(due.issued, who)) for who in reader.whos
                ):
                    yield reader, due

    def _deliver(self, reader: Reader, due: Due) -> bool:
        task = next(
            t
            for t in self.requires()
            if (t.dataset, t.name) == (f"reports/{due.issued.kind}", due.issued.month)
        )
        parcel = _delivery_key(due.issued, reader.who)
        before = _manifest(task, due.before) if due.before else None
        if before:
            had, now = (
                lake().read(task.dataset, task.name, ["figures.json"], manifest=one)["figures.json"]
                for one in (before, _manifest(task, due.issued.version))
            )
            if not has_visible_changes(
                due.issued.kind, had, now, is_closed=task.month <= self.closed
            ):
                _ledger(os.getpid()).settle(parcel)
                return False
        letter = _report_email(task.dataset, task.month, due, reader.locale)
        earlier = (
            _delivery_key(due.issued._replace(version=due.before), reader.who)
            if due.before
            else None
        )
        is_sent = _ledger(os.getpid()).deliver(parcel, lambda: reader.send(letter, parcel, earlier))
        if is_sent:
            log.info(
                "%s %s, edition %s: sent to %s",
                due.issued.kind,
                due.issued.month,
                due.issued.version,
                reader.place,
            )
        return is_sent


@lru_cache(maxsize=8)
def _report_email(dataset: str, month: date, due: Due, locale: str) -> ReportEmail:
    """The letter of an edition in a language, the same for all who read it."""
    task = (MonthlyReport if dataset == MonthlyReport.dataset else CumulativeReport)(month=month)
    newest = _manifest(task, due.issued.version)
    files = lake().read(
        dataset, task.name, ["report.html", "report.pdf", "figures.json"], manifest=newest
    )
    issued = [m for m in versions(dataset, task.name) if m.number < newest.number]
    changes = None
    if locale != settings.locale():
        files = _deliver_corrections(task, files, issued[-1] if issued else None, locale)
    if due.before and _edition(issued[-1]) != due.before:
        changes = _deliver_corrections(task, files, _manifest(task, due.before), locale)[
            "report.html"
        ]
    where = lake().uri(dataset, task.name, "report.html")
    return write_report_email(
        files,
        name=f"{due.issued.kind}-{due.issued.month}",
        version=int(json.loads(files["figures.json"])["lineage"]["version"]),
        corrected=due.before is not None,
        uri=where if where.startswith("s3://") else "",
        changes=changes,
    )


def _deliver_corrections(
    task: Report, files: dict[str, bytes], before: Manifest | None, locale: str
) -> dict[str, bytes]:
    """The issued report in another language, or against another edition; Stale where it would say
    other figures.
    """
    said = json.loads(files["figures.json"])
    told = task.write_report(
        before,
        lineage=said["lineage"] | {"version": int(said["lineage"]["version"])},
        locale=locale,
        paper=settings.paper(),
        lake_decimals=said["places"],
        decimals=said.get("decimals", {}),
        through=said["through"] and date.fromisoformat(said["through"]),
    )
    if not same_figures(told["figures.json"], files["figures.json"]):
        raise Stale(f"{task}: the lake has changed since this report was made; run again")
    return told


def _edition(manifest: Manifest) -> str:
    return f"{manifest.number:06d}.{manifest.digest}"


def _manifest(task: Report, version: str) -> Manifest:
    return next(m for m in lake().history(task.dataset, task.name) if _edition(m) == version)


def _delivery_key(issued: Issued, who: str) -> DeliveryKey:
    return DeliveryKey(issued.kind, issued.month, issued.version, who)
