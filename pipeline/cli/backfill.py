"""Load more history: extract a period, about one request for 250 receipts.

    pos backfill --from 2024-01-01                     up to the last closed business day
    pos backfill --from 2024-01-01 --to 2024-06-30

It includes the shifts of cash drawers. Existing windows are not extracted again, and an interrupted
run continues where it stopped. `pos run` then builds the days, the lake and the reports; reports
begin with [pos] history_starts. Exit code 4 if the account's history limit truncated the period;
otherwise Luigi's.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.child_process import run_luigi
from pipeline.cli.period import add_days, check_period, truncated_code
from pipeline.lakes import raw_partitions, raw_sources, refresh_all


def arguments(parser: argparse.ArgumentParser) -> None:
    add_days(parser, required=True)


def run(options: argparse.Namespace) -> int:
    last = options.last or settings.last_day()
    check_period(options.first, last)
    before = raw_partitions()
    code = run_luigi(
        "Backfill", "--first", str(options.first), "--last", str(last), "--local-scheduler"
    )
    if code:
        return code
    refresh_all()
    metadata = {
        raw.name(name): raw.lake.window_metadata(name)
        for raw in raw_sources()
        for name in raw.lake.windows_and_rescans()
        if raw.name(name) not in before
    }
    print(
        f"{len(metadata)} windows, {sum(m['records'] for m in metadata.values()):,} receipts"
        " extracted"
    )
    if options.first < settings.pos().history_starts:
        print(
            f"months before [pos] history_starts = {settings.pos().history_starts} get no"
            f" report; set it to {options.first}"
        )
    limits = (m["truncated_at"] for m in metadata.values())
    return truncated_code(max((limit for limit in limits if limit), default=None))
