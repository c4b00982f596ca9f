"""Tell whoever [mail] alerts_to and WEBHOOK_URL name that a run ended badly.

    luigi --module pipeline MonthlyReport || pos alert --code $? pos alert --test
    a trial message to everyone who gets reports or alerts

`pos night` and Luigi's Nightly do this by themselves. The same cause is told once a day; a reader
who could not be told is named in the log. A trial fails instead, and ends with 1 when nobody is
named.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pipeline import settings
from pipeline.deliver import Alert, Parcel
from pipeline.night.alarm import raise_alarm, read_failures
from pipeline.night.readers import alert_readers, report_readers
from pipeline.status import read_status, tell_status
from pipeline.targets import lake
from pipeline.tasks.failures import VARIABLE


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--code", type=int, help="the exit code of the run")
    what.add_argument("--test", action="store_true", help="a trial message")


def run(asked: argparse.Namespace) -> int:
    if asked.test:
        alert = Alert(settings.now().date(), 0)
        everyone = {reader.who: reader for reader in (*report_readers(), *alert_readers())}
        for reader in everyone.values():
            reader.warn(alert, Parcel("alert", str(alert.day), alert.cause, reader.who))
        print(f"{len(everyone)} were sent a trial message")
        return 0 if everyone else 1
    failures = read_failures(Path(os.environ.get(VARIABLE) or os.devnull))
    told = raise_alarm(
        Alert(
            settings.now().date(), asked.code, failures, _summary() if asked.code in (3, 4) else ""
        )
    )
    print(f"{told} were told of exit code {asked.code}")
    return 0


def _summary() -> str:
    return tell_status(
        read_status(
            lake(),
            expected=settings.last_day(),
            now=settings.now(),
            limited=settings.pos().limited_history,
        )
    )
