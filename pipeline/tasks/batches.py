"""Partitions that Luigi plans and batches, and an executor builds.

With [engine] name = local there is no batch, and each task builds its own partition. With another
executor one Luigi task has a whole batch built, by the same `build()` (remote_build.py): the same
fingerprints, bytes and manifests. A partition that fails does not stop the others; completed
partitions are kept, and a new run builds the rest. An input that changed meanwhile, or that was
damaged and could be invalidated, is built first.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import luigi

from pipeline import settings
from pipeline.errors import Corrupt, EngineError, Stale
from pipeline.executors import Executor, ItemLost, Step, is_batched, open_executor
from pipeline.progress import Progress
from pipeline.settings.sections import engine
from pipeline.targets import (
    MAX_ATTEMPTS,
    DatasetTask,
    DerivedTask,
    Files,
    FingerprintTarget,
    Metadata,
    input_tasks,
    lake,
)
from pipeline.tasks import remote_build
from pipeline.tasks.remote_build import BuildRequest, BuildResult

log = logging.getLogger(__name__)

_MAX_LOST = 8  # items of one round that may end their process before the round is given up

Follow = Callable[[Step], None]


class Months(settings.Days):
    """One month, or several, spelled 2026-09,2026-10."""

    single = settings.Month


class BatchTask(DerivedTask):
    """A partition, or a batch of them: its day or month is then a tuple."""

    @property
    def max_batch_size(self) -> int:  # type: ignore[override]  # Luigi only reads it
        return engine().batch if is_batched() else 1

    def parts(self) -> list[BatchTask]:
        """One task for each partition."""
        name = "date" if hasattr(self, "date") else "month"
        periods: dt.date | tuple[dt.date, ...] = getattr(self, name)
        if isinstance(periods, tuple):
            return [self.clone(**{name: period}) for period in periods]
        return [self]

    def output(self) -> list[luigi.Target]:
        return [FingerprintTarget(part) for part in self.parts()]

    def complete(self) -> bool:
        return all(part.digest() is not None for part in self.parts())

    def _requires(self) -> list[DatasetTask]:
        """The inputs of all partitions, for Luigi; `requires()` serves one."""
        return list(dict.fromkeys(task for part in self.parts() for task in input_tasks(part)))

    def size(self) -> int:
        """About how many bytes are read to build it; the largest are built first."""
        return 0

    def shares(self) -> int:
        """In how many shares an executor builds it."""
        return 1

    def make_share(self, share: int, shares: int) -> object:
        """One share of it, which can be pickled."""
        raise NotImplementedError

    def unite(self, parts: list[Any]) -> tuple[Files, Metadata]:
        """What `make` would return, from all shares."""
        raise NotImplementedError

    def run(self) -> Iterator[Any]:
        if not is_batched():
            for part in self.parts():
                yield from super(BatchTask, part).run()
            return
        for attempt in range(MAX_ATTEMPTS):
            failed = build_missing(self.parts(), self)
            if not failed:
                return
            final = [result for result in failed if not _is_retryable(result)]
            if final or attempt == MAX_ATTEMPTS - 1:
                log.warning(
                    "%d partitions failed; completed partitions are kept, run again to retry",
                    len(failed),
                )
                error = (final or failed)[0].error
                raise error if error else EngineError(f"{self}: failed without an error")
            lake().refresh()
            lake().refresh_raw()


def _is_retryable(result: BuildResult) -> bool:
    """Whether its inputs have changed, or a damaged one could be invalidated."""
    if isinstance(result.error, Corrupt):
        return result.request.task().invalidate(result.error) is not None
    return isinstance(result.error, Stale)


def rounds_of(tasks: list[BatchTask]) -> list[list[BatchTask]]:
    """What is not current of `tasks` and all that they require, in rounds.

    Each round is of one kind and is built from those before it.
    """
    rounds: list[list[BatchTask]] = []
    current = [task for task in tasks if not task.complete()]
    while current:
        rounds.insert(0, current)
        below: dict[BatchTask, None] = {}
        for task in current:
            for required in input_tasks(task):
                if required.complete():
                    continue
                if not isinstance(required, BatchTask):
                    raise Stale(f"{task}: {required} is no longer complete; run again")
                below[required] = None
        current = list(below)
    return rounds


def build_missing(tasks: list[BatchTask], batch: BatchTask) -> list[BuildResult]:
    """Build what is missing on the executor; return the failures."""
    rounds = rounds_of(tasks)
    if not rounds:
        return []
    lake().preflight()
    batch.report_progress("starting the executor", 0)
    executor = open_executor()
    if executor.url and batch.set_tracking_url:
        batch.set_tracking_url(executor.url)
    for missing in rounds:
        results = _build_round(executor, missing, batch)
        lake().refresh(missing[0].dataset)
        failed = [result for result in results if result.error]
        if failed:
            return failed
    return []


def _build_round(executor: Executor, tasks: list[BatchTask], batch: BatchTask) -> list[BuildResult]:
    name = f"{len(tasks)} {tasks[0].task_family}"
    requests = [
        BuildRequest.for_task(task) for task in sorted(tasks, key=lambda task: -task.size())
    ]
    with Progress(f"{name} on {executor.name}", "works", tell=batch.report_progress) as bar:

        def follow(step: Step) -> None:
            bar.reach(
                step.done,
                step.done / step.items,
                f"{step.executors} executors, {step.failed} attempts failed and were repeated",
            )

        large = [request for request in requests if request.shares > 1]
        small = [request for request in requests if request.shares == 1]
        results = _build_large(executor, name, large, follow)
        results += _build_small(executor, name, small, follow)
    batch.report_progress(f"{name} built on {executor.name}", 100)
    return results


def _build_large(
    executor: Executor, name: str, requests: list[BuildRequest], follow: Follow
) -> list[BuildResult]:
    """Build in shares, in one job; where an item ends that job, in one job each."""
    if not requests:
        return []
    driver = remote_build.driver_context()
    shares = [
        (key, request._replace(share=share))
        for key, request in enumerate(requests)
        for share in range(request.shares)
    ]
    try:
        return executor.run_in_shares(
            f"{name}, in shares",
            shares,
            partial(remote_build.build_share, driver),
            partial(remote_build.unite, driver, requests),
            follow,
        )
    except ItemLost as error:
        if len(requests) == 1:
            return [BuildResult(requests[0], error)]
        return [
            result
            for request in _missing(requests)
            for result in _build_large(executor, name, [request], follow)
        ]


def _build_small(
    executor: Executor, name: str, requests: list[BuildRequest], follow: Follow
) -> list[BuildResult]:
    """Build in one job; where an item ends that job, the rest in a new one."""
    lost: list[BuildResult] = []
    while requests:
        try:
            build = partial(remote_build.build, remote_build.driver_context())
            return lost + executor.run(name, requests, build, follow)
        except ItemLost as error:
            if len(lost) == _MAX_LOST:
                raise
            request = requests[error.index]
            lost.append(BuildResult(request, error))
            log.warning("%s is given up (%s); the others are built", request, error)
            requests = _missing([other for other in requests if other != request])
    return lost


def _missing(requests: list[BuildRequest]) -> list[BuildRequest]:
    if requests:
        lake().refresh(requests[0].family.dataset)
    return [request for request in requests if not request.task().complete()]
