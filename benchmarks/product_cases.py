"""The cases of benchmarks/product.py: the runs, and the values required of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from benchmarks import extract
from benchmarks.chain import Chain, catalog, numbered_receipts
from benchmarks.measure import ROOT, Cost, Workspace, run
from benchmarks.shop_server import ShopServer
from tests.reference import settings as reference

DAY = timedelta(days=1)
# A Tuesday: the next day needs no rescan.
LAST = date(2026, 10, 27)
LAST_SUNDAY = date(2026, 10, 25)  # its rescan is due in the first nightly run
_MEXICO = timezone(timedelta(hours=-6))


class Run(NamedTuple):
    """A measured run, and the files of its lake afterwards (None: not counted)."""

    name: str
    cost: Cost
    files: int | None = None


class Target(NamedTuple):
    """A measured value and the largest one that is allowed, in a unit."""

    measure: str
    value: float
    required: float
    unit: str


Rows = Iterator[Run | Target]


class History:
    """The simulated shop's history of some months before LAST, and runs over it."""

    def __init__(self, folder: Path, shop: ShopServer, months: int) -> None:
        self.shop, self.folder, self.workspace = shop, folder, Workspace(folder)
        month = LAST.year * 12 + LAST.month - 1 - months
        self.first = date(month // 12, month % 12 + 1, 1)
        self.months = [f"{n // 12}-{n % 12 + 1:02d}" for n in range(month, month + months + 1)]
        self.workspace.environment["LOYVERSE_TOKEN"] = shop.token
        self.workspace.configure("pos", url=shop.url, history_starts=self.first, rate_requests=0)
        self.set_last_day(LAST)

    def set_last_day(self, day: date) -> None:
        """Set the clocks so that `day` is the last closed business day."""
        now = datetime.combine(day + DAY, time(9), _MEXICO)
        self.shop.set_clock(now)
        self.workspace.configure("pos", now=now.isoformat())

    def luigi(self, name: str, *arguments: str) -> Run:
        """A run of luigi."""
        cost = self.workspace.luigi(*arguments)
        return Run(name, cost, len(self.workspace.files()))

    def duckdb_script(self, name: str) -> Run:
        """A run of the DuckDB script over the raw objects."""
        raw = self.folder / "data" / "raw" / "receipts" / "*" / "*.ndjson.zst"
        module = "tests.reference.duckdb_sql"
        return Run(
            name,
            run([sys.executable, "-m", module, str(raw), str(self.folder / "duckdb")], self.folder),
        )

    def report_versions(self) -> dict[str, int]:
        """The number of versions of each monthly report."""
        log = self.folder / "data" / "_manifests" / "reports" / "monthly"
        return {month: len(list((log / month).iterdir())) for month in self.months}


def backfill(history: History) -> Rows:
    """Everything from an empty lake, and a run with nothing to do."""
    span = ("--first", str(history.first), "--last", str(LAST))
    yield history.luigi("extraction of all windows and shifts", "Backfill", *span)
    yield history.luigi("catalog", "RawCatalog")
    yield history.luigi("rescan of five weeks", "Rescan", "--date", str(LAST_SUNDAY))
    yield (script := history.duckdb_script("DuckDB script, raw to monthly Parquet"))
    months = ("--month", ",".join(history.months))
    yield (lake := history.luigi("raw to lake and summaries", "MonthlySummary", *months))
    yield (again := history.duckdb_script("DuckDB script again"))
    ratio = lake.cost.wall / min(script.cost.wall, again.cost.wall)
    yield Target("raw to lake and summaries, against the DuckDB script", ratio, 2, "x")
    yield (reports := history.luigi("`Nightly`: all reports", "Nightly"))
    wall = lake.cost.wall + reports.cost.wall
    yield Target("`Nightly` from an empty lake without extraction", wall, 90, "s")
    peak = max(lake.cost.peak, reports.cost.peak)
    yield Target("peak memory of the backfill", peak, 500, "MB")
    yield Target("files in the lake", reports.files or 0, 8000, "files")
    yield (idle := history.luigi("`Nightly`, nothing to do", "Nightly"))
    yield Target("`Nightly`, nothing to do", idle.cost.wall, 1, "s")
    yield Target("`Nightly`, nothing to do", idle.cost.requests.total(), 7, "requests")


def later(history: History) -> Rows:
    """The run of the next day, after a sale of 40 days ago was cancelled."""
    versions = history.report_versions()
    day = LAST - 40 * DAY
    history.shop.cancel_sale(day, datetime.combine(LAST + DAY, time(14), _MEXICO))
    history.set_last_day(LAST + DAY)
    name = "`Nightly`, one day later with one old receipt cancelled"
    yield (later := history.luigi(name, "Nightly"))
    rebuilt = {m for m, count in history.report_versions().items() if count > versions[m]}
    expected = {f"{day:%Y-%m}", f"{LAST + DAY:%Y-%m}"}
    if rebuilt != expected:
        raise ValueError(f"the run has rebuilt the reports of {rebuilt}, not of {expected}")
    yield Target(name, later.cost.wall, 4, "s")
    yield Target(name, later.cost.requests.total(), 150, "requests")


def report(history: History) -> Rows:
    """Every monthly report in another language, start-up and planning subtracted."""
    arguments = ("MonthlyReport", "--month", ",".join(history.months))
    yield (idle := history.luigi("`MonthlyReport` of all months, up to date", *arguments))
    versions = history.report_versions()
    history.workspace.configure("report", locale="es_MX")
    yield (rebuilt := history.luigi("`MonthlyReport` of all months, in Spanish", *arguments))
    if history.report_versions() != {month: count + 1 for month, count in versions.items()}:
        raise ValueError("a report was not rebuilt")
    wall = (rebuilt.cost.wall - idle.cost.wall) / len(history.months)
    yield Target(f"`MonthlyReport` in a run of {len(history.months)}", wall, 1, "s")


def demo() -> Rows:
    """`./run demo` in a copy of the checkout that has this environment and no data."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        (copy / ".venv").mkdir(parents=True)
        for name in ("run", "luigi.cfg", "requirements.txt", "setup.cfg"):
            shutil.copy(ROOT / name, copy)
        for name in ("config", "pipeline", "reports"):
            shutil.copytree(ROOT / name, copy / name)
        for path in Path(sys.prefix).iterdir():
            (copy / ".venv" / path.name).symlink_to(path)
        for name in ("requirements.txt", "setup.cfg"):  # what ./run setup leaves
            stamp = copy / ".venv" / f".{name}"
            stamp.unlink(missing_ok=True)
            shutil.copyfile(copy / name, stamp)
        compile_code = [sys.executable, "-m", "compileall", "-q", "pipeline", "reports"]
        subprocess.run(compile_code, cwd=copy, check=True)
        environment = {"PYTHONPATH": str(copy), "XDG_STATE_HOME": f"{folder}/state"}
        cost = run(["./run", "demo"], copy, environment)
    yield Run("`./run demo`", cost)
    yield Target("`./run demo` after installation", cost.wall, 12, "s")


def sparse() -> Rows:
    """Lake and summaries of 57 months with 21 receipts, from saved files."""
    last, days = date(2026, 10, 31), 1734
    first = last - (days - 1) * DAY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = Workspace(folder)
        (folder / "saved").mkdir()
        (folder / "saved" / "catalog.json").write_bytes(catalog())
        with (folder / "saved" / "receipts.ndjson").open("w", encoding="utf-8") as file:
            for number, line in zip(range(21), numbered_receipts(), strict=False):
                sold = f"{first + number * days // 21 * DAY}T18:00:00.000Z"
                file.write(line.replace("@store", reference.STORE).replace("@sold", sold))
        (folder / "menu.toml").write_text(reference.MENU, encoding="utf-8")
        workspace.configure("pos", source="files", folder=folder / "saved", history_starts=first)
        workspace.configure("pos", now=f"{last + 3 * DAY}T12:00:00Z")
        workspace.configure("shop", menu=folder / "menu.toml")
        months = sorted({f"{first + n * DAY:%Y-%m}" for n in range(days)})
        cost = workspace.luigi("MonthlySummary", "--month", ",".join(months))
        files = len(workspace.files())
    yield Run(f"saved files to summaries: {len(months)} months with 21 receipts", cost, files)
    yield Target(f"{len(months)} months with 21 receipts", cost.wall, 30, "s")


def large_day(receipts: int) -> Rows:
    """One day of 200 stores with 20,000 items, from raw to the report of its month."""
    day, stores, items = date(2026, 5, 6), 200, 20_000
    with tempfile.TemporaryDirectory() as name:
        chain = Chain(Path(name), stores, receipts / stores, items=items)
        total = chain.add_day(day)
        chain.add_catalog(day)
        chain.set_span(day, day)
        what = f"{total:,} receipts of a day, {stores} stores, {items:,} items"
        costs = []
        for stage, task, option in (
            ("day", "DailySales", ("--date", str(day))),
            ("month", "MonthlySales", ("--month", f"{day:%Y-%m}")),
            ("summary", "MonthlySummary", ("--month", f"{day:%Y-%m}")),
            ("report", "MonthlyReport", ("--month", f"{day:%Y-%m}")),
        ):
            costs.append(chain.run(task, *option))
            yield Run(f"{what}: {stage}", costs[-1], len(chain.workspace.files()))
    yield Target(what, sum(cost.wall for cost in costs), 180, "s")
    yield Target(what, max(cost.peak for cost in costs), 1300, "MB")


def extraction() -> Rows:
    """Three months of the API's pages into raw, against the same pages only read."""
    times = extract.compare(days=93, rounds=3)
    yield Target("extraction into raw, against the bare pages", times.in_raw / times.bare, 1.3, "x")
