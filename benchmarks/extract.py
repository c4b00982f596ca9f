"""Receipts per second from the API into raw, against the bare cost of the same pages.

    python -m benchmarks.extract                        # a month python -m benchmarks.extract
    --days 31 93 --write   # and a longer one; into benchmarks/RESULTS.md python -m
    benchmarks.extract --days --memory 31 93 279   # only memory: it must not grow with the walk;
    half a minute

The simulator runs in a process of its own without a rate limit and serves one span again and again.
Bare is requests reading every page and throwing it away. Ours is a bounded walk (all checks,
journal on disk), each window's objects made, compressed and committed to a lake in a local folder.
Both are the best of several rounds that take turns, because the machine may have other things to
do.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from benchmarks.results import machine, write_section
from pipeline.extract.commit import commit_windows
from pipeline.extract.fetch import fetch_pages
from pipeline.load import Lake, open_storage
from pipeline.pos import open_source
from pipeline.pos.source import Window
from pipeline.simulator import Shop, serve

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TITLE = "Extract: the API's pages to raw"


def shop(pipe: multiprocessing.connection.Connection) -> None:
    """Serve a shop of two stores until told to stop."""
    with serve(Shop(), now=lambda: NOW) as server:
        pipe.send((server.url, server.token))
        pipe.recv()


def read_bare(url: str, token: str, since: datetime, until: datetime) -> tuple[float, int]:
    """(seconds, pages) of the same requests with nothing done to the answers but what finds the
    next page.
    """
    began, pages = time.perf_counter(), 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        stamp = "%Y-%m-%dT%H:%M:%S.000Z"
        params = {
            "updated_at_min": (since - timedelta(seconds=1)).strftime(stamp),
            "updated_at_max": (until + timedelta(seconds=1)).strftime(stamp),
            "limit": "250",
        }
        while True:
            body = session.get(f"{url}/receipts", params=params, timeout=60).content
            pages += 1
            _, found, cursor = body[-4096:].rpartition(b'"cursor":')
            if not found:
                return time.perf_counter() - began, pages
            params["cursor"] = json.loads(cursor[:-1])


def extract(url: str, token: str, windows: list[Window]) -> tuple[float, float, int]:
    """(seconds until the walk was on disk, seconds until it was in raw, receipts)."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(open_storage(f"{folder}/lake"))
        source = open_source("loyverse", url=url, token=token, rate=None)
        began = time.perf_counter()
        found = fetch_pages(
            source, windows, bounded=True, state_folder=Path(folder) / "state", now=NOW
        )
        fetched = time.perf_counter() - began
        commit_windows(lake, found, windows)
        return fetched, time.perf_counter() - began, found.records


@contextmanager
def opened(days: int) -> Iterator[tuple[str, str, list[Window]]]:
    """(address, token, windows of the last `days`) of a shop in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=shop, args=(theirs,), daemon=True)
    server.start()
    first = datetime(2026, 10, 31, 11, tzinfo=UTC) - days * DAY
    yield (
        *ours.recv(),
        [
            Window((first + n * DAY).date(), first + n * DAY, first + (n + 1) * DAY)
            for n in range(days)
        ],
    )
    ours.send("stop")
    server.join()


def peak() -> float:
    """The most memory that this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def race(days: int, rounds: int) -> str:
    """The table of one span, from a process of its own."""
    with opened(days) as (url, token, windows):
        span = windows[0].start, windows[-1].end
        read_bare(url, token, *span)  # warms the server
        turns = [
            (read_bare(url, token, *span), extract(url, token, windows)) for _ in range(rounds)
        ]
    bare = min(seconds for (seconds, _), _ in turns)
    walked, stored = (
        min(walked for _, (walked, _, _) in turns),
        min(stored for _, (_, stored, _) in turns),
    )
    pages, receipts = turns[0][0][1], turns[0][1][2]
    lines = [
        f"### {receipts:,} receipts in {pages} pages, {days} windows",
        "",
        "| | wall s | receipts/s | times bare |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {seconds:.3f} | {receipts / seconds:,.0f} | {seconds / bare:.2f} |"
        for name, seconds in (("bare pages", bare), ("read, on disk", walked), ("in raw", stored))
    ]
    return "\n".join(lines) + "\n"


def weigh(days: int) -> str:
    """A row of the table of memory: one extraction, alone in its process."""
    before = peak()
    with opened(days) as (url, token, windows):
        _, _, receipts = extract(url, token, windows)
    return f"| {days} | {receipts:,} | {before:,.0f} | {peak():,.0f} |"


def alone(work: Callable[..., str], *arguments: object) -> str:
    """What `work` says, done in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--days", type=int, nargs="*", default=[31], help="spans to race the bare pages over"
    )
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[31, 93, 279], help="spans to weigh"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--write", action="store_true", help="put the tables into benchmarks/RESULTS.md"
    )
    options = parser.parse_args()
    text = f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; best of {options.rounds}, taking turns.\n"
    for days in options.days:
        text += "\n" + alone(race, days, options.rounds)
    if options.memory:
        head = "| windows in one read | receipts | MB at first | MB at most |", "|---|---|---|---|"
        text += "\n" + "\n".join([*head, *(alone(weigh, days) for days in options.memory)]) + "\n"
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
