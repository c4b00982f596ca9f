"""Read a span again whatever has been extracted, and keep what raw lacks.

    pos rescan                                      the last 35 days pos rescan --days 7 pos rescan
    --from 2026-01-01 --to 2026-03-31    such as a span that the account could not serve before

Nothing is ever taken away because a sweep did not see it. What it finds is named; `pos run` then
makes again what that touches. Windows of the span that are missing are extracted first. Exit code 4
where the account's history wall has cut the sweep off; else Luigi's own.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date

from pipeline import settings
from pipeline.cli.child import run_luigi
from pipeline.cli.run import DEGRADED
from pipeline.errors import ConfigError
from pipeline.extract.windows import DAY
from pipeline.targets import lake
from pipeline.tasks.raw import Rescan


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days",
        type=settings.Number().parse,
        default=35,
        help="how many business days up to the last closed one",
    )
    parser.add_argument(
        "--from",
        dest="first",
        type=settings.Day().parse,
        help="first business day, YYYY-MM-DD, instead of --days",
    )
    parser.add_argument(
        "--to",
        dest="last",
        type=settings.Day().parse,
        help="last business day; by default the last closed one",
    )


def run(asked: argparse.Namespace) -> int:
    last = asked.last or settings.last_day()
    first = asked.first or last - (asked.days - 1) * DAY
    check_span(first, last)
    if asked.first and first < settings.pos().history_starts:
        raise ConfigError(
            f"{first} lies before [pos] history_starts = {settings.pos().history_starts}; set that"
            f" to {first}, or see pos backfill"
        )
    rescan = Rescan(
        date=last, days=(last - first).days + 1, requested_at=f"{settings.now():%Y%m%dT%H%M%S}"
    )
    code = run_luigi(
        "Rescan",
        "--date",
        str(rescan.date),
        "--days",
        str(rescan.days),
        "--requested-at",
        rescan.requested_at,
        "--local-scheduler",
    )
    if code:
        return code
    lake().refresh()
    metadata = lake().metadata(rescan.dataset, rescan.name)
    print(
        f"{rescan.name}: {metadata['records']} receipts were"
        f" missing{'; pos run makes again what they touch' * bool(metadata['records'])}"
    )
    if metadata["truncated_at"]:
        print(
            "degraded: the account serves nothing that was received before"
            f" {metadata['truncated_at']}",
            file=sys.stderr,
        )
    return DEGRADED if metadata["truncated_at"] else 0


def check_span(first: date, last: date) -> None:
    """Raises ConfigError for a span that is empty or has not closed."""
    if not first <= last <= settings.last_day():
        raise ConfigError(
            f"{first} to {last} is no span of closed business days; the last that has closed is"
            f" {settings.last_day()}"
        )
