"""Delivery: send the versions of reports that are due to each recipient.

The task is complete when the delivery log in the lake has nothing pending: one listing. Without
recipients nothing is requested. `deliver.plan` decides what is due; the delivery log prevents that
anything is sent twice.
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
from pipeline.deliver import (
    DeliveryKey,
    DeliveryLog,
    Due,
    Issued,
    ReportEmail,
    find_due,
    has_visible_changes,
    same_figures,
)
from pipeline.errors import DeliveryError, Stale
from pipeline.load import Manifest
from pipeline.months import closed_month
from pipeline.recipients import Recipient, open_delivery_log, report_recipients
from pipeline.targets import DatasetTask, lake
from pipeline.tasks.closing_messages import (
    Period,
    closing_mail,
    delivery_key,
    periods,
    render_email,
)
from pipeline.tasks.cumulative_report import CumulativeReport, is_delivered_alone
from pipeline.tasks.nightly import reports_until
from pipeline.tasks.report import Report
from pipeline.tasks.versions import versions

log = logging.getLogger(__name__)


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
        is_missing = is_delivered_alone(self.closed) and closed not in due
        return [*due, *([closed] if is_missing else [])]

    def digest(self) -> str | None:
        if not report_recipients():
            return "no recipients"
        if not all(task.complete() for task in self.requires()):
            return None
        is_pending = any(True for _ in self.due()) or any(True for _ in self.due_messages())
        return None if is_pending else "delivered"

    def run(self) -> Iterator[Any]:
        stale = [task for task in self.requires() if not task.complete()]
        if stale:
            yield stale
        sent, failed, pending = 0, [], list(self.due())
        for recipient, due in pending:
            try:
                sent += self._deliver(recipient, due)
            except DeliveryError as error:
                report = f"{due.issued.kind} {due.issued.month}"
                log.error("%s to %s: %s", report, recipient.position, error)
                failed.append(error)
        messages = list(self.due_messages())
        for recipient, period in messages:
            try:
                sent += self._send_message(recipient, period)
            except DeliveryError as error:
                log.error("%s %s to %s: %s", period, self.date, recipient.position, error)
                failed.append(error)
        self.report_progress(f"{sent} sent, {len(failed)} failed", None if failed else 100)
        if failed:
            raise DeliveryError(
                f"{len(failed)} of {len(pending) + len(messages)} deliveries failed; the"
                f" first: {failed[0]}. Run again: what was sent is not sent again"
            )

    def due(self) -> Iterator[tuple[Recipient, Due]]:
        """What is due to each recipient."""
        issued = [
            Issued(task.dataset.partition("/")[2], task.name, _version(newest))
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
                keys = [DeliveryKey(*due.issued, name) for name in recipient.ids]
                if not any(map(deliveries.is_settled, keys)):
                    yield recipient, due

    def due_messages(self) -> Iterator[tuple[Recipient, Period]]:
        """The closing messages of the day not yet sent to a recipient."""
        deliveries = _delivery_log(os.getpid())
        for period in periods(self.date):
            for recipient in report_recipients():
                keys = [delivery_key(period, self.date, name) for name in recipient.ids]
                if not any(map(deliveries.is_settled, keys)):
                    yield recipient, period

    def _send_message(self, recipient: Recipient, period: Period) -> bool:
        """Send a closing message; False if it was sent already."""
        key = delivery_key(period, self.date, recipient.id)
        content = closing_mail(period, self.date, recipient.locale)
        deliveries = _delivery_log(os.getpid())
        is_sent = deliveries.deliver(key, lambda: recipient.send(content, key, None))
        if is_sent:
            log.info("%s message of %s: sent to %s", period, self.date, recipient.position)
        return is_sent

    def _deliver(self, recipient: Recipient, due: Due) -> bool:
        """Send what is due; False if it was sent already or says nothing new."""
        issued, deliveries = due.issued, _delivery_log(os.getpid())
        task = next(
            report
            for report in self.requires()
            if (report.dataset, report.name) == (f"reports/{issued.kind}", issued.month)
        )
        key = DeliveryKey(*issued, recipient.id)
        earlier = None
        if due.before:
            earlier = key._replace(version=due.before)
            figures = [_figures(task, version) for version in (due.before, issued.version)]
            if not has_visible_changes(issued.kind, *figures, is_closed=task.month <= self.closed):
                deliveries.settle(key)
                return False
        report = _report_email(task, due, recipient.locale)
        is_sent = deliveries.deliver(key, lambda: recipient.send(report, key, earlier))
        if is_sent:
            log.info("%s %s, version %s: sent to %s", *issued, recipient.position)
        return is_sent


@lru_cache(maxsize=8)
def _report_email(task: Report, due: Due, locale: str) -> ReportEmail:
    """The message of a version in a language, for all recipients with `due.before`."""
    from reports.render import message  # and with it pandas, only where one is due

    newest = _manifest(task, due.issued.version)
    files = lake().read(
        task.dataset, task.name, ["message.json", "report.pdf", "figures.json"], manifest=newest
    )
    earlier = [m for m in versions(task.dataset, task.name) if m.number < newest.number]
    changes = None
    if locale != settings.locale():
        files = _write_again(task, files, earlier[-1] if earlier else None, locale)
    if due.before and _version(earlier[-1]) != due.before:
        again = _write_again(task, files, _manifest(task, due.before), locale)
        changes = again["message.json"]
    address = lake().uri(task.dataset, task.name, "report.html")
    content = message.read_message(
        files["message.json"],
        version=int(json.loads(files["figures.json"])["lineage"]["version"]),
        is_correction=due.before is not None,
        location=address if address.startswith("s3://") else "",
        changes=changes,
    )
    name = f"{due.issued.kind}-{due.issued.month}.pdf"
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
        raise Stale(f"{task}: the lake has changed since this report was built; run again")
    return written


def _figures(task: Report, version: str) -> bytes:
    manifest = _manifest(task, version)
    return lake().read(task.dataset, task.name, ["figures.json"], manifest=manifest)["figures.json"]


def _version(manifest: Manifest) -> str:
    return f"{manifest.number:06d}.{manifest.digest}"


def _manifest(task: Report, version: str) -> Manifest:
    return next(m for m in lake().manifests_of(task.dataset, task.name) if _version(m) == version)
