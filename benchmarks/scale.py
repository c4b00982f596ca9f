"""Where one machine ends: `python -m benchmarks.scale --stores 1 10 100 1000`, or `--years 3 --stores 200` for a chain's history.

A simulated chain (the receipts of contenders/shop.py, 3.1 kB and 2.8 lines each, with numbers, stores and times of their own) is
committed as raw; the walk of an API is measured by benchmarks.extract. Then each stage is a run of Luigi of its own, by one process,
by two, and on Spark; noted are wall seconds and the peak of the memory that all its processes hold (PSS, sampled). With --years, the
last night of each year is run over the history so far. Volumes are stated in the table; what is not measured is not shown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.contenders import settings as shop
from benchmarks.contenders.shop import FIRST, receipts
from benchmarks.results import machine, write_section
from pipeline.load import RAW, Lake, compress, open_storage

ROOT = Path(__file__).parents[1]
TITLE, YEARS_TITLE = "Scale: stages of a chain, on one machine and on an engine", "Scale: the history of a chain, night by night"
DAY = timedelta(days=1)
_POOL = 2000
_RUN = """
import json, sys
from datetime import date
import luigi
from pipeline import tasks
from pipeline.targets import lake
family, names, workers = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3])
param = "date" if family in ("DailySales", "Nightly") else "month"
wanted = [getattr(tasks, family)(**{param: date.fromisoformat(name)}) for name in names if name]
done = luigi.build(wanted, workers=workers, local_scheduler=True, log_level="WARNING", no_lock=True)
print("REQUESTS", json.dumps(lake().storage.requests))
sys.exit(not done)
"""


class Ran(NamedTuple):
    """A run: wall seconds, peak memory of all its processes in MB, requests of its own process by verb."""

    seconds: float
    peak: float
    requests: dict[str, int]


class Chain:
    """A chain's raw in a folder, day by day."""

    def __init__(self, folder: Path, stores: int, per_day: float, memory: str = "1GB"):
        self.folder, self.stores, self.per_day, self.memory = folder, stores, per_day, memory
        self.lake = Lake(open_storage(str(folder / "data")), run="bench")
        self._templates = list(templates())
        self._count = 0

    def open(self, day: date) -> int:
        """Commit the window of `day`; returns its receipts. They are sold between 8 and 18 o'clock of Mexico City."""
        wanted = max(1, round(self.stores * self.per_day))
        start = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
        lines = []
        for at in range(wanted):
            sold = f"{start + timedelta(seconds=at * 35_000 / wanted):%Y-%m-%dT%H:%M:%S.000Z}"
            number = f"{1 + self._count % 3}-{self._count}"
            template = self._templates[self._count % _POOL]
            store = f"{shop.STORE[:-6]}{at % self.stores:06d}"
            lines.append(template.replace("@number", number).replace("@store", store).replace("@at", sold))
            self._count += 1
        bounds = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
        facts = {"start": bounds.isoformat(), "end": (bounds + DAY).isoformat(), "records": wanted, "truncated_at": None}
        self.lake.commit_window(str(day), {day: "".join(lines).encode()}, facts, {day: "1400-2359"})
        return wanted

    def show_catalog(self, day: date) -> None:
        body = compress(shop.catalog())
        self.lake.publish("raw/catalog", str(day), RAW, {"catalog": body}, {"objects": {}}, basis=None)

    def sweep(self, day: date) -> None:
        """A sweep that found nothing, as the nights of the history expect it."""
        while day.weekday() != 6 and (day + DAY).day != 1:
            day -= DAY
        self.lake.commit_window(f"{day}-sweep-35", {}, {"start": "", "end": "", "records": 0, "truncated_at": None})

    def raw_bytes(self) -> int:
        return sum(path.stat().st_size for path in (self.folder / "data" / "raw").rglob("*") if path.is_file())

    def bytes_of(self, *names: str) -> int:
        return sum(path.stat().st_size for name in names for path in (self.folder / "data" / name).rglob("*") if path.is_file())

    def configure(self, first: date, last: date, **engine: str) -> None:
        (self.folder / "menu.toml").write_text(shop.MENU, encoding="utf-8")
        sections = {"pos": {"history_starts": first, "settle_days": 0, "now": f"{last + DAY}T12:00:00Z", "source": "files", "folder": "."},
                    "shop": {"menu": self.folder / "menu.toml"}, "lake": {"url": self.folder / "data", "memory": self.memory}, "engine": engine,
                    "spark": {"master": "local[*]"}, "report": {"locale": "en_US"}}
        (self.folder / "bench.cfg").write_text("".join(
            f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()) for name, options in sections.items()), encoding="utf-8")

    def run(self, family: str, days: list[date], workers: int = 1) -> Ran:
        """One run of Luigi; raises SystemExit with what it said where it fails."""
        began, peak = time.perf_counter(), 0.0
        with (self.folder / "said.txt").open("w+") as said:
            process = subprocess.Popen([sys.executable, "-c", _RUN, family, ",".join(map(str, days)), str(workers)], cwd=self.folder, stdout=said,
                                       stderr=subprocess.STDOUT, start_new_session=True,
                                       env={**os.environ, "PYTHONPATH": str(ROOT), "LUIGI_CONFIG_PATH": str(self.folder / "bench.cfg")})
            while process.poll() is None:
                peak = max(peak, memory(process.pid))
                time.sleep(0.1)
            seconds = time.perf_counter() - began
            said.seek(0)
            text = said.read()
        if process.returncode:
            raise SystemExit(f"{family} ended with {process.returncode}:\n{text[-3000:]}")
        counted = next(line for line in text.splitlines() if line.startswith("REQUESTS"))
        return Ran(seconds, peak, json.loads(counted.partition(" ")[2]))


def templates() -> Iterator[str]:
    """Receipts of the shop with marks in the place of what differs."""
    for n, line in enumerate(receipts(_POOL)):
        record = json.loads(line)
        sold = (FIRST + timedelta(days=n // 700, seconds=n % 700 * 61)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        line = line.replace(f'"{record["receipt_number"]}"', '"@number"').replace(shop.STORE, "@store").replace(sold, "@at")
        yield line.replace(record["updated_at"], "@at")


def memory(leader: int) -> float:
    """Megabytes that the processes of a session hold, what they share counted once."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == leader:
                rollup = (folder / "smaps_rollup").read_text(encoding="ascii")
                total += int(rollup.partition("\nPss:")[2].split()[0])
        except (OSError, IndexError):
            continue  # it has just ended
    return total / 1024


def measure_stages(stores: int, per_day: float, days: int, engines: list[str], memory: str) -> list[str]:
    """Lines of the table: a chain's month through each stage."""
    first = date(2026, 5, 1)
    span = [first + n * DAY for n in range(days)]
    lines = []
    for engine in engines:
        with tempfile.TemporaryDirectory() as name:
            chain = Chain(Path(name), stores, per_day, memory)
            began = time.perf_counter()
            count = sum(map(chain.open, span))
            packed = time.perf_counter() - began
            chain.show_catalog(span[-1])
            chain.configure(span[0], span[-1], name="spark" if engine == "spark" else "local")
            workers = 2 if engine == "2 processes" else 1
            idle = chain.run("DailySales", [], workers)
            stages = [("clean", "DailySales", span), ("month", "MonthlySales", [first]), ("summary", "MonthlySummary", [first])]
            if engine != "spark":
                stages.append(("report", "MonthlyReport", [first]))
            for stage, family, wanted in stages:
                ran = chain.run(family, wanted, workers)
                own = max(ran.seconds - idle.seconds, 0.01)
                lines.append(f"| {stores:,} | {count:,} | {engine} | {stage} | {ran.seconds:.1f} | {count / own:,.0f} | {ran.peak:,.0f} | "
                             f"{sum(ran.requests.values()):,} |")
            if engine == "1 process":
                storage = {"raw": chain.raw_bytes(), "staging": chain.bytes_of("staging"), "summary": chain.bytes_of("summary"),
                           "lake": chain.bytes_of("receipts", "sales", "payments", "quarantine")}
                lines.append(f"| {stores:,} | {count:,} | - | stored, MB per million | " + ", ".join(
                    f"{name} {size / count:,.0f}" for name, size in storage.items()) + f" | raw packed {count / packed:,.0f}/s | - | - |")
    return lines


def measure_years(stores: int, per_day: float, years: int, workers: int) -> list[str]:
    """Lines of the table: the backfill of each year, then a night with one day more, over the history so far."""
    first, lines, count = date(2023, 1, 1), [], 0
    with tempfile.TemporaryDirectory() as name:
        chain, day = Chain(Path(name), stores, per_day), first
        chain.show_catalog(first)
        for year in range(1, years + 1):
            end = date(2023 + year, 1, 1)
            for what, last in ((f"year {year}", end - 2 * DAY), (f"one night more, history of {year} years", end - DAY)):
                before = count
                while day <= last:
                    count += chain.open(day)
                    day += DAY
                if str(last) > chain.lake.partitions("raw/catalog")[-1]:
                    chain.show_catalog(last)
                chain.sweep(last)
                chain.configure(first, last, name="local")
                ran = chain.run("Nightly", [last], workers)
                requests = f"{sum(ran.requests.values()):,}" if workers == 1 else "-"
                lines.append(f"| {what} | {count - before:,} | {count:,} | {ran.seconds:.1f} | {ran.peak:,.0f} | {requests} |")
                print(lines[-1], file=sys.stderr)  # noqa: T201
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stores", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--per-day", type=float, default=10, help="receipts of a store in a day")
    parser.add_argument("--days", type=int, default=10, help="days of the month")
    parser.add_argument("--engines", nargs="+", default=["1 process", "2 processes", "spark"], choices=["1 process", "2 processes", "spark"])
    parser.add_argument("--memory", default="1GB", help="[lake] memory, that counting a month may take")
    parser.add_argument("--years", type=int, default=0, help="measure nights over that many years instead")
    parser.add_argument("--workers", type=int, default=1, help="Luigi workers, with --years")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    options = parser.parse_args()
    volume = f"{options.per_day:g} receipts a store and day"
    lines = [f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {volume}"]
    if options.years:
        lines[0] += f", {options.stores[0]:,} stores, {options.workers} worker(s)."
        lines += ["", "| run | receipts new | receipts in all | seconds | peak MB | requests |", "|---|---|---|---|---|---|"]
        lines += measure_years(options.stores[0], options.per_day, options.years, options.workers)
    else:
        lines[0] += (f", {options.days} days of a month, [lake] memory {options.memory}; receipts/s without the start of the process. "
                     "Spark: local[*], its start included.")
        lines += ["", "| stores | receipts | by | stage | seconds | receipts/s | peak MB | requests |", "|---|---|---|---|---|---|---|---|"]
        for stores in options.stores:
            lines += measure_stages(stores, options.per_day, options.days, options.engines, options.memory)
    text = "\n".join(lines) + "\n"
    print(text)  # noqa: T201
    if options.write:
        write_section(YEARS_TITLE if options.years else TITLE, text)


if __name__ == "__main__":
    main()
