"""Spark: a context of the settings, and a job of works that is watched until it ends.

In: master and properties; works, and the functions that executors do them with. Out: what those
functions return, in no order. A work whose executor is lost is done again by Spark (four times at
most, then WorkLost), so doing a work twice must do no harm. Whoever stops waiting for a job (an
error, an interrupt) ends it. No secret goes to Spark: none is accepted as a property, and a JVM
that is started here inherits none that it does not need. Started on first use: who has no engine
pays neither for the import nor for Java. Raises ConfigError where a setting or an installation must
change, EngineError where the cluster did not answer or gave up, each within a bounded time.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from pyspark import SparkContext

SECRET = re.compile(r"(?i)secret|password|token|credential|access.?key|session.?key")
_NEEDED = (
    "AWS_",
    "CUSTOMER_HASH_KEY",
)  # by executors, which are threads of the JVM itself where the master is local
_SECONDS = 0.5
_starter: list[int] = []  # the process that has started Spark here


class Step(NamedTuple):
    """How far a job is: works done, all works, attempts that failed and were made again, executors
    that are there.
    """

    done: int
    works: int
    failed: int
    executors: int


class WorkLost(EngineError):
    """One work ended its process or its executor at every attempt, and so the job; `at` is its
    place among the works (or the shares).
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Cluster:
    """A running Spark application."""

    def __init__(self, context: SparkContext, wait_seconds: float):
        self.context, self._wait = context, wait_seconds

    @property
    def url(self) -> str:
        """Spark's own page of this application."""
        return self.context.uiWebUrl or ""

    def run(
        self,
        name: str,
        works: Sequence[Any],
        do: Callable[[Any], Any],
        tell: Callable[[Step], None],
    ) -> list[Any]:
        """What `do` returns of each work. One Spark task each, in their order: put the long ones
        first.
        """
        return self._watch(
            name, len(works), self.context.parallelize(works, len(works)).map(do), tell
        )

    def run_in_shares(
        self,
        name: str,
        shares: Sequence[tuple[Any, Any]],
        do: Callable[[Any], Any],
        unite: Callable[[Any, list[Any]], Any],
        tell: Callable[[Step], None],
    ) -> list[Any]:
        """What `unite(key, results)` returns of each key, where `shares` are (key, work) and the
        results those of `do` of its works.
        """
        counts = Counter(key for key, _ in shares)
        made = (
            self.context.parallelize(shares, len(shares))
            .map(_Each(do))
            .groupByKey(len(counts))
            .map(_All(unite, counts))
        )
        return self._watch(name, len(shares) + len(counts), made, tell)

    def _watch(self, name: str, works: int, made: Any, tell: Callable[[Step], None]) -> list[Any]:
        group, tracker = secrets.token_hex(8), self.context.statusTracker()

        def collect() -> list[Any]:
            self.context.setJobGroup(group, name)
            return made.collect()

        with ThreadPoolExecutor(1, "spark") as pool:
            job: Future[list[Any]] = pool.submit(collect)
            try:
                self._follow(name, job, lambda: self._step(tracker, group, works), tell)
                return job.result()
            except EngineError:
                raise
            except Exception as error:
                raise _failure(name, error) from error
            finally:
                self._end(job, group)

    def _follow(
        self, name: str, job: Future[Any], look: Callable[[], Step], tell: Callable[[Step], None]
    ) -> None:
        """Until the job is done. Raises EngineError where it has had no executor for too long."""
        seen = time.monotonic()
        while not _is_done(job):
            step = look()
            seen = time.monotonic() if step.executors else seen
            if time.monotonic() - seen > self._wait:
                raise EngineError(
                    f"{name}: {self.context.master} has given no executor for {self._wait:.0f} s;"
                    " are its workers running, and have they the cores and the memory that [spark]"
                    " properties ask for, or has another application taken them? What was finished"
                    " stays; run again"
                )
            tell(step)

    def _end(self, job: Future[Any], group: str) -> None:
        """Cancel the job if it runs: else whoever gave it up would wait for its end."""
        from py4j.protocol import Py4JError

        while not job.done():
            try:
                self.context.cancelJobGroup(group)
            except Py4JError:
                return  # Java has ended, and the job with it
            _is_done(job)

    def _step(self, tracker: Any, group: str, works: int) -> Step:
        stages = [
            stage
            for job in tracker.getJobIdsForGroup(group)
            for found in [tracker.getJobInfo(job)]
            if found
            for number in found.stageIds
            for stage in [tracker.getStageInfo(number)]
            if stage
        ]
        known = len(self.context._jsc.sc().statusTracker().getExecutorInfos())
        return Step(
            min(sum(stage.numCompletedTasks for stage in stages), works),
            works,
            sum(stage.numFailedTasks for stage in stages),
            known if self.context.master.startswith("local") else known - 1,
        )  # on a cluster the driver is listed too


class _Each(NamedTuple):
    do: Callable[[Any], Any]

    def __call__(self, share: tuple[Any, Any]) -> tuple[Any, Any]:
        return share[0], self.do(share[1])


class _All(NamedTuple):
    """Unites what the works of a key returned, once all of it is there. Where the JVM of an
    executor is killed, the Python beside it lives on, and cannot tell the end of its pipe from the
    end of the results: it would publish a part as the whole.
    """

    unite: Callable[[Any, list[Any]], Any]
    counts: Mapping[Any, int]

    def __call__(self, made: tuple[Any, Any]) -> Any:
        key, results = made[0], list(made[1])
        if len(results) != self.counts[key]:
            raise EngineError(
                f"{len(results)} of {self.counts[key]} shares have come; Spark makes the others"
                " again"
            )
        return self.unite(key, results)


def _is_done(job: Future[Any]) -> bool:
    try:
        job.exception(_SECONDS)
    except TimeoutError:
        return False
    return True


def _failure(name: str, error: Exception) -> EngineError:
    found = re.search(r"Task (\d+) in stage \S+ failed \d+ times", str(error))
    if found is None:
        return EngineError(f"{name}: {_reason(error)}; what was finished stays; run again")
    return WorkLost(
        f"{name}: {_reason(error)}. A process that ends without a word was often refused memory:"
        " give executors more by [spark] properties, or lower [engine] share_bytes for a large"
        " day, [lake] memory for a large month",
        int(found[1]),
    )


def _reason(error: Exception) -> str:
    """The sentence of what Spark says at length, and the last line of an executor's traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next(
        (line for line in lines if "SparkException" in line or "aborted" in line),
        lines[0] if lines else type(error).__name__,
    )
    cause = [
        line
        for line in lines
        if re.match(r"(?:\w+\.)*\w*(?:Error|Exception): ", line) and line != said
    ]
    return f"{said[:400]}" + (f" ({cause[-1][:400]})" if cause else "")


def open_cluster(
    name: str, master: str, properties: Mapping[str, str], wait_seconds: float
) -> Cluster:
    """The running application of this process, started where there is none. An empty `master`
    leaves it to spark-submit.
    """
    for key in properties:
        if SECRET.search(key):
            raise ConfigError(
                f"[spark] properties: {key} would be read by everybody who sees Spark's page or"
                " log; give executors a role, or set the variable in the workers' own environment"
            )
    try:
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
    except ModuleNotFoundError as error:
        raise ConfigError(
            "[engine] name = spark, but pyspark is not installed: pip install"
            " 'pos-sales-pipeline[spark]'"
        ) from error
    running = SparkContext._active_spark_context
    if running is not None and _starter and _starter != [os.getpid()]:
        raise EngineError(
            "Spark was started by the process that this one was forked from, and cannot be shared"
            " with it; run with one Luigi worker (--workers 1): Spark is what is parallel"
        )
    if running is not None:
        if not running._jsc.sc().isStopped():
            return Cluster(running, wait_seconds)
        running.stop()
    _knock(master, min(wait_seconds, 10.0))
    conf = (
        SparkConf()
        .setAppName(name)
        .setAll([("spark.ui.showConsoleProgress", "false"), *properties.items()])
    )
    if master:
        conf.setMaster(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local") or "//127.0.0.1" in master or "//localhost" in master:
        os.environ.setdefault(
            "SPARK_LOCAL_IP", "127.0.0.1"
        )  # else its page listens on every interface
    try:
        with _without_secrets(() if master and not master.startswith("local") else _NEEDED):
            context = SparkContext(conf=conf)
    except PySparkException as error:
        raise ConfigError(
            f"Spark did not start ({_reason(error)}): it needs Java 17 or newer, and JAVA_HOME"
            " where java is not on the path"
        ) from error
    except Exception as error:
        raise EngineError(
            f"[spark] master = {master or 'not set'} gave no application: {_reason(error)}"
        ) from error
    _starter[:] = [os.getpid()]
    return Cluster(context, wait_seconds)


def _knock(master: str, seconds: float) -> None:
    """Raises EngineError where none of a standalone cluster's masters listens: Spark itself would
    try for minutes.
    """
    refusals = []
    for address in (
        master.removeprefix("spark://").split(",") if master.startswith("spark://") else ()
    ):
        host, _, port = address.rpartition(":")
        if not port.isdigit() or not host:
            raise ConfigError(
                f"[spark] master = {master}: {address!r} is not host:port, as in"
                " spark://10.0.0.5:7077"
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), seconds).close()
            return
        except OSError as error:
            refusals.append(f"{address}: {error.strerror or error}")
    if refusals:
        raise EngineError(
            f"no Spark master answers at [spark] master = {master} ({'; '.join(refusals)}); start"
            " it, or correct the address. With [engine] name = local nothing needs it"
        )


@contextmanager
def _without_secrets(kept: tuple[str, ...]) -> Iterator[None]:
    """While a JVM is started: the environment without secrets, but for those whose names begin with
    one of `kept`.

    Under spark-submit there is a JVM already, and PySpark finds it by a secret of its own.
    """
    hidden = {
        name: value
        for name, value in os.environ.items()
        if (SECRET.search(name) or name in ("CUSTOMER_HASH_KEY", "WEBHOOK_URL"))
        and not name.startswith(("PYSPARK_", *kept))
    }
    try:
        for name in hidden:
            del os.environ[name]
        yield
    finally:
        os.environ.update(hidden)
