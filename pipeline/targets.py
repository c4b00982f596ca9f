"""Luigi tasks and targets: a partition is complete when it is current.

A fingerprint is a digest of everything that a partition is built from: the content digests of its
inputs, the version of its code and the settings that it uses. A partition is current when its
newest manifest has its current fingerprint. So Luigi's rule "a target that exists is complete"
skips what nothing has changed, and rebuilds what a late receipt, a new menu rule or a new version
of the code has changed.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple, Self

import luigi
from luigi.task import flatten
from luigi.task_status import DONE

from pipeline import settings
from pipeline.errors import ConfigError, Conflict, Corrupt, Stale
from pipeline.lakes import additional_generations, check_lake
from pipeline.lakes import lake as lake  # tasks and commands import it from here
from pipeline.load import DATASETS, Lake, Manifest, fingerprint_of
from pipeline.load.publication import Content
from pipeline.rebuild_reason import rebuild_reason, settings_as_json
from pipeline.settings.run_context import once_per_run

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3

Files = dict[str, bytes]
Metadata = dict[str, object]


class BuildStart(NamedTuple):
    """What a build starts from, and the fingerprint that it publishes."""

    expected_manifest: Manifest | None
    inputs: dict[str, str]
    fingerprint: str


class FingerprintTarget(luigi.Target):
    """The current content of a partition."""

    def __init__(self, task: DatasetTask):
        self.task = task

    def exists(self) -> bool:
        return self.task.digest() is not None

    def __str__(self) -> str:
        return self.task.path


class DatasetTask(luigi.Task):
    """A task that publishes a partition of a dataset, named after its day or month."""

    dataset: ClassVar[str]

    @classmethod
    @cache
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """The parameters of the class; Luigi would list its attributes for each task."""
        return super().get_params()

    @classmethod
    def get_param_values(
        cls, params: list[tuple[str, luigi.Parameter[Any]]], args: object, kwargs: dict[str, Any]
    ) -> list[tuple[str, Any]]:
        """As Luigi's; quicker where every value is given, as for most of a plan's tasks."""
        if args or any(name not in kwargs for name, _ in params) or len(kwargs) > len(params):
            return super().get_param_values(params, args, kwargs)
        return [(name, parameter.normalize(kwargs[name])) for name, parameter in params]

    @classmethod
    def of_partition(cls, name: str) -> Self:
        """The task of the partition of that name."""
        if hasattr(cls, "date"):
            return cls(date=dt.date.fromisoformat(name))
        return cls(month=dt.date.fromisoformat(f"{name}-01"))

    @property
    def period(self) -> dt.date:
        """The day of a daily partition, the first day of the month of a monthly one."""
        return getattr(self, "date" if hasattr(self, "date") else "month")

    @cached_property
    def name(self) -> str:
        """Name of the partition in its log: 2026-10-31, or 2026-10."""
        return str(self.period) if hasattr(self, "date") else f"{self.period:%Y-%m}"

    @property
    def path(self) -> str:
        """The name by which other partitions state it as an input."""
        return f"{self.dataset}/{self.name}"

    def digest(self) -> str | None:
        """Content digest of the partition; None where it is not current."""
        raise NotImplementedError

    def output(self) -> luigi.Target | list[luigi.Target]:
        return FingerprintTarget(self)

    def complete(self) -> bool:
        return self.digest() is not None

    def publish_once(self, publish: Callable[[], None], published_in: Lake) -> None:
        """Publish, again after a Conflict, unless another run has done it by then."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return publish()
            except Conflict:
                published_in.refresh()
                if self.complete():
                    log.info("%s: another run has published it in the meantime", self)
                    return None
                if attempt == MAX_ATTEMPTS:
                    raise
                message = "%s: concurrent publish detected; retrying (attempt %d of %d)"
                log.warning(message, self, attempt + 1, MAX_ATTEMPTS)
        return None

    def report_completed(self, parts: Sequence[DatasetTask]) -> None:
        """Have the scheduler mark the completed partitions of a batch that fails."""
        reporter = getattr(self.set_status_message, "__self__", None)
        if reporter is None:
            return
        for part in parts:
            if part.complete():
                reporter._scheduler.add_task(
                    worker=reporter._worker_id, task_id=part.task_id, status=DONE
                )

    def report_progress(self, message: str, percent: int | None = None) -> None:
        """Show status and progress in the visualizer."""
        if self.set_status_message:
            self.set_status_message(message)
        if percent is not None and self.set_progress_percentage:
            self.set_progress_percentage(percent)


def input_tasks(task: luigi.Task) -> list[DatasetTask]:
    """The tasks that `task` requires, as a flat list."""
    return flatten(task.requires())


@once_per_run
def _fingerprints() -> dict[str, tuple[tuple[int, ...], str | None]]:
    """Fingerprints by task id, each with the state of its `fingerprint_datasets`."""
    return {}


def _state_of(datasets: tuple[str, ...]) -> tuple[int, ...]:
    # With the process: a child of a fork inherits what its parent read, and does not see what
    # the parent's other children have published since.
    at_root = lake().generation_of(datasets)
    return os.getpid(), *at_root, *additional_generations(datasets)


Fingerprints = dict[tuple[str, ...], dict[str, str]]
"""Fingerprints by the datasets that they depend on, then by task id."""


def fingerprints_of_inputs(tasks: Iterable[DerivedTask]) -> Fingerprints:
    """The fingerprints of the partitions that `tasks` are built from."""
    fingerprints: Fingerprints = {}
    for below in {below for task in tasks for below in input_tasks(task)}:
        if isinstance(below, DerivedTask) and (fingerprint := below.fingerprint()):
            fingerprints.setdefault(below.fingerprint_datasets, {})[below.task_id] = fingerprint
    return fingerprints


def add_fingerprints(fingerprints: Fingerprints) -> None:
    """Take over those of a process whose listing of the lake this one has loaded."""
    for datasets, of_tasks in fingerprints.items():
        state = _state_of(datasets)
        _fingerprints().update({task_id: (state, value) for task_id, value in of_tasks.items()})


class DerivedTask(DatasetTask):
    """A partition that is built from others.

    Subclasses declare `dataset`, `version` (of the code), `requires()`, the settings that it uses,
    and `make()`. `fingerprint_datasets` are those that its fingerprint depends on, directly or
    through others: while nothing is published there, the fingerprint is not computed again, which
    is what makes planning three years of days fast.
    """

    version: ClassVar[int | str]
    fingerprint_datasets: ClassVar[tuple[str, ...]] = DATASETS

    @property
    def priority(self) -> int:  # type: ignore[override]  # Luigi only reads it
        """Newest month first; reports last, because each reads the months before it.

        Raw tasks come earlier still. Luigi passes a task's priority on to what it requires.
        """
        try:
            period, last = self.period, settings.last_day()
        except ConfigError:
            return 0  # complete() raises the same error, and Luigi reports that one
        if isinstance(period, tuple):  # a batch
            period = period[-1]
        months = (period.year - last.year) * 12 + period.month - last.month
        return months + (10_000 if self.dataset.startswith("reports/") else 20_000)

    def fingerprint_settings(self) -> Mapping[str, object]:
        """Settings that the partition depends on; they are part of its fingerprint."""
        return {}

    def make(self) -> tuple[Files, Metadata]:
        """The files to publish, as bytes by name, and the metadata of the manifest."""
        raise NotImplementedError

    def make_from_inputs(self) -> tuple[Files, Metadata]:
        """What `make` returns, without a look at what is published."""
        return self.make()

    def inputs(self) -> list[tuple[str, str]] | None:
        """(name, content digest) of every input; None while an input is not current."""
        inputs = []
        for task in input_tasks(self):
            digest = task.digest()
            if digest is None:
                return None
            inputs.append((task.path, digest))
        return inputs

    def fingerprint(self) -> str | None:
        """The fingerprint it should have; None while an input is not current."""
        check_lake()
        remembered = _fingerprints().get(self.task_id)
        if remembered is None or remembered[0] != _state_of(self.fingerprint_datasets):
            inputs, fingerprint = self.inputs(), None
            if inputs is not None:
                fingerprint = fingerprint_of(self.version, self.fingerprint_settings(), inputs)
            # now, because inputs() may have listed the lake
            remembered = (_state_of(self.fingerprint_datasets), fingerprint)
            _fingerprints()[self.task_id] = remembered
        return remembered[1]

    def digest(self) -> str | None:
        fingerprint = self.fingerprint()
        newest = lake().newest(self.dataset, self.name) if fingerprint else None
        return newest.digest if newest and newest.fingerprint == fingerprint else None

    def run(self) -> Iterator[Any]:
        # An extraction in this very run may have changed what was complete when it was planned.
        stale = [task for task in input_tasks(self) if not task.complete()]
        if stale:
            yield stale
        for _ in range(MAX_ATTEMPTS):
            try:
                self.build()
                return
            except Corrupt as error:
                broken = self.invalidate(error)
                if not broken:
                    raise
                yield [broken]
        raise Stale(
            f"{self}: inputs were damaged {MAX_ATTEMPTS} times in a row; run `pos verify` to see"
            " which"
        )

    def build(self, make: Callable[[], tuple[Files, Metadata]] | None = None) -> None:
        """Make the partition from the current lake and publish it, in any process.

        `make` replaces `self.make` where the caller holds a part of the result already. Where
        another run publishes first, its partition is used if it is current. Raises Stale where an
        input is not current, Corrupt where one is damaged, Conflict after repeated conflicts.
        """

        def publish() -> None:
            start = self.start_build()
            lake().publish_content(self.content(start, *(make or self.make)()))
            self.log_rebuild_reason(start)

        self.publish_once(publish, lake())

    def start_build(self) -> BuildStart:
        """What a build starts from. Raises Stale where an input is not current."""
        expected_manifest = lake().newest(self.dataset, self.name)
        inputs, fingerprint = self.inputs(), self.fingerprint()
        if inputs is None or fingerprint is None:
            raise Stale(f"{self}: an input changed during the run; run again")
        return BuildStart(expected_manifest, dict(inputs), fingerprint)

    def content(self, start: BuildStart, files: Files, metadata: Metadata) -> Content:
        """What is published of the files and metadata of a build."""
        built_from = {
            "inputs": start.inputs,
            "version": self.version,
            "settings": settings_as_json(self.fingerprint_settings()),
        }
        fields = {**metadata, **built_from}
        expected = start.expected_manifest
        return Content(self.dataset, self.name, start.fingerprint, files, fields, expected)

    def invalidate(self, error: Corrupt) -> DatasetTask | None:
        """Invalidate the damaged input and return its task; None if it is a raw partition."""
        for task in input_tasks(self):
            is_raw = task.dataset.startswith("raw/")
            if (task.dataset, task.name) == (error.dataset, error.partition) and not is_raw:
                log.warning("%s: %s; it is rebuilt", self, error)
                lake().invalidate(task.dataset, task.name, str(error))
                return task
        return None

    def log_rebuild_reason(self, start: BuildStart) -> None:
        """Log why a partition that was there before was built again."""
        if start.expected_manifest is None:
            return
        metadata = lake().metadata(self.dataset, self.name, start.expected_manifest)
        settings_now = self.fingerprint_settings()
        reason = rebuild_reason(metadata, start.inputs, self.version, settings_now)
        log.info("%s rebuilt because: %s", self, reason)
