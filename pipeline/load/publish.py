"""Publish partitions: data under their stable keys, then one manifest for each.

1. Each file is PUT where the expected manifest left it (If-Match with its ETag; If-None-Match where
   there was none). Identical content is not sent again. A file that changed since then is replaced
   only if no run publishes for a while (a killed run left it); otherwise Conflict, and nothing is
   changed. So a run that was suspended for hours cannot overwrite newer content.
2. A commit record takes the number of the manifest (manifests.py). A run killed before that leaves
the newest
   manifest old, and the partition is built again; killed after it, the run has published.
3. A run that wrote data and then lost the number checks whether it has overwritten the winner's
   files. If so, it invalidates the partition, and the next run builds it again.

The files of a report are also archived, in one file named by number and digest, never overwritten.
Some of them are in the archive only (`kept`): the manifest then has their sha256 beside its own.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from pipeline.errors import Conflict, Corrupt, PipelineError
from pipeline.load.archive import pack, unpack
from pipeline.load.commit_records import Body, CommitEntry
from pipeline.load.layout import INVALIDATED, Manifest, archive_key, digest_of, file_key
from pipeline.load.manifests import ManifestLog
from pipeline.load.storage import Stat, Storage, Write

PAUSES = (0.05, 0.15, 0.3, 0.5)
"""Shares of `max_retry_wait` between looks at the log."""
_NO_CONTENT = "0" * 16
_ATTEMPTS = 4
_MANY = 2  # unchanged files of tables beside each other, which one listing answers for


def digest_files(digests: Mapping[str, str]) -> str:
    """Return the digest of a partition: 16 hex digits over its (file, sha256), sorted."""
    return digest_of(*(word for name in sorted(digests) for word in (name, digests[name])))


def digest_of_body(body: Body) -> str:
    """The digest of a partition from its manifest, files in the archive included."""
    digests = {name: entry["sha256"] for name, entry in body["files"].items()}
    return digest_files(digests | body.get("archive", {}).get("kept", {}))


NOTHING = digest_files({})
"""The digest of a partition without files."""


class Content(NamedTuple):
    """What is to become the newest content of a partition, after `expected_manifest`.

    `kept` are files that a report's archive alone has.
    """

    dataset: str
    partition: str
    fingerprint: str
    files: Mapping[str, bytes]
    metadata: Mapping[str, Any]
    expected_manifest: Manifest | None
    kept: Mapping[str, bytes] = MappingProxyType({})


def publish(log: ManifestLog, run: str, content: Content, max_retry_wait: float) -> Manifest:
    """Publish one partition. Raises Conflict if another run has published it."""
    (result,) = publish_all(log, run, [content], max_retry_wait)
    if isinstance(result, PipelineError):
        raise result
    return result


def publish_all(
    log: ManifestLog, run: str, contents: Sequence[Content], max_retry_wait: float
) -> list[Manifest | PipelineError]:
    """Publish partitions together; the manifest of each, or the error that it met.

    All data is written before the first commit record, and all of those before the first manifest.
    A run that has put data without its manifest is considered active for `max_retry_wait` seconds.
    An error is a Conflict where another run has published since the expected manifest.
    """
    items = [_Publication(log, content) for content in contents]
    for item in items:
        item.attempt(item.prepare)
    _archive(log.storage, [item for item in items if not item.error])
    # the first file alone: a run that loses it has changed none of the others
    for is_first in (True, False):
        _put_files(
            log.storage, [item for item in items if not item.error], max_retry_wait, is_first
        )
    stored = [item for item in items if not item.error]
    results = log.append_all([item.entry(run) for item in stored])
    log.storage.sync()
    for item, result in zip(stored, results, strict=True):
        item.result = result
    for item in items:
        if isinstance(item.outcome(), Conflict):
            item.invalidate_if_overwritten(run)
    return [item.outcome() for item in items]


def _archive(storage: Storage, items: Sequence[_Publication]) -> None:
    """Write the archive of each publication that has one."""
    archives = [(item, item.archive) for item in items if item.archive]
    outcomes = storage.put_all([write for _, write in archives])
    for (item, _), outcome in zip(archives, outcomes, strict=True):
        if isinstance(outcome, Conflict):
            item.attempt(item.check_archive)


def _put_files(
    storage: Storage, items: Sequence[_Publication], max_retry_wait: float, is_first: bool
) -> None:
    """Put the first file, or the others, of each publication where it is expected."""
    names = [(item, name) for item in items for name in item.names(is_first)]
    same = [(item, name) for item, name in names if item.is_same(name)]
    currents = _stats_of(storage, [item.entries[name]["key"] for item, name in same])
    for item, name in same:
        item.check_same(name, currents.get(item.entries[name]["key"]))
    changed = [(item, name) for item, name in names if not item.is_same(name)]
    outcomes = storage.put_all([item.write(name) for item, name in changed])
    for (item, name), sent in zip(changed, outcomes, strict=True):
        item.note(name, sent)
    for item in items:
        item.attempt(partial(item.replace_unexpected, max_retry_wait))


def _stats_of(storage: Storage, keys: Sequence[str]) -> dict[str, Stat]:
    """The objects that exist under `keys`.

    A listing for those that share a folder, and for many that share the first one.
    """
    shared, rest = _by_folder(keys, lambda key: key.rpartition("/")[0], 2)
    tables, alone = _by_folder(rest, lambda key: key.partition("/")[0], _MANY)
    listed = [stat for folder in shared + tables for stat in storage.list(f"{folder}/")]
    return {stat.key: stat for stat in (*listed, *storage.map(storage.head, alone)) if stat}


def _by_folder(
    keys: Sequence[str], folder_of: Callable[[str], str], least: int
) -> tuple[list[str], list[str]]:
    """The folders that have so many of the keys, and the keys in no such folder."""
    counts = Counter(map(folder_of, keys))
    folders = [folder for folder, count in counts.items() if count >= least]
    return folders, [key for key in keys if counts[folder_of(key)] < least]


def invalidate(log: ManifestLog, run: str, dataset: str, partition: str, why: str) -> Manifest:
    """Append a manifest without content, so that the partition is built again."""
    body = {"run": run, "files": {}, "metadata": {"why": why}}
    newest = log.newest(dataset, partition)
    return log.append(dataset, partition, newest, INVALIDATED, _NO_CONTENT, body)


class _Publication:
    """The files of one publication on their way to their stable keys.

    `entries` is what the manifest will say of each file; its ETag is added when it is stored.
    `archive` is the write of the file that keeps a version of a report.
    `error` is why it was given up, `result` the result in the log.
    """

    def __init__(self, log: ManifestLog, content: Content) -> None:
        self._log, self._storage, self._content = log, log.storage, content
        self._dataset, self._partition = content.dataset, content.partition
        self._files, self._expected = content.files, content.expected_manifest
        self._all_files = {**content.files, **content.kept}
        self._previous: Mapping[str, Mapping[str, Any]] = {}
        self._sent: set[str] = set()
        self._unexpected: dict[str, Stat | None] = {}
        self._has_waited = False
        self.error: PipelineError | None = None
        self.result: Manifest | PipelineError | None = None
        self.entries: dict[str, dict[str, Any]] = {}
        digests = {name: sha256(data).hexdigest() for name, data in self._all_files.items()}
        self._kept = {name: digests[name] for name in content.kept}
        self.digest = digest_files(digests)
        number = self._expected.number + 1 if self._expected else 1
        for name, data in self._files.items():
            self.entries[name] = {
                "key": file_key(self._dataset, self._partition, name),
                "sha256": digests[name],
                "size": len(data),
            }
        key = archive_key(self._dataset, self._partition, number, self.digest)
        self.archive = Write(key, pack(self._all_files), if_absent=True) if key else None

    def attempt(self, step: Callable[[], None]) -> None:
        """Carry out `step`, unless an earlier one has failed; keep its error."""
        if self.error is None:
            try:
                step()
            except (Conflict, Corrupt) as error:
                self.error = error

    def outcome(self) -> Manifest | PipelineError:
        """The manifest in the log, or the error that the publication met."""
        outcome = self.error or self.result
        if outcome is None:
            raise Conflict(f"{self._dataset} {self._partition} was not published")
        return outcome

    def prepare(self) -> None:
        """Read what the expected manifest has left. Raises Corrupt for an invalid log."""
        self._log.check_sound(self._dataset, self._partition)
        self._previous = self._log.read(self._expected)["files"] if self._expected else {}

    def names(self, is_first: bool) -> list[str]:
        """The first file, or the others."""
        names = sorted(self._files)
        return names[:1] if is_first else names[1:]

    def entry(self, run: str) -> CommitEntry:
        """What goes into the log."""
        body = {
            "run": run,
            "files": self.entries,
            "metadata": dict(self._content.metadata),
            **self._archive_entry(),
        }
        fingerprint = self._content.fingerprint
        return CommitEntry(
            self._dataset, self._partition, self._expected, fingerprint, self.digest, body
        )

    def _archive_entry(self) -> dict[str, dict[str, object]]:
        if self.archive is None:
            return {}
        key, data = self.archive.key, self.archive.data
        entry = {"key": key, "sha256": sha256(data).hexdigest(), "size": len(data)}
        return {"archive": entry | ({"kept": self._kept} if self._kept else {})}

    def check_archive(self) -> None:
        """Take over what a killed run has archived of this version, compressed otherwise.

        Raises Corrupt where other files are under its name.
        """
        if self.archive is None:
            return
        key = self.archive.key
        uri = self._storage.uri(key)
        data = self._storage.get(key)
        if unpack(data, uri) != self._all_files:
            raise Corrupt(f"{uri} is not what its name says; move it away and run again")
        self.archive = Write(key, data, if_absent=True)

    def is_same(self, name: str) -> bool:
        """Whether the expected manifest has the file with the same content."""
        return bool(self._previous.get(name, {}).get("sha256") == self.entries[name]["sha256"])

    def check_same(self, name: str, current: Stat | None) -> None:
        """Note an unchanged file, if it is still there."""
        if current is None or not self._is_as_left(self._previous[name], current):
            self._unexpected[name] = current
        else:
            self.entries[name]["etag"] = current.etag

    def write(self, name: str) -> Write:
        """The write of a changed file over what the expected manifest has left."""
        previous = self._previous.get(name)
        return self._write(name, previous["etag"] if previous else None)

    def _write(self, name: str, etag: str | None) -> Write:
        return Write(self.entries[name]["key"], self._files[name], etag is None, etag)

    def note(self, name: str, outcome: str | Conflict) -> None:
        """Note that a file was put, or what the other run put."""
        if isinstance(outcome, str):
            self.entries[name]["etag"] = outcome
            self._sent.add(name)
            return
        current, previous = self._storage.head(self.entries[name]["key"]), self._previous.get(name)
        if previous and current and self._is_as_left(previous, current):
            (outcome,) = self._storage.put_all([self._write(name, current.etag)])
            if isinstance(outcome, str):
                self.note(name, outcome)
                return
        self._unexpected[name] = current

    def replace_unexpected(self, max_retry_wait: float) -> None:
        """Replace what killed runs left. Raises Conflict."""
        if not self._unexpected:
            return
        self._wait_for_other(0 if self._has_waited else max_retry_wait)
        self._has_waited = True
        for name, current in self._unexpected.items():
            write = self._write(name, current.etag if current else None)
            (outcome,) = self._storage.put_all([write])
            if isinstance(outcome, Conflict):
                raise outcome
            self.note(name, outcome)
        self._unexpected = {}

    def _is_as_left(self, previous: Mapping[str, Any], current: Stat) -> bool:
        """Whether the object is the expected one; a copied lake has it under another ETag."""
        if current.size != previous["size"]:
            return False
        if current.etag == previous["etag"]:
            return True
        return sha256(self._storage.get(current.key)).hexdigest() == str(previous["sha256"])

    def _wait_for_other(self, max_retry_wait: float) -> None:
        """Wait for another run in progress; Conflict if it publishes."""
        for share in PAUSES if max_retry_wait else (0.0,):
            time.sleep(max_retry_wait * share)
            self._log.refresh(self._dataset, self._partition)
            if self._log.newest(self._dataset, self._partition) != self._expected:
                raise Conflict(
                    f"{self._dataset} {self._partition}: another run has published in the meantime;"
                    " start again from the newest manifest"
                )

    def invalidate_if_overwritten(self, run: str) -> None:
        """Invalidate the winner's manifest where this run overwrote its data."""
        for _ in range(_ATTEMPTS):
            self._log.refresh(self._dataset, self._partition)
            newest = self._log.newest(self._dataset, self._partition)
            if newest is None or newest == self._expected or newest.fingerprint == INVALIDATED:
                return
            if not any(self._overwrites(self._log.read(newest)["files"])):
                return
            why = f"overwritten by run {run or 'unnamed'}, which lost number {newest.number}"
            try:
                invalidate(self._log, run, self._dataset, self._partition, why)
                return
            except Conflict:
                continue

    def _overwrites(self, files: Mapping[str, Mapping[str, Any]]) -> Iterator[bool]:
        """Per file sent: whether it replaced other content."""
        for name in sorted(self._sent):
            entry = self.entries[name]
            current = self._storage.head(entry["key"])
            yield (
                current is not None
                and current.etag == entry["etag"]
                and files.get(name, {}).get("sha256") != entry["sha256"]
            )
