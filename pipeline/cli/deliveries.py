"""List the reports and closing messages that are due; send nothing.

    pos deliveries
    luigi --module pipeline Delivery --local-scheduler      sends them

Recipients are named by their position in [mail] to. Exit code 1 if something is due, or no
recipient is configured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline import settings
from pipeline.deliver import Issued, find_due
from pipeline.errors import ExitCode
from pipeline.recipients import open_delivery_log, report_recipients
from pipeline.targets import lake
from pipeline.tasks.delivery import Delivery

_UNBUILT = "not built yet: the next run builds it"


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    if not report_recipients():
        print("no recipients configured: set [mail] to or WEBHOOK_URL (docs/delivery.md)")
        return ExitCode.NOT_OK
    pending = [*_unbuilt(Delivery()), *_pending(Delivery())]
    print("\n".join(pending) or "no deliveries pending")
    return ExitCode.NOT_OK if pending else ExitCode.DONE


def _unbuilt(delivery: Delivery) -> Iterator[str]:
    """A line for each report that the next run builds and sends to a recipient."""
    issued = [
        Issued(task.dataset.partition("/")[2], task.name, _UNBUILT)
        for task in delivery.requires()
        if lake().current(task.dataset, task.name) is None
    ]
    if not issued:
        return
    deliveries = open_delivery_log()
    for recipient in report_recipients():
        for due in find_due(
            issued,
            set().union(*map(deliveries.versions, recipient.ids)),
            closed=delivery.closed,
            open_months=settings.mail().open_months,
        ):
            yield f"{due.issued.kind:<10}  {due.issued.month}  {_UNBUILT}  to {recipient.position}"


def _pending(delivery: Delivery) -> Iterator[str]:
    """A line for each report and closing message that is due to a recipient."""
    for recipient, due in delivery.due():
        issued = due.issued
        before = f", replaces {due.before.partition('.')[0]}" if due.before else ""
        version = f"version {issued.version.partition('.')[0]}{before}"
        yield f"{issued.kind:<10}  {issued.month}  {version}  to {recipient.position}"
    for recipient, period in delivery.due_messages():
        yield f"{period:<10}  {delivery.date}  message  to {recipient.position}"
