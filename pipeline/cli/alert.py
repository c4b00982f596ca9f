"""Send an alert about a failed run to [mail] alerts_to and WEBHOOK_URL.

    pos alert --test                   a test message to every recipient of reports or alerts
    luigi --module pipeline MonthlyReport || pos alert --code $?

`pos run` and Luigi's Nightly send alerts themselves. A cause is reported once a day; the log names
a recipient that cannot be reached. If the delivery log in the lake cannot be read, the alert is
sent without it, and may be sent twice. --test prints the result for each recipient and ends with 1
if one failed or none is configured.
"""

from __future__ import annotations

import argparse
import logging
import os
from functools import partial
from pathlib import Path

from pipeline import settings
from pipeline.cli.status import current_status
from pipeline.deliver import Alert, DeliveryKey
from pipeline.errors import ConfigError, DeliveryError, ExitCode, PipelineError
from pipeline.logs import redact
from pipeline.recipients import (
    Recipient,
    alert_recipients,
    alert_time,
    all_recipients,
    open_delivery_log,
)
from pipeline.status.text import format_status
from pipeline.tasks.failures import VARIABLE, read_failures

log = logging.getLogger(__name__)

NO_RECIPIENTS = (
    "no alert recipients configured; set [mail] alerts_to or WEBHOOK_URL (docs/delivery.md)"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--code", type=settings.Number().parse, help="the exit code of the run")
    group.add_argument("--test", action="store_true", help="send a test message")


def run(options: argparse.Namespace) -> int:
    if options.test:
        settings.check_folder()
        return _send_tests()
    failures = read_failures(Path(os.environ.get(VARIABLE) or os.devnull))
    lake_state = options.code in (ExitCode.STALE, ExitCode.TRUNCATED)
    status_text = format_status(current_status()) if lake_state else ""
    sent = send_alert(Alert(alert_time().date(), options.code, failures, status_text))
    if sent is None:
        print(NO_RECIPIENTS)
    else:
        noun = "recipient" if sent == 1 else "recipients"
        print(f"alert for exit code {options.code} sent to {sent} {noun}")
    return ExitCode.DONE


def send_alert(alert: Alert) -> int | None:
    """Send the alert; returns how many recipients got it, None if there is none."""
    recipients = list(alert_recipients())
    sent = [_send(alert, recipient, position) for position, recipient in recipients]
    return sum(sent) if recipients else None


def _send(alert: Alert, recipient: Recipient | ConfigError, position: str) -> bool:
    try:
        if isinstance(recipient, ConfigError):
            raise recipient
        key = DeliveryKey("alert", str(alert.day), alert.cause, recipient.id)
        try:
            settings.check_folder()  # else the delivery log could be that of another lake
            return open_delivery_log().deliver(key, partial(recipient.send_alert, alert, key))
        except DeliveryError:
            raise
        except PipelineError as error:
            log.error("the delivery log cannot be read (%s); sending the alert without it", error)
            recipient.send_alert(alert, key)
            return True
    except PipelineError as error:
        log.error("the alert did not reach %s: %s", position, error)
        return False


def _send_tests() -> int:
    """Send a test message to each recipient; returns the exit code."""
    alert, results = Alert(alert_time().date(), 0), []
    for position, recipient in all_recipients():
        try:
            if isinstance(recipient, ConfigError):
                raise recipient
            recipient.send_alert(
                alert, DeliveryKey("alert", str(alert.day), alert.cause, recipient.id)
            )
        except (ConfigError, DeliveryError) as error:
            print(redact(f"FAILED  {position}: {error}"))
            results.append(False)
        else:
            print(f"sent    {position}")
            results.append(True)
    print(f"test messages sent: {sum(results)} of {len(results)}" if results else NO_RECIPIENTS)
    return ExitCode.DONE if results and all(results) else ExitCode.NOT_OK
