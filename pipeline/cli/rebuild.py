"""Make months again from raw alone: every day, the lake's tables, the summary. The shop is not
asked.

    pos rebuild --from 2026-10 --to 2026-10 pos rebuild --from 2026-10 --to 2026-10 --dry-run
    what would be made again, and how large it is

Each partition is declared broken and made again by its task; a run that is killed is finished by
the next night. Says of each whether it came out the same. Reports are told again only where their
month came out different. Exit code 2 where nothing of the span was ever made; else Luigi's own.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.cli.child import run_luigi
from pipeline.cli.raw_records import check_filled
from pipeline.errors import ConfigError
from pipeline.load import RAW, VOID
from pipeline.maintenance import everything
from pipeline.targets import lake
from pipeline.tasks.maintenance import partitions_of, span_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="first",
        type=settings.Month().parse,
        required=True,
        help="first month, YYYY-MM",
    )
    parser.add_argument(
        "--to", dest="last", type=settings.Month().parse, required=True, help="last month"
    )
    parser.add_argument("--dry-run", action="store_true", help="only list what would be made again")


def run(asked: argparse.Namespace) -> int:
    check_filled()
    tasks = partitions_of(span_of(asked.first, asked.last))
    if not tasks:
        held = sorted(task.name[:7] for task in partitions_of(everything()))
        raise ConfigError(
            f"{asked.first:%Y-%m} to {asked.last:%Y-%m}: nothing of these months was ever made, so"
            " nothing can be made again; "
            + (f"the lake holds {held[0]} to {held[-1]}" if held else "`pos run` makes the first")
        )
    before = {task: published(task.dataset, task.name) for task in tasks}
    if asked.dry_run:
        for task in tasks:
            size = sum(
                said["size"]
                for said in lake().body(lake().newest(task.dataset, task.name))["files"].values()
            )
            print(f"{task.dataset:<10} {task.name:<10} {size:>14,} bytes")
        return 0
    for task in tasks:
        if lake().newest(task.dataset, task.name).fingerprint != VOID:
            lake().invalidate(task.dataset, task.name, "to be made again from raw")
    code = run_luigi(
        "Rebuild",
        "--first",
        f"{asked.first:%Y-%m}",
        "--last",
        f"{asked.last:%Y-%m}",
        "--local-scheduler",
    )
    lake().refresh()
    for task in tasks:
        after = lake().newest(task.dataset, task.name)
        said = (
            "is missing"
            if after.fingerprint == VOID
            else "as before"
            if after.digest == before[task]
            else "is different"
        )
        print(f"{task.dataset:<10} {task.name:<10} {said}")
    return code


def published(dataset: str, partition: str) -> str | None:
    """The digest of the newest content that was not declared broken."""
    found = [
        one.digest
        for one in lake().history(dataset, partition)
        if one.fingerprint not in (VOID, RAW)
    ]
    return found[-1] if found else None
