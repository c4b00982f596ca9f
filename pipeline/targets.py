"""Luigi targets over editions: a partition is done when its newest manifest bears its current
edition.

An edition is a digest of all that a partition is made of: the content digests of its inputs, the
version of the code that makes it and the settings that shape it. So Luigi's rule "a target that
exists is done" skips what nothing has touched, and re-opens what a late receipt, a new menu rule or
a new version has.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from weakref import WeakSet

import luigi
from luigi.task import flatten

from pipeline import local_state, ownership, settings
from pipeline.connect import is_simulator
from pipeline.errors import ConfigError, Conflict, Corrupt, Stale
from pipeline.load import DATASETS, RAW, Lake, Manifest, fingerprint_of, open_storage
from pipeline.rebuild_reason import plain, rebuild_reason

log = logging.getLogger(__name__)

ATTEMPTS = 3
_RECENT = 32 << 20  # bytes of what was read or written lately that a process keeps


@cache
def lake() -> Lake:
    """The lake of the settings. Children of a fork may go on with it: they drop what the listing
    said and open clients of their own.
    """
    settings.check()
    opened = open_lake()
    local_state.check_still_there(opened)
    return opened


def open_lake() -> Lake:
    """The lake of the settings as it is found, whatever this machine remembers of it."""
    section = settings.lake()
    return Lake(
        open_storage(
            section.url,
            endpoint=section.endpoint or None,
            region=section.region or None,
            encryption=section.encryption or None,
            kms_key=section.kms_key or None,
        ),
        run=secrets.token_hex(8),
        memory=_RECENT,
    )


_checked: WeakSet[Lake] = WeakSet()


def check_lake() -> None:
    """Refuse a run on the lake of another shop or another key; once for each lake of a process."""
    if lake() not in _checked:
        key = settings.rules().customer_key
        ownership.check_owner(lake(), is_simulator=is_simulator(), key=key)
        _checked.add(lake())


class FingerprintTarget(luigi.Target):
    """The current edition of a partition."""

    def __init__(self, task: DatasetTask):
        self.task = task

    def exists(self) -> bool:
        return self.task.digest() is not None

    def __str__(self) -> str:
        return f"{self.task.dataset}/{self.task.name}"


class DatasetTask(luigi.Task):
    """A task that makes one partition of one dataset, named after its day or month."""

    dataset: str

    @property
    def name(self) -> str:
        """Name of the partition in its log: 2026-10-31, or 2026-10."""
        return str(self.date) if hasattr(self, "date") else f"{self.month:%Y-%m}"

    def digest(self) -> str | None:
        """Content digest of the partition; None when it is not current."""
        raise NotImplementedError

    def output(self) -> FingerprintTarget:
        return FingerprintTarget(self)

    def tell(self, message: str, percent: int | None = None) -> None:
        """Status line and progress in the visualizer."""
        if self.set_status_message:
            self.set_status_message(message)
        if percent is not None and self.set_progress_percentage:
            self.set_progress_percentage(percent)


def committed(dataset: str, partition: str) -> str | None:
    """The digest of a partition of raw; None where it is missing or was declared broken."""
    check_lake()
    newest = lake().newest(dataset, partition)
    return newest.digest if newest and newest.fingerprint == RAW else None


class RawTask(DatasetTask):
    """A partition of raw: once its window has closed it can gain nothing, so what is there is
    final.
    """

    resources = {"pos_api": 1}  # noqa: RUF012
    priority = 10  # all that is known first, so that no day is made twice

    def digest(self) -> str | None:
        return committed(self.dataset, self.name)

    def fetch(self) -> None:
        """Ask the shop, and commit what it says. Conflict where another run has committed first."""
        raise NotImplementedError

    def run(self) -> None:
        """A night that another one has overtaken is as good as done: what that one has committed
        stands.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.fetch()
            except Conflict:
                lake().refresh()
                if self.complete():
                    log.info("%s: another run has fetched it meanwhile", self)
                    return None
                if attempt == ATTEMPTS - 1:
                    raise
        return None


class DerivedTask(DatasetTask):
    """A partition made of others.

    Subclasses say `dataset`, `version` (of the code), `requires()`, what else shapes them
    (`shape()`), and `make()`: the members' bytes and the facts of the manifest. `upstream` are the
    datasets that its edition follows from, directly or through others: while nothing is published
    there, the edition stays, and three years are planned without asking each day anew.
    """

    version: int | str
    upstream: tuple[str, ...] = DATASETS
    _known: dict[str, tuple[tuple[int, ...], str | None]] = {}  # noqa: RUF012

    @property
    def priority(self) -> int:
        """The month under way first, old history last; and all that reports are made of before any
        of them, as each reads the months before it. Every window comes earlier still, the oldest
        first. Luigi hands a task's priority on to what it requires.
        """
        try:
            at, last = getattr(self, "month", None) or self.date, settings.last_day()
        except ConfigError:
            return 0  # a setting is wrong: complete() says it, as Luigi can tell of that
        at = at[-1] if isinstance(at, tuple) else at
        return (
            (at.year - last.year) * 12
            + at.month
            - last.month
            + (10_000 if self.dataset.startswith("reports/") else 20_000)
        )

    def shape(self) -> Mapping[str, object]:
        """Settings that shape what is made."""
        return {}

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        """What is published: members' bytes by name, and the facts for the manifest."""
        raise NotImplementedError

    def inputs(self) -> list[tuple[str, str]] | None:
        """(name, content digest) of all that the partition is made of; None while one of them is
        not current.
        """
        found = []
        for task in flatten(self.requires()):
            digest = task.digest()
            if digest is None:
                return None
            found.append((f"{task.dataset}/{task.name}", digest))
        return found

    def fingerprint(self) -> str | None:
        """The edition that the partition should have; None while an input is not current.
        Remembered until something changes upstream.
        """
        check_lake()
        # A child of a fork inherits what its parent knew, and nothing of what the parent's other
        # children have published since.
        now = (os.getpid(), *lake().generation_of(self.upstream))
        seen = self._known.get(self.task_id)
        if seen is None or seen[0] != now:
            inputs = self.inputs()
            fingerprint = (
                None if inputs is None else fingerprint_of(self.version, self.shape(), inputs)
            )
            seen = (
                (os.getpid(), *lake().generation_of(self.upstream)),
                fingerprint,
            )  # to ask may have made it list
            self._known[self.task_id] = seen
        return seen[1]

    def digest(self) -> str | None:
        """Content digest of the partition; None when it is not current."""
        fingerprint = self.fingerprint()
        newest = lake().newest(self.dataset, self.name) if fingerprint else None
        return newest.digest if newest and newest.fingerprint == fingerprint else None

    def run(self) -> Iterator[list[luigi.Task]]:
        # Extraction in this very run may have re-opened what was complete when the run was planned.
        stale = [task for task in flatten(self.requires()) if not task.complete()]
        if stale:
            yield stale
        for _ in range(ATTEMPTS):
            try:
                self.build()
                return
            except Corrupt as error:
                broken = self.invalidate(error)
                if not broken:
                    raise
                yield [broken]
        raise Stale(
            f"{self}: its inputs were found broken {ATTEMPTS} times; `pos verify` names what is"
            " wrong"
        )

    def build(
        self, make: Callable[[], tuple[dict[str, bytes], dict[str, object]]] | None = None
    ) -> None:
        """Make the partition of what the lake holds now (by `make`, where the caller has a part of
        it already) and publish it.

        The same wherever it runs. Where another run publishes first, looks again, and leaves what
        is current by then. Raises Stale where an input is not current, Corrupt where one is broken,
        Conflict where others always come first.
        """
        for attempt in range(ATTEMPTS):
            expected_manifest = lake().newest(self.dataset, self.name)
            inputs, fingerprint = self.inputs(), self.fingerprint()
            if inputs is None or fingerprint is None:
                raise Stale(f"{self}: an input changed while the run was under way; run again")
            try:
                files, metadata = (make or self.make)()
                made_of = {
                    "inputs": dict(inputs),
                    "version": self.version,
                    "settings": plain(self.shape()),
                }
                lake().publish(
                    self.dataset,
                    self.name,
                    fingerprint,
                    files,
                    {**metadata, **made_of},
                    expected_manifest=expected_manifest,
                )
            except Conflict:
                if attempt == ATTEMPTS - 1:
                    raise
                log.warning("%s: another run published first; looking again", self)
                lake().refresh()
                if self.complete():
                    return
                continue
            if expected_manifest:
                self._log_rebuild_reason(expected_manifest, dict(inputs))
            return

    def invalidate(self, error: Corrupt) -> luigi.Task | None:
        """The input task that `error` concerns, declared broken so that it is made again; None if
        it is raw.
        """
        for task in flatten(self.requires()):
            if (
                task.dataset == error.dataset
                and task.name == error.partition
                and not task.dataset.startswith("raw/")
            ):
                log.warning("%s: %s; it is made again", self, error)
                lake().invalidate(task.dataset, task.name, str(error))
                return task
        return None

    def _log_rebuild_reason(self, expected_manifest: Manifest, inputs: dict[str, str]) -> None:
        metadata = lake().metadata(self.dataset, self.name, expected_manifest)
        log.info(
            "%s re-opened: %s", self, rebuild_reason(metadata, inputs, self.version, self.shape())
        )
