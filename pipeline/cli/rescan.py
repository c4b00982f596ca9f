"""Read a period again and add missing receipts.

    pos rescan                                      the last 35 days
    pos rescan --days 7
    pos rescan --from 2026-01-01 --to 2026-03-31    such as a period that was truncated

A rescan removes nothing. `pos run` then rebuilds what the added receipts change. Missing windows of
the period are extracted first. Exit code 4 if the account's history limit truncated the rescan;
otherwise Luigi's.
"""

from __future__ import annotations

import argparse
from datetime import date

from pipeline import settings
from pipeline.child_process import run_luigi
from pipeline.cli.period import add_days, check_period, truncated_code
from pipeline.errors import ConfigError, ExitCode
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import prefix_of, raw_lake, sources
from pipeline.tasks.raw import Rescan


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days",
        type=settings.Number().parse,
        default=35,
        help="how many business days up to the last closed one",
    )
    add_days(parser, help="first business day, YYYY-MM-DD, instead of --days")


def run(options: argparse.Namespace) -> int:
    last = options.last or settings.last_day()
    first = options.first or last - (options.days - 1) * DAY
    check_period(first, last)
    if options.first and first < settings.pos().history_starts:
        raise ConfigError(
            f"{first} is before [pos] history_starts = {settings.pos().history_starts}; set that"
            f" to {first}, or see pos backfill"
        )
    codes = [_rescan(source, first, last) for source in sources()]
    return next((code for code in codes if code), ExitCode.DONE)


def _rescan(source: str, first: date, last: date) -> int:
    """Read the period of one source again; returns the exit code."""
    rescan = Rescan(
        date=last,
        days=(last - first).days + 1,
        requested_at=f"{settings.now():%Y%m%dT%H%M%S}",
        source=source,
    )
    options = ["--date", str(last), "--days", str(rescan.days)]
    options += ["--requested-at", rescan.requested_at, *(["--source", source] if source else [])]
    code = run_luigi("Rescan", *options, "--local-scheduler")
    if code:
        return code
    home = raw_lake(source)
    home.refresh()
    metadata = home.metadata(rescan.dataset, rescan.name)
    print(
        f"{prefix_of(source)}{rescan.name}: {metadata['records']} missing receipts"
        f"{'; pos run rebuilds what they change' * bool(metadata['records'])}"
    )
    return truncated_code(metadata["truncated_at"])
