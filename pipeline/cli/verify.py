"""Is what stands in the lake true? Names each thing that is wrong, and what to do.

    pos verify                               all of it: digests, logs, claims, strays, and sums
    pos verify --from 2026-10 --to 2026-10   these months only
    pos verify --deep                        and each partition made again in memory, and compared
    pos verify --repair                        restores a report's files, declares broken what the
                                             next night can make again, and removes leftovers of
                                             killed runs (with the right to delete)
    pos verify --refetch 2026-10-30          gives up a window of raw that is lost for good: the
                                             next night asks for it again

Without --repair and --refetch nothing is written. Exit code 1 when something is wrong; notes are
harmless.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.errors import StorageRefused
from pipeline.load import DATASETS
from pipeline.maintenance import LakeFinding
from pipeline.maintenance.leftovers import remove_leftovers
from pipeline.targets import lake
from pipeline.tasks.maintenance import look, refetch, repair, span_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="first",
        type=settings.Month().parse,
        help="first month, YYYY-MM; by default all",
    )
    parser.add_argument("--to", dest="last", type=settings.Month().parse, help="last month")
    parser.add_argument(
        "--deep", action="store_true", help="make each partition again in memory and compare"
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="repair what can be made again, and remove leftovers of killed runs",
    )
    parser.add_argument(
        "--refetch", metavar="WINDOW", help="declare a window of raw broken (2026-10-30)"
    )


def run(asked: argparse.Namespace) -> int:
    if asked.refetch:
        refetch(asked.refetch)
        print(f"window {asked.refetch} is declared broken; run: luigi --module pipeline Nightly")
        return 0
    found, span = [], span_of(asked.first, asked.last)
    for one in look(span, deep=asked.deep):
        found.append(one)
        print(one)
    wrong = [one for one in found if one.is_wrong]
    count = sum(span.holds(name) for dataset in DATASETS for name in lake().partitions(dataset))
    print(
        f"{lake().storage.uri()}: {count:,} partitions were looked at,"
        f" {f'{len(wrong)} things are' if wrong else 'nothing is'} wrong"
    )
    if asked.repair:
        _repair(found)
    return 1 if wrong else 0


def _repair(findings: list[LakeFinding]) -> None:
    if repaired := repair(findings):
        print(
            f"put back or declared broken: {', '.join(repaired)}; run: luigi --module pipeline"
            " Nightly"
        )
    try:
        removed = remove_leftovers(lake(), findings)
    except StorageRefused as error:
        print(f"leftovers were not removed: {error}")
        return
    if removed:
        print(f"removed leftovers: {len(removed):,}, the first: {lake().storage.uri(removed[0])}")
