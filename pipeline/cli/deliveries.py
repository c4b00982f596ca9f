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
from pipeline.tasks.closing_messages import PERIODS
from pipeline.tasks.delivery import Delivery, Pending

_UNBUILT = "not built yet: the next run builds it"


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    if not report_recipients():
        print("no recipients configured: set [mail] to or WEBHOOK_URL (docs/delivery.md)")
        return ExitCode.NOT_OK
    delivery = Delivery()
    pending = [*_unbuilt(delivery), *map(_line, delivery.pending())]
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


def _line(due: Pending) -> str:
    """A report or closing message that is due to a recipient."""
    kind, name, version, _ = due.key
    before = f", replaces {due.before.partition('.')[0]}" if due.before else ""
    what = "message" if kind in PERIODS else f"version {version.partition('.')[0]}{before}"
    return f"{kind:<10}  {name}  {what}  to {due.recipient.position}"
