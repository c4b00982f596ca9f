"""Show how old the lake is and what is missing.

    pos status

Shows the last window and its age, missing windows, truncated periods, quarantine, missing receipt
numbers, stores that stopped sending, receipts before [pos] history_starts with their amounts, and
receipts by store and day of the last 14 days. Exit code 3 if the lake is older than it should be or
windows are missing, for a monitor. Writes state/etl_state.json, if this user may write.
"""

from __future__ import annotations

import argparse
import sys

from pipeline import settings
from pipeline.errors import ExitCode, StorageRefused
from pipeline.lakes import raw_sources
from pipeline.status.problems import STATE
from pipeline.status.read import Status, read_status
from pipeline.status.text import format_status
from pipeline.targets import lake


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def current_status() -> Status:
    """The state of the lake of the settings."""
    return read_status(
        lake(),
        expected=settings.last_day(),
        now=settings.now(),
        limited=settings.pos().limited_history,
        starts=settings.pos().history_starts,
        sources=raw_sources(),
    )


def run(_: argparse.Namespace) -> int:
    status = current_status()
    print(format_status(status))
    try:
        lake().put_state(STATE, status.to_bytes())
    except StorageRefused as error:  # a user or a monitor that may only read
        print(f"state/{STATE} is not updated: {error}", file=sys.stderr)
    return ExitCode.STALE if status.is_stale or status.gaps else ExitCode.DONE
