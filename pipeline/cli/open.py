"""Where a report stands, and opens it in the browser if asked.

    pos open                                   the last whole month; or the first, under way
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
        help="YYYY-MM; by default the last whole month, or the first one of a younger history; of the cumulative the"
        " newest",
    )
    parser.add_argument("--cumulative", action="store_true", help="the report of the whole history")
    parser.add_argument("--pdf", action="store_true", help="the PDF rather than the page")
    parser.add_argument("--browser", action="store_true", help="open it")


def run(asked: argparse.Namespace) -> int:
    dataset = CUMULATIVE if asked.cumulative else MONTHLY
    there = [
        name
        for name in lake().partitions(dataset)
        if lake().newest(dataset, name).fingerprint != VOID
    ]
    month = asked.month or settings.default_month()
    name = there[-1] if asked.cumulative and there and not asked.month else f"{month:%Y-%m}"
    if name not in there:
        print(
            f"there is no {dataset} of {name} yet; there are {', '.join(there) or 'none'}",
            file=sys.stderr,
        )
        return 1
    uri = lake().uri(dataset, name, "report.pdf" if asked.pdf else "report.html")
    print(uri)
    if asked.browser and "://" not in uri:
        webbrowser.open(Path(uri).resolve().as_uri())
    return 0
