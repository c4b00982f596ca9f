"""Remove notes and card details from raw receipts older than some months.

    pos retain --months 24 --dry-run       what would be removed, month by month
    pos retain --months 24

The current month and as many complete months before it stay verbatim; in older windows notes and
card details become null. Receipts and amounts stay, so every month can still be corrected, rebuilt
and verified. Removes the old objects with their versions, which needs permission to delete
(docs/aws: maintenance-policy.json). Do not run it during another run; if it is interrupted, start
it again. Exit code 2 if something is refused; otherwise Luigi's.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

from pipeline import settings
from pipeline.cli.erase import rebuild_derived
from pipeline.lakes import check_lake, raw_sources
from pipeline.maintenance.retain import (
    find_aged,
    find_unreadable,
    kept_since,
    remove_old_tables,
    retain,
)
from pipeline.targets import lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--months",
        type=settings.Number().parse,
        required=True,
        help="complete months that stay verbatim, besides the current one",
    )
    parser.add_argument("--dry-run", action="store_true", help="only list what would be removed")


def run(options: argparse.Namespace) -> int:
    since = kept_since(settings.last_day(), options.months)
    if options.dry_run:
        return _show(since)
    check_lake()  # before raw is changed: the rebuild would refuse another key
    lake().preflight()
    partitions = [
        partition for raw in raw_sources() for partition in retain(raw.lake, raw.reader, since)
    ]
    print(f"raw: {len(partitions)} windows before {since} rewritten without notes and card details")
    _show_unreadable(since)
    code = rebuild_derived()
    if not code:
        print(f"{remove_old_tables(lake())} older versions of these objects removed")
    return code


def _show(since: str) -> int:
    months: dict[str, int] = defaultdict(int)
    objects: dict[str, set[str]] = defaultdict(set)  # an object may hold two dates of a window
    partitions = set()
    for raw in raw_sources():
        for entry in find_aged(raw.lake, raw.reader, since):
            partitions.add((raw.folder, entry.object.partition))
            month = entry.object.partition[:7]
            months[month] += entry.records
            objects[month].add(raw.lake.storage.uri(entry.object.stored))
    for name, records in sorted(months.items()):
        print(
            f"{name}  {records:>8,} records in {len(objects[name]):,} objects hold notes or card"
            " details"
        )
    print(
        f"{len(partitions)} windows before {since} would be rewritten; from {since} on raw stays"
        " verbatim"
    )
    _show_unreadable(since)
    return 0


def _show_unreadable(since: str) -> None:
    """Print the objects with records from which the details may not be removed."""
    for raw in raw_sources():
        for entry in find_unreadable(raw.lake, since):
            print(
                f"{raw.lake.storage.uri(entry.object.stored)}: {entry.records} records are not JSON"
                " and may still hold notes or card details"
            )
