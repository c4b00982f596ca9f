"""How far one machine scales: `python -m benchmarks.scale --stores 10 100 1000`.

The raw receipts of a simulated chain (chain.py) are committed without an API. Then each stage is a
run of luigi: by one process, by two (days only: a month is one partition), and on Spark. The
seconds of daily sales give a line for each of the three, and the size of a batch from which a
cluster is faster.

`--years 3 --stores 200` measures a chain's history instead: the backfill of each year, then a
daily run over the history so far.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from benchmarks.chain import DAY, Chain
from benchmarks.measure import Cost
from benchmarks.results import machine, write_section

TITLE = "Scale: stages of a chain, on one machine and on an engine"
YEARS_TITLE = "Scale: the history of a chain, day by day"
ONE, TWO, SPARK = "1 process", "2 processes", "spark"
# What each executor measures; Spark builds a month and its summary in one run.
STAGES = {
    ONE: ("daily sales", "month", "summary", "report"),
    TWO: ("daily sales",),
    SPARK: ("daily sales", "month and summary"),
}
TASKS = {
    "daily sales": "DailySales",
    "month": "MonthlySales",
    "summary": "MonthlySummary",
    "month and summary": "MonthlySummary",
    "report": "MonthlyReport",
}
STORED = {
    "raw": ("raw",),
    "staging": ("staging",),
    "lake": ("receipts", "sales", "payments", "quarantine"),
    "summary": ("summary",),
}
FIRST = date(2026, 5, 1)
Lines = dict[str, tuple[float, float]]  # executor -> seconds of any batch, seconds a receipt


class StageRun(NamedTuple):
    """A stage of the days of a chain, run by an executor."""

    stores: int
    receipts: int
    executor: str
    stage: str
    cost: Cost


def measure_stages(
    stores: int, per_day: float, days: int, executors: list[str], memory: str
) -> tuple[list[StageRun], str]:
    """The runs of all stages of a chain's days, and the row of its stored bytes."""
    span, runs, sizes = [FIRST + n * DAY for n in range(days)], [], [0] * len(STORED)
    with tempfile.TemporaryDirectory() as name:
        chain = Chain(Path(name), stores, per_day, memory)
        start = time.perf_counter()
        count = sum(map(chain.add_day, span))
        packed = time.perf_counter() - start
        chain.add_catalog(span[-1])
        for executor in executors:
            chain.remove_derived()
            is_spark = executor == SPARK
            engine, workers = "spark" if is_spark else "local", 2 if executor == TWO else 1
            chain.set_span(span[0], span[-1], engine, workers)
            for stage in STAGES[executor]:
                is_daily = stage == "daily sales"
                partitions = ",".join(map(str, span)) if is_daily else f"{FIRST:%Y-%m}"
                option = "--date" if is_daily else "--month"
                cost = chain.run(TASKS[stage], option, partitions)
                runs.append(StageRun(stores, count, executor, stage, cost))
                print(f"{stores} stores, {executor}, {stage}: {cost.wall:.1f} s", file=sys.stderr)
            sizes = [
                max(size, chain.bytes_of(*names))
                for size, names in zip(sizes, STORED.values(), strict=True)
            ]
    stored = " | ".join(f"{size / count:,.0f}" for size in sizes)
    return runs, f"| {stores:,} | {count:,} | {count / packed:,.0f} | {stored} |"


def idle_seconds() -> float:
    """Seconds of a run with nothing to do: start of the process and planning."""
    with tempfile.TemporaryDirectory() as name:
        chain = Chain(Path(name), 1, 1)
        chain.add_day(FIRST)
        chain.add_catalog(FIRST)
        chain.set_span(FIRST, FIRST, workers=1)
        day = ("DailySales", "--date", FIRST)
        chain.run(*day)
        return chain.run(*day).wall


def stage_rows(runs: Iterable[StageRun], idle: float) -> list[str]:
    """Rows of the table of stages; receipts/s leave out `idle`, but not on Spark."""
    rows = []
    for run in runs:
        wall = max(run.cost.wall - (0 if run.executor == SPARK else idle), 0.01)
        rows.append(
            f"| {run.stores:,} | {run.receipts:,} | {run.executor} | {run.stage}"
            f" | {run.cost.wall:.1f} | {run.receipts / wall:,.0f} | {run.cost.peak:,.0f}"
            f" | {run.cost.requests.total():,} |"
        )
    return rows


def lines_of(runs: list[StageRun]) -> Lines:
    """The line of each executor, by least squares over the sizes of chains."""
    lines = {}
    for executor in STAGES:
        points = [
            (run.receipts, run.cost.wall)
            for run in runs
            if run.executor == executor and run.stage == "daily sales"
        ]
        if len({receipts for receipts, _ in points}) > 1:
            slope, start = linear_regression(*zip(*points, strict=True))
            lines[executor] = start, slope
    return lines


def receipts_from_which_spark_pays(lines: Lines, cores: int, executor_cores: int) -> float:
    """The batch from which a cluster is faster than this machine; inf: never.

    The cluster's line has the start of Spark on this machine, and its slope times `cores` over
    `executor_cores`.
    """
    start, slope = lines[SPARK][0], lines[SPARK][1] * cores / executor_cores
    return max(
        max(0.0, (start - own_start) / (own_slope - slope)) if own_slope > slope else math.inf
        for executor, (own_start, own_slope) in lines.items()
        if executor != SPARK
    )


def conclusions(runs: list[StageRun]) -> list[str]:
    """The lines of daily sales, and the batch from which a cluster is faster."""
    lines, cores = lines_of(runs), os.cpu_count() or 1
    if not lines:
        return []
    formulas = [
        f"{executor} {start:.1f} s + {slope * 1e6:.1f} s a million"
        for executor, (start, slope) in lines.items()
    ]
    texts = [f"Cleaning days, by least squares: {'; '.join(formulas)}."]
    if SPARK in lines and len(lines) > 1:
        limits = []
        for executor_cores in (cores, 16, 64):
            receipts = receipts_from_which_spark_pays(lines, cores, executor_cores)
            limit = f"from {receipts:,.0f} receipts in a batch" if receipts < math.inf else "never"
            limits.append(f"{executor_cores} executor cores: {limit}")
        texts.append(
            f"Spark is faster, extrapolated from these lines (its slope times {cores} over its"
            f" cores): {'; '.join(limits)}."
        )
    return texts


def stages_section(options: argparse.Namespace, head: str) -> list[str]:
    """The section of stages."""
    idle = idle_seconds()
    measured = [
        measure_stages(stores, options.per_day, options.days, options.engines, options.memory)
        for stores in options.stores
    ]
    runs = [run for some, _ in measured for run in some]
    return [
        f"{head}, {options.days} days of a month, [lake] memory {options.memory}. A run with"
        f" nothing to do takes {idle:.1f} s, which receipts/s leave out. Spark: local[*]; its start"
        " is in all its figures.",
        "",
        "| stores | receipts | by | stage | seconds | receipts/s | peak MB | requests |",
        "|---|---|---|---|---|---|---|---|",
        *stage_rows(runs, idle),
        "",
        f"| stores | receipts | raw packed, receipts/s | raw, bytes a receipt |"
        f" {' | '.join([*STORED][1:])} |",
        "|---|---|---|---|---|---|---|",
        *(stored for _, stored in measured),
        "",
        *conclusions(runs),
    ]


def years_section(options: argparse.Namespace, head: str) -> list[str]:
    """The section of a chain's history: a backfill and a daily run for each year."""
    first, count, stores = date(2023, 1, 1), 0, options.stores[0]
    lines = [
        f"{head}, {stores:,} stores, {options.workers} process(es).",
        "",
        "| run | receipts new | receipts in all | seconds | peak MB | requests |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        chain, day = Chain(Path(name), stores, options.per_day), first
        for year in range(1, options.years + 1):
            last_day = date(2022 + year, 12, 31)
            for title, last in (
                (f"year {year}", last_day - DAY),
                (f"one day more, history of {year} years", last_day),
            ):
                before = count
                while day <= last:
                    count += chain.add_day(day)
                    day += DAY
                chain.add_catalog(last)
                chain.add_rescan(last)
                chain.set_span(first, last, workers=options.workers)
                cost = chain.run("Nightly", "--date", last)
                lines.append(
                    f"| {title} | {count - before:,} | {count:,} | {cost.wall:.1f} |"
                    f" {cost.peak:,.0f} | {cost.requests.total():,} |"
                )
                print(lines[-1], file=sys.stderr)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stores", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument(
        "--per-day", type=float, help="receipts of a store in a day; default 30, with --years 10"
    )
    parser.add_argument("--days", type=int, default=10, help="days of the month")
    parser.add_argument("--engines", nargs="+", default=[*STAGES], choices=[*STAGES])
    parser.add_argument("--memory", default="1GB", help="[lake] memory, for counting a month")
    parser.add_argument("--years", type=int, default=0, help="measure a history of these years")
    parser.add_argument("--workers", type=int, default=1, help="[engine] workers, with --years")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    options = parser.parse_args()
    options.per_day = options.per_day or (10 if options.years else 30)
    head = (
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {options.per_day:g} receipts a store and day"
    )
    build = years_section if options.years else stages_section
    text = "\n".join(build(options, head)) + "\n"
    print(text)
    if options.write:
        write_section(YEARS_TITLE if options.years else TITLE, text)


if __name__ == "__main__":
    main()
