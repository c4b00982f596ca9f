"""Where one machine ends: `python -m benchmarks.scale --stores 1 10 100 1000`, or `--years 3
--stores 200` for a chain's history.

A simulated chain (chain.py) is committed as raw; the walk of an API is measured by
benchmarks.extract. Then each stage is a run of Luigi of its own, by one process, by two (days only:
a month is one partition) and on Spark; noted are wall seconds and the peak of the memory that all
its processes hold. From those figures follow the slopes, and from when on an engine pays. With
--years, the last night of each year is run over the history so far. Volumes are stated in the
table; what is not measured is not shown.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from benchmarks.chain import DAY, Chain, Ran
from benchmarks.results import machine, write_section

TITLE, YEARS_TITLE = (
    "Scale: stages of a chain, on one machine and on an engine",
    "Scale: the history of a chain, day by day",
)
ONE, TWO, SPARK = "1 process", "2 processes", "spark"
STAGES = {
    ONE: ("clean", "month", "summary", "report"),
    TWO: ("clean",),
    SPARK: ("clean", "month and summary"),
}


class Measured(NamedTuple):
    """A stage of a chain's days, made by an engine."""

    stores: int
    receipts: int
    by: str
    stage: str
    ran: Ran


def measure_stages(
    stores: int, per_day: float, days: int, engines: list[str], memory: str
) -> tuple[list[Measured], str]:
    """A chain's days through each stage; and what is stored of a million receipts. Days are cleaned
    by all engines; a month is one partition, which a second process cannot share.
    """
    first, made = date(2026, 5, 1), []
    span = [first + n * DAY for n in range(days)]
    stages = {
        "clean": ("DailySales", span),
        "month": ("MonthlySales", [first]),
        "summary": ("MonthlySummary", [first]),
        "month and summary": ("MonthlySummary", [first]),
        "report": ("MonthlyReport", [first]),
    }
    with tempfile.TemporaryDirectory() as name:
        chain = Chain(Path(name), stores, per_day, memory)
        began = time.perf_counter()
        count = sum(map(chain.open, span))
        packed = time.perf_counter() - began
        chain.show_catalog(span[-1])
        for by in engines:
            chain.forget()
            chain.configure(span[0], span[-1], name="spark" if by == SPARK else "local")
            for stage in STAGES[by]:
                family, wanted = stages[stage]
                made.append(
                    Measured(
                        stores, count, by, stage, chain.run(family, wanted, 2 if by == TWO else 1)
                    )
                )
                print(
                    f"{stores} stores, {by}, {stage}: {made[-1].ran.seconds:.1f} s", file=sys.stderr
                )
        folders = {
            "raw": ("raw",),
            "staging": ("staging",),
            "lake": ("receipts", "sales", "payments", "quarantine"),
            "summary": ("summary",),
        }
        sizes = {what: chain.bytes_of(*names) / count for what, names in folders.items()}
    return made, (
        f"| {stores:,} | {count:,} | {count / packed:,.0f} | "
        + " | ".join(f"{sizes[what]:,.0f}" for what in folders)
        + " |"
    )


def read_table(made: list[Measured], idle: float) -> list[str]:
    """Lines of the table of stages. Receipts/s are without the start of a process; of Spark they
    are with its start.
    """
    lines = [
        "| stores | receipts | by | stage | seconds | receipts/s | peak MB | requests |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in made:
        own = max(one.ran.seconds - (0 if one.by == SPARK else idle), 0.01)
        lines.append(
            f"| {one.stores:,} | {one.receipts:,} | {one.by} | {one.stage} | {one.ran.seconds:.1f}"
            f" | {one.receipts / own:,.0f} | {one.ran.peak:,.0f} |"
            f" {sum(one.ran.requests.values()):,} |"
        )
    return lines


def slopes_of(made: list[Measured]) -> dict[str, tuple[float, float]]:
    """Of each engine that cleaned days of several sizes: (seconds whatever the receipts, seconds a
    receipt), by least squares.
    """
    found = {}
    for by in dict.fromkeys(one.by for one in made):
        points = sorted(
            (one.receipts, one.ran.seconds) for one in made if one.by == by and one.stage == "clean"
        )
        if len({receipts for receipts, _ in points}) > 1:
            slope, start = linear_regression(*zip(*points, strict=True))
            found[by] = (start, slope)
    return found


def pays_from(slopes: dict[str, tuple[float, float]], cores: int, executors: int) -> float:
    """Receipts in a batch of days from which an engine of so many executor cores ends before every
    way of this machine; inf: never.

    The engine's line is Spark's own on this machine: the start as measured, the slope times `cores`
    over `executors`.
    """
    start, slope = slopes[SPARK][0], slopes[SPARK][1] * cores / executors
    return max(
        max(0.0, (start - own) / (each - slope)) if each > slope else math.inf
        for by, (own, each) in slopes.items()
        if by != SPARK
    )


def verdict(made: list[Measured]) -> list[str]:
    """The slopes of cleaning, and from when on an engine pays by them."""
    slopes, cores = slopes_of(made), os.cpu_count() or 1
    said = [
        f"{by} {start:.1f} s + {slope * 1e6:.1f} s a million"
        for by, (start, slope) in slopes.items()
    ]
    lines = [f"Cleaning days, by least squares: {'; '.join(said)}."]
    if SPARK in slopes and len(slopes) > 1:
        said = []
        for executors in (cores, 16, 64):
            receipts = pays_from(slopes, cores, executors)
            said.append(
                f"{executors} executor cores: "
                + ("never" if receipts == math.inf else f"from {receipts:,.0f} receipts in a batch")
            )
        lines.append(
            f"An engine pays, extrapolated from these lines (its slope times {cores} over its"
            f" cores): {'; '.join(said)}."
        )
    return lines if slopes else []


def measure_years(stores: int, per_day: float, years: int, workers: int) -> list[str]:
    """Lines of the table: the backfill of each year, then a night with one day more, over the
    history so far.
    """
    first, lines, count = date(2023, 1, 1), [], 0
    with tempfile.TemporaryDirectory() as name:
        chain, day = Chain(Path(name), stores, per_day), first
        chain.show_catalog(first)
        for year in range(1, years + 1):
            end = date(2023 + year, 1, 1)
            for what, last in (
                (f"year {year}", end - 2 * DAY),
                (f"one day more, history of {year} years", end - DAY),
            ):
                before = count
                while day <= last:
                    count += chain.open(day)
                    day += DAY
                if str(last) > chain.lake.partitions("raw/catalog")[-1]:
                    chain.show_catalog(last)
                chain.rescan(last)
                chain.configure(first, last, name="local")
                ran = chain.run("Nightly", [last], workers)
                requests = f"{sum(ran.requests.values()):,}" if workers == 1 else "-"
                lines.append(
                    f"| {what} | {count - before:,} | {count:,} | {ran.seconds:.1f} |"
                    f" {ran.peak:,.0f} | {requests} |"
                )
                print(lines[-1], file=sys.stderr)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stores", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument(
        "--per-day", type=float, default=0, help="receipts of a store in a day; 30, with --years 10"
    )
    parser.add_argument("--days", type=int, default=10, help="days of the month")
    parser.add_argument("--engines", nargs="+", default=[*STAGES], choices=[*STAGES])
    parser.add_argument(
        "--memory", default="1GB", help="[lake] memory, that counting a month may take"
    )
    parser.add_argument(
        "--years", type=int, default=0, help="measure daily runs over that many years instead"
    )
    parser.add_argument("--workers", type=int, default=1, help="Luigi workers, with --years")
    parser.add_argument(
        "--write", action="store_true", help="put the table into benchmarks/RESULTS.md"
    )
    options = parser.parse_args()
    options.per_day = options.per_day or (10 if options.years else 30)
    volume = f"{options.per_day:g} receipts a store and day"
    lines = [f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {volume}"]
    if options.years:
        lines[0] += f", {options.stores[0]:,} stores, {options.workers} worker(s)."
        lines += [
            "",
            "| run | receipts new | receipts in all | seconds | peak MB | requests |",
            "|---|---|---|---|---|---|",
        ]
        lines += measure_years(options.stores[0], options.per_day, options.years, options.workers)
    else:
        with tempfile.TemporaryDirectory() as name:
            chain = Chain(Path(name), 1, 1)
            chain.configure(date(2026, 5, 1), date(2026, 5, 1), name="local")
            idle = chain.run("DailySales", []).seconds
        lines[0] += (
            f", {options.days} days of a month, [lake] memory {options.memory}. A process without"
            f" work takes {idle:.1f} s, which receipts/s leave out. Spark: local[*]; its start is"
            " in all its figures."
        )
        made, stored = zip(
            *(
                measure_stages(
                    stores, options.per_day, options.days, options.engines, options.memory
                )
                for stores in options.stores
            ),
            strict=True,
        )
        made = [one for some in made for one in some]
        lines += [
            "",
            *read_table(made, idle),
            "",
            (
                "| stores | receipts | raw packed, receipts/s | raw, bytes a receipt | staging |"
                " lake | summary |"
            ),
            "|---|---|---|---|---|---|---|",
            *stored,
            "",
            *verdict(made),
        ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        write_section(YEARS_TITLE if options.years else TITLE, text)


if __name__ == "__main__":
    main()
