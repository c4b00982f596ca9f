"""Rebuild months from raw: every day, the lake's tables, the summary.

    pos rebuild --from 2026-10 --to 2026-10
    pos rebuild --from 2026-10 --to 2026-10 --dry-run      what would be rebuilt, and its size

The API is not used. Each partition is invalidated and rebuilt by its task; if the command is
interrupted, the next run completes it. Prints for each partition whether it is the same as before.
A report is rebuilt only if its month is different. Exit code 2 if the lake has nothing of the
period; otherwise Luigi's.
"""

from __future__ import annotations

import argparse

from pipeline.child_process import run_luigi
from pipeline.cli.period import add_months
from pipeline.cli.raw_records import check_filled
from pipeline.errors import ConfigError, Corrupt
from pipeline.lakes import check_lake
from pipeline.load import INVALIDATED, RAW_FINGERPRINT, Manifest
from pipeline.maintenance import EVERYTHING
from pipeline.targets import DatasetTask, lake
from pipeline.tasks.maintenance import month_range, partitions_of


def arguments(parser: argparse.ArgumentParser) -> None:
    add_months(parser, required=True)
    parser.add_argument("--dry-run", action="store_true", help="only list what would be rebuilt")


def run(options: argparse.Namespace) -> int:
    check_filled()
    tasks = partitions_of(month_range(options.first, options.last))
    if not tasks:
        months = sorted(task.name[:7] for task in partitions_of(EVERYTHING))
        held = f"the lake holds {months[0]} to {months[-1]}" if months else ""
        raise ConfigError(
            f"{options.first:%Y-%m} to {options.last:%Y-%m}: the lake has nothing of these months,"
            f" so nothing can be rebuilt; {held or '`pos run` builds the first'}"
        )
    before = {task: published(task.dataset, task.name) for task in tasks}
    if options.dry_run:
        for task in tasks:
            size = sum(member["size"] for member in lake().body(_newest(task))["files"].values())
            print(f"{task.dataset:<10} {task.name:<10} {size:>14,} bytes")
        return 0
    check_lake()  # before anything is invalidated
    for task in tasks:
        if _newest(task).fingerprint != INVALIDATED:
            lake().invalidate(task.dataset, task.name, "rebuild from raw")
    period = ("--first", f"{options.first:%Y-%m}", "--last", f"{options.last:%Y-%m}")
    code = run_luigi("Rebuild", *period, "--local-scheduler")
    lake().refresh()
    for task in tasks:
        after = _newest(task)
        result = "as before" if after.digest == before[task] else "is different"
        if after.fingerprint == INVALIDATED:
            result = "is missing"
        print(f"{task.dataset:<10} {task.name:<10} {result}")
    return code


def _newest(task: DatasetTask) -> Manifest:
    """The newest manifest of a partition. Raises Corrupt where there is none."""
    manifest = lake().newest(task.dataset, task.name)
    if manifest is None:
        raise Corrupt(f"{task} has no manifest; run pos verify", task.dataset, task.name)
    return manifest


def published(dataset: str, partition: str) -> str | None:
    """The digest of the newest content that was not invalidated."""
    digests = [
        manifest.digest
        for manifest in lake().manifests_of(dataset, partition)
        if manifest.fingerprint not in (INVALIDATED, RAW_FINGERPRINT)
    ]
    return digests[-1] if digests else None
