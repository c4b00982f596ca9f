"""How fresh the lake is, told from the lake alone.

    pos status

Last window, age, gaps, truncated spans, quarantine, stores that stopped sending, receipts before
[pos] history_starts with their money, receipts by store and day for the last
fortnight. Exit code 3 when the lake is older than it should be or has gaps, so that a monitor can
call it. Writes state/etl_state.json.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.status import Status, format_status, read_status
from pipeline.targets import lake


def arguments(_: argparse.ArgumentParser) -> None:
    pass


def tell() -> Status:
    """Print the status, and keep it beside the lake for a machine."""
    found = read_status(
        lake(),
        expected=settings.last_day(),
        now=settings.now(),
        limited=settings.pos().limited_history,
        rules=settings.rules(),
        starts=settings.pos().history_starts,
    )
    lake().put_state("etl_state.json", found.to_bytes())
    print(format_status(found))
    return found


def run(_: argparse.Namespace) -> int:
    found = tell()
    return 3 if found.is_stale or found.gaps else 0
