"""Tell whoever [mail] alerts_to and WEBHOOK_URL name that a run ended badly.

    pos alert --test                   a trial message to everyone who gets reports or alerts
    luigi --module pipeline MonthlyReport || pos alert --code $?

`pos run` and Luigi's Nightly do this by themselves. The same cause is told once a day; a reader
who could not be told is named in the log. A trial tries every recipient and prints what happened to
each; it ends with 1 when one of them failed or none is configured.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pipeline import settings
from pipeline.cli.failure_alert import read_failures, send_alert
from pipeline.cli.recipients import all_recipients
from pipeline.deliver import Alert, DeliveryKey
from pipeline.errors import ConfigError, DeliveryError
from pipeline.logs import redact
from pipeline.status import format_status, read_status
from pipeline.targets import lake
from pipeline.tasks.failures import VARIABLE

NOBODY = "no alert recipients configured; set [mail] alerts_to or WEBHOOK_URL (docs/delivery.md)"


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--code", type=settings.Number().parse, help="the exit code of the run")
    what.add_argument("--test", action="store_true", help="a trial message")


def run(asked: argparse.Namespace) -> int:
    if asked.test:
        return _try_all()
    failures = read_failures(Path(os.environ.get(VARIABLE) or os.devnull))
    told = send_alert(
        Alert(
            settings.now().date(), asked.code, failures, _summary() if asked.code in (3, 4) else ""
        )
    )
    print(NOBODY if told is None else f"{told} were told of exit code {asked.code}")
    return 0


def _try_all() -> int:
    """Send a trial message to each recipient and print what happened to each; the exit code."""
    alert, results = Alert(settings.now().date(), 0), []
    for place, recipient in all_recipients():
        try:
            if isinstance(recipient, ConfigError):
                raise recipient
            recipient.warn(alert, DeliveryKey("alert", str(alert.day), alert.cause, recipient.id))
        except (ConfigError, DeliveryError) as error:
            print(redact(f"FAILED  {place}: {error}"))
            results.append(False)
        else:
            print(f"sent    {place}")
            results.append(True)
    print(f"trial messages sent: {sum(results)} of {len(results)}" if results else NOBODY)
    return 0 if results and all(results) else 1


def _summary() -> str:
    return format_status(
        read_status(
            lake(),
            expected=settings.last_day(),
            now=settings.now(),
            limited=settings.pos().limited_history,
        )
    )
