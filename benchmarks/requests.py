"""S3 requests of a night, counted: `python -m benchmarks.requests --months 36`. Counts do not
depend on the machine.

A small shop's history is backfilled by `Nightly` into a real S3 server (SeaweedFS). Then each case
runs as a process of its own with one worker, and says what it has asked of the server, by verb and
by dataset (benchmarks/counted.py). Beside it: the same DAG of plain `luigi.contrib.s3.S3Target`
tasks, all of them done; and a lake that has grown by daily runs, whose superseded manifests stay
in its listing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.results import machine, write_section
from pipeline.simulator import Book, Query, Shop, serve
from pipeline.simulator import Server as Till
from pipeline.simulator.ids import millis
from tests.load.seaweed import Server
from tests.load.seaweed import serve as serve_s3

ROOT = Path(__file__).parents[1]
TITLE = "Requests: what a run needs from S3"
BUCKET, GROWN = "lake", "grown"
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 10, 13, tzinfo=UTC)
COMMANDS = ("LIST", "GET", "HEAD", "PUT")


class Ran(NamedTuple):
    """A process: its requests ("GET staging object" -> how many), wall seconds, peak MB."""

    requests: Counter[str]
    seconds: float
    peak: int

    def row(self, name: str) -> str:
        commands = [
            sum(n for asked, n in self.requests.items() if asked.startswith(command_name))
            for command_name in COMMANDS
        ]
        return (
            f"| {name} | {sum(commands):,} | "
            + " | ".join(f"{n:,}" for n in commands)
            + f" | {self.seconds:.1f} | {self.peak or ''} |"
        )


class Bench:
    """A shop, its lakes in a server's buckets, and the runs that are counted."""

    def __init__(self, folder: Path, server: Server, till: Till, first: date):
        self.folder, self.server, self.till, self.first = folder, server, till, first
        self.environment = {
            **os.environ,
            **server.environment,
            "LOYVERSE_TOKEN": till.token,
            "PYTHONPATH": str(ROOT),
            "LUIGI_CONFIG_PATH": str(folder / "bench.cfg"),
        }

    def at(self, now: datetime, bucket: str = BUCKET, first: date | None = None) -> None:
        """What the next runs are told: the instant, the lake, the first day of history."""
        self.till.now = lambda: now
        (self.folder / "bench.cfg").write_text(
            f"[lake]\nurl = s3://{bucket}\nendpoint = {self.server.endpoint}\n[pos]\nurl ="
            f" {self.till.url}\nhistory_starts = {first or self.first}\nrate_requests ="
            f" 0\nallowed_lateness_days = 1\nnow = {now.isoformat()}\nstate_folder ="
            f" {self.folder / 'state'}\n[core]\nlog_level = WARNING\n"
        )

    def run(self, *arguments: str, module: str = "benchmarks.counted", **environment: str) -> Ran:
        """One process; raises SystemExit with its output where it fails."""
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        counted = [line for line in done.stdout.splitlines() if line.startswith("COUNTED")]
        if done.returncode or not counted:
            raise SystemExit(
                f"{arguments} ended with"
                f" {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
            )
        said = json.loads(counted[-1].partition(" ")[2])
        print(f"{' '.join(arguments)}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
        return Ran(Counter(said["requests"]), time.perf_counter() - began, said.get("MB", 0))

    def objects(self, bucket: str, prefix: str = "") -> int:
        pages = (
            self.server.client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=prefix)
        )
        return sum(page["KeyCount"] for page in pages)


def measure(months: int, per_day: float, bench: Bench, book: Book) -> str:
    """The tables of a history of that many months that was backfilled."""
    bench.at(NOW)
    backfill = bench.run("Nightly", DRAW_SINCE=f"{NOW - 80 * DAY:%Y-%m}")
    objects = bench.objects(BUCKET)
    month = f"{NOW.replace(day=1) - DAY:%Y-%m}"
    rows = [
        bench.run("Nightly").row("Nightly, nothing to do"),
        bench.run("MonthlyReport", "--month", month).row(f"MonthlyReport {month}, up to date"),
    ]
    cancel_one(book, NOW)
    bench.at(NOW + DAY)
    later = bench.run("Nightly")
    rows.append(later.row("Nightly, a day later: a new window, one old receipt cancelled"))
    plain = [f"s3://{BUCKET}/plain", bench.server.endpoint, str(bench.first), str(NOW.date() - DAY)]
    rows += [
        bench.run(*plain, "night", module="benchmarks.plain_targets").row(
            "plain S3Target tasks, nothing to do"
        ),
        bench.run(*plain, "monthly", module="benchmarks.plain_targets").row(
            "plain S3Target tasks, one MonthlyReport"
        ),
    ]
    return "\n".join(
        [
            (
                f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {months} months, {per_day:g} receipts"
                f" a day, {objects:,} objects; backfilled in {backfill.seconds:.0f} s with"
                f" {sum(backfill.requests.values()):,} requests, {backfill.peak} MB at most."
            ),
            "",
            "| case | requests | LIST | GET | HEAD | PUT | seconds | MB |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            (
                "The run a day later, by kind of request: names are read for planning; a manifest"
                " is written with its commit record in two requests."
            ),
            "",
            *by_dataset(later.requests),
        ]
    )


def by_dataset(requests: Counter[str]) -> list[str]:
    """Requests by dataset: what of them is looking, what is reading inputs, what is written."""
    columns = {
        "LIST names": "names",
        "GET manifest": "manifests read",
        "GET object": "objects read",
        "HEAD object": "existence checks",
        "PUT object": "objects written",
        "PUT manifest": "manifests written",
    }
    table: dict[str, Counter[str]] = {}
    for asked, count in requests.items():
        command_name, dataset, kind = asked.split()
        table.setdefault(dataset, Counter())[f"{command_name} {kind}"] += count
    table["all"] = sum(table.values(), Counter())
    return [
        "| dataset | " + " | ".join(columns.values()) + " |",
        "|---" * (len(columns) + 1) + "|",
        *(
            f"| {dataset} | "
            + " | ".join(
                f"{counts[column] or '':,}" if counts[column] else "" for column in columns
            )
            + " |"
            for dataset, counts in sorted(
                table.items(), key=lambda item: (item[0] == "all", item[0])
            )
        ),
    ]


def measure_nights(nights: int, bench: Bench) -> str:
    """The table of a lake that has grown by daily runs."""
    rows = []
    for count in (nights // 2, nights):
        bucket = f"{GROWN}{count}"
        bench.server.client().create_bucket(Bucket=bucket)
        bench.at(NOW, bucket, NOW.date() - (count + 1) * DAY)
        bench.run("Nightly", NIGHTS=str(count))
        found = bench.run("Nightly")
        rows.append(
            (
                count,
                bench.objects(bucket, "_manifests/"),
                bench.objects(bucket, "raw/receipts/"),
                found,
            )
        )
    (few, log, raw, _), (many, more_log, more_raw, _) = rows
    slopes = (more_log - log) / (many - few), (more_raw - raw) / (many - few)
    return "\n".join(
        [
            ("A lake that has grown by daily runs, and a run with nothing to do after them:"),
            "",
            (
                "| daily runs | manifests | raw objects | requests | LIST | GET | HEAD | PUT | seconds"
                " | MB |"
            ),
            "|---|---|---|---|---|---|---|---|---|---|",
            *(
                found.row(f"{count} | {manifests:,} | {objects:,}")
                for count, manifests, objects, found in rows
            ),
            "",
            (
                f"A run adds {slopes[0]:.1f} manifests and {slopes[1]:.1f} raw objects to what is"
                f" listed, in pages of 1,000: after 1,096 runs {-(-1096 * slopes[0] // 1000):.0f}"
                f" + {-(-1096 * slopes[1] // 1000):.0f} pages."
            ),
        ]
    )


def cancel_one(book: Book, now: datetime) -> None:
    """Cancel a sale of twenty days ago."""
    since = now - 20 * DAY
    found = book.receipts(
        millis(now), Query(created_min=millis(since), created_max=millis(since + DAY))
    )
    sale = next(
        one
        for entry in found
        if (one := json.loads(entry.read()))["receipt_type"] == "SALE" and not one["cancelled_at"]
    )
    book.cancel(sale["receipt_number"], now + timedelta(hours=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, nargs="+", default=[36])
    parser.add_argument("--receipts-per-day", type=float, default=3)
    parser.add_argument(
        "--nights", type=int, default=30, help="daily runs that the growing lake gets; 0: none"
    )
    parser.add_argument(
        "--write", action="store_true", help="put the table into benchmarks/RESULTS.md"
    )
    options = parser.parse_args()
    texts = [
        measure_at(
            months, options.receipts_per_day, options.nights * (months == options.months[-1])
        )
        for months in options.months
    ]
    text = "\n\n".join(texts) + "\n"
    print(text)
    if options.write:
        write_section(TITLE, text)


def measure_at(months: int, per_day: float, nights: int) -> str:
    """The tables of a history of that many months, and of one of so many nights."""
    first = date(2026 - months // 12, 11 - months % 12, 1)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(serve_s3(folder))
        server.client().create_bucket(Bucket=BUCKET)
        book = Book(Shop(opened=first, receipts_per_day=per_day))
        bench = Bench(folder, server, stack.enter_context(serve(book)), first)
        text = measure(months, per_day, bench, book)
        return text + ("\n\n" + measure_nights(nights, bench) if nights else "")


if __name__ == "__main__":
    main()
