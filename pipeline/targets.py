"""Luigi targets over editions: a partition is done when its newest manifest bears its current edition.

An edition is a digest of all that a partition is made of: the content digests of its inputs, the version of
the code that makes it and the settings that shape it. So Luigi's rule "a target that exists is done" skips
what nothing has touched, and re-opens what a late receipt, a new menu rule or a new version has.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import luigi
from luigi.task import flatten

from pipeline import settings
from pipeline.errors import Conflict, Corrupt, Stale
from pipeline.load import RAW, Lake, Manifest, edition_of, open_storage

log = logging.getLogger(__name__)

ATTEMPTS = 3


@cache
def lake() -> Lake:
    """The lake of the settings. Children of a fork may go on with it: they drop what the listing said and open clients of their own."""
    settings.check()
    section = settings.lake()
    return Lake(open_storage(section.url, endpoint=section.endpoint or None, region=section.region or None,
                             encryption=section.encryption or None, kms_key=section.kms_key or None), run=secrets.token_hex(8))


class EditionTarget(luigi.Target):
    """The current edition of a partition."""

    def __init__(self, task: Made):
        self.task = task

    def exists(self) -> bool:
        return self.task.digest() is not None

    def __str__(self) -> str:
        return f"{self.task.dataset}/{self.task.name}"


class Made(luigi.Task):
    """A task that makes one partition of one dataset, named after its day or month."""

    dataset: str

    @property
    def name(self) -> str:
        """Name of the partition in its log: 2026-10-31, or 2026-10."""
        return str(self.date) if hasattr(self, "date") else f"{self.month:%Y-%m}"

    def digest(self) -> str | None:
        """Content digest of the partition; None when it is not current."""
        raise NotImplementedError

    def output(self) -> EditionTarget:
        return EditionTarget(self)

    def tell(self, message: str, percent: int | None = None) -> None:
        """Status line and progress in the visualizer."""
        if self.set_status_message:
            self.set_status_message(message)
        if percent is not None and self.set_progress_percentage:
            self.set_progress_percentage(percent)


def committed(dataset: str, partition: str) -> str | None:
    """The digest of a partition of raw; None where it is missing or was declared broken."""
    newest = lake().newest(dataset, partition)
    return newest.digest if newest and newest.edition == RAW else None


class Fetched(Made):
    """A partition of raw: once its window has closed it can gain nothing, so what is there is final."""

    resources = {"pos_api": 1}  # noqa: RUF012
    priority = 10  # all that is known first, so that no day is made twice

    def digest(self) -> str | None:
        return committed(self.dataset, self.name)

    def fetch(self) -> None:
        """Ask the shop, and commit what it says. Conflict where another run has committed first."""
        raise NotImplementedError

    def run(self) -> None:
        """A night that another one has overtaken is as good as done: what that one has committed stands."""
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


class Partition(Made):
    """A partition made of others.

    Subclasses say `dataset`, `version` (of the code), `requires()`, what else shapes them (`shape()`), and
    `make()`: the members' bytes and the facts of the manifest.
    """

    version: int | str
    _known: dict[str, tuple[tuple[int, int], str | None, Manifest | None]] = {}  # noqa: RUF012  shared by all tasks of the process

    def shape(self) -> Mapping[str, object]:
        """Settings that shape what is made."""
        return {}

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        """What is published: members' bytes by name, and the facts for the manifest."""
        raise NotImplementedError

    def inputs(self) -> list[tuple[str, str]] | None:
        """(name, content digest) of all that the partition is made of; None while one of them is not current."""
        found = []
        for task in flatten(self.requires()):
            digest = task.digest()
            if digest is None:
                return None
            found.append((f"{task.dataset}/{task.name}", digest))
        return found

    def _look(self) -> tuple[str | None, Manifest | None]:
        """(the edition it should have, its newest manifest), remembered until the lake changes."""
        # A child of a fork inherits what its parent knew, and nothing of what the parent's other children have published since.
        seen = self._known.get(self.task_id)
        if seen is None or seen[0] != (os.getpid(), lake().generation):
            inputs = self.inputs()
            edition = None if inputs is None else edition_of(self.version, self.shape(), inputs)
            newest = lake().newest(self.dataset, self.name)
            seen = ((os.getpid(), lake().generation), edition, newest)
            self._known[self.task_id] = seen
        return seen[1], seen[2]

    def edition(self) -> str | None:
        """The edition that the partition should have; None while an input is not current."""
        return self._look()[0]

    def digest(self) -> str | None:
        """Content digest of the partition; None when it is not current."""
        edition, newest = self._look()
        return newest.digest if newest and edition and newest.edition == edition else None

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
                broken = self.void(error)
                if not broken:
                    raise
                yield [broken]
        raise Stale(f"{self}: its inputs were found broken {ATTEMPTS} times; `pos verify` names what is wrong")

    def build(self, make: Callable[[], tuple[dict[str, bytes], dict[str, object]]] | None = None) -> None:
        """Make the partition of what the lake holds now (by `make`, where the caller has a part of it already) and publish it.

        The same wherever it runs. Where another run publishes first, looks again, and leaves what is current by then.
        Raises Stale where an input is not current, Corrupt where one is broken, Conflict where others always come first.
        """
        for attempt in range(ATTEMPTS):
            basis = lake().newest(self.dataset, self.name)
            inputs, edition = self.inputs(), self.edition()
            if inputs is None or edition is None:
                raise Stale(f"{self}: an input changed while the run was under way; run again")
            try:
                members, facts = (make or self.make)()
                lake().publish(self.dataset, self.name, edition, members, {**facts, "inputs": dict(inputs), "version": self.version},
                               basis=basis)
            except Conflict:
                if attempt == ATTEMPTS - 1:
                    raise
                log.warning("%s: another run published first; looking again", self)
                lake().refresh()
                if self.complete():
                    return
                continue
            if basis:
                self._say_why(basis, dict(inputs))
            return

    def void(self, error: Corrupt) -> luigi.Task | None:
        """The input task that `error` concerns, declared broken so that it is made again; None if it is raw."""
        for task in flatten(self.requires()):
            if task.dataset == error.dataset and task.name == error.partition and not task.dataset.startswith("raw/"):
                log.warning("%s: %s; it is made again", self, error)
                lake().void(task.dataset, task.name, str(error))
                return task
        return None

    def _say_why(self, basis: Manifest, inputs: dict[str, str]) -> None:
        before = lake().facts(self.dataset, self.name, basis).get("inputs", {})
        changed = sorted(name for name in inputs.keys() | before.keys() if inputs.get(name) != before.get(name))
        log.info("%s re-opened: %s", self, ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
                 if changed else "its code or settings changed")
