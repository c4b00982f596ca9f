"""Open a report: print its address, and show it in the browser.

    pos open                                   the last closed month
    pos open --month 2026-09 --pdf
    pos open --cumulative --print              only prints the address

The browser opens if `pos open` runs on a terminal. A report in a bucket is first copied into a
private temporary folder, which the operating system removes. Exit code 1 if there is no such report
yet.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import webbrowser
from pathlib import Path

from pipeline import settings
from pipeline.cli.period import add_month
from pipeline.errors import ExitCode
from pipeline.load import CUMULATIVE, MONTHLY
from pipeline.targets import lake


def arguments(parser: argparse.ArgumentParser) -> None:
    add_month(
        parser,
        "the last complete month, or the first one of a shorter history; of the cumulative report"
        " the newest",
    )
    parser.add_argument("--cumulative", action="store_true", help="the report of the full history")
    parser.add_argument("--pdf", action="store_true", help="the PDF instead of the page")
    parser.add_argument("--print", action="store_true", help="do not open the browser")


def run(options: argparse.Namespace) -> int:
    dataset = CUMULATIVE if options.cumulative else MONTHLY
    file = "report.pdf" if options.pdf else "report.html"
    months = months_with(dataset)
    month = options.month or settings.default_month()
    name = months[-1] if options.cumulative and months and not options.month else f"{month:%Y-%m}"
    if name not in months:
        print(
            f"there is no {dataset} of {name} yet; available: {', '.join(months) or 'none'}",
            file=sys.stderr,
        )
        return ExitCode.NOT_OK
    print(lake().uri(dataset, name, file))
    if sys.stdout.isatty() and not options.print:
        webbrowser.open(local_copy(dataset, name, file).as_uri())
    return ExitCode.DONE


def months_with(dataset: str) -> list[str]:
    """Months that have a report, the oldest first."""
    return [name for name in lake().partitions(dataset) if lake().current(dataset, name)]


def newest_report(dataset: str, file: str) -> str:
    """Address of the report of the last complete month, else of the newest month."""
    months, month = months_with(dataset), f"{settings.default_month():%Y-%m}"
    return lake().uri(dataset, month if month in months else months[-1], file)


def local_copy(dataset: str, name: str, file: str) -> Path:
    """Path of a report's file; one in a bucket is copied, its digest checked."""
    uri = lake().uri(dataset, name, file)
    if "://" not in uri:
        return Path(uri).resolve()
    folder = Path(tempfile.mkdtemp(prefix=f"report-{name}-"))
    path = folder / file
    path.write_bytes(lake().read(dataset, name, [file])[file])
    return path
