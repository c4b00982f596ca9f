"""Receipts per second from the API into raw, against the bare cost of the same pages: `python -m benchmarks.extract [days]`.

The simulator runs in a process of its own without a rate limit and serves one span again and again.
Bare is requests reading every page and throwing it away. Ours is a bounded walk (all checks, journal on disk), each
window's objects made, compressed and committed to a lake in a local folder. Both are the best of several rounds that
take turns, because the machine may have other things to do.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import requests

from pipeline.extract import SOURCES, Window, forward, pack, recall, walk
from pipeline.load import Lake, open_storage
from simulator import Shop, serve

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ROUNDS = 5


def shop(pipe: multiprocessing.connection.Connection) -> None:
    """Serve a shop of two stores until told to stop."""
    with serve(Shop(), now=lambda: NOW) as server:
        pipe.send((server.url, server.token))
        pipe.recv()


def read_bare(url: str, token: str, since: datetime, until: datetime) -> tuple[float, int]:
    """(seconds, pages) of the same requests with nothing done to the answers but what finds the next page."""
    began, pages = time.perf_counter(), 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        stamp = "%Y-%m-%dT%H:%M:%S.000Z"
        params = {"updated_at_min": (since - timedelta(seconds=1)).strftime(stamp),
                  "updated_at_max": (until + timedelta(seconds=1)).strftime(stamp), "limit": "250"}
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
        source = SOURCES["loyverse"](url=url, token=token, rate=None)
        began = time.perf_counter()
        found = walk(source, windows, bounded=True, spool=Path(folder) / "spool", now=NOW)
        fetched = time.perf_counter() - began
        for window, records in found.windows:
            earlier = recall(lambda day: map(lake.read_raw, lake.raw_objects(day, day)))
            lake.commit_window(str(window.date), pack(forward(records, earlier)), {})
        return fetched, time.perf_counter() - began, found.records


def main(days: int) -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=shop, args=(theirs,), daemon=True)
    server.start()
    url, token = ours.recv()
    first = datetime(2026, 10, 31, 11, tzinfo=UTC) - days * DAY
    windows = [Window(date.fromordinal((first + n * DAY).toordinal()), first + n * DAY, first + (n + 1) * DAY) for n in range(days)]
    read_bare(url, token, windows[0].start, windows[-1].end)  # warms the server
    rounds = [(read_bare(url, token, windows[0].start, windows[-1].end), extract(url, token, windows)) for _ in range(ROUNDS)]
    ours.send("stop")
    server.join()
    bare = min(seconds for (seconds, _), _ in rounds)
    walked, stored = min(walked for _, (walked, _, _) in rounds), min(stored for _, (_, stored, _) in rounds)
    pages, receipts = rounds[0][0][1], rounds[0][1][2]
    print(f"{receipts:,} receipts in {pages} pages, {days} windows; best of {ROUNDS}")  # noqa: T201
    for name, seconds in (("bare pages", bare), ("walked, on disk", walked), ("in raw", stored)):
        print(f"{name:16} {seconds:6.3f} s  {receipts / seconds:9,.0f} receipts/s  {seconds / bare:5.2f} x bare")  # noqa: T201
    print(f"largest memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 31)
