"""A chain's history on a real cluster and here, one lake: `python -m benchmarks.cluster --years 3
--stores 200 --per-day 5`.

Processes on loopback: an S3 server (SeaweedFS), a Spark master, two workers of one core each. The
chain's raw is put into two buckets. One and the same command of Luigi makes every day, month and
summary of it: in one bucket by one process, in the other by the cluster, of which a worker is
killed with all that it runs when a third of the days are done, and another is started. Then every
object of the two is read and compared: the same keys, the same bytes; in manifests all but the
run's name and the store's ETags.

Out: seconds and receipts/s of each, what each asked of the server (counted there), peak memory in
MB (PSS; on the cluster the driver's, and that of driver, master, workers and executors together).
Ends with an error, and writes nothing, where anything differs or no executor was lost.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.chain import DAY, Chain, Ran, memory, run
from benchmarks.results import machine, write_section
from tests.executors import standalone
from tests.executors.lakes import differing, digest_of, keys, read
from tests.load.seaweed import Server
from tests.load.seaweed import serve as serve_s3

TITLE = "Cluster: a chain's history on Spark with a killed worker, and in one process"
HERE, CLUSTER = "here", "cluster"
_VERBS = ("LIST", "GET", "PUT")  # the server counts HEAD among GET


class Bench:
    """The chain's raw in two buckets, and the runs over them."""

    def __init__(self, chain: Chain, server: Server, metrics: int, months: list[date]):
        self.chain, self.server, self.client, self._metrics, self._months = (
            chain,
            server,
            server.client(),
            metrics,
            months,
        )

    def put_raw(self) -> int:
        """Both buckets with nothing but raw in them; returns its objects."""
        root = self.chain.folder / "data"
        files = [
            path
            for path in root.rglob("*")
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(root).parts)
        ]
        for bucket in (HERE, CLUSTER):
            self.client.create_bucket(Bucket=bucket)

            def put(path: Path, to: str = bucket) -> None:
                self.client.put_object(
                    Bucket=to, Key=str(path.relative_to(root)), Body=path.read_bytes()
                )

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(put, files))
        return len(files)

    def build(
        self, bucket: str, engine: str, meanwhile: Callable[[], list[int]] = list, master: str = ""
    ) -> tuple[Ran, str]:
        """Days, months and summaries of all that raw holds, by the command that users have."""
        before = self.requests(bucket)
        ran, said = run(
            [
                sys.executable,
                "-m",
                "luigi",
                "--module",
                "pipeline",
                "MonthlySummary",
                "--month",
                ",".join(f"{month:%Y-%m}" for month in self._months),
                "--lake-url",
                f"s3://{bucket}",
                "--lake-endpoint",
                self.server.endpoint,
                "--engine-name",
                engine,
                *(["--spark-master", master] if master else []),
                "--local-scheduler",
            ],
            self.chain.folder,
            {**self.server.environment, **standalone.QUICK},
            meanwhile,
        )
        return ran._replace(requests=dict(self.requests(bucket) - before)), said

    def requests(self, bucket: str) -> Counter[str]:
        """What the server was asked about a bucket so far, by verb."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self._metrics}/metrics", timeout=10
        ) as answer:
            text = answer.read().decode()
        found: Counter[str] = Counter()
        for said, count in re.findall(
            r"^SeaweedFS_s3_request_total\{([^}]*)\} (\S+)$", text, re.MULTILINE
        ):
            if f'bucket="{bucket}"' in said:
                found[re.search(r'type="([A-Z]+)', said)[1]] += int(float(count))
        return found

    def staged(self) -> int:
        return len(keys(self.client, CLUSTER, "_commits/staging/"))

    def compare(self) -> int:
        """Read every object of both buckets; returns their number. Raises SystemExit, naming some,
        where any differs.
        """
        here, there = (
            read(self.client, bucket, keys(self.client, bucket), digest_of)
            for bucket in (HERE, CLUSTER)
        )
        other = differing(here, there)
        if other:
            raise SystemExit(
                f"{len(other)} of {len(here):,} objects here and {len(there):,} of the cluster"
                f" differ, first {', '.join(other[:5])}"
            )
        return len(here)


class Accident:
    """Kills a worker of the cluster, and starts another, once `days` days are staged; `sessions()`
    is called while the run goes on.
    """

    def __init__(self, bench: Bench, cluster: standalone.Standalone, days: int):
        self._bench, self._cluster, self._days = bench, cluster, days
        self.began, self.killed_at, self.staged, self._looked = time.perf_counter(), 0.0, 0, 0.0

    def sessions(self) -> list[int]:
        now = time.perf_counter()
        if not self.killed_at and now - self._looked > 1:
            self._looked, self.staged = now, self._bench.staged()
            if self.staged >= self._days:
                self._cluster.kill(self._cluster.processes[1])
                self._cluster.start_worker()
                self.killed_at = now - self.began
        return self._cluster.alive()


def measure(years: int, stores: int, per_day: float) -> Iterator[str]:
    """Lines of the section. Raises SystemExit where the lakes differ or the accident did not
    happen.
    """
    first, last = date(2023, 1, 1), date(2022 + years, 12, 31)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    months = [day for day in days if day.day == 1]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ("chain", "s3", "spark"):
            (folder / name).mkdir()
        chain = Chain(folder / "chain", stores, per_day)
        count = tell("raw packed", lambda: sum(map(chain.open, days)))
        chain.show_catalog(last)
        chain.configure(first, last, name="local")
        metrics = standalone.free_port()
        bench = Bench(
            chain,
            stack.enter_context(serve_s3(folder / "s3", f"-metricsPort={metrics}")),
            metrics,
            months,
        )
        raw = tell("raw in two buckets", bench.put_raw)
        here, _ = tell("made here", lambda: bench.build(HERE, "local"))
        cluster = stack.enter_context(standalone.serve(folder / "spark", bench.server.environment))
        accident = Accident(bench, cluster, len(days) // 3)
        idle = memory(*cluster.alive())
        there, said = tell(
            "made on the cluster",
            lambda: bench.build(CLUSTER, "spark", accident.sessions, cluster.master),
        )
        lost = said.count("Lost executor")
        if not accident.killed_at or not lost:
            raise SystemExit(
                f"no executor was lost (worker killed: {bool(accident.killed_at)}), so nothing is"
                f" proven:\n{said[-2000:]}"
            )
        objects = tell("compared", bench.compare)
    yield (
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; {years} years of {stores:,} stores,"
        f" {per_day:g} receipts a store and day: {count:,} receipts, {len(days):,} days,"
        f" {len(months)} months, {raw:,} objects of raw. S3: SeaweedFS; Spark: standalone, 2"
        " workers of one core; all of it, with the store, on this machine."
    )
    yield (
        f"\n| by | seconds | receipts/s | {' | '.join(_VERBS)} | peak MB"
        f" |\n|---|---|---|{'---|' * len(_VERBS)}---|"
    )
    for name, ran in (("1 process", here), ("the cluster", there)):
        commands = " | ".join(f"{ran.requests.get(command_name, 0):,}" for command_name in _VERBS)
        yield (
            f"| {name} | {ran.seconds:.1f} | {count / ran.seconds:,.0f} | {commands} |"
            f" {ran.peak:,.0f} |"
        )
    yield (
        f"\nThe cluster: driver, master, workers and executors together; {idle:,.0f} MB before the"
        f" run. A worker was killed {accident.killed_at:.0f} s after the start, when"
        f" {accident.staged:,} days were made, and another started; {lost} executor(s) lost."
        f" Compared: {objects:,} objects of each bucket, every one the same."
    )


def tell(name: str, do: Callable[[], Any]) -> Any:
    """What `do` returns; how long it took is said on stderr."""
    began = time.perf_counter()
    made = do()
    print(f"{name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--per-day", type=float, default=5, help="receipts of a store in a day")
    parser.add_argument(
        "--write", action="store_true", help="put the table into benchmarks/RESULTS.md"
    )
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("ended from outside")
    )  # servers and cluster end with it
    text = "\n".join(measure(options.years, options.stores, options.per_day)) + "\n"
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
