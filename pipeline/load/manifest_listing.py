"""The manifests of every partition, listed and read, each checked against its key.

The snapshot is the result of the listings plus what this process has published; a child process
drops it. Of a log with a gap, a doubled number or an unknown key, readers use the highest number
with a commit record.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from pipeline.errors import ConfigError, Corrupt
from pipeline.load.commit_records import Body
from pipeline.load.layout import (
    DATASETS,
    INVALIDATED,
    MONTH_DATASET,
    NIGHTLY,
    SUMMARY,
    Manifest,
    check_partition,
    commit_key,
    digest_of,
    log_prefix,
    manifest_of,
    parse_manifest,
)
from pipeline.load.publish_signal import PublishSignal
from pipeline.load.storage import Storage

_CACHED_BODIES = 2048
Snapshot = tuple[
    dict[str, dict[str, list[Manifest]]], dict[str, list[str]], set[str], dict[str, Body]
]
"""Manifests by dataset and partition, unknown keys by folder, the prefixes listed; bodies."""
_BODIES = (log_prefix(MONTH_DATASET), log_prefix(SUMMARY))  # of months, which reports read


class ManifestListing:
    """The manifests of every partition in `storage`."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.generations: Counter[str] = Counter()
        self._bodies: dict[str, Body] = {}
        self._caching = threading.Lock()
        self._first_process = os.getpid()
        self._publish_signal = PublishSignal()
        self.listing = 0
        self._forget()

    def _forget(self) -> None:
        self._publish_signal.catch_up()
        self._process = os.getpid()
        self._listed_prefixes: set[str] = set()
        self._manifests: dict[str, dict[str, list[Manifest]]] = defaultdict(dict)
        self._foreign: dict[str, list[str]] = defaultdict(list)
        self._newest: dict[tuple[str, str], Manifest | None] = {}
        self.generations.update(DATASETS)

    def refresh(self, dataset: str = "", prefix: str = "") -> None:
        """List again every dataset, or partitions that begin with `prefix`."""
        if self._process != os.getpid() or not dataset:
            self._forget()
        listed, logs = log_prefix(dataset, prefix), self._manifests[dataset]
        for partition in [name for name in logs if name.startswith(prefix)]:
            del logs[partition]
        for folder in [folder for folder in self._foreign if folder.startswith(listed)]:
            del self._foreign[folder]
        for stat in self.storage.list(listed):
            if manifest := parse_manifest(stat.key):
                log = self._manifests[manifest.dataset].setdefault(manifest.partition, [])
                log.append(manifest)
            else:
                self._foreign[stat.key.rpartition("/")[0]].append(stat.key)
        self._listed_prefixes.add(listed)
        self._newest = {}
        self.generations.update([dataset] if dataset else DATASETS)

    def snapshot(self) -> Snapshot:
        """The listings of this process, for a process that starts from them."""
        self.ensure_listed("")
        bodies = {key: body for key, body in self._bodies.items() if key.startswith(_BODIES)}
        return {**self._manifests}, dict(self._foreign), set(self._listed_prefixes), bodies

    def load_snapshot(self, snapshot: Snapshot) -> None:
        """Start from what another process has listed."""
        self._forget()
        manifests, foreign, self._listed_prefixes, bodies = snapshot
        self._bodies.update(bodies)
        self._manifests.update(manifests)
        self._foreign.update(foreign)

    def ensure_listed(self, dataset: str, partition: str = "") -> None:
        """List `partition` of `dataset` unless the snapshot has it.

        The first process, which plans, lists the whole log, as datasets share its pages; a child,
        which builds one partition, lists that dataset only.
        """
        self.drop_stale_listing()
        prefix = log_prefix(dataset, partition)
        if not any(prefix.startswith(listed) for listed in self._listed_prefixes):
            self.refresh(dataset if os.getpid() != self._first_process else "")

    def drop_stale_listing(self) -> None:
        """Drop what was listed before a fork, or before a child has published."""
        is_first = os.getpid() == self._first_process
        if self._process != os.getpid() or (is_first and not self._publish_signal.is_current()):
            self._forget()
            self.listing += 1  # raw receipts are then listed again, too

    def has_manifests(self) -> bool:
        """Whether anything was ever published."""
        self.ensure_listed("")
        return any(self._manifests.values())

    def digest(self) -> str:
        """A digest that changes when a manifest is added, except those of `Nightly`."""
        self.ensure_listed("")
        logs = (self._manifests[dataset] for dataset in DATASETS if dataset != NIGHTLY)
        manifests = (log[partition] for log in logs for partition in sorted(log))
        return digest_of(*(manifest.key for listed in manifests for manifest in listed))

    def partitions(self, dataset: str) -> list[str]:
        self.ensure_listed(dataset)
        return sorted(self._manifests[dataset])

    def manifests_of(self, dataset: str, partition: str) -> list[Manifest]:
        """Every manifest of the partition in the order of their numbers, as listed."""
        self.ensure_listed(dataset, check_partition(dataset, partition))
        return list(self._manifests[dataset].get(partition, ()))

    def newest(self, dataset: str, partition: str) -> Manifest | None:
        """The newest manifest; of an invalid log, the highest with a commit record."""
        self.drop_stale_listing()
        newest, name = self._newest, (dataset, partition)  # another thread may replace the dict
        if name not in newest:
            manifests = self.manifests_of(dataset, partition)
            is_newest = self._is_committed if _gaps(manifests) else None
            newest[name] = next(filter(is_newest, reversed(manifests)), None)
        return newest[name]

    def _is_committed(self, manifest: Manifest) -> bool:
        commit = commit_key(manifest.dataset, manifest.partition, manifest.number)
        try:
            return self._parse(self.storage.get(commit), commit)[0] == manifest
        except Corrupt:
            return False

    def published(self, dataset: str, partition: str) -> Manifest:
        """The newest manifest. Raises Corrupt without one, or where it is invalidated."""
        newest = self.newest(dataset, partition)
        if newest is None:
            problem = f"nothing is published as {dataset} {partition}; build it first"
        elif newest.fingerprint == INVALIDATED:
            why = self.read(newest)["metadata"].get("why")
            problem = f"{dataset} {partition} was invalidated ({why}); build it again"
        else:
            return newest
        raise Corrupt(problem, dataset, partition)

    def check_manifests(self, dataset: str, partition: str) -> None:
        """Raise Corrupt, naming the key, where the log is invalid."""
        manifests = self.manifests_of(dataset, partition)
        folder = log_prefix(dataset, partition)
        uri = self.storage.uri(folder)
        for foreign in self._foreign.get(folder, ()):
            raise Corrupt(
                f"{self.storage.uri(foreign)} is not a manifest of the lake; move it away, nothing"
                " is published next to it"
            )
        for gap in _gaps(manifests):
            commit = commit_key(dataset, partition, gap)
            keys = [manifest.key for manifest in manifests if manifest.number == gap]
            if keys:
                raise Corrupt(
                    f"{uri}: number {gap} was taken twice, by {' and '.join(keys)}; move away the"
                    f" one that differs from {commit}"
                )
            raise Corrupt(
                f"{uri}: manifest {gap:06d} is missing below {manifests[-1].number:06d}; restore it"
                f" (its bytes are in {commit}), or move away the unknown one above it"
            )

    def add_published(self, manifest: Manifest, body: Body) -> bool:
        """Add what another process has published; False if a number before it is missing."""
        numbers = [each.number for each in self.manifests_of(manifest.dataset, manifest.partition)]
        follows = manifest.number == max(numbers, default=0) + 1
        if follows:
            self._add(manifest, body)
        return follows

    def _add(self, manifest: Manifest, body: Body) -> None:
        log = self._manifests[manifest.dataset].setdefault(manifest.partition, [])
        if manifest not in log:
            log.append(manifest)
            self._newest = {}
            self.generations[manifest.dataset] += 1
        self._cache(manifest, body)

    def pending(self, dataset: str, partition: str) -> list[Body]:
        """Body of the commit record after the newest manifest; empty if there is none."""
        numbers = [manifest.number for manifest in self.manifests_of(dataset, partition)]
        commit = commit_key(dataset, partition, max(numbers, default=0) + 1)
        if self.storage.head(commit) is None:
            return []
        return [self._parse(self.storage.get(commit), commit)[1]]

    def has_read(self, manifest: Manifest) -> bool:
        """Whether `read` returns the body of `manifest` without a request."""
        return manifest.key in self._bodies

    def read(self, manifest: Manifest) -> Body:
        """The body of `manifest`, checked against its key. Raises Corrupt."""
        body = self._bodies.get(manifest.key)
        if body is None:
            with naming_partition(manifest.dataset, manifest.partition):
                parse = partial(self._parse_as, manifest)
                body = self.storage.get_parsed(manifest.key, parse)
            self._cache(manifest, body)
        return body

    def _cache(self, manifest: Manifest, body: Body) -> None:
        with self._caching:
            while len(self._bodies) >= _CACHED_BODIES:
                del self._bodies[next(iter(self._bodies))]
            self._bodies[manifest.key] = body

    def _parse_as(self, manifest: Manifest, text: bytes) -> Body:
        content, body = self._parse(text, manifest.key)
        if content != manifest:
            raise Corrupt(
                f"{self.storage.uri(manifest.key)}: content and name differ; restore it from its"
                " commit record"
            )
        return body

    def _parse(self, text: bytes, key: str) -> tuple[Manifest, Body]:
        try:
            body = json.loads(text)
            names = ("dataset", "partition", "number", "fingerprint", "digest")
            return manifest_of(*(body[name] for name in names)), body
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            raise Corrupt(
                f"{self.storage.uri(key)} is not a manifest ({error}); restore it, or move it away"
                " if it does not belong there"
            ) from error


def _gaps(manifests: list[Manifest]) -> list[int]:
    """The numbers that do not occur exactly once."""
    numbers = [manifest.number for manifest in manifests]
    if numbers == list(range(1, len(numbers) + 1)):
        return []
    return [number for number in range(1, max(numbers) + 1) if numbers.count(number) != 1]


@contextmanager
def naming_partition(dataset: str, partition: str) -> Iterator[None]:
    """Add the partition to a Corrupt that names none."""
    try:
        yield
    except Corrupt as error:
        if not error.dataset:
            error.dataset, error.partition = dataset, partition
        raise
