"""Delivery: send the versions of reports that are due to each recipient.

The task is complete when nothing is pending: one listing of the delivery log in the lake. Without
recipients nothing is requested. `deliver.plan` decides which reports are due; the delivery log
prevents that anything is sent twice. A delivery that fails does not stop the others.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from pipeline import settings
from pipeline.deliver import (
    DeliveryKey,
    DeliveryLog,
    Issued,
    ReportEmail,
    find_due,
    has_visible_changes,
    same_figures,
)
from pipeline.errors import Corrupt, DeliveryError, PipelineError, Stale
from pipeline.load import Manifest
from pipeline.months import closed_month
from pipeline.recipients import Recipient, open_delivery_log, report_recipients
from pipeline.targets import DatasetTask, lake
from pipeline.tasks.closing_messages import (
    ONCE,
    PERIODS,
    closing_message,
    closing_messages,
    render_email,
)
from pipeline.tasks.cumulative_report import CumulativeReport, sends_only_closed
from pipeline.tasks.nightly import reports_until
from pipeline.tasks.report import Report
from pipeline.tasks.versions import version_name, versions

log = logging.getLogger(__name__)


class Pending(NamedTuple):
    """A report or closing message that is due; `before` is the version that they have."""

    recipient: Recipient
    key: DeliveryKey
    before: str | None = None

    def __str__(self) -> str:
        kind, name, version, _ = self.key
        return f"{kind} {name}" if kind in PERIODS else f"{kind} {name}, version {version}"


@lru_cache(maxsize=1)
def _delivery_log(_process: int) -> DeliveryLog:
    """The delivery log of a process; a forked child lists it again."""
    return open_delivery_log()


class Delivery(DatasetTask):
    """Reports to their recipients, by mail and webhook, each version once."""

    date: dt.date = settings.field(settings.DayParameter(default=None))
    dataset = "deliveries"

    @property
    def closed(self) -> dt.date:
        """The last month that has closed."""
        return closed_month(self.date)

    def requires(self) -> list[Report]:
        """The reports of the run, and the cumulative one through the last closed month.

        No run may have built that one while it was the newest.
        """
        due = reports_until(self.date)
        closed = CumulativeReport(month=self.closed)
        is_missing = sends_only_closed(self.closed) and closed not in due
        return [*due, *([closed] if is_missing else [])]

    def digest(self) -> str | None:
        if not report_recipients():
            return "no recipients"
        if not all(task.complete() for task in self.requires()):
            return None
        return "delivered" if next(self.pending(), None) is None else None

    def run(self) -> Iterator[Any]:
        stale = [task for task in self.requires() if not task.complete()]
        if stale:
            yield stale
        sent, failed, pending = 0, [], list(self.pending())
        for due in pending:
            try:
                sent += self._deliver(due)
            except Exception as error:  # also a defect: the others still get theirs
                trace = None if isinstance(error, PipelineError) else error
                log.error("%s to %s: %s", due, due.recipient.position, error, exc_info=trace)
                failed.append(error)
        self.report_progress(f"{sent} sent, {len(failed)} failed", None if failed else 100)
        if failed:
            first = f"{type(failed[0]).__name__}: {failed[0]}"
            raise DeliveryError(
                f"{len(failed)} of {len(pending)} deliveries failed; the first: {first}. Run again:"
                " what was sent is not sent again"
            )

    def pending(self) -> Iterator[Pending]:
        """What is due to the recipients: reports first, then closing messages."""
        deliveries = _delivery_log(os.getpid())
        for due in (*self._reports(), *self._messages()):
            keys = [due.key._replace(recipient=name) for name in due.recipient.ids]
            if not any(map(deliveries.is_settled, keys)):
                yield due

    def _reports(self) -> Iterator[Pending]:
        """The versions of reports that each recipient does not have."""
        issued = [
            Issued(task.dataset.partition("/")[2], task.name, version_name(newest))
            for task in self.requires()
            if (newest := lake().current(task.dataset, task.name))
        ]
        deliveries = _delivery_log(os.getpid())
        for recipient in report_recipients():
            for due in find_due(
                issued,
                set().union(*map(deliveries.versions, recipient.ids)),
                closed=self.closed,
                open_months=settings.mail().open_months,
                unfinished=set().union(*map(deliveries.unfinished, recipient.ids)),
            ):
                yield Pending(recipient, DeliveryKey(*due.issued, recipient.id), due.before)

    def _messages(self) -> Iterator[Pending]:
        """The closing messages of the day and of the last week."""
        for period, day in closing_messages(self.date):
            for recipient in report_recipients():
                yield Pending(recipient, DeliveryKey(period, str(day), ONCE, recipient.id))

    def _deliver(self, due: Pending) -> bool:
        """Send what is due; False if it was sent already or says nothing new."""
        deliveries, key = _delivery_log(os.getpid()), due.key
        try:
            content = self.write(due)
        except Exception:
            deliveries.postpone(key)
            raise
        if content is None:
            deliveries.settle(key)
            return False
        before = key._replace(version=due.before) if due.before else None
        is_sent = deliveries.deliver(key, lambda: due.recipient.send(content, key, before))
        if is_sent:
            log.info("%s: sent to %s", due, due.recipient.position)
        return is_sent

    def write(self, due: Pending) -> ReportEmail | None:
        """The message to a recipient; None if it would say the same as the one before."""
        kind, name, version, _ = due.key
        locale = due.recipient.locale
        if kind in PERIODS:
            return render_email(closing_message(kind, dt.date.fromisoformat(name), locale))
        task = next(
            report
            for report in self.requires()
            if (report.dataset, report.name) == (f"reports/{kind}", name)
        )
        if before := _comparable(task, due.before):
            figures = [_figures(manifest) for manifest in (before, _manifest(task, version))]
            if not has_visible_changes(kind, *figures, is_closed=task.month <= self.closed):
                return None
        return _report_email(task, version, due.before, locale)


@lru_cache(maxsize=8)
def _report_email(task: Report, version: str, before: str | None, locale: str) -> ReportEmail:
    """The message of a version in a language, for all recipients who have `before`."""
    from reports.render import message  # and with it pandas, only where one is due

    newest = _manifest(task, version)
    files = lake().read(
        task.dataset, task.name, ["message.json", "report.pdf", "figures.json"], manifest=newest
    )
    earlier = [m for m in versions(task.dataset, task.name) if m.number < newest.number]
    last = version_name(earlier[-1]) if earlier else None
    changes = None
    if locale != settings.locale():
        files = _write_again(task, files, _comparable(task, last), locale)
    if before and before != last:
        again = _write_again(task, files, _comparable(task, before), locale)
        changes = again["message.json"]
    address = lake().uri(task.dataset, task.name, "report.html")
    content = message.read_message(
        files["message.json"],
        version=int(json.loads(files["figures.json"])["lineage"]["version"]),
        is_correction=before is not None,
        location=address if address.startswith("s3://") else "",
        changes=changes,
    )
    name = f"{task.dataset.partition('/')[2]}-{task.name}.pdf"
    return render_email(content, name, files["report.pdf"])


def _write_again(
    task: Report, files: dict[str, bytes], previous: Manifest | None, locale: str
) -> dict[str, bytes]:
    """The report in another language or comparison. Raises Stale if figures differ."""
    figures = json.loads(files["figures.json"])
    written = task.write_report(
        previous,
        lineage=figures["lineage"] | {"version": int(figures["lineage"]["version"])},
        locale=locale,
        paper=settings.paper(),
        lake_decimals=figures["lake_decimals"],
        decimals=figures.get("decimals", {}),
        through=figures["through"] and dt.date.fromisoformat(figures["through"]),
    )
    if not same_figures(written["figures.json"], files["figures.json"]):
        raise Stale(
            f"{task}: the lake has changed since this report was built; run again. If it stays so,"
            " give these recipients the language of the reports in [mail] to, and report a defect"
        )
    return written


def _figures(manifest: Manifest) -> bytes:
    name = "figures.json"
    return lake().read(manifest.dataset, manifest.partition, [name], manifest=manifest)[name]


def _manifest(task: Report, version: str) -> Manifest:
    """The manifest of a version. Raises Corrupt."""
    for manifest in lake().manifests_of(task.dataset, task.name):
        if version_name(manifest) == version:
            return manifest
    raise Corrupt(f"{task} has no version {version}; run `pos verify`", task.dataset, task.name)


def _comparable(task: Report, version: str | None) -> Manifest | None:
    """An earlier version to compare with; None without one, or if it is lost."""
    if version is None:
        return None
    try:
        manifest = _manifest(task, version)
        _figures(manifest)
    except Corrupt as error:
        log.warning("%s: %s; the message does not compare with that version", task, error)
        return None
    return manifest
