"""Which reports are due to whom; sends nothing.

    pos deliver
    luigi --module pipeline Delivery --local-scheduler      sends them

Recipients are called by their place in [mail] to. Exit code 1 when something is due, or nobody is
named.
"""

from __future__ import annotations

import argparse

from pipeline.cli.recipients import report_recipients
from pipeline.tasks.delivery import Delivery


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def run(_: argparse.Namespace) -> int:
    if not report_recipients():
        print("nobody is named in [mail] to, and WEBHOOK_URL is not set: nothing is sent")
        return 1
    found = list(Delivery().due())
    for reader, due in found:
        again = f", in place of {due.before.partition('.')[0]}" if due.before else ""
        print(
            f"{due.issued.kind:<10}  {due.issued.month}  edition"
            f" {due.issued.version.partition('.')[0]}{again}  to {reader.place}"
        )
    if not found:
        print("everybody has everything")
    return 1 if found else 0
