"""Send the alert of a failed run, each cause once a day.

The log names a recipient that cannot be reached; the exit code of the run does not change. If the
delivery log in the lake cannot be read, the alert is sent without it, and may be sent twice.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.deliver import Alert, DeliveryKey, Failure
from pipeline.errors import DeliveryError, PipelineError
from pipeline.recipients import Recipient, alert_recipients, open_delivery_log

log = logging.getLogger(__name__)


def send_alert(alert: Alert) -> int | None:
    """Send the alert; returns how many recipients got it, None if there is none."""
    try:
        recipients = alert_recipients()
    except PipelineError as error:
        log.error("no alert was sent: %s", error)
        return 0
    return sum(_send(alert, recipient) for recipient in recipients) if recipients else None


def _send(alert: Alert, recipient: Recipient) -> bool:
    key = DeliveryKey("alert", str(alert.day), alert.cause, recipient.id)
    try:
        try:
            return open_delivery_log().deliver(key, partial(recipient.warn, alert, key))
        except DeliveryError:
            raise
        except PipelineError as error:
            log.error("the delivery log cannot be read (%s); sending the alert without it", error)
            recipient.warn(alert, key)
            return True
    except DeliveryError as error:
        log.error("the alert did not reach %s: %s", recipient.position, error)
        return False


def read_notes(path: Path) -> Iterator[dict[str, Any]]:
    """The failures noted in `path`, without a line that is cut off."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def read_failures(path: Path) -> tuple[Failure, ...]:
    """The noted failures, each task once."""
    failures = (Failure(n["task"], n["error"], n["message"]) for n in read_notes(path))
    return tuple({failure.task: failure for failure in failures}.values())
