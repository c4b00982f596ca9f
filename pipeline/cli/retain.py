"""End the life of what raw holds beyond the figures: notes and details of cards, once they are some
months old.

    pos retain --months 24 --dry-run       what would be taken away, month by month
    pos retain --months 24

Kept verbatim are the month under way and as many whole months before it; in older windows the notes
and the details of cards become null. Receipts and amounts stay, so late changes, rebuilds and
proofs reach every month as before. Removes the old objects with their versions, so this needs the
right to delete (docs/aws: maintenance-policy.json). Run it while no night runs; a run that was killed is
started again. Exit code 0; 2 when something is refused; else Luigi's.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

from pipeline import settings
from pipeline.cli.erase import remake
from pipeline.maintenance.retain import clear_remade, find_aged, kept_since, retain
from pipeline.targets import lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--months",
        type=settings.Number().parse,
        required=True,
        help="whole months that stay verbatim, beside the one under way",
    )
    parser.add_argument("--dry-run", action="store_true", help="only list what would be taken away")


def run(asked: argparse.Namespace) -> int:
    since = kept_since(settings.last_day(), asked.months)
    if asked.dry_run:
        return _tell(since)
    lake().preflight()
    batches = retain(lake(), since)
    print(
        f"raw: {len(batches)} windows before {since} were committed again without notes and details"
        " of cards"
    )
    code = remake()
    if not code:
        print(f"{clear_remade(lake())} older versions of what held them were removed")
    return code


def _tell(since: str) -> int:
    months: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    batches = set()
    for one in find_aged(lake(), since):
        batches.add(one.object.batch)
        for at, count in enumerate((1, one.records)):
            months[one.object.batch_name.month][at] += count
    for month, (objects, records) in sorted(months.items()):
        print(
            f"{month}  {records:>8,} records in {objects:,} objects hold notes or details of cards"
        )
    print(
        f"{len(batches)} windows before {since} would be committed again; from {since} on raw stays"
        " verbatim"
    )
    return 0
