"""Raw receipts to the Parquet of `sales`, against the engines: `python -m benchmarks.transform
--receipts 500 50000 1000000`.

Every contender is a process of its own, imports included: it reads one file of receipts (plain
NDJSON), makes the rows of `sales` as schema.SALES has them (all columns, DECIMAL money; combos
shared by list price with largest remainders, discount, taxes and cost divided among the components,
refunds negative, cancelled 0, local time and business day of Mexico City, modifiers as lists),
sorts them by time and writes zstd Parquet by month. Contenders take turns, `--rounds` times; the
best wall time of each counts. The outputs are compared row by row, column by column, with ours
before anything is printed: a contender that makes other rows is an error, not a result. What ours
does besides: it refuses faulty records, checks every receipt's own sums and the conservation of all
its rows. Printed and, with --write, put into benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import duckdb

from benchmarks.results import machine, write_section
from tests.reference import shop

ROOT = Path(__file__).parents[1]
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE") / 2**20, os.sysconf("SC_CLK_TCK")
TITLE = "Transform: raw receipts to the Parquet of sales"
# module -> (name, package, the most receipts that it is asked for: beyond, it needs more than this
# class of machine has, or hours)
CONTENDERS = {
    "ours": ("ours", "pyarrow", None),
    "duckdb_sql": ("DuckDB, all SQL", "duckdb", None),
    "polars_lazy": ("Polars, lazy + sink", "polars", 1_000_000),
    "spark_sql": ("PySpark, local[2]", "pyspark", 1_000_000),
    "pandas_rows": ("row by row, pandas", "pandas", 50_000),
}


def program_of(module: str) -> str:
    """The module that is run; the SQL script is the tests' reference too."""
    folder = "tests.reference" if module == "duckdb_sql" else "benchmarks.contenders"
    return f"{folder}.{module}"


@dataclass
class Run:
    """The best of some runs: seconds of the wall clock and of all processors, and the most memory
    that was seen, MB.
    """

    wall: float = float("inf")
    cpu: float = float("inf")
    memory: float = 0.0

    def add(self, wall: float, cpu: float, memory: float) -> None:
        self.wall, self.cpu, self.memory = (
            min(self.wall, wall),
            min(self.cpu, cpu),
            max(self.memory, memory),
        )


def used(process: int) -> dict[int, tuple[float, float]]:
    """{process: (memory in MB, CPU seconds so far)} of a process and all below it."""
    found = {}
    for pid in [process, *_children(process)]:
        try:
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
        except OSError:  # it has just ended
            continue
        found[pid] = int(fields[21]) * _PAGE, (int(fields[11]) + int(fields[12])) / _TICKS
    return found


def _children(process: int) -> list[int]:
    try:
        direct = [
            int(pid)
            for pid in (
                Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
            )
        ]
    except OSError:  # it has just ended
        return []
    return [pid for child in direct for pid in (child, *_children(child))]


def measure(module: str, source: Path, out: Path) -> tuple[float, float, float]:
    """(wall, CPU, memory) of one process."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    environment["PYTHONPYCACHEPREFIX"] = str(
        out.parent / "bytecode"
    )  # compiled once, as in any installation
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", program_of(module), str(source), str(out)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    most, seconds, ended = [0.0], {}, threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            seen = used(process.pid)
            most[0] = max(most[0], sum(memory for memory, _ in seen.values()))
            seconds.update((pid, cpu) for pid, (_, cpu) in seen.items())

    watcher = threading.Thread(target=watch)
    watcher.start()
    errors = process.communicate()[1]
    wall = time.perf_counter() - start
    ended.set()
    watcher.join()
    after = os.times()
    if process.returncode:
        raise SystemExit(f"{module} failed:\n{errors.decode()[-2000:]}")
    waited = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return wall, max(waited, sum(seconds.values())), most[0]  # nobody waits for Spark's Java


def compare(ours: Path, other: Path, module: str) -> int:
    """The number of rows, which are the same in both; raises where they are not."""
    database = duckdb.connect()
    database.execute("set timezone = 'UTC'; set memory_limit = '6GB'")
    tables = [
        f"(select * exclude (year, month) from read_parquet('{path}/*/*/*.parquet',"
        " hive_partitioning = true))"
        for path in (ours, other)
    ]
    columns = [
        sorted(row[:2] for row in database.execute(f"describe select * from {table}").fetchall())
        for table in tables
    ]
    if columns[0] != columns[1]:
        raise SystemExit(f"{module} makes other columns: {set(columns[0]) ^ set(columns[1])}")
    names = ", ".join(name for name, _ in columns[0])
    digests = [
        database.execute(
            f"select count(*), sum(hash(row({names}))::hugeint), bit_xor(hash(row({names}))) from"
            f" {table}"
        ).fetchall()[0]
        for table in tables
    ]
    if digests[0] != digests[1]:
        raise SystemExit(f"{module} makes other rows: {digests}")
    return digests[0][0]


def race(
    count: int, modules: list[str], rounds: int, folder: Path
) -> tuple[dict[str, Run], int, int]:
    """(the best runs, rows, bytes of the source) at one size."""
    source = shop.write(folder / f"receipts-{count}.ndjson", count)
    runs = {module: Run() for module in modules}
    for turn in range(rounds):
        for module in modules:
            runs[module].add(*measure(module, source, folder / f"{module}-{count}"))
            print(
                f"  {count:,} receipts, round {turn + 1}: {module} {runs[module].wall:.2f} s",
                file=sys.stderr,
            )
    rows = [
        compare(folder / f"ours-{count}", folder / f"{module}-{count}", module)
        for module in modules
    ]
    for module in modules:
        shutil.rmtree(folder / f"{module}-{count}")
    return runs, rows[0], source.stat().st_size


def table(count: int, runs: dict[str, Run], rows: int, size: int) -> str:
    lines = [
        f"### {count:,} receipts, {size / 1e6:,.0f} MB of JSON, {rows:,} rows",
        "",
        "| | wall s | CPU s | receipts/s | peak MB | ours is |",
        "|---|---|---|---|---|---|",
    ]
    for module, run in runs.items():
        ratio = "" if module == "ours" else f"{run.wall / runs['ours'].wall:.2f} x"
        lines.append(
            f"| {CONTENDERS[module][0]} | {run.wall:.2f} | {run.cpu:.2f} | {count / run.wall:,.0f}"
            f" | {run.memory:,.0f} | {ratio} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--receipts", type=int, nargs="+", default=[500, 50_000])
    parser.add_argument(
        "--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS)
    )
    parser.add_argument(
        "--others-to",
        type=int,
        default=1_000_000,
        help="beyond, only ours and DuckDB run: the others need hours, or 16 GB",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "benchmark")
    parser.add_argument(
        "--write", action="store_true", help="put the tables into benchmarks/RESULTS.md"
    )
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    installed = {}
    for module in ["ours", *(m for m in options.contenders if m != "ours")]:
        try:
            installed[module] = metadata.version(CONTENDERS[module][1])
        except metadata.PackageNotFoundError:
            print(
                f"{CONTENDERS[module][0]}: {CONTENDERS[module][1]} is not installed, left out",
                file=sys.stderr,
            )
    versions = ", ".join(
        f"{CONTENDERS[module][1]} {version}" for module, version in installed.items()
    )
    text = (
        f"{machine()}; {versions}; {datetime.now(UTC):%Y-%m-%d}; best of {options.rounds}, taking"
        " turns; same rows.\n"
    )
    for count in options.receipts:
        modules = [
            module
            for module in installed
            if CONTENDERS[module][2] is None
            or count <= min(CONTENDERS[module][2], options.others_to)
        ]
        text += "\n" + table(count, *race(count, modules, options.rounds, options.folder))
    print(f"## {TITLE}\n\n{text}")
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
