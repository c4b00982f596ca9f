"""Show which reports are due to which recipients; sends nothing.

    pos deliver
    luigi --module pipeline Delivery --local-scheduler      sends them

Recipients are named by their position in [mail] to. Exit code 1 when something is due, or no
recipient is configured.
"""

from __future__ import annotations

import argparse

from pipeline.errors import ExitCode
from pipeline.recipients import report_recipients
from pipeline.tasks.delivery import Delivery


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    if not report_recipients():
        print("no recipients configured: set [mail] to or WEBHOOK_URL (docs/delivery.md)")
        return ExitCode.NOT_OK
    pending = list(Delivery().due())
    for recipient, due in pending:
        issued = due.issued
        before = f", replaces {due.before.partition('.')[0]}" if due.before else ""
        version = f"version {issued.version.partition('.')[0]}{before}"
        print(f"{issued.kind:<10}  {issued.month}  {version}  to {recipient.position}")
    if not pending:
        print("no deliveries pending")
    return ExitCode.NOT_OK if pending else ExitCode.DONE
