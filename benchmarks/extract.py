"""The extraction of API pages into raw, against the same pages only read.

    python -m benchmarks.extract --days 31 93 --write     two spans, and memory
    python -m benchmarks.extract --days --memory 31 279   memory only

The simulator runs in a process of its own, without a rate limit, and serves one span again and
again. "bare pages" requests each page of the span, by calendar month, and discards it. "in raw" is
the extraction of a backfill: the same pages with all checks, committed to a lake in a folder. Both
take turns; the best of `--rounds` counts. `--memory 31 93 279` measures the memory of one
extraction for each of these spans; it must not grow with the span. `--days` without a number
measures memory only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import requests

from benchmarks.results import machine, write_section
from benchmarks.shop_server import ShopServer, serve_shop
from pipeline.extract import windows as windows_to_raw
from pipeline.load import Lake, open_storage
from pipeline.pos import open_source
from pipeline.pos.source import Window

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
END = datetime(2026, 10, 31, 11, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
TITLE = "Extract: API pages to raw"


class Times(NamedTuple):
    """The best seconds of some rounds over one span."""

    bare: float
    in_raw: float
    pages: int
    receipts: int


def compare(days: int, rounds: int) -> Times:
    """Extract a span and read its bare pages, by turns."""
    windows = windows_of(days)
    with serve_shop(NOW) as shop:
        read_bare_pages(shop, windows)  # fills the simulator's cache
        turns = [(*read_bare_pages(shop, windows), *extract(shop, windows)) for _ in range(rounds)]
    bare, pages, in_raw, receipts = zip(*turns, strict=True)
    return Times(min(bare), min(in_raw), pages[0], receipts[0])


def read_bare_pages(shop: ShopServer, windows: list[Window]) -> tuple[float, int]:
    """Seconds and pages of the requests alone; of an answer only the cursor is read."""
    start, pages, layout = time.perf_counter(), 0, "%Y-%m-%dT%H:%M:%S.000Z"
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {shop.token}"
        for month in windows_to_raw.months_of(windows):
            params = {
                "updated_at_min": (month[0].start - SECOND).strftime(layout),
                "updated_at_max": (month[-1].end + SECOND).strftime(layout),
                "limit": "250",
            }
            mark = b"cursor"
            while mark:
                body = session.get(f"{shop.url}/receipts", params=params, timeout=60).content
                pages += 1
                _, mark, cursor = body[-4096:].rpartition(b'"cursor":')
                if mark:
                    params["cursor"] = json.loads(cursor[:-1])
    return time.perf_counter() - start, pages


def extract(shop: ShopServer, windows: list[Window]) -> tuple[float, int]:
    """Seconds until all windows are in raw, and their receipts."""
    bounds = {window.date: (window.start, window.end) for window in windows}
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(open_storage(f"{folder}/lake"))
        source = open_source("loyverse", url=shop.url, token=shop.token, rate=None)
        start = time.perf_counter()
        windows_to_raw.extract(
            bounds,
            lake,
            source,
            bounds.__getitem__,
            last=END.date() + DAY,  # a later day, so that no month is read beyond its end
            now=NOW,
            state_folder=Path(folder) / "state",
            on_progress=lambda *_: None,
        )
        seconds = time.perf_counter() - start
        return seconds, sum(lake.window_metadata(name)["records"] for name in lake.windows())


def windows_of(days: int) -> list[Window]:
    """The windows of the last `days` business days."""
    starts = [END - (days - n) * DAY for n in range(days)]
    return [Window(start.date(), start, start + DAY) for start in starts]


def comparison_table(days: int, rounds: int) -> str:
    """The table of one span."""
    times = compare(days, rounds)
    lines = [
        f"### {times.receipts:,} receipts in {times.pages} pages, {days} windows",
        "",
        "| | wall s | receipts/s | times bare |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {wall:.3f} | {times.receipts / wall:,.0f} | {wall / times.bare:.2f} |"
        for name, wall in (
            ("bare pages", times.bare),
            ("in raw", times.in_raw),
        )
    ]
    return "\n".join(lines) + "\n"


def memory_row(days: int) -> str:
    """A row of the table of memory: one extraction in this process."""
    before = peak_memory()
    with serve_shop(NOW) as shop:
        _, receipts = extract(shop, windows_of(days))
    return f"| {days} | {receipts:,} | {before:,.0f} | {peak_memory():,.0f} |"


def peak_memory() -> float:
    """The most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_new_process(work: Callable[..., str], *arguments: object) -> str:
    """The result of `work`, called in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, nargs="*", default=[31], help="spans to compare")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[31, 93, 279], help="spans to measure memory of"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    options = parser.parse_args()
    text = f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; best of {options.rounds}, by turns.\n"
    for days in options.days:
        text += "\n" + in_new_process(comparison_table, days, options.rounds)
    if options.memory:
        text += (
            "\n| windows read together | receipts | MB before | MB at most |\n|---|---|---|---|\n"
        )
        text += "".join(in_new_process(memory_row, days) + "\n" for days in options.memory)
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
