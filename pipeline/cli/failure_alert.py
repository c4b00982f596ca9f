"""Tell a person of a night that failed: whom the settings name, each cause once a day, and never in
the night's way.

In: an `Alert`. Out: how many were told. A reader who cannot be reached is said in the log, and the
exit code of the night stays what it is. Where the lake is what failed, so that its ledger cannot be
asked, the alert goes out without it: rather twice than not at all.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.cli.recipients import Reader, alert_readers, open_ledger
from pipeline.deliver import Alert, DeliveryKey, Failure
from pipeline.errors import DeliveryError, PipelineError

log = logging.getLogger(__name__)


def raise_alarm(alert: Alert) -> int | None:
    """Send the alert to each recipient; returns how many got it now, None where none is configured."""
    try:
        readers = alert_readers()
    except PipelineError as error:
        log.error("nobody was told of this night: %s", error)
        return 0
    return sum(_tell(alert, reader) for reader in readers) if readers else None


def _tell(alert: Alert, reader: Reader) -> bool:
    parcel = DeliveryKey("alert", str(alert.day), alert.cause, reader.who)
    try:
        try:
            return open_ledger().deliver(parcel, partial(reader.warn, alert, parcel))
        except DeliveryError:
            raise
        except PipelineError as error:
            log.error("the ledger cannot be asked (%s); the alert goes out without it", error)
            reader.warn(alert, parcel)
            return True
    except DeliveryError as error:
        log.error("the alert did not reach %s: %s", reader.place, error)
        return False


def read_notes(path: Path) -> Iterator[dict[str, Any]]:
    """What tasks/failures.py has noted, line by line; one that a full disk has cut off says
    nothing.
    """
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def read_failures(path: Path) -> tuple[Failure, ...]:
    """The failures that were noted, each task once."""
    return tuple(
        {
            said["task"]: Failure(said["task"], said["error"], said["message"])
            for said in read_notes(path)
        }.values()
    )
