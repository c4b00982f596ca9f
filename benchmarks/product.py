"""The product beside a SQL script: `python -m benchmarks.product --months 12`.

`luigi` is run as a user runs it, in processes of its own, over the history of the simulated shop;
a DuckDB script (tests/reference/duckdb_sql.py) then makes monthly Parquet of the same raw objects
in the same minutes. For each run: wall seconds, CPU seconds and memory of all its processes (PSS, what
they share counted once), files of the lake, and the requests that its first process has sent to the
store. Seconds depend on the machine and on what else it does; read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.chain import ROOT, memory
from benchmarks.results import machine, write_section

TITLE = "Product: luigi from raw to lake, summaries and reports"
DAY = timedelta(days=1)
TICKS = os.sysconf("SC_CLK_TCK")
_RUN = """
import atexit, json, sys
from luigi.cmdline import luigi_run
from pipeline.targets import lake
atexit.register(lambda: print("REQUESTS", json.dumps(lake().storage.requests)))
luigi_run(["--module", "pipeline", *sys.argv[1:], "--local-scheduler", "--no-lock"])
"""


class Cost(NamedTuple):
    """What a run took; `requests` are those of its first process, by verb."""

    wall: float
    cpu: float
    peak: float
    requests: dict[str, int]


def cpu_of(session: int, seen: dict[int, float]) -> None:
    """Note the CPU seconds of each process of a session, also of those that end later."""
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                seen[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICKS
        except OSError:
            continue  # it has just ended


def measure(command: Sequence[str], folder: Path) -> Cost:
    """Run `command` in `folder`; raises SystemExit with its log where it fails."""
    seen: dict[int, float] = {}
    start, peak = time.perf_counter(), 0.0
    with (folder / "run.log").open("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        while process.poll() is None:
            cpu_of(process.pid, seen)
            peak = max(peak, memory(process.pid))
            time.sleep(0.1)
        wall = time.perf_counter() - start
        log.seek(0)
        text = log.read()
    if process.returncode:
        raise SystemExit(f"{command[-4:]} ended with {process.returncode}:\n{text[-3000:]}")
    lines = [line for line in text.splitlines() if line.startswith("REQUESTS")]
    requests = json.loads(lines[-1].partition(" ")[2]) if lines else {}
    return Cost(wall, sum(seen.values()), peak, requests)


class Shop:
    """The simulated shop's history in a folder, and runs over it."""

    def __init__(self, folder: Path, first: date, last: date) -> None:
        self.folder, self.first, self.last = folder, first, last
        (folder / "config").mkdir(exist_ok=True)
        for path in (ROOT / "config").iterdir():
            (folder / "config" / path.name).write_bytes(path.read_bytes())

    def configure(self, last: date) -> None:
        """Make `last` the last closed business day."""
        text = (ROOT / "luigi.cfg").read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("history_starts")]
        now = f"{last + DAY}T15:00:00Z"
        options = [
            f"history_starts = {self.first}",
            f"now = {now}",
            f"state_folder = {self.folder}/state",
        ]
        place = lines.index("[pos]") + 1
        cfg = [*lines[:place], *options, *lines[place:]]
        (self.folder / "luigi.cfg").write_text("\n".join(cfg) + "\n", encoding="utf-8")

    def luigi(self, *arguments: str) -> Cost:
        """One run of `luigi`."""
        return measure([sys.executable, "-c", _RUN, *arguments], self.folder)

    def months(self) -> str:
        """Every month of the history, as a batch."""
        days = (self.first + n * DAY for n in range((self.last - self.first).days + 1))
        return ",".join(sorted({f"{day:%Y-%m}" for day in days}))

    def files(self) -> int:
        """The files of the lake."""
        return sum(1 for path in (self.folder / "data").rglob("*") if path.is_file())

    def script(self) -> Cost:
        """The DuckDB script over the raw objects."""
        raw = self.folder / "data" / "raw" / "receipts" / "*" / "*.ndjson.zst"
        module = "tests.reference.duckdb_sql"
        return measure(
            [sys.executable, "-m", module, str(raw), str(self.folder / "duckdb")], self.folder
        )


def run_all(shop: Shop) -> list[tuple[str, Cost, int]]:
    """(what, cost, files afterwards) of each run, in the order of a shop's first days."""
    rows: list[tuple[str, Cost, int]] = []

    def note(name: str, cost: Cost) -> None:
        rows.append((name, cost, shop.files()))
        print(f"{name}: {cost.wall:.1f} s, {cost.cpu:.1f} s of CPU", flush=True)

    shop.configure(shop.last)
    span = ("--first", str(shop.first), "--last", str(shop.last))
    note("extraction, simulator included", shop.luigi("Backfill", *span))
    note("catalog", shop.luigi("RawCatalog"))
    note("DuckDB script, raw to monthly Parquet", shop.script())
    months = ("--month", shop.months())
    note("raw to lake and summaries", shop.luigi("MonthlySummary", *months))
    note("DuckDB script again", shop.script())
    note("`Nightly`: all reports", shop.luigi("Nightly"))
    note("`Nightly`, nothing to do", shop.luigi("Nightly"))
    shop.configure(shop.last + DAY)
    note("`Nightly`, one day later", shop.luigi("Nightly"))
    return rows


def table(rows: Sequence[tuple[str, Cost, int]]) -> str:
    """The rows as Markdown, each beside the faster run of the script."""
    script = min(cost.wall for name, cost, _ in rows if name.startswith("DuckDB"))
    lines = [
        "| run | wall s | x script | CPU s | peak MB | files | requests |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, cost, files in rows:
        requests = ", ".join(f"{verb} {count}" for verb, count in sorted(cost.requests.items()))
        lines.append(
            f"| {name} | {cost.wall:.1f} | {cost.wall / script:.1f} | {cost.cpu:.1f} |"
            f" {cost.peak:.0f} | {files:,} | {requests} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    last = date(2026, 10, 27)  # a Tuesday: the day after needs no reconciliation scan
    first = (last.replace(day=1) - timedelta(days=30 * options.months)).replace(day=1)
    with tempfile.TemporaryDirectory() as name:
        rows = run_all(Shop(Path(name), first, last))
    load = os.getloadavg()[1]
    text = (
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {first} to {last}, load average {load:.1f} at the end."
        " One run each.\n\n" + table(rows)
    )
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
