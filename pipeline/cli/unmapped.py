"""Show names that no rule of menu.toml covers, with frequency and money.

    pos unmapped --month 2026-10

The output can be pasted into menu.toml. Reads raw and changes nothing.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.cli.raw_records import catalog_of, find_objects, read_objects
from pipeline.tasks import days_of
from pipeline.transform import find_unmapped


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--month", type=settings.Month().parse, help="YYYY-MM; default: the last complete month"
    )


def run(options: argparse.Namespace) -> int:
    month = options.month or settings.default_month()
    objects, days = find_objects(month), days_of(month)
    print(
        find_unmapped(
            read_objects(objects), catalog_of(objects), settings.rules(), (days[0], days[-1])
        ).text
    )
    return 0
