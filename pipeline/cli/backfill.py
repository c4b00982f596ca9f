"""Extract the history of a span, a month in one walk: about one request for 250 receipts.

    pos backfill --from 2024-01-01                     up to the last closed business day
    pos backfill --from 2024-01-01 --to 2024-06-30

Windows that are there are left alone, and a run that was killed goes on where it stopped. `pos
night` then makes the days, the lake and the reports; reports begin with [pos] history_starts. Exit
code 4 where the account's history wall has cut off part of the span; else Luigi's own.
"""

from __future__ import annotations

import argparse
import sys

from pipeline import settings
from pipeline.cli.child import run_luigi
from pipeline.cli.rescan import check_span
from pipeline.cli.run import DEGRADED
from pipeline.extract.windows import DATASET
from pipeline.targets import lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="first",
        type=settings.Day().parse,
        required=True,
        help="first business day, YYYY-MM-DD",
    )
    parser.add_argument(
        "--to",
        dest="last",
        type=settings.Day().parse,
        help="last business day; by default the last closed one",
    )


def run(asked: argparse.Namespace) -> int:
    last = asked.last or settings.last_day()
    check_span(asked.first, last)
    before = set(lake().partitions(DATASET))
    code = run_luigi(
        "Backfill", "--first", str(asked.first), "--last", str(last), "--local-scheduler"
    )
    if code:
        return code
    lake().refresh()
    metadata = {
        name: lake().metadata(DATASET, name)
        for name in lake().partitions(DATASET)
        if name not in before
    }
    print(
        f"{len(metadata)} windows, {sum(said['records'] for said in metadata.values()):,} receipts"
        " extracted"
    )
    if asked.first < settings.pos().history_starts:
        print(
            f"whole months before [pos] history_starts = {settings.pos().history_starts} get no"
            f" report; set it to {asked.first}"
        )
    cut = {said["truncated_at"] for said in metadata.values()} - {None}
    if cut:
        print(
            f"degraded: the account serves nothing that was received before {max(cut)}",
            file=sys.stderr,
        )
    return DEGRADED if cut else 0
