"""Is what stands in the lake true? Names each thing that is wrong, and what to do.

    pos verify                                  all of it: digests, logs, claims, strays, and every
    sum against the others pos verify --from 2026-10 --to 2026-10      these months only pos verify
    --deep                           and each partition made again in memory, from raw, and compared
    pos verify --heal                           declares broken what can be made again, and the next
    night makes it; puts reports back pos verify --refetch 2026-10-30             gives up a window
    of raw that nobody can bring back: the next night asks for it again

Without --heal and --refetch nothing is written. Exit code 1 when something is wrong.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.load import DATASETS
from pipeline.targets import lake
from pipeline.tasks.care import heal, look, refetch, span_of


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
    parser.add_argument("--heal", action="store_true", help="declare broken what can be made again")
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
    if not wrong:
        return 0
    if asked.heal and (healed := heal(found)):
        print(
            f"put back or declared broken: {', '.join(healed)}; run: luigi --module pipeline"
            " Nightly"
        )
    return 1
