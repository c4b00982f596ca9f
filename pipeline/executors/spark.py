"""A Spark application that runs the items of a batch.

Takes items and the functions that process them, and returns the results in any order. Spark repeats
an item whose executor is lost (by default four attempts, then ItemLost). A job that nothing waits
for any more (an error, an interrupt) is cancelled. No secret goes to Spark: none is accepted as a
property, and a JVM that is started here inherits none that it does not need. Raises ConfigError
where a setting or an installation must change, EngineError where the cluster did not answer or gave
up, each within a bounded time.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pipeline.errors import ConfigError, EngineError
from pipeline.executors import BatchProgress, ItemLost
from pipeline.executors.spark_checks import check_master, check_properties, without_secrets

if TYPE_CHECKING:
    from pyspark import SparkContext

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

# Environment variables that executors need; with a local master they run in this JVM.
_NEEDED = ("AWS_", "CUSTOMER_HASH_KEY")
_POLL_SECONDS = 0.5
_starter: list[int] = []  # id of the process that started Spark


class Cluster:
    """A running Spark application."""

    name = "Spark"
    is_local = False

    def __init__(self, context: SparkContext, wait_seconds: float):
        self.context, self._wait = context, wait_seconds

    @property
    def url(self) -> str:
        """Spark's own page of this application."""
        return self.context.uiWebUrl or ""

    def run(
        self,
        name: str,
        items: Sequence[T],
        do: Callable[[T], R],
        on_step: Callable[[BatchProgress], None],
    ) -> list[R]:
        """What `do` returns of each item, a Spark task each; pass the longest first."""
        results = self.context.parallelize(items, len(items)).map(do)
        return self._watch(name, len(items), results, on_step)

    def run_in_chunks(
        self,
        name: str,
        chunks: Sequence[tuple[int, T]],
        do: Callable[[T], R],
        merge: Callable[[int, list[R]], S],
        on_step: Callable[[BatchProgress], None],
    ) -> list[S]:
        """What `merge(key, results)` returns of each key, from all its chunks."""
        counts = Counter(key for key, _ in chunks)
        items: Any = self.context.parallelize(chunks, len(chunks))
        merged = items.map(_DoChunk(do)).groupByKey(len(counts)).map(_MergeChunks(merge, counts))
        return self._watch(name, len(chunks) + len(counts), merged, on_step)

    def _watch(
        self, name: str, items: int, results: Any, on_step: Callable[[BatchProgress], None]
    ) -> list[Any]:
        group, tracker = secrets.token_hex(8), self.context.statusTracker()

        def collect() -> list[Any]:
            self.context.setJobGroup(group, name)
            return results.collect()

        with ThreadPoolExecutor(1, "spark") as pool:
            job: Future[list[Any]] = pool.submit(collect)
            try:
                self._follow(name, job, lambda: self._step(tracker, group, items), on_step)
                return job.result()
            except EngineError:
                raise
            except Exception as error:
                raise _failure(name, error) from error
            finally:
                self._end(job, group)

    def _follow(
        self,
        name: str,
        job: Future[Any],
        read: Callable[[], BatchProgress],
        on_step: Callable[[BatchProgress], None],
    ) -> None:
        """Wait for the job. Raises EngineError where it has had no executor for too long."""
        seen = time.monotonic()
        while not _is_done(job):
            step = read()
            seen = time.monotonic() if step.processes else seen
            if time.monotonic() - seen > self._wait:
                raise EngineError(
                    f"{name}: {self.context.master} has given no executor for {self._wait:.0f} s;"
                    " check that its workers run, that they have the cores and the memory of"
                    " [spark] properties, and that no other application holds them. Completed"
                    " partitions are kept; run again"
                )
            on_step(step)

    def _end(self, job: Future[Any], group: str) -> None:
        """Cancel the job if it still runs, so that giving it up does not wait for its end."""
        from py4j.protocol import Py4JError

        while not job.done():
            try:
                self.context.cancelJobGroup(group)
            except Py4JError:
                return  # Java has ended, and the job with it
            _is_done(job)

    def _step(self, tracker: Any, group: str, items: int) -> BatchProgress:
        stages = [
            stage
            for job in tracker.getJobIdsForGroup(group)
            for info in [tracker.getJobInfo(job)]
            if info
            for number in info.stageIds
            for stage in [tracker.getStageInfo(number)]
            if stage
        ]
        executors = len(self.context._jsc.sc().statusTracker().getExecutorInfos())
        is_local = (self.context.master or "").startswith("local")
        return BatchProgress(
            min(sum(stage.numCompletedTasks for stage in stages), items),
            items,
            sum(stage.numFailedTasks for stage in stages),
            executors if is_local else executors - 1,  # a cluster lists the driver too
        )


class _DoChunk(NamedTuple):
    do: Callable[[Any], Any]

    def __call__(self, chunk: tuple[int, Any]) -> tuple[int, Any]:
        return chunk[0], self.do(chunk[1])


class _MergeChunks(NamedTuple):
    """Unites the results of a key, once all of them have arrived.

    Where the JVM of an executor is killed, the Python process beside it lives on and cannot tell
    the end of its pipe from the end of the results: without the count it would publish a part of
    a day as the day.
    """

    merge: Callable[[int, list[Any]], Any]
    counts: Mapping[int, int]

    def __call__(self, keyed: tuple[int, Any]) -> Any:
        key, results = keyed[0], list(keyed[1])
        if len(results) != self.counts[key]:
            raise EngineError(
                f"{len(results)} of {self.counts[key]} chunks have arrived; Spark repeats the rest"
            )
        return self.merge(key, results)


def _is_done(job: Future[Any]) -> bool:
    try:
        job.exception(_POLL_SECONDS)
    except TimeoutError:
        return False
    return True


def _failure(name: str, error: Exception) -> EngineError:
    lost = re.search(r"Task (\d+) in stage \S+ failed \d+ times", str(error))
    if lost is None:
        return EngineError(
            f"{name}: {_reason(error)}; completed partitions are kept, run again to retry"
        )
    return ItemLost(
        f"{name}: {_reason(error)}. A process that ends without an error was often refused memory:"
        " give executors more by [spark] properties, or lower [engine] chunk_bytes for a large"
        " day, [lake] memory for a large month",
        int(lost[1]),
    )


def _reason(error: Exception) -> str:
    """Spark's own sentence, and the last line of an executor's traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    sentence = next(
        (line for line in lines if "SparkException" in line or "aborted" in line),
        lines[0] if lines else type(error).__name__,
    )
    cause = [
        line
        for line in lines
        if re.match(r"(?:\w+\.)*\w*(?:Error|Exception): ", line) and line != sentence
    ]
    return sentence[:400] + (f" ({cause[-1][:400]})" if cause else "")


def open_cluster(
    name: str, master: str, properties: Mapping[str, str], wait_seconds: float
) -> Cluster:
    """The application of this process, started if needed; spark-submit may say where."""
    check_properties(properties)
    try:
        from pyspark import SparkContext
    except ModuleNotFoundError as error:
        raise ConfigError(
            "[engine] name = spark, but pyspark is not installed: pip install 'pyspark>=4.0.5,<4.1'"
        ) from error
    running = SparkContext._active_spark_context
    if running is not None and _starter and _starter != [os.getpid()]:
        raise EngineError(
            "Spark was started by the parent of this process and cannot be shared with it; run"
            " with one Luigi worker (--workers 1): Spark itself is parallel"
        )
    if running is not None:
        if not running._jsc.sc().isStopped():
            return Cluster(running, wait_seconds)
        running.stop()
    check_master(master, min(wait_seconds, 10.0))
    context = _start(name, master, properties)
    _starter[:] = [os.getpid()]
    return Cluster(context, wait_seconds)


def _start(name: str, master: str, properties: Mapping[str, str]) -> SparkContext:
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException

    conf = SparkConf().setAppName(name)
    conf.setAll([("spark.ui.showConsoleProgress", "false"), *properties.items()])
    if master:
        conf.setMaster(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local") or "//127.0.0.1" in master or "//localhost" in master:
        # else its page listens on every interface
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    try:
        with without_secrets(() if master and not master.startswith("local") else _NEEDED):
            return SparkContext(conf=conf)
    except PySparkException as error:
        raise ConfigError(
            f"Spark did not start ({_reason(error)}): it needs Java 17 or newer, and JAVA_HOME"
            " where java is not on the path"
        ) from error
    except Exception as error:
        raise EngineError(
            f"[spark] master = {master or 'not set'} gave no application: {_reason(error)}"
        ) from error
