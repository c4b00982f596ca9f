"""One receipt as sold beside the rows that the rules make of it, each cent accounted for.

    pos explain 1-10131
    pos explain 1-10131 --month 2026-10        looks at that month only, which is quicker

Exit code 1 when there is no such receipt, or it is in quarantine.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.cli.raw_records import catalog_of, find_objects, read_objects
from pipeline.transform import explain


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", help="its number, as on the till")
    parser.add_argument(
        "--month", type=settings.Month().parse, help="where to look, YYYY-MM; by default everywhere"
    )


def run(asked: argparse.Namespace) -> int:
    objects = find_objects(asked.month)
    found = explain(asked.receipt, read_objects(objects), catalog_of(objects), settings.rules())
    print(found.text)
    if asked.month and not found.versions:
        print("Only that month was searched; leave --month out to look everywhere.")
    return 0 if found.record is not None else 1
