"""Check every object and every amount of the lake.

    pos verify                               everything: digests, manifests, unknown objects, sums
    pos verify --from 2026-10 --to 2026-10   these months only
    pos verify --deep                        builds each partition again in memory and compares
    pos verify --repair                      restores a report's files, invalidates what the next
                                             run can rebuild, and removes unreferenced
                                             files of killed runs (with permission to delete)
    pos verify --refetch 2026-10-30          discards a damaged window of raw: the next run extracts
                                             it again

Without --repair and --refetch nothing is written. Exit code 1 if there is a problem; notes need no
action.
"""

from __future__ import annotations

import argparse

from pipeline.cli.period import add_months
from pipeline.errors import ExitCode, StorageRefused
from pipeline.lakes import raw_sources, source_named
from pipeline.load import DATASETS
from pipeline.maintenance import LakeFinding
from pipeline.maintenance.unreferenced import remove_unreferenced
from pipeline.targets import lake
from pipeline.tasks.maintenance import find_damage, month_range, refetch, repair


def arguments(parser: argparse.ArgumentParser) -> None:
    add_months(parser)
    parser.add_argument(
        "--deep", action="store_true", help="build each partition again in memory and compare"
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="repair what can be rebuilt, remove unreferenced files of killed runs",
    )
    parser.add_argument(
        "--refetch", metavar="WINDOW", help="invalidate a window of raw (2026-10-30)"
    )
    parser.add_argument(
        "--source", help="with --refetch, in a lake of several: the point of sale of the window"
    )


def run(options: argparse.Namespace) -> int:
    if options.refetch:
        refetch(options.refetch, source_named(options.source))
        print(
            f"window {options.refetch} is invalidated, with those committed together with it; run:"
            " pos run"
        )
        return 0
    findings: list[LakeFinding] = []
    months = month_range(options.first, options.last)
    for finding in find_damage(months, deep=options.deep):
        findings.append(finding)
        print(finding)
    problems = sum(finding.is_wrong for finding in findings)
    count = sum(
        months.holds(name)
        for raw in raw_sources()
        for dataset in DATASETS
        for name in raw.lake.partitions(dataset)
    )
    print(f"{lake().storage.uri()}: {count:,} partitions checked, problems: {problems}")
    if options.repair:
        _repair(findings)
    return ExitCode.NOT_OK if problems else ExitCode.DONE


def _repair(findings: list[LakeFinding]) -> None:
    if repaired := repair(findings):
        print(f"restored or invalidated: {', '.join(repaired)}; run: pos run")
    try:
        removed = remove_unreferenced(lake(), findings)
    except StorageRefused as error:
        print(f"unreferenced files not removed: {error}")
        return
    if removed:
        print(
            f"removed unreferenced files: {len(removed):,}, the first:"
            f" {lake().storage.uri(removed[0])}"
        )
