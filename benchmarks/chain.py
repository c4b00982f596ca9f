"""A simulated chain's raw receipts in a folder, and runs of the pipeline over them, with the time
and the memory that they took.

In: stores, receipts of a store in a day, days. The receipts are those of tests/reference/shop.py
(3.1 kB and 2.8 lines each), with numbers, stores and times of their own, committed as raw without the walk
of an API. Memory is PSS in MB, sampled up to ten times a second: what processes share is counted
once. Raises SystemExit with what a run said where it fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pipeline.load import RAW, Lake, compress, open_storage
from tests.reference import settings as shop
from tests.reference.shop import FIRST, receipts

ROOT = Path(__file__).parents[1]
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
    """A run: wall seconds, peak memory of all its processes in MB, requests of its own process by
    verb where they were counted.
    """

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
        """Commit the window of `day`; returns its receipts. They are sold between 8 and 18 o'clock
        of Mexico City.
        """
        wanted = max(1, round(self.stores * self.per_day))
        start = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
        lines = []
        for at in range(wanted):
            sold = f"{start + timedelta(seconds=at * 35_000 / wanted):%Y-%m-%dT%H:%M:%S.000Z}"
            number = f"{1 + self._count % 3}-{self._count}"
            template = self._templates[self._count % _POOL]
            store = f"{shop.STORE[:-6]}{at % self.stores:06d}"
            lines.append(
                template.replace("@number", number).replace("@store", store).replace("@at", sold)
            )
            self._count += 1
        bounds = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
        metadata = {
            "start": bounds.isoformat(),
            "end": (bounds + DAY).isoformat(),
            "records": wanted,
            "truncated_at": None,
        }
        self.lake.commit_window(
            str(day), {day: "".join(lines).encode()}, metadata, {day: "1400-2359"}
        )
        return wanted

    def show_catalog(self, day: date) -> None:
        body = compress(shop.catalog())
        self.lake.publish(
            "raw/catalog", str(day), RAW, {"catalog": body}, {"objects": {}}, expected_manifest=None
        )

    def rescan(self, day: date) -> None:
        """A re-scan without new receipts, as the runs of the history expect it."""
        while day.weekday() != 6 and (day + DAY).day != 1:
            day -= DAY
        self.lake.commit_window(
            f"{day}-rescan-35", {}, {"start": "", "end": "", "records": 0, "truncated_at": None}
        )

    def raw_bytes(self) -> int:
        return sum(
            path.stat().st_size
            for path in (self.folder / "data" / "raw").rglob("*")
            if path.is_file()
        )

    def bytes_of(self, *names: str) -> int:
        return sum(
            path.stat().st_size
            for name in names
            for path in (self.folder / "data" / name).rglob("*")
            if path.is_file()
        )

    def configure(self, first: date, last: date, **engine: str) -> None:
        (self.folder / "menu.toml").write_text(shop.MENU, encoding="utf-8")
        sections = {
            "pos": {
                "history_starts": first,
                "allowed_lateness_days": 0,
                "now": f"{last + DAY}T12:00:00Z",
                "source": "files",
                "folder": ".",
            },
            "shop": {"menu": self.folder / "menu.toml"},
            "lake": {"url": self.folder / "data", "memory": self.memory},
            "engine": engine,
            "spark": {"master": "local[*]"},
            "report": {"locale": "en_US"},
        }
        (self.folder / "bench.cfg").write_text(
            "".join(
                f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items())
                for name, options in sections.items()
            ),
            encoding="utf-8",
        )

    def forget(self) -> None:
        """Leave nothing but raw, as if no stage had run."""
        data = self.folder / "data"
        for path in [*data.iterdir(), *data.glob("_manifests/*"), *data.glob("_commits/*")]:
            if path.name not in ("raw", "_manifests", "_commits"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(self, family: str, days: list[date], workers: int = 1) -> Ran:
        """One run of Luigi; raises SystemExit with what it said where it fails."""
        ran, said = run(
            [sys.executable, "-c", _RUN, family, ",".join(map(str, days)), str(workers)],
            self.folder,
        )
        counted = next(line for line in said.splitlines() if line.startswith("REQUESTS"))
        return ran._replace(requests=json.loads(counted.partition(" ")[2]))


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    meanwhile: Callable[[], Iterable[int]] = tuple,
) -> tuple[Ran, str]:
    """What a process took that is run in `folder` by its bench.cfg, and what it said. `meanwhile`
    is called again and again; it returns the leaders of other sessions whose memory counts too.
    """
    began, peak = time.perf_counter(), 0.0
    with (folder / "said.txt").open("w+") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "LUIGI_CONFIG_PATH": str(folder / "bench.cfg"),
                **environment,
            },
        )
        try:
            while process.poll() is None:
                looked = time.perf_counter()
                peak = max(peak, memory(process.pid, *meanwhile()))
                time.sleep(
                    max(0.1, 10 * (time.perf_counter() - looked))
                )  # looking at large processes costs time too
        finally:
            process.kill()
        seconds = time.perf_counter() - began
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(
            f"{' '.join(command[-6:])} ended with {process.returncode}:\n{text[-3000:]}"
        )
    return Ran(seconds, peak, {}), text


def templates() -> Iterator[str]:
    """Receipts of the shop with marks in the place of what differs."""
    for n, line in enumerate(receipts(_POOL)):
        record = json.loads(line)
        sold = (FIRST + timedelta(days=n // 700, seconds=n % 700 * 61)).strftime(
            "%Y-%m-%dT%H:%M:%S.000Z"
        )
        line = (
            line.replace(f'"{record["receipt_number"]}"', '"@number"')
            .replace(shop.STORE, "@store")
            .replace(sold, "@at")
        )
        yield line.replace(record["updated_at"], "@at")


def memory(*leaders: int) -> float:
    """Megabytes that the processes of some sessions hold, what they share counted once."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) in leaders:
                rollup = (folder / "smaps_rollup").read_text(encoding="ascii")
                total += int(rollup.partition("\nPss:")[2].split()[0])
        except (OSError, IndexError):
            continue  # it has just ended
    return total / 1024
