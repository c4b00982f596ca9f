"""Names that no rule of menu.toml covers, with their frequency and money, ready to paste.

    pos uncovered --month 2026-10

Reads raw and changes nothing.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.transform import uncovered
from pipeline.verbs.raws import catalog_of, find_objects, read_objects


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--month", type=settings.Month().parse, help="YYYY-MM; by default the last whole month"
    )


def run(asked: argparse.Namespace) -> int:
    objects = find_objects(asked.month or settings.default_month())
    print(uncovered(read_objects(objects), catalog_of(objects), settings.rules()).text)
    return 0
