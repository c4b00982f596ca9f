"""Partitions that Luigi plans one by one and builds in batches.

One Luigi task builds a batch in rounds, each of one kind of partition, in groups: a group is
consecutive days or months, up to a certain amount of work, built in one pass. This process builds a
few partitions; the processes of an executor (remote_build.py) build many or large ones. The
fingerprints, bytes and manifests are the same. A partition that fails does not stop the others:
Luigi learns which are complete, and continues with the tasks that need only those. An input that
changed in the meantime, or that was damaged and could be invalidated, is built first.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import luigi

from pipeline import settings
from pipeline.errors import Corrupt, EngineError, Stale
from pipeline.executors import BatchProgress, Executor, ItemLost, open_executor, workers
from pipeline.lakes import refresh_raw
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
from pipeline.tasks import remote_build, warm_up
from pipeline.tasks.batch_groups import GROUP_SIZE, group_tasks, limit_to_chunk, work_of
from pipeline.tasks.remote_build import BuildRequest, BuildResult

log = logging.getLogger(__name__)

_LITTLE_WORK = 8 << 20  # work that is done faster than an executor starts
_FEW = 8  # partitions that share what this process has read with the reports built from them
_MAX_LOST = 8  # items of one round that may end their process before the round is given up

StepCallback = Callable[[BatchProgress], None]


class Months(settings.Days):
    """One month, or several, spelled 2026-09,2026-10."""

    single = settings.MonthParameter


class BatchTask(DerivedTask):
    """A partition, or a batch of them: its day or month is then a tuple."""

    may_run_on_cluster = True
    """Whether a cluster builds it if there is one; else this machine does."""
    draws_charts = False
    """Whether it is a report."""

    @property
    def max_batch_size(self) -> int:  # type: ignore[override]  # Luigi only reads it
        return engine().batch

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
        """The inputs of all partitions, for Luigi, which asks if one is missing.

        `requires()` serves one partition.
        """
        parts = self.parts()
        warm_up.expect((part.period for part in parts), draws_charts=self.draws_charts)
        return list(dict.fromkeys(task for part in parts for task in input_tasks(part)))

    def size(self) -> int:
        """How much work it is, in stored raw bytes of a day; the largest are built first."""
        return 0

    @classmethod
    def make_all(cls, tasks: Sequence[Any]) -> dict[Any, tuple[Files, Metadata]]:
        """What `make` returns of each task, made in one pass where that is cheaper."""
        return {task: task.make() for task in tasks}

    def chunks(self) -> int:
        """In how many chunks an executor builds it."""
        return 1

    def make_chunk(self, chunk: int, chunks: int) -> object:
        """One chunk of it, which can be pickled."""
        raise NotImplementedError

    def merge_chunks(self, parts: list[Any]) -> tuple[Files, Metadata]:
        """What `make` would return, from all chunks."""
        raise NotImplementedError

    def run(self) -> Iterator[Any]:
        parts = self.parts()
        # an extraction in this very run may have changed what was complete when it was planned
        stale = [task for task in self._requires() if not task.complete()]
        if needs_unbatched_inputs(stale):
            yield stale
        for attempt in range(MAX_ATTEMPTS):
            failed = build_missing(parts, self)
            if not failed:
                return
            final = [result for result in failed if not _is_retryable(result)]
            if final or attempt == MAX_ATTEMPTS - 1:
                if len(parts) > 1:
                    log.warning(
                        "%d partitions failed; completed partitions are kept, run again to retry",
                        len(failed),
                    )
                    self.report_completed(parts)
                error = (final or failed)[0].error
                raise error if error else EngineError(f"{self}: failed without an error")
            refresh_raw()


def _is_retryable(result: BuildResult) -> bool:
    """Whether its inputs have changed; a damaged one is invalidated, if it can be."""
    if isinstance(result.error, Corrupt):
        return result.request.task().invalidate(result.error) is not None
    return isinstance(result.error, Stale)


def needs_unbatched_inputs(tasks: Sequence[DatasetTask]) -> bool:
    """Whether `tasks` need a missing input that is not built in batches."""
    return any(
        not isinstance(task, BatchTask)
        or needs_unbatched_inputs([below for below in input_tasks(task) if not below.complete()])
        for task in tasks
    )


def rounds_of(tasks: list[BatchTask]) -> list[list[BatchTask]]:
    """What is not current of `tasks` and their inputs, in rounds of one kind each."""
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
    """Build what is missing; return the failures."""
    for missing in rounds_of(tasks):
        lake().preflight()
        failed = [result for result in _build_round(missing, batch) if result.error]
        if failed:
            return failed
    return []


def _build_round(tasks: list[BatchTask], batch: BatchTask) -> list[BuildResult]:
    name = f"{len(tasks)} {tasks[0].task_family}"
    work = {task: work_of(task) for task in tasks}
    large = [BuildRequest.for_task(task) for task in tasks if task.chunks() > 1]
    groups = group_tasks({task: work[task] for task in tasks if task.chunks() == 1})
    # processes that run anyway build more than a few, so that this one imports less
    is_few = len(tasks) <= _FEW or not warm_up.has_processes()
    is_little = is_few and sum(work.values()) <= limit_to_chunk(_LITTLE_WORK)
    engine_name = settings.engine_name() if tasks[0].may_run_on_cluster else "local"
    if engine_name == "local" and not large and (is_little or workers() == 1):
        if sum(work.values()) <= limit_to_chunk(GROUP_SIZE):
            groups = [sorted(tasks, key=lambda task: task.period)]
        return _build_here(name, groups, batch)
    batch.report_progress("starting the executor", 0)
    executor = open_executor(engine_name, draws_charts=tasks[0].draws_charts)
    if executor.url and batch.set_tracking_url:
        batch.set_tracking_url(executor.url)
    with Progress(f"{name} on {executor.name}", "tasks", on_progress=batch.report_progress) as bar:

        def on_step(step: BatchProgress) -> None:
            failed = f", {step.failed} failed and repeated" if step.failed else ""
            bar.reach(step.done, step.done / step.items, f"processes: {step.processes}{failed}")

        requests = [[BuildRequest.for_task(task) for task in group] for group in groups]
        results = _build_large(executor, name, large, on_step)
        results += _build_small(executor, name, requests, on_step)
    if not lake().add_published([result.published for result in results]):
        lake().refresh(tasks[0].dataset)
    batch.report_progress(f"{name} built on {executor.name}", 100)
    return results


def _build_here(name: str, groups: list[list[BatchTask]], batch: BatchTask) -> list[BuildResult]:
    """Build the groups in this process, one after the other."""
    results = []
    for number, group in enumerate(groups, 1):
        results += [
            BuildResult(BuildRequest.for_task(task), error)
            for task, error in remote_build.build_together(group).items()
        ]
        batch.report_progress(f"{name}: {number} of {len(groups)}", 100 * number // len(groups))
    batch.report_progress(f"{name} built", 100)
    return results


def _build_large(
    executor: Executor, name: str, requests: list[BuildRequest], on_step: StepCallback
) -> list[BuildResult]:
    """Build in chunks, in one job; where an item ends that job, in one job each."""
    if not requests:
        return []
    driver = remote_build.driver_context(requests, is_local=executor.is_local)
    chunks = [
        (key, request._replace(chunk=chunk))
        for key, request in enumerate(requests)
        for chunk in range(request.chunks)
    ]
    try:
        return executor.run_in_chunks(
            f"{name}, in chunks",
            chunks,
            partial(remote_build.build_chunk, driver),
            partial(remote_build.merge_chunks, driver, requests),
            on_step,
        )
    except ItemLost as error:
        if len(requests) == 1:
            return [BuildResult(requests[0], error)]
        return [
            result
            for request in _missing(requests)
            for result in _build_large(executor, name, [request], on_step)
        ]


def _build_small(
    executor: Executor, name: str, groups: list[list[BuildRequest]], on_step: StepCallback
) -> list[BuildResult]:
    """Build in one job; where an item ends that job, the rest in a new one."""
    lost: list[BuildResult] = []
    while groups:
        try:
            requests = itertools.chain.from_iterable(groups)
            driver = remote_build.driver_context(requests, is_local=executor.is_local)
            results = executor.run(name, groups, partial(remote_build.build, driver), on_step)
            return lost + [result for group in results for result in group]
        except ItemLost as error:
            group = groups[error.index]
            if len(lost) == _MAX_LOST:
                raise
            others = [other for other in groups if other is not group]
            if len(group) > 1:
                log.warning("a group of %d partitions is built one by one: %s", len(group), error)
                others += [[request] for request in group]
            else:
                lost.append(BuildResult(group[0], error))
                log.warning("%s is given up (%s); the others are built", group[0], error)
            groups = [left for other in others if (left := _missing(other))]
    return lost


def _missing(requests: list[BuildRequest]) -> list[BuildRequest]:
    if requests:
        lake().refresh(requests[0].family.dataset)
    return [request for request in requests if not request.task().complete()]
