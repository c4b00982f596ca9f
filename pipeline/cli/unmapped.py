"""Show names that no rule of menu.toml covers, with number and amount.

    pos unmapped --month 2026-10

The output can be pasted into menu.toml. Reads raw and changes nothing.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.cli.period import add_month
from pipeline.cli.raw_records import catalog_of, find_objects, read_objects
from pipeline.lakes import raw_sources
from pipeline.tasks.business_days import days_of
from pipeline.transform import find_unmapped


def arguments(parser: argparse.ArgumentParser) -> None:
    add_month(parser, "the last complete month")


def run(options: argparse.Namespace) -> int:
    month = options.month or settings.default_month()
    days = days_of(month)
    for source in raw_sources():
        if source.prefix:
            print(f"# {source.point_of_sale}")
        objects = find_objects(month, source)
        raw, catalog = read_objects(objects, source), catalog_of(objects, source)
        print(find_unmapped(raw, catalog, source.rules, (days[0], days[-1])).text)
    return 0
