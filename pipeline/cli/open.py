"""Print the address of a report, and open it in the browser if wanted.

    pos open                                   the last complete month; or the first, under way
    pos open --month 2026-09 --pdf
    pos open --cumulative --browser            only for a lake in a folder

Exit code 1 when there is no such report yet.
"""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path

from pipeline import settings
from pipeline.load import CUMULATIVE, MONTHLY, VOID
from pipeline.targets import lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--month",
        type=settings.Month().parse,
        help="YYYY-MM; default: the last complete month, or the first one of a shorter history; of the"
        " cumulative report the newest",
    )
    parser.add_argument("--cumulative", action="store_true", help="the report of the whole history")
    parser.add_argument("--pdf", action="store_true", help="the PDF instead of the page")
    parser.add_argument("--browser", action="store_true", help="open it")


def run(options: argparse.Namespace) -> int:
    dataset = CUMULATIVE if options.cumulative else MONTHLY
    months = [
        name
        for name in lake().partitions(dataset)
        if (newest := lake().newest(dataset, name)) and newest.fingerprint != VOID
    ]
    month = options.month or settings.default_month()
    name = months[-1] if options.cumulative and months and not options.month else f"{month:%Y-%m}"
    if name not in months:
        print(
            f"there is no {dataset} of {name} yet; available: {', '.join(months) or 'none'}",
            file=sys.stderr,
        )
        return 1
    uri = lake().uri(dataset, name, "report.pdf" if options.pdf else "report.html")
    print(uri)
    if options.browser and "://" not in uri:
        webbrowser.open(Path(uri).resolve().as_uri())
    return 0
