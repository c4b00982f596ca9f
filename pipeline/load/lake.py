"""The lake: what a run reads from it and publishes into it.

One listing shows the newest manifest of every partition (manifests.py), another the raw objects
(raw.py). Both are read on first use and cached; `generation_of` changes with them. `read` returns
the bytes that the newest manifest names, or raises Corrupt. `publish` starts from an expected
manifest, and raises Conflict if that is no longer the newest (publish.py). Nothing is deleted and
nothing depends on the clock. A Lake may be shared with child processes after a fork.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.errors import Conflict, Corrupt, PipelineError
from pipeline.load import publish, summary_digests
from pipeline.load.commit_queue import CommitQueue
from pipeline.load.commit_records import Body
from pipeline.load.contents import Contents
from pipeline.load.layout import INVALIDATED, RAW_RECEIPTS, Manifest, file_key, state_key
from pipeline.load.manifest_listing import naming_partition
from pipeline.load.manifests import ManifestLog
from pipeline.load.publication import PAUSES, Content
from pipeline.load.raw import RawData
from pipeline.load.recent_bytes import RecentBytes
from pipeline.load.storage import Stat, Storage, check_key

_SHARED = 4 << 20  # bytes of recently used content that a new process of a pool gets


def files_in(storage: Storage, folder: str) -> tuple[Stat, ...]:
    """The files of a folder ("backoffice/") itself, without hidden ones (.DS_Store)."""
    names = ((stat, stat.key.removeprefix(folder)) for stat in storage.list(folder))
    return tuple(stat for stat, name in names if "/" not in name and not name.startswith("."))


class Lake(RawData):
    """The partitions in `storage`, and the raw receipts (raw.py).

    `run` is the name of this run in its manifests. `publish_wait` is how many seconds to wait for
    another run that is publishing the same partition. `memory` is how many bytes of recently used
    content are cached.
    """

    def __init__(
        self, storage: Storage, run: str = "", *, publish_wait: float = 2.0, memory: int = 0
    ) -> None:
        super().__init__(ManifestLog(storage), RecentBytes(memory), run)
        self.publish_wait = publish_wait
        self._contents = Contents(self._log, self._recent, self.read_state)
        self._pages: dict[str, bytes] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._owners: dict[str, tuple[Stat, ...]] = {}

    def generation_of(self, datasets: Iterable[str]) -> tuple[int, ...]:
        """Counters that change with each change of the cached listings of the datasets."""
        self._log.drop_stale_listing()
        return tuple(
            self._log.generations[dataset] + self._raw_generation * (dataset == RAW_RECEIPTS)
            for dataset in datasets
        )

    def preflight(self) -> None:
        """Test bucket, permissions and conditional writes, unless the lake has content."""
        if not self.has_manifests():
            self.storage.preflight()

    def has_manifests(self) -> bool:
        """Whether anything was ever published in it."""
        return self._log.has_manifests()

    def refresh(self, dataset: str = "", prefix: str = "") -> None:
        """List manifests again: all, a dataset's, or those of some partitions."""
        self._log.refresh(dataset, prefix)

    def add_published(self, published: Sequence[tuple[Manifest, Body] | None]) -> bool:
        """Add what other processes have published; False if that needs a listing."""
        return all(each is not None and self._log.add_published(*each) for each in published)

    def snapshot(self) -> bytes:
        """What this process has listed, read and written, for `load_snapshot`."""
        self.read_state(summary_digests.FILE)
        recent = self._recent.latest(_SHARED)
        listed = self._log.snapshot(), self._objects, self._is_listed, self._owners
        return pickle.dumps((*listed, self._states, self._contents.packs, recent))

    def load_snapshot(self, snapshot: bytes) -> None:
        """Start from what the process that started this one has seen."""
        log, objects, is_listed, self._owners, self._states, packs, recent = pickle.loads(snapshot)
        self._log.load_snapshot(log)
        self._forget()
        self._objects, self._is_listed, self._contents.packs = objects, is_listed, packs
        for name, data in recent.items():
            self._recent.keep(name, data)

    def newest(self, dataset: str, partition: str) -> Manifest | None:
        """The newest manifest, also one with fingerprint INVALIDATED; None without one."""
        return self._log.newest(dataset, partition)

    def current(self, dataset: str, partition: str) -> Manifest | None:
        """The newest manifest; None without one, or if the partition was invalidated."""
        newest = self.newest(dataset, partition)
        return newest if newest and newest.fingerprint != INVALIDATED else None

    def partitions(self, dataset: str) -> list[str]:
        """Every partition that has a manifest, sorted."""
        return self._log.partitions(dataset)

    def log_digest(self) -> str:
        """A digest that changes when a manifest is added, except those of `Nightly`."""
        return self._log.digest()

    def manifests_of(self, dataset: str, partition: str) -> list[Manifest]:
        """All manifests of the partition, first to newest."""
        return self._log.manifests_of(dataset, partition)

    def check_manifests(self, dataset: str, partition: str) -> None:
        """Raise Corrupt if the log has a gap, a number twice or an unknown manifest."""
        with naming_partition(dataset, partition):
            self._log.check_manifests(dataset, partition)

    def body(self, manifest: Manifest) -> Body:
        """The JSON of the manifest: run, previous, files, metadata. Raises Corrupt."""
        return self._log.read(manifest)

    def pending(self, dataset: str, partition: str) -> list[Body]:
        """The body of the commit record that a killed run left without manifest, if any."""
        with naming_partition(dataset, partition):
            return self._log.pending(dataset, partition)

    def metadata(
        self, dataset: str, partition: str, manifest: Manifest | None = None
    ) -> dict[str, Any]:
        """The metadata of the partition. Raises Corrupt if nothing is published."""
        manifest = manifest or self._log.published(dataset, partition)
        return self._log.read(manifest)["metadata"]

    def publish(
        self,
        dataset: str,
        partition: str,
        fingerprint: str,
        files: Mapping[str, bytes],
        metadata: Mapping[str, Any],
        *,
        expected_manifest: Manifest | None,
    ) -> Manifest:
        """Make `files` the newest content. Raises Conflict if another run published since."""
        content = Content(dataset, partition, fingerprint, files, metadata, expected_manifest)
        return self.publish_content(content)

    def publish_content(self, content: Content) -> Manifest:
        """Publish one partition. Raises Conflict, as `publish` does."""
        (result,) = self.publish_all([content])
        if isinstance(result, PipelineError):
            raise result
        return result

    def publish_all(self, contents: Sequence[Content]) -> list[Manifest | PipelineError]:
        """Publish partitions together; the manifest of each, or the error that it met."""
        results = publish.publish_all(self._log, self.run, contents, self.publish_wait)
        for content, result in zip(contents, results, strict=True):
            if isinstance(result, Corrupt) and not result.dataset:
                result.dataset, result.partition = content.dataset, content.partition
            if isinstance(result, Manifest):
                self._contents.keep(result, content.files)
        return results

    def invalidate(self, dataset: str, partition: str, why: str) -> Manifest | None:
        """Invalidate the partition, so that the next run builds it again.

        Does nothing where another run has published in the meantime; returns the newest manifest.
        """
        with naming_partition(dataset, partition):
            try:
                return self._log.invalidate(self.run, dataset, partition, why)
            except Conflict:
                self.refresh(dataset, partition)
                return self._log.newest(dataset, partition)

    def uri(self, dataset: str, partition: str, file_name: str) -> str:
        """The address of the newest content of a file."""
        return self.storage.uri(file_key(dataset, partition, file_name))

    def read(
        self,
        dataset: str,
        partition: str,
        files: list[str] | None = None,
        *,
        manifest: Manifest | None = None,
        afresh: bool = False,
    ) -> dict[str, bytes]:
        """The bytes of files (all by default), each checked against its digest.

        `manifest` selects an earlier version, which only reports archive; `afresh` reads the newest
        files again, without the cache and the archive. Raises Corrupt, which names the object, if
        it is missing or differs from the newest manifest, even after a wait for a run that may be
        publishing it.
        """
        waits = 0
        while True:
            current = manifest or self._log.published(dataset, partition)
            try:
                with naming_partition(dataset, partition):
                    return self._contents.fetch(current, files, afresh)
            except Corrupt:
                if manifest or waits == len(PAUSES):
                    raise
                self.refresh(dataset, partition)
                if self.newest(dataset, partition) == current:
                    if not self.publish_wait:
                        raise
                    time.sleep(self.publish_wait * PAUSES[waits])
                waits += 1

    def prefetch(self, dataset: str, partitions: Sequence[str]) -> None:
        """Read a file of many months with few requests (month_packs.py), for later."""
        self._contents.packs.prefetch(self, dataset, partitions)

    def commit_queue(self) -> CommitQueue:
        """A queue of windows that are committed together."""
        return CommitQueue(self)

    def summary_digests(self) -> summary_digests.Digests:
        """The known digests of the newest summaries, for the next run's state/run.json."""
        return self._contents.summary_digests()

    def files_of_owner(self, folder: str) -> tuple[Stat, ...]:
        """The files in a folder that the owner fills, listed once a run."""
        if folder not in self._owners:
            self._owners[folder] = files_in(self.storage, folder)
        return self._owners[folder]

    def put_page(self, name: str, data: bytes) -> None:
        """Write a page derived from the log under reports/, unless it was just written."""
        key = check_key(f"reports/{name}")
        if self._pages.get(name) == data:
            return
        self.storage.put(key, data)
        self._pages[name] = data

    def put_state(self, name: str, data: bytes) -> None:
        """Write a derived JSON file under state/; it can be lost without harm."""
        self.storage.put(state_key(name), data)
        self._states[name] = _parse_state(data)

    def read_state(self, name: str) -> dict[str, Any]:
        """A file under state/ as this process last read or wrote it; {} if it is missing."""
        if name not in self._states:
            self._states[name] = _parse_state(self.storage.find(state_key(name)) or b"")
        return self._states[name]


def _parse_state(data: bytes) -> dict[str, Any]:
    try:
        state = json.loads(data)
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}
