"""The transform kernel against other engines.

    python -m benchmarks.transform --receipts 500 50000 1000000 --write

This measures one stage without the product around it; benchmarks/product.py measures the product.

Every contender is a process of its own, imports included. It reads one NDJSON file of receipts,
makes the rows of `sales` as schema.SALES defines them, sorts them by time and writes zstd Parquet
by month. The rows have all columns: combos are shared by list price with largest remainders;
discount, taxes and cost are divided among the components; refunds are negative, cancelled receipts
0. Contenders run by turns, `--rounds` times; the best wall time of each counts.

All outputs are compared with ours, row by row, before a figure is printed; a difference is an
error. Besides, ours rejects faulty records and checks the sums of every receipt.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import duckdb

from benchmarks.measure import ROOT, Cost, run
from benchmarks.results import machine, write_section
from tests.reference import shop

TITLE = "Transform kernel: raw receipts to the Parquet of sales"


class Contender(NamedTuple):
    """A program, the package that it needs, and the most receipts that it is given.

    With more it needs hours, or more memory than 16 GB.
    """

    name: str
    module: str
    package: str
    limit: int | None


CONTENDERS = {
    "ours": Contender("ours", "benchmarks.contenders.ours", "pyarrow", None),
    "duckdb_sql": Contender("DuckDB, all SQL", "tests.reference.duckdb_sql", "duckdb", None),
    "polars_lazy": Contender(
        "Polars, lazy + sink", "benchmarks.contenders.polars_lazy", "polars", 1_000_000
    ),
    "spark_sql": Contender(
        "PySpark, local[2]", "benchmarks.contenders.spark_sql", "pyspark", 1_000_000
    ),
    "pandas_rows": Contender(
        "row by row, pandas", "benchmarks.contenders.pandas_rows", "pandas", 50_000
    ),
}


def measure(contender: str, source: Path, output: Path) -> Cost:
    """The cost of one run of a contender."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    command = [sys.executable, "-m", CONTENDERS[contender].module, str(source), str(output)]
    return run(command, ROOT, interval=0.02)


def check_equal(expected: Path, other: Path, contender: str) -> int:
    """Compare two outputs; returns their rows. Raises SystemExit if they differ."""
    database = duckdb.connect()
    database.execute("set timezone = 'UTC'; set memory_limit = '6GB'")
    tables = [
        f"(select * exclude (year, month) from read_parquet('{path}/*/*/*.parquet',"
        " hive_partitioning = true))"
        for path in (expected, other)
    ]
    columns = [
        sorted(row[:2] for row in database.execute(f"describe select * from {table}").fetchall())
        for table in tables
    ]
    if columns[0] != columns[1]:
        raise SystemExit(f"{contender} makes other columns: {set(columns[0]) ^ set(columns[1])}")
    row = f"row({', '.join(name for name, _ in columns[0])})"
    digests = [
        database.execute(
            f"select count(*), sum(hash({row})::hugeint), bit_xor(hash({row})) from {table}"
        ).fetchall()[0]
        for table in tables
    ]
    if digests[0] != digests[1]:
        raise SystemExit(f"{contender} makes other rows: {digests}")
    return digests[0][0]


def race(count: int, contenders: list[str], rounds: int, folder: Path) -> str:
    """The table of one size."""
    source = shop.write(folder / f"receipts-{count}.ndjson", count)
    outputs = {contender: folder / f"{contender}-{count}" for contender in contenders}
    costs: dict[str, list[Cost]] = {contender: [] for contender in contenders}
    for turn in range(rounds):
        for contender, output in outputs.items():
            costs[contender].append(measure(contender, source, output))
            wall = costs[contender][-1].wall
            print(
                f"{count:,} receipts, round {turn + 1}: {contender} {wall:.2f} s", file=sys.stderr
            )
    rows = [check_equal(outputs["ours"], output, name) for name, output in outputs.items()]
    for output in outputs.values():
        shutil.rmtree(output)
    lines = [
        f"### {count:,} receipts, {source.stat().st_size / 1e6:,.0f} MB of JSON, {rows[0]:,} rows",
        "",
        "| | wall s | CPU s | receipts/s | peak MB | ours is |",
        "|---|---|---|---|---|---|",
    ]
    best_of_ours = min(cost.wall for cost in costs["ours"])
    for contender, measured in costs.items():
        wall, cpu = (min(cost[position] for cost in measured) for position in (0, 1))
        peak = max(cost.peak for cost in measured)
        ratio = "" if contender == "ours" else f"{wall / best_of_ours:.2f} x"
        lines.append(
            f"| {CONTENDERS[contender].name} | {wall:.2f} | {cpu:.2f} | {count / wall:,.0f}"
            f" | {peak:,.0f} | {ratio} |"
        )
    return "\n".join(lines) + "\n"


def installed_versions(contenders: list[str]) -> dict[str, str]:
    """The package version of each contender that is installed, ours first."""
    versions = {}
    for contender in dict.fromkeys(["ours", *contenders]):
        package = CONTENDERS[contender].package
        try:
            versions[contender] = f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            print(f"{contender} is left out: {package} is not installed", file=sys.stderr)
    return versions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receipts", type=int, nargs="+", default=[500, 50_000])
    parser.add_argument("--contenders", nargs="+", choices=[*CONTENDERS], default=[*CONTENDERS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "benchmark")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    versions = installed_versions(options.contenders)
    text = (
        f"{machine()}; {', '.join(versions.values())}; {datetime.now(UTC):%Y-%m-%d}; best of"
        f" {options.rounds}, by turns; same rows.\n"
    )
    for count in options.receipts:
        contenders = [name for name in versions if count <= (CONTENDERS[name].limit or count)]
        text += "\n" + race(count, contenders, options.rounds, options.folder)
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
