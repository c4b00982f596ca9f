"""List the reports and closing messages that are due; send nothing.

    pos deliveries
    luigi --module pipeline Delivery --local-scheduler      sends them

Recipients are named by their position in [mail] to. Exit code 1 if something is due, or no
recipient is configured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline.errors import ExitCode
from pipeline.recipients import report_recipients
from pipeline.tasks.delivery import Delivery


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    if not report_recipients():
        print("no recipients configured: set [mail] to or WEBHOOK_URL (docs/delivery.md)")
        return ExitCode.NOT_OK
    pending = list(_pending(Delivery()))
    print("\n".join(pending) or "no deliveries pending")
    return ExitCode.NOT_OK if pending else ExitCode.DONE


def _pending(delivery: Delivery) -> Iterator[str]:
    """A line for each report and closing message that is due to a recipient."""
    for recipient, due in delivery.due():
        issued = due.issued
        before = f", replaces {due.before.partition('.')[0]}" if due.before else ""
        version = f"version {issued.version.partition('.')[0]}{before}"
        yield f"{issued.kind:<10}  {issued.month}  {version}  to {recipient.position}"
    for recipient, period in delivery.due_messages():
        yield f"{period:<10}  {delivery.date}  message  to {recipient.position}"
