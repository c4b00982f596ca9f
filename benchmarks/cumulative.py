"""The cumulative report of 1, 12 and 36 months of the same shop: `python -m benchmarks.cumulative
[--write]`.

The summaries of three years (--receipts of them) are counted once, a month at a time, by way of
clean and summarize, and put into a folder lake as MonthlySummary does; some receipts name one of a
growing number of customers. Each case is a process of its own that opens the lake, reads the tables
the report asks for, and makes all forms. Told: wall time and its parts, requests to the storage (as
on S3: one listing of the log, a manifest and the members of each month), bytes read, peak memory. A
last case has a third of the receipts in as many months: what grows with months, items and customers
stays, what grew with receipts would be a third. A later night, or a late receipt in an old month,
costs the same again: summaries are read, receipts never.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
TITLE = "Cumulative report: 1, 12 and 36 months"
FIRST, MONTHS, CASES = date(2022, 1, 1), 36, (1, 12, 36)


def month_at(n: int) -> date:
    return date(FIRST.year + (FIRST.month - 1 + n) // 12, (FIRST.month - 1 + n) % 12 + 1, 1)


def make_month(n: int, count: int, folder: Path) -> None:
    """Count one month of `count` receipts and write its summary."""
    from benchmarks.summaries import write_summaries
    from tests.reference import shop

    month, draw = month_at(n), random.Random(n)
    length = (month_at(n + 1) - month).days
    by_date: dict[date, list[bytes]] = {}
    for at, text in enumerate(shop.receipts(count, n)):
        day = month + timedelta(days=at * length // count)
        sold = datetime(day.year, day.month, day.day, 17 + at % 7, at % 60, tzinfo=UTC)
        one = json.loads(text)
        stamp = f"{sold:%Y-%m-%dT%H:%M:%S}.000Z"
        one |= {
            "receipt_date": stamp,
            "created_at": stamp,
            "updated_at": stamp,
            "receipt_number": f"{n}-{at}",
            "cancelled_at": one["cancelled_at"] and stamp,
            "customer_id": (
                f"c-{int((40 + 40 * n) * draw.random() ** 0.5)}" if draw.random() < 0.35 else None
            ),
        }
        by_date.setdefault(day, []).append(json.dumps(one).encode())
    write_summaries(
        month, {day: b"\n".join(bodies) + b"\n" for day, bodies in by_date.items()}, folder
    )


def prepare(folder: Path, receipts: int) -> Path:
    """The lake of `receipts` receipts in MONTHS months, made once."""
    from pipeline.load import Lake, open_storage

    made = folder / f"{receipts}"
    if (made / "ready").exists():
        return made
    tables = made / "summaries"
    for n in range(MONTHS):
        make_month(n, receipts // MONTHS, tables)
    lake = Lake(open_storage(str(made / "lake")))
    for n in range(MONTHS):
        files = {
            path.stem: path.read_bytes()
            for path in sorted((tables / f"{month_at(n):%Y-%m}").glob("*.parquet"))
        }
        lake.publish(
            "summary",
            f"{month_at(n):%Y-%m}",
            edition="0" * 16,
            files=files,
            metadata={},
            expected_manifest=None,
        )
    (made / "ready").touch()
    return made


def child(folder: Path, months: int) -> None:
    """Make one report in this process and print what it cost, as JSON."""
    began = time.perf_counter()
    import reports
    from pipeline.load import Lake, open_storage
    from pipeline.load.parquet import from_bytes

    storage = open_storage(str(folder / "lake"))
    lake = Lake(storage)
    wanted = [month_at(n) for n in range(MONTHS - months, MONTHS)]
    opened = time.perf_counter()
    bodies = {
        month: lake.read("summary", f"{month:%Y-%m}", list(reports.HISTORY)) for month in wanted
    }
    tables = {
        month: {name: from_bytes(body) for name, body in files.items()}
        for month, files in bodies.items()
    }
    read = time.perf_counter()
    files = reports.cumulative(wanted[-1], tables, lake_decimals=2, lineage={"version": 1})
    told = time.perf_counter()
    rows = sum(table.num_rows for one in tables.values() for table in one.values())
    print(
        json.dumps(
            {
                "read": read - opened,
                "tell": told - read,
                "wall": told - began,
                "requests": sum(storage.requests.values()),
                "bytes": sum(len(body) for files in bodies.values() for body in files.values()),
                "rows": rows,
                "files": len(files),
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )
    )


def measure(folder: Path, months: int) -> dict:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.cumulative",
            "--child",
            str(months),
            "--folder",
            str(folder),
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--receipts", type=int, default=250_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "benchmark" / "cumulative")
    parser.add_argument(
        "--write", action="store_true", help="put the table into benchmarks/RESULTS.md"
    )
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.folder, options.child)
        return
    from benchmarks.results import machine, write_section

    cases = [(options.receipts, months) for months in CASES] + [(options.receipts // 3, MONTHS)]
    found = [
        (
            count,
            months,
            min(
                (measure(prepare(options.folder, count), months) for _ in range(options.rounds)),
                key=lambda run: run["wall"],
            ),
        )
        for count, months in cases
    ]
    text = (
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; best of {options.rounds}; {options.receipts:,}"
        f" receipts in {MONTHS} months; all forms, PDF included.\n\n| months | receipts | rows of"
        " summaries | wall s | read s | report s | requests | MB read | peak MB"
        " |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    for count, months, run in found:
        text += (
            f"| {months} | {count * months // MONTHS:,} | {run['rows']:,} | {run['wall']:.2f} |"
            f" {run['read']:.2f} | {run['tell']:.2f} | {run['requests']} | {run['bytes'] / 1e6:.2f}"
            f" | {run['memory'] / 1024:.0f} |\n"
        )
    (_, least, one), (_, most, whole) = found[0], found[-2]
    slope = {
        name: (whole[name] - one[name]) / (most - least) for name in ("wall", "requests", "memory")
    }
    share = {name: found[-1][2][name] / whole[name] for name in ("wall", "requests", "rows")}
    text += (
        f"\nSlope: {1000 * slope['wall']:.0f} ms, {slope['requests']:.1f} requests and"
        f" {slope['memory'] / 1024:.1f} MB a month. A third of the receipts in as many months:"
        f" {share['wall']:.0%} of the time, {share['requests']:.0%} of the requests,"
        f" {share['rows']:.0%} of the rows.\n"
    )
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
