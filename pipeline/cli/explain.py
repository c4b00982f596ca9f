"""Show one receipt as sold, and its rows in the lake.

    pos explain 1-10131
    pos explain 1-10131 --month 2026-10        searches that month only, which is faster
    pos explain square:1-10131                 in a lake of several sources

Exit code 1 if there is no such receipt, or it is in quarantine.
"""

from __future__ import annotations

import argparse

from pipeline.cli.period import add_month
from pipeline.cli.raw_records import catalog_of, find_objects, find_undated, read_objects
from pipeline.lakes import raw_sources
from pipeline.transform import explain


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", help="its number in the point of sale")
    add_month(parser, "search in all months")


def run(options: argparse.Namespace) -> int:
    for source in raw_sources():
        number = options.receipt.removeprefix(source.prefix)
        objects = find_objects(options.month, source) + find_undated(options.month, source)
        explanation = explain(
            number, read_objects(objects, source), catalog_of(objects, source), source.rules
        )
        if explanation.revisions:
            break
    if source.prefix and explanation.revisions:
        print(
            f"of {source.point_of_sale}; in the tables its identifiers begin with {source.prefix}"
        )
    print(explanation.text)
    if options.month and not explanation.revisions:
        print("Only that month was searched; omit --month to search everywhere.")
    return 0 if explanation.record is not None else 1
