"""Partitions that a cluster may make: Luigi keeps the plan, batches what is missing, and one task
has a batch made on the engine.

With [engine] name = local there is no batch, and every partition is made by its task's own run().
With spark, the executors call the same `build()` (executor.py): the same editions, bytes and
manifests. A partition that fails fails alone, also where it ends the process that makes it: the
others are made, what was finished stays, and a new run makes the rest. An input that changed
meanwhile, or was broken and could be declared so, is made first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial

import luigi
from luigi.task import flatten

from pipeline import settings
from pipeline.errors import ConfigError, Corrupt, Stale
from pipeline.executors.spark import Cluster, Step, WorkLost, open_cluster
from pipeline.progress import Progress
from pipeline.settings.sections import engine, spark
from pipeline.targets import ATTEMPTS, DerivedTask, FingerprintTarget, lake
from pipeline.tasks import node as executor
from pipeline.tasks.node import Outcome, Work

log = logging.getLogger(__name__)

_LOST = 8  # works that may end the executors of one round before the round is given up


class Months(settings.Days):
    """One month, or several, spelled 2026-09,2026-10."""

    one = settings.Month


def is_local() -> bool:
    """Whether each task makes its own partition. Raises ConfigError for an engine that there is
    not.
    """
    name = engine().name
    if name not in ("local", "spark"):
        raise ConfigError(f"[engine] name = {name!r}: use local or spark")
    return name == "local"


class BatchTask(DerivedTask):
    """A partition; or, where Luigi batches them for an engine, several of one kind: then its day or
    month is a tuple.
    """

    @property
    def max_batch_size(self) -> int:
        return 1 if is_local() else engine().batch

    def parts(self) -> list[BatchTask]:
        """One task for each partition."""
        for name in ("date", "month"):
            value = getattr(self, name, None)
            if isinstance(value, tuple):
                return [self.clone(**{name: one}) for one in value]
        return [self]

    def output(self) -> list[FingerprintTarget]:
        return [FingerprintTarget(part) for part in self.parts()]

    def _requires(self) -> list[luigi.Task]:
        """What Luigi asks for instead of `requires()`, which speaks of one partition."""
        return list(
            dict.fromkeys(task for part in self.parts() for task in flatten(part.requires()))
        )

    def size(self) -> int:
        """About how many bytes are read to make it, where a listing tells: the largest are made
        first.
        """
        return 0

    def shares(self) -> int:
        """In how many shares an engine makes it."""
        return 1

    def make_share(self, share: int, shares: int) -> object:
        """One share of it, which can be pickled."""
        raise NotImplementedError

    def unite(self, parts: list[object]) -> tuple[dict[str, bytes], dict[str, object]]:
        """What `make` would return, from all shares."""
        raise NotImplementedError

    def run(self) -> Iterator[list[luigi.Task]]:
        if is_local():
            for part in self.parts():
                yield from super(BatchTask, part).run()
            return
        for attempt in range(ATTEMPTS):
            failed = make_missing(self.parts(), self)
            if not failed:
                return
            hopeless = [one for one in failed if not _heals(one)]
            if hopeless or attempt == ATTEMPTS - 1:
                log.warning(
                    "%d partitions were not made; what was finished stays, and a new run makes the"
                    " rest",
                    len(failed),
                )
                raise (hopeless or failed)[0].error
            lake().refresh()
            lake().refresh_raw()


def _heals(outcome: Outcome) -> bool:
    """Whether it may go well when it is tried again: its inputs have changed, or a broken one was
    declared so.
    """
    if isinstance(outcome.error, Corrupt):
        return outcome.work.task().invalidate(outcome.error) is not None
    return isinstance(outcome.error, Stale)


def rounds_of(tasks: list[BatchTask]) -> list[list[BatchTask]]:
    """What of `tasks`, and of all that they require, is not current: in rounds, each of one kind
    and made of those before it.
    """
    rounds: list[list[BatchTask]] = []
    now = [task for task in tasks if not task.complete()]
    while now:
        rounds.insert(0, now)
        below = {
            task: None for one in now for task in flatten(one.requires()) if not task.complete()
        }
        strange = next((task for task in below if not isinstance(task, BatchTask)), None)
        if strange:
            raise Stale(f"{now[0]}: {strange} is not there any more; run again")
        now = list(below)
    return rounds


def make_missing(tasks: list[BatchTask], teller: BatchTask) -> list[Outcome]:
    """Make what is missing on the cluster; returns what failed. `teller` is the task that shows how
    far it is.
    """
    rounds = rounds_of(tasks)
    if not rounds:
        return []
    lake().preflight()
    section = spark()
    teller.tell("starting Spark", 0)
    cluster = open_cluster(
        "pos-sales-pipeline", section.master, dict(section.properties), section.wait_seconds
    )
    if teller.set_tracking_url:
        teller.set_tracking_url(cluster.url)
    for missing in rounds:
        failed = [one for one in _make_round(cluster, missing, teller) if one.error]
        lake().refresh(missing[0].dataset)
        if failed:
            return failed
    return []


def _make_round(cluster: Cluster, tasks: list[BatchTask], teller: BatchTask) -> list[Outcome]:
    name = f"{len(tasks)} of {tasks[0].task_family}"
    works = [Work.of(task) for task in sorted(tasks, key=lambda task: -task.size())]
    with Progress(f"{name} on Spark", "works", tell=teller.tell) as bar:

        def follow(step: Step) -> None:
            bar.reach(
                step.done,
                step.done / step.works,
                f"{step.executors} executors, {step.failed} attempts failed and made again",
            )

        outcomes = _make_large(cluster, name, [work for work in works if work.shares > 1], follow)
        outcomes += _make_whole(cluster, name, [work for work in works if work.shares == 1], follow)
    teller.tell(f"{name} made on Spark", 100)
    return outcomes


def _make_large(
    cluster: Cluster, name: str, works: list[Work], follow: Callable[[Step], None]
) -> list[Outcome]:
    """In shares, all in one job; where one work ends that job, each that is left in a job of its
    own.
    """
    if not works:
        return []
    job = executor.job_of()
    shares = [
        (key, work._replace(share=share))
        for key, work in enumerate(works)
        for share in range(work.shares)
    ]
    try:
        return cluster.run_in_shares(
            f"{name}, in shares",
            shares,
            partial(executor.make_share, job),
            partial(executor.unite, job, works),
            follow,
        )
    except WorkLost as error:
        if len(works) == 1:
            return [Outcome(works[0], error)]
        return [
            outcome
            for work in _missing(works)
            for outcome in _make_large(cluster, name, [work], follow)
        ]


def _make_whole(
    cluster: Cluster, name: str, works: list[Work], follow: Callable[[Step], None]
) -> list[Outcome]:
    """Each by one call, all in one job; where one work ends that job, those that are left in a new
    one.
    """
    lost: list[Outcome] = []
    while works:
        try:
            return lost + cluster.run(
                name, works, partial(executor.make, executor.job_of()), follow
            )
        except WorkLost as error:
            if len(lost) == _LOST:
                raise
            lost.append(Outcome(works[error.at], error))
            log.warning("%s was given up (%s); the others are made", works[error.at], error)
            works = _missing([work for work in works if work != works[error.at]])
    return lost


def _missing(works: list[Work]) -> list[Work]:
    if works:
        lake().refresh(works[0].family.dataset)
    return [work for work in works if not work.task().complete()]
