"""List the reports and closing messages that are due; send nothing.

    pos deliveries
    luigi --module pipeline Delivery --local-scheduler      sends them

Recipients are named by their position in [mail] to. Exit code 1 if something is due, or no
recipient is configured.
"""

from __future__ import annotations

import argparse

from pipeline.errors import ExitCode
from pipeline.recipients import report_recipients
from pipeline.tasks.closing_messages import PERIODS
from pipeline.tasks.delivery import Delivery, Pending


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    if not report_recipients():
        print("no recipients configured: set [mail] to or WEBHOOK_URL (docs/delivery.md)")
        return ExitCode.NOT_OK
    pending = [_line(due) for due in Delivery().pending()]
    print("\n".join(pending) or "no deliveries pending")
    return ExitCode.NOT_OK if pending else ExitCode.DONE


def _line(due: Pending) -> str:
    """A report or closing message that is due to a recipient."""
    kind, name, version, _ = due.key
    before = f", replaces {due.before.partition('.')[0]}" if due.before else ""
    what = "message" if kind in PERIODS else f"version {version.partition('.')[0]}{before}"
    return f"{kind:<10}  {name}  {what}  to {due.recipient.position}"
