"""Delivery(date): sends the versions of reports that recipients do not have.

It is complete when the delivery log in the lake has nothing open, which takes one listing; where
the settings name no recipient it asks for nothing. What is due is decided by deliver/plan.py, and
the delivery log keeps anything from being sent twice.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

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
from pipeline.settings.run_context import once_per_run
from pipeline.targets import DatasetTask, Files, lake
from pipeline.tasks.nightly import reports_until
from pipeline.tasks.reports import (
    CumulativeReport,
    MonthlyReport,
    Report,
    closed_month,
    is_delivered_alone,
)
from pipeline.tasks.versions import versions

log = logging.getLogger(__name__)


def _delivery_log() -> DeliveryLog:
    return _delivery_log_of(os.getpid())


@once_per_run
def _delivery_log_of(_process: int) -> DeliveryLog:
    """The delivery log of this process; a child of a fork lists it again."""
    return open_ledger()


class Delivery(DatasetTask):
    """Reports to their recipients by mail and webhook, each version once to each."""

    date: dt.date = settings.field(settings.Day(default=None))
    dataset = "deliveries"

    @property
    def closed(self) -> dt.date:
        """The last month that has closed."""
        return closed_month(self.date)

    def requires(self) -> list[Report]:
        """The reports of the run, and the cumulative one of the last closed month.

        No run may have built that one while it was the newest.
        """
        planned = reports_until(self.date)
        cumulative = CumulativeReport(month=self.closed)
        is_missing = is_delivered_alone(self.closed) and cumulative not in planned
        return [*planned, *([cumulative] if is_missing else [])]

    def digest(self) -> str | None:
        if not report_readers():
            return "no recipients"
        is_done = all(task.complete() for task in self.requires()) and not list(self.due())
        return "delivered" if is_done else None

    def run(self) -> Iterator[Any]:
        stale = [task for task in self.requires() if not task.complete()]
        if stale:
            yield stale
        sent, failed, deliveries = 0, [], list(self.due())
        for reader, due in deliveries:
            try:
                sent += self._deliver(reader, due)
            except DeliveryError as error:
                log.error("%s %s to %s: %s", due.issued.kind, due.issued.month, reader.place, error)
                failed.append(error)
        self.report_progress(f"{sent} sent, {len(failed)} failed", None if failed else 100)
        if failed:
            raise DeliveryError(
                f"{len(failed)} of {len(deliveries)} deliveries failed; the first: {failed[0]}."
                " Run again: what was sent is not sent again"
            )

    def due(self) -> Iterator[tuple[Reader, Due]]:
        """What is due to whom."""
        issued = [
            Issued(task.dataset.partition("/")[2], task.name, _version_name(newest))
            for task in self.requires()
            if (newest := lake().newest(task.dataset, task.name)) and newest.fingerprint != VOID
        ]
        delivery_log = _delivery_log()
        for reader in report_readers():
            had = set().union(*map(delivery_log.versions, reader.whos))
            begun = set().union(*map(delivery_log.begun, reader.whos))
            for due in find_due(
                issued,
                had,
                closed=self.closed,
                open_months=settings.mail().open_months,
                begun=begun,
            ):
                keys = [_delivery_key(due.issued, who) for who in reader.whos]
                if not any(map(delivery_log.is_settled, keys)):
                    yield reader, due

    def _deliver(self, reader: Reader, due: Due) -> bool:
        """Send what is due, unless nothing visible changed; returns whether it was sent."""
        kind, month, version = due.issued.kind, due.issued.month, due.issued.version
        task = next(t for t in self.requires() if (t.dataset, t.name) == (f"reports/{kind}", month))
        key = _delivery_key(due.issued, reader.who)
        earlier = None
        if due.before:
            old, new = (
                _read_figures(task, _manifest(task, name)) for name in (due.before, version)
            )
            if not has_visible_changes(kind, old, new, is_closed=task.month <= self.closed):
                _delivery_log().settle(key)
                return False
            earlier = _delivery_key(due.issued._replace(version=due.before), reader.who)
        email = _report_email(task.dataset, task.month, due, reader.locale)
        is_sent = _delivery_log().deliver(key, lambda: reader.send(email, key, earlier))
        if is_sent:
            log.info("%s %s, version %s: sent to %s", kind, month, version, reader.place)
        return is_sent


def _read_figures(task: Report, manifest: Manifest) -> bytes:
    name = "figures.json"
    return lake().read(task.dataset, task.name, [name], manifest=manifest)[name]


@lru_cache(maxsize=8)
def _report_email(dataset: str, month: dt.date, due: Due, locale: str) -> ReportEmail:
    """The mail of a version in a language, the same for all its recipients."""
    task = (MonthlyReport if dataset == MonthlyReport.dataset else CumulativeReport)(month=month)
    newest = _manifest(task, due.issued.version)
    files = lake().read(
        dataset, task.name, ["report.html", "report.pdf", "figures.json"], manifest=newest
    )
    issued = [m for m in versions(dataset, task.name) if m.number < newest.number]
    changes = None
    if locale != settings.locale():
        files = _write_again(task, files, issued[-1] if issued else None, locale)
    if due.before and _version_name(issued[-1]) != due.before:
        changes = _write_again(task, files, _manifest(task, due.before), locale)["report.html"]
    uri = lake().uri(dataset, task.name, "report.html")
    return write_report_email(
        files,
        name=f"{due.issued.kind}-{due.issued.month}",
        version=int(json.loads(files["figures.json"])["lineage"]["edition"]),
        corrected=due.before is not None,
        uri=uri if uri.startswith("s3://") else "",
        changes=changes,
    )


def _write_again(task: Report, files: Files, before: Manifest | None, locale: str) -> Files:
    """The issued report in another language, or compared with another version.

    Raises Stale where its figures would differ.
    """
    figures = json.loads(files["figures.json"])
    lineage = figures["lineage"]
    written = task.write_report(
        before,
        lineage=lineage | {"edition": int(lineage["edition"])},
        locale=locale,
        paper=settings.paper(),
        lake_decimals=figures["places"],
        decimals=figures.get("decimals", {}),
        through=figures["through"] and dt.date.fromisoformat(figures["through"]),
    )
    if not same_figures(written["figures.json"], files["figures.json"]):
        raise Stale(f"{task}: the lake has changed since this report was issued; run again")
    return written


def _version_name(manifest: Manifest) -> str:
    return f"{manifest.number:06d}.{manifest.digest}"


def _manifest(task: Report, version: str) -> Manifest:
    return next(m for m in lake().history(task.dataset, task.name) if _version_name(m) == version)


def _delivery_key(issued: Issued, who: str) -> DeliveryKey:
    return DeliveryKey(issued.kind, issued.month, issued.version, who)
