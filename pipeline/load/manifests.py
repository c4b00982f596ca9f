"""The log of each partition: numbered manifests that are added and never changed.

The key of a manifest has number, fingerprint and digest, so one listing shows the state of every
partition. Two runs would give the same number different keys. So a run first writes a commit
record, whose key has only the number, with If-None-Match: this is the moment of publication. The
manifest is a copy of it. If a run is killed between the two, the next run writes the manifest.
After a lost response, a run that finds its own bytes in the commit record has won.

The snapshot is the result of the listings plus what this process has published; a child process
drops it. A log with a gap, a doubled number or an unknown key is invalid: nothing is published
into it (Corrupt, naming the key), and readers use the highest number with a commit record.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.errors import ConfigError, Conflict, Corrupt, PipelineError
from pipeline.load.commit_records import Body, CommitEntry, CommitRecord
from pipeline.load.layout import (
    DATASETS,
    SALES,
    SUMMARY,
    Manifest,
    check_partition,
    commit_key,
    commit_prefix,
    digest_of,
    log_prefix,
    manifest_of,
    parse_manifest,
)
from pipeline.load.siblings import Siblings
from pipeline.load.storage import Storage, Write

_CACHED_BODIES = 2048
Snapshot = tuple[
    dict[str, dict[str, list[Manifest]]], dict[str, list[str]], set[str], dict[str, Body]
]
"""Manifests by dataset and partition, unknown keys by folder, the prefixes listed; bodies."""
_BODIES = (log_prefix(SALES), log_prefix(SUMMARY))  # of months, which reports read


_SORTED = json.JSONEncoder(sort_keys=True)


def fingerprint_of(
    version: int | str, settings: Mapping[str, object], inputs: Iterable[tuple[str, str]]
) -> str:
    """Return 16 hex digits for version, settings and (name, digest) of inputs."""
    text = {key: str(value) for key, value in settings.items()}
    return digest_of(_SORTED.encode([str(version), text, sorted(map(list, inputs))]))


class ManifestLog:
    """The manifests of every partition in `storage`."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.generations: Counter[str] = Counter()
        self._bodies: dict[str, Body] = {}
        self._caching = threading.Lock()
        self._first_process = os.getpid()
        self._siblings = Siblings()
        self.listing = 0
        self._forget()

    def _forget(self) -> None:
        self._siblings.catch_up()
        self._process = os.getpid()
        self._covered: set[str] = set()
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
        self._covered.add(listed)
        self._newest = {}
        self.generations.update([dataset] if dataset else DATASETS)

    def snapshot(self) -> Snapshot:
        """What this process has listed, for a process that starts from it."""
        self.cover("")
        bodies = {key: body for key, body in self._bodies.items() if key.startswith(_BODIES)}
        return {**self._manifests}, dict(self._foreign), set(self._covered), bodies

    def take_over(self, snapshot: Snapshot) -> None:
        """Start from what another process has listed."""
        self._forget()
        manifests, foreign, self._covered, bodies = snapshot
        self._bodies.update(bodies)
        self._manifests.update(manifests)
        self._foreign.update(foreign)

    def cover(self, dataset: str, partition: str = "") -> None:
        """List `partition` of `dataset` unless the snapshot has it.

        The first process, which plans, lists the whole log, as datasets share its pages; a child,
        which builds one partition, lists that dataset only.
        """
        self.catch_up()
        prefix = log_prefix(dataset, partition)
        if not any(prefix.startswith(covered) for covered in self._covered):
            self.refresh(dataset if os.getpid() != self._first_process else "")

    def catch_up(self) -> None:
        """Drop what was listed before a fork, or before a child has published."""
        is_first = os.getpid() == self._first_process
        if self._process != os.getpid() or (is_first and not self._siblings.is_current()):
            self._forget()
            self.listing += 1  # the raw zone then lists again, too

    def is_begun(self) -> bool:
        """Whether anything was ever published."""
        self.cover("")
        return any(self._manifests.values())

    def manifest_keys(self) -> list[str]:
        """The key of every manifest, sorted by dataset, partition and number."""
        self.cover("")
        return [
            manifest.key
            for dataset in DATASETS
            for _, manifests in sorted(self._manifests[dataset].items())
            for manifest in manifests
        ]

    def partitions(self, dataset: str) -> list[str]:
        self.cover(dataset)
        return sorted(self._manifests[dataset])

    def history(self, dataset: str, partition: str) -> list[Manifest]:
        """Every manifest of the partition in the order of their numbers, as listed."""
        self.cover(dataset, check_partition(dataset, partition))
        return list(self._manifests[dataset].get(partition, ()))

    def newest(self, dataset: str, partition: str) -> Manifest | None:
        """The newest manifest; of an invalid log, the highest with a commit record."""
        self.catch_up()
        newest, name = self._newest, (dataset, partition)  # another thread may replace the dict
        if name not in newest:
            manifests = self.history(dataset, partition)
            is_newest = self._is_committed if _gaps(manifests) else None
            newest[name] = next(filter(is_newest, reversed(manifests)), None)
        return newest[name]

    def check_sound(self, dataset: str, partition: str) -> None:
        """Raise Corrupt, naming the key, where the log is invalid."""
        manifests = self.history(dataset, partition)
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

    def _is_committed(self, manifest: Manifest) -> bool:
        key = commit_key(manifest.dataset, manifest.partition, manifest.number)
        try:
            return self._describes(self.storage.get(key), key, manifest)
        except Corrupt:
            return False

    def _describes(self, text: bytes, key: str, manifest: Manifest) -> bool:
        """Whether `text`, read from `key`, is the JSON of `manifest`."""
        try:
            return self._parse(text, key)[0] == manifest
        except Corrupt:
            return False

    def append(
        self,
        dataset: str,
        partition: str,
        expected_manifest: Manifest | None,
        fingerprint: str,
        digest: str,
        body: Mapping[str, Any],
    ) -> Manifest:
        """Publish `body` (run, files, metadata) as the manifest after `expected_manifest`.

        Succeeds also where another run has published the same fingerprint and digest under that
        number and it is still the newest. Raises Conflict if other content took the number.
        """
        (result,) = self.append_all(
            [CommitEntry(dataset, partition, expected_manifest, fingerprint, digest, body)]
        )
        self.storage.sync()
        if isinstance(result, PipelineError):
            raise result
        return result

    def append_all(self, entries: Sequence[CommitEntry]) -> list[Manifest | PipelineError]:
        """Append each entry as `append` does; its manifest, or the error that it met.

        Every commit record is written before the first manifest.
        """
        for entry in entries:
            self.cover(entry.dataset, entry.partition)
        commits = [self._prepare(entry) for entry in entries]
        sent = [commit for commit in commits if commit.error is None]
        writes = [Write(commit.key, commit.text, if_absent=True) for commit in sent]
        for commit, outcome in zip(sent, self.storage.put_all(writes), strict=True):
            commit.is_own = not isinstance(outcome, Conflict)
            if not commit.is_own:
                commit.attempt(self._read_commit)
        self._copy_commits(sent)
        self._siblings.announce()
        for commit in sent:
            commit.attempt(self._settle)
        return [commit.error or _manifest(commit) for commit in commits]

    def _prepare(self, entry: CommitEntry) -> CommitRecord:
        try:
            self.check_sound(entry.dataset, entry.partition)
            return CommitRecord.from_entry(entry)
        except PipelineError as error:
            return CommitRecord("", error=error)

    def _read_commit(self, commit: CommitRecord) -> None:
        """Take over the commit record of another run."""
        commit.text = self.storage.get(commit.key)
        commit.taken, commit.body = self._parse(commit.text, commit.key)

    def _copy_commits(self, commits: Sequence[CommitRecord]) -> None:
        """Publish the manifest of each commit record, also of killed runs."""
        for commit in commits:
            commit.attempt(self._check_commit)
        sound = [commit for commit in commits if commit.error is None]
        writes = [Write(_manifest(commit).key, commit.text, if_absent=True) for commit in sound]
        for commit, outcome in zip(sound, self.storage.put_all(writes), strict=True):
            if isinstance(outcome, Conflict):
                commit.attempt(self._check_copy)

    def _check_commit(self, commit: CommitRecord) -> None:
        taken = _manifest(commit)
        if commit_key(taken.dataset, taken.partition, taken.number) != commit.key:
            raise Corrupt(
                f"{self.storage.uri(commit.key)} is the commit record of {taken.key}; move it"
                " away, nothing is published next to it"
            )

    def _check_copy(self, commit: CommitRecord) -> None:
        key, text = _manifest(commit).key, commit.text
        if self.storage.get_sound(key, lambda stored: stored == text) != text:
            raise Corrupt(
                f"{self.storage.uri(key)} differs from its commit record {commit.key}; move"
                " it away and run again"
            )

    def _settle(self, commit: CommitRecord) -> None:
        """Note what was published. Raises Conflict if other content has the number."""
        taken = _manifest(commit)
        dataset, partition = taken.dataset, taken.partition
        if not commit.is_own:
            self.refresh(dataset, partition)
        is_newest = commit.is_own or self.newest(dataset, partition) == taken
        if taken != commit.own or not is_newest:
            raise Conflict(
                f"{dataset} {partition}: another run has published number {taken.number} or a"
                " later one with other content; start again from the newest manifest"
            )
        self._add(taken, commit.body)

    def note(self, manifest: Manifest, body: Body) -> bool:
        """Know what another process has published; False if a number is between."""
        numbers = [each.number for each in self.history(manifest.dataset, manifest.partition)]
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

    def complete_commits(self, dataset: str) -> None:
        """Publish the manifests of commit records that killed runs left without one."""
        self.cover(dataset)
        folder, behind = commit_prefix(dataset), list[CommitRecord]()
        for stat in self.storage.list(folder):
            partition, _, name = stat.key.removeprefix(folder).partition("/")
            log = self._manifests[dataset].get(partition)
            if name == f"{log[-1].number + 1 if log else 1:06d}.json":
                behind.append(CommitRecord(stat.key))
        for commit in behind:
            self._read_commit(commit)
        self._copy_commits(behind)
        self.storage.sync()
        for commit in behind:
            if commit.error:
                raise commit.error
        if behind:
            self.refresh(dataset)

    def pending(self, dataset: str, partition: str) -> list[Body]:
        """Body of the commit record after the newest manifest; empty if there is none."""
        numbers = [manifest.number for manifest in self.history(dataset, partition)]
        commit = commit_key(dataset, partition, max(numbers, default=0) + 1)
        if self.storage.head(commit) is None:
            return []
        return [self._parse(self.storage.get(commit), commit)[1]]

    def has_read(self, manifest: Manifest) -> bool:
        """Whether `read` returns the body of `manifest` without a request."""
        return manifest.key in self._bodies

    def read(self, manifest: Manifest) -> Body:
        """The body of `manifest`, checked against its key. Raises Corrupt."""
        cached = self._bodies.get(manifest.key)
        if cached is None:
            text = self.storage.get_sound(
                manifest.key, lambda text: self._describes(text, manifest.key, manifest)
            )
            content, cached = self._parse(text, manifest.key)
            if content != manifest:
                raise Corrupt(
                    f"{self.storage.uri(manifest.key)}: content and name differ; restore it from"
                    " its commit record"
                )
            self._cache(manifest, cached)
        return cached

    def _cache(self, manifest: Manifest, body: Body) -> None:
        with self._caching:
            while len(self._bodies) >= _CACHED_BODIES:
                del self._bodies[next(iter(self._bodies))]
            self._bodies[manifest.key] = body

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


def _manifest(commit: CommitRecord) -> Manifest:
    """What the commit record holds, once it was read."""
    if commit.taken is None:
        raise Corrupt(f"{commit.key} was not read")
    return commit.taken
