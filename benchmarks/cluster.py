"""The history of a chain on a Spark cluster and in one process.

    python -m benchmarks.cluster --years 3 --stores 200 --per-day 4 --write

All processes are on this machine: an S3 server (SeaweedFS), a Spark master, two workers of one core
each. The chain's raw objects are copied into two buckets. The same command of Luigi builds every
day, month and summary in both: one bucket by local processes, the other by the cluster, of which a
worker is killed when a third of the days are done, and another one started. Then every object of
the two buckets is compared: the same keys and bytes; in manifests all but the run's name and the
store's ETags.

It ends with an error, and writes nothing, if an object differs or if no executor was lost.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.chain import DAY, Chain
from benchmarks.measure import Cost, memory_of
from benchmarks.results import machine, write_section
from tests.executors import standalone
from tests.executors.lakes import differing, digest_of, keys, read
from tests.load.seaweed import Server
from tests.load.seaweed import serve as serve_s3

TITLE = "Cluster: a chain's history on Spark with a killed worker, and in one process"
LOCAL, CLUSTER = "here", "cluster"
_VERBS = ("LIST", "GET", "PUT")  # the server counts HEAD among GET


class Buckets:
    """The chain's raw objects in two buckets, and the runs that build the rest.

    `metrics` is the port at which the server tells its number of requests.
    """

    def __init__(self, chain: Chain, server: Server, metrics: int, months: list[date]) -> None:
        self.chain, self.server, self.client = chain, server, server.client()
        self._metrics, self._months = metrics, months
        chain.workspace.environment |= {**server.environment, **standalone.QUICK}

    def copy_raw(self) -> int:
        """Copy raw into both new buckets; returns the number of its objects."""
        root = self.chain.folder / "data"
        paths = [path.relative_to(root) for path in self.chain.workspace.files()]
        paths = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
        for bucket in (LOCAL, CLUSTER):
            self.client.create_bucket(Bucket=bucket)

            def put(path: Path, bucket: str = bucket) -> None:
                body = (root / path).read_bytes()
                self.client.put_object(Bucket=bucket, Key=str(path), Body=body)

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(put, paths))
        return len(paths)

    def build(
        self, bucket: str, *options: str, other_sessions: Callable[[], list[int]] = list
    ) -> Cost:
        """Build all days, months and summaries of a bucket."""
        before = self.requests(bucket)
        months = ",".join(f"{month:%Y-%m}" for month in self._months)
        lake = ("--lake-url", f"s3://{bucket}", "--lake-endpoint", self.server.endpoint)
        arguments = ("MonthlySummary", "--month", months, *lake, *options)
        cost = self.chain.workspace.luigi(*arguments, other_sessions=other_sessions)
        return cost._replace(requests=self.requests(bucket) - before)

    def requests(self, bucket: str) -> Counter[str]:
        """The requests to a bucket so far by verb, as the server counts them."""
        address = f"http://127.0.0.1:{self._metrics}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            text = answer.read().decode()
        counts: Counter[str] = Counter()
        line = r"^SeaweedFS_s3_request_total\{([^}]*)\} (\S+)$"
        for labels, count in re.findall(line, text, re.MULTILINE):
            verb = re.search(r'type="([A-Z]+)', labels)
            if verb and f'bucket="{bucket}"' in labels:
                counts[verb[1]] += int(float(count))
        return counts

    def days_of_cluster(self) -> int:
        """The number of days that the cluster has built."""
        return len(keys(self.client, CLUSTER, "_commits/staging/"))

    def compare(self) -> int:
        """Compare every object; returns their number. Raises SystemExit if one differs."""
        local, cluster = (
            read(self.client, bucket, keys(self.client, bucket), digest_of)
            for bucket in (LOCAL, CLUSTER)
        )
        if differences := differing(local, cluster):
            raise SystemExit(
                f"{len(differences)} of {len(local):,} objects of {LOCAL} and {len(cluster):,} of"
                f" {CLUSTER} differ, first {', '.join(differences[:5])}"
            )
        return len(local)


class WorkerLoss:
    """Kills a worker of the cluster once `days` days are built, and starts another."""

    def __init__(self, buckets: Buckets, cluster: standalone.Standalone, days: int) -> None:
        self._buckets, self._cluster, self._days = buckets, cluster, days
        self.start, self.seconds, self.days_built, self._checked = time.perf_counter(), 0.0, 0, 0.0

    def sessions(self) -> list[int]:
        """The sessions of the cluster; called again and again during the run."""
        now = time.perf_counter()
        if not self.seconds and now - self._checked > 1:
            self._checked, self.days_built = now, self._buckets.days_of_cluster()
            if self.days_built >= self._days:
                self._cluster.kill(self._cluster.processes[1])
                self._cluster.start_worker()
                self.seconds = now - self.start
        return self._cluster.alive()


def measure(years: int, stores: int, per_day: float) -> str:
    """The section. Raises SystemExit if the lakes differ or no executor was lost."""
    first, last = date(2023, 1, 1), date(2022 + years, 12, 31)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    months = [day for day in days if day.day == 1]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ("chain", "s3", "spark"):
            (folder / name).mkdir()
        chain = Chain(folder / "chain", stores, per_day)
        count = timed("raw committed", lambda: sum(map(chain.add_day, days)))
        chain.add_catalog(last)
        chain.set_span(first, last, workers=1)
        metrics = standalone.free_port()
        server = stack.enter_context(serve_s3(folder / "s3", f"-metricsPort={metrics}"))
        buckets = Buckets(chain, server, metrics, months)
        raw = timed("raw in two buckets", buckets.copy_raw)
        local = timed("built by one process", lambda: buckets.build(LOCAL))
        cluster = stack.enter_context(standalone.serve(folder / "spark", server.environment))
        loss = WorkerLoss(buckets, cluster, len(days) // 3)
        idle = memory_of(*cluster.alive())
        spark = ("--engine-name", "spark", "--spark-master", cluster.master)
        remote = timed(
            "built by the cluster",
            lambda: buckets.build(CLUSTER, *spark, other_sessions=loss.sessions),
        )
        lost = remote.output.count("Lost executor")
        if not loss.seconds or not lost:
            raise SystemExit(
                f"no executor was lost (worker killed: {bool(loss.seconds)}), so nothing is"
                f" proven:\n{remote.output[-2000:]}"
            )
        objects = timed("compared", buckets.compare)
    lines = [
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {years} years of {stores:,} stores,"
        f" {per_day:g} receipts a store and day: {count:,} receipts, {len(days):,} days,"
        f" {len(months)} months, {raw:,} objects of raw. S3: SeaweedFS; Spark: standalone, 2"
        " workers of one core; all of it, with the store, on this machine.",
        "",
        f"| by | seconds | receipts/s | {' | '.join(_VERBS)} | peak MB |",
        f"|---|---|---|{'---|' * len(_VERBS)}---|",
        cost_row("1 process", count, local),
        cost_row("the cluster", count, remote),
        "",
        f"The cluster: driver, master, workers and executors together; {idle:,.0f} MB before the"
        f" run. A worker was killed {loss.seconds:.0f} s after the start, when {loss.days_built:,}"
        f" days were built, and another started; {lost} executor(s) lost. Compared: {objects:,}"
        " objects of each bucket, all equal.",
    ]
    return "\n".join(lines) + "\n"


def cost_row(name: str, receipts: int, cost: Cost) -> str:
    """A row of the table."""
    requests = " | ".join(f"{cost.requests[verb]:,}" for verb in _VERBS)
    speed = receipts / cost.wall
    return f"| {name} | {cost.wall:.1f} | {speed:,.0f} | {requests} | {cost.peak:,.0f} |"


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Return the result of `work`, and print on stderr how long it took."""
    start = time.perf_counter()
    result = work()
    print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--per-day", type=float, default=5, help="receipts of a store in a day")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    options = parser.parse_args()
    # SIGTERM ends the servers and the cluster too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    text = measure(options.years, options.stores, options.per_day)
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
