"""S3 requests of a night, counted: `python -m benchmarks.requests --months 36`. Counts do not depend on the machine.

A small shop's history is backfilled by `Nightly` into a folder and copied to a real S3 server (SeaweedFS; the same keys and
bytes, as a test holds). Then each case runs as a process of its own with one worker, and says what it has asked of the server,
by verb. Beside it: the same DAG of plain `luigi.contrib.s3.S3Target` tasks, all of them done, counted where botocore sends.
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.results import machine, write_section
from simulator import Book, Query, Shop, serve
from simulator import Server as Till
from simulator.ids import millis
from tests.load.seaweed import Server
from tests.load.seaweed import serve as serve_s3

ROOT = Path(__file__).parents[1]
TITLE = "Requests: what a night asks of S3"
BUCKET = "lake"
DAY = timedelta(days=1)
_RUN = """
import atexit, json, resource, sys
from luigi.cmdline import luigi_run
from pipeline.targets import lake
def tell():
    print("COUNTED", json.dumps({**lake().storage.requests, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
atexit.register(tell)
luigi_run(["--module", "pipeline", *sys.argv[1:], "--local-scheduler", "--no-lock"])
"""
_PLAIN = """
import json, sys
from collections import Counter
from datetime import date, timedelta
import boto3, luigi
from luigi.contrib.s3 import S3Client, S3Target
root, endpoint, first, last = sys.argv[1], sys.argv[2], date.fromisoformat(sys.argv[3]), date.fromisoformat(sys.argv[4])
client, counted = S3Client(endpoint_url=endpoint), Counter()
client.s3.meta.client.meta.events.register("before-send.s3", lambda event_name, **_: counted.update([event_name.rpartition(".")[2]]))
class Done(luigi.Task):
    name = luigi.Parameter()
    def requires(self):
        kind, _, day = self.name.partition("/")
        if kind == "days": return [Done(name=f"windows/{day}")]
        if kind == "months": return [Done(name=f"days/{d}") for d in days if d.startswith(day)]
        if kind == "monthly": return [Done(name=f"months/{day}")]
        return []
    def output(self): return S3Target(f"{root}/{self.name}", client=client)
days = [str(first + timedelta(n)) for n in range((last - first).days + 1)]
months = sorted({d[:7] for d in days})
names = [f"{k}/{d}" for k in ("windows", "days") for d in days] + [f"{k}/{m}" for k in ("months", "monthly") for m in months]
for name in names:
    client.put_string("", f"{root}/{name}")
counted.clear()
class Night(luigi.WrapperTask):
    def requires(self):
        return [Done(name=name) for name in names]
luigi.build([Night() if sys.argv[5] == "night" else Done(name=f"monthly/{months[-2]}")], local_scheduler=True, log_level="ERROR")
print("COUNTED", json.dumps(counted))
"""


class Bench:
    """A shop, its history in a folder, the same in a bucket, and the runs that are counted."""

    def __init__(self, folder: Path, server: Server, shop_url: str, token: str, first: date):
        self.folder, self.server, self.first = folder, server, first
        self.environment = {**os.environ, **server.environment, "LOYVERSE_TOKEN": token, "PYTHONPATH": str(ROOT),
                            "LUIGI_CONFIG_PATH": str(folder / "bench.cfg")}
        self.url = shop_url

    def configure(self, lake: str, now: datetime) -> None:
        (self.folder / "bench.cfg").write_text(
            f"[lake]\nurl = {lake}\nendpoint = {self.server.endpoint if '://' in lake else ''}\n"
            f"[pos]\nurl = {self.url}\nhistory_starts = {self.first}\nrate_requests = 0\nsettle_days = 1\nnow = {now.isoformat()}\n"
            f"spool = {self.folder / 'spool'}\n[core]\nlog_level = WARNING\n")

    def run(self, code: str, *arguments: str) -> tuple[Counter[str], float]:
        """(requests by verb, seconds) of one process; raises SystemExit with its output where it fails."""
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        counted = [line for line in done.stdout.splitlines() if line.startswith("COUNTED")]
        if done.returncode or not counted:
            raise SystemExit(f"{arguments} ended with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}")
        return Counter(json.loads(counted[-1].partition(" ")[2])), time.perf_counter() - began

    def copy(self) -> int:
        """Put the folder's lake into the bucket; returns the number of objects."""
        client, root = self.server.client(), self.folder / "data"
        files = [path for path in root.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda path: client.put_object(Bucket=BUCKET, Key=str(path.relative_to(root)), Body=path.read_bytes()), files))
        return len(files)


def measure(months: int, per_day: float, bench: Bench, till: Till, book: Book, now: datetime) -> str:
    bench.configure(str(bench.folder / "data"), now)
    backfill, seconds = bench.run(_RUN, "Nightly")
    most = backfill.pop("MB")
    objects = bench.copy()
    bench.configure(f"s3://{BUCKET}", now)
    last = now.date() - DAY
    month = f"{now.replace(day=1) - DAY:%Y-%m}"
    rows = [("Nightly, nothing to do", *bench.run(_RUN, "Nightly")),
            (f"MonthlyReport {month}, up to date", *bench.run(_RUN, "MonthlyReport", "--month", month))]
    cancel_one(book, now)
    till.now = lambda: now + DAY
    bench.configure(f"s3://{BUCKET}", now + DAY)
    rows.append(("Nightly, a day later: a new window, one old receipt cancelled", *bench.run(_RUN, "Nightly")))
    plain = [str(bench.first), str(last)]
    rows += [("plain S3Target tasks, nothing to do", *bench.run(_PLAIN, f"s3://{BUCKET}/plain", bench.server.endpoint, *plain, "night")),
             ("plain S3Target tasks, one MonthlyReport", *bench.run(_PLAIN, f"s3://{BUCKET}/plain", bench.server.endpoint, *plain, "monthly"))]
    lines = [f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {months} months, {per_day:g} receipts a day, {objects:,} objects; backfilled in "
             f"{seconds:.0f} s, {most} MB at most ({sum(backfill.values()):,} requests to a folder).", "",
             "| case | requests | LIST | GET | HEAD | PUT | seconds | MB |", "|---|---|---|---|---|---|---|---|"]
    for name, counted, took in rows:
        most = counted.pop("MB", "")
        verbs = {verb: sum(n for key, n in counted.items() if key.upper().startswith(verb)) for verb in ("LIST", "GET", "HEAD", "PUT")}
        lines.append(f"| {name} | {sum(counted.values()):,} | " + " | ".join(f"{n:,}" for n in verbs.values()) + f" | {took:.1f} | {most} |")
    return "\n".join(lines) + "\n"


def cancel_one(book: Book, now: datetime) -> None:
    """Cancel a sale of twenty days ago."""
    since = now - 20 * DAY
    found = book.receipts(millis(now), Query(created_min=millis(since), created_max=millis(since + DAY)))
    sale = next(one for entry in found if (one := json.loads(entry.read()))["receipt_type"] == "SALE" and not one["cancelled_at"])
    book.cancel(sale["receipt_number"], now + timedelta(hours=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, nargs="+", default=[12, 36])
    parser.add_argument("--receipts-per-day", type=float, default=6)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    options = parser.parse_args()
    text = "\n".join(measure_at(months, options.receipts_per_day) for months in options.months)
    print(text)  # noqa: T201
    if options.write:
        write_section(TITLE, text)


def measure_at(months: int, per_day: float) -> str:
    """The table of a history of that many months."""
    now = datetime(2026, 11, 10, 13, tzinfo=UTC)
    first = date(2026 - months // 12, 11 - months % 12, 1)
    shop = Shop(opened=first, receipts_per_day=per_day)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(serve_s3(folder))
        server.client().create_bucket(Bucket=BUCKET)
        book = Book(shop)
        till = stack.enter_context(serve(book))
        till.now = lambda: now
        return measure(months, per_day, Bench(folder, server, till.url, till.token, first), till, book, now)


if __name__ == "__main__":
    main()
