"""The lake: what a run asks of it, and what it promises.

What stands in it is told by names: one listing shows the newest manifest of every partition
(editions.py), one more the raw objects (raw.py). Both are read on first use and kept; `generation`
grows whenever they change. Who reads a partition gets the bytes that its newest manifest names, or
Corrupt; who publishes starts from a basis and gets Conflict when it is no longer the newest
(publish.py). Nothing is deleted, and nothing depends on the clock. A Lake may be shared with
children after a fork.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from types import MappingProxyType
from typing import IO, Any

from pipeline.errors import Conflict, Corrupt
from pipeline.load import publish, raw
from pipeline.load.commits import Commits
from pipeline.load.layout import (
    RAW,
    RECEIPTS,
    UNKNOWN,
    VOID,
    Manifest,
    RawObject,
    file_key,
    state_key,
)
from pipeline.load.manifests import ManifestLog
from pipeline.load.recent_bytes import RecentBytes
from pipeline.load.storage import Storage, check_key


class Lake:
    """The partitions in `storage`. `run` names this run in what it publishes; `patience` is for how
    many seconds another run that is just publishing a partition is waited for, by readers and by
    those who would publish it too; of what was read or written lately, `memory` bytes are kept
    (recent.py).
    """

    def __init__(
        self, storage: Storage, run: str = "", *, max_retry_wait: float = 2.0, memory: int = 0
    ) -> None:
        self.storage, self.run, self.max_retry_wait = storage, run, max_retry_wait
        self._recent = RecentBytes(memory)
        self._log = ManifestLog(storage)
        self._raw = raw.RawZone(self._log)

    @property
    def generation(self) -> int:
        """Grows whenever what is known of the lake changes."""
        return self._log.generations.total() + self._raw.generation

    def generation_of(self, datasets: Iterable[str]) -> tuple[int, ...]:
        """Other numbers whenever what is known of one of these datasets has changed."""
        self._log.catch_up()
        return tuple(
            self._log.generations[dataset] + self._raw.generation * (dataset == RECEIPTS)
            for dataset in datasets
        )

    def preflight(self, *, always: bool = False) -> None:
        """Before the first object of a lake: prove bucket, rights and conditional writes. A lake
        that has manifests has passed.
        """
        self._log.cover("")
        if always or not self._log.is_begun():
            self.storage.preflight()

    def is_begun(self) -> bool:
        """Whether anything was ever published in it."""
        return self._log.is_begun()

    def refresh(self, dataset: str = "", prefix: str = "") -> None:
        """List the manifests again: of every dataset, of one, or of one's partitions that begin
        with `prefix`.
        """
        self._log.refresh(dataset, prefix)

    def refresh_raw(self, month: str = "") -> None:
        """List the raw objects again: all, or those sold in `month` (YYYY-MM, or "unknown")."""
        self._raw.refresh(month)

    def newest(self, dataset: str, partition: str) -> Manifest | None:
        """The manifest that decides about the partition; None where nothing was published. Edition
        "void": build it again.
        """
        return self._log.newest(dataset, partition)

    def partitions(self, dataset: str) -> list[str]:
        """Every partition that has a manifest, sorted."""
        return self._log.partitions(dataset)

    def history(self, dataset: str, partition: str) -> list[Manifest]:
        """All manifests of the partition, first to newest."""
        return self._log.history(dataset, partition)

    def check_sound(self, dataset: str, partition: str) -> None:
        """Raises Corrupt, naming the key, where the partition's log has a gap, a number twice or a
        foreign manifest.
        """
        with _naming_partition(dataset, partition):
            self._log.check_sound(dataset, partition)

    def body(self, manifest: Manifest) -> dict[str, Any]:
        """All that the manifest says: run, basis, members (key, sha256, size, etag), facts."""
        with _naming_partition(manifest.dataset, manifest.partition):
            return self._log.read(manifest)

    def pending(self, dataset: str, partition: str) -> list[dict[str, Any]]:
        """Body of a claim whose manifest a killed run did not write; empty where there is none."""
        with _naming_partition(dataset, partition):
            return self._log.pending(dataset, partition)

    def metadata(
        self, dataset: str, partition: str, manifest: Manifest | None = None
    ) -> dict[str, Any]:
        """What was said of the partition when it was published. Raises Corrupt where nothing was."""
        return self.body(manifest or self._published(dataset, partition))["metadata"]

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
        """Make `members` the newest content. Conflict when another run published other content
        since `basis`; then start again.
        """
        with _naming_partition(dataset, partition):
            made = publish.publish(
                self._log,
                self.run,
                dataset,
                partition,
                fingerprint,
                files,
                metadata,
                expected_manifest,
                self.max_retry_wait,
            )
            for file_name, said in self._log.read(made)["files"].items():
                self._recent.keep(said["sha256"], files[file_name])
            return made

    def invalidate(self, dataset: str, partition: str, why: str) -> Manifest:
        """Declare the partition broken, so that whoever comes next builds it again.

        Where another run has published meanwhile, nothing is declared: returns what is the newest
        now.
        """
        with _naming_partition(dataset, partition):
            try:
                return publish.invalidate(self._log, self.run, dataset, partition, why)
            except Conflict:
                self.refresh(dataset, partition)
                return self._log.newest(dataset, partition)

    def uri(self, dataset: str, partition: str, file_name: str) -> str:
        """Where a person or an engine finds the newest content of a member."""
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
        """The bytes of the partition's members (all, where none are named), each held to its
        digest.

        `manifest` asks for an earlier edition, which only reports keep; `afresh` for what stands in
        the storage now. Raises Corrupt, naming the object, where it is missing or is not what the
        newest manifest says, also after waiting for a run that may be publishing it.
        """
        looks = 0
        while True:
            asked = manifest or self._published(dataset, partition)
            try:
                with _naming_partition(dataset, partition):
                    return self._fetch(asked, files, afresh)
            except Corrupt:
                if manifest or looks == len(publish.PAUSES):
                    raise
                self.refresh(dataset, partition)
                if self.newest(dataset, partition) == asked:
                    if not self.max_retry_wait:
                        raise
                    time.sleep(self.max_retry_wait * publish.PAUSES[looks])
                looks += 1

    def _published(self, dataset: str, partition: str) -> Manifest:
        found = self.newest(dataset, partition)
        if found is None:
            raise Corrupt(
                f"nothing is published as {dataset} {partition}; build it first", dataset, partition
            )
        if found.fingerprint == VOID:
            why = self.metadata(dataset, partition, found).get("why")
            raise Corrupt(
                f"{dataset} {partition} was declared broken ({why}); build it again",
                dataset,
                partition,
            )
        return found

    def _fetch(self, manifest: Manifest, files: list[str] | None, afresh: bool) -> dict[str, bytes]:
        said = self.body(manifest)["files"]
        wanted = sorted(said) if files is None else files
        unknown = [file_name for file_name in wanted if file_name not in said]
        if unknown:
            raise Corrupt(
                f"{self.storage.uri(manifest.key)} names no {', '.join(unknown)}: "
                f"build {manifest.dataset} {manifest.partition} again"
            )

        def fetch(file_name: str) -> tuple[str, bytes]:
            key, digest = (
                said[file_name].get("archived", said[file_name]["key"]),
                said[file_name]["sha256"],
            )
            known = None if afresh else self._recent.find(digest)
            if known is not None:
                return file_name, known
            data = self.storage.get_sound(key, lambda data: sha256(data).hexdigest() == digest)
            if sha256(data).hexdigest() != digest:
                raise Corrupt(
                    f"{self.storage.uri(key)} is not what manifest {manifest.number:06d} of"
                    f" {manifest.dataset} {manifest.partition} says: altered, or left"
                    " half-published by a killed run; build it again"
                )
            self._recent.keep(digest, data)
            return file_name, data

        return dict(self.storage.map(fetch, wanted))

    def commit_window(
        self,
        batch: str,
        objects: Mapping[date | None, bytes | IO[bytes]],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str] = MappingProxyType({}),
    ) -> Manifest:
        """Commit one batch of raw receipts: NDJSON by UTC date of sale; `times`, where given, are
        the UTC minutes of each object's first and last sale (HHMM-HHMM). Conflict where the batch
        is committed with other content.
        """
        return self._raw.commit(self.run, batch, objects, metadata, times)

    def complete_windows(self) -> None:
        """Publish what killed runs have claimed of raw receipts, so that all of it is listed."""
        self._log.complete_claims(RECEIPTS)

    def commits(self) -> Commits:
        """A row of batches, each stored while the next ones are prepared and committed in their
        order.
        """
        return Commits(self._raw, self.run)

    def replace_window(
        self, batch: str, objects: Mapping[date | None, bytes], times: Mapping[date | None, str]
    ) -> Manifest:
        """Commit other content for a committed batch: what the erasure of a customer leaves of it.
        At no instant is the batch not whole. The objects that it had stay where they are, and count
        no more.
        """
        expected_manifest = self._published(RECEIPTS, batch)
        stored = self._raw.store(
            batch, expected_manifest.number + 1, objects, times, is_committed=False
        )
        files = {
            f"sold={one.sold or UNKNOWN}": {"key": one.key, "sha256": whole, "size": one.size}
            for one, whole in zip(stored.objects, stored.whole, strict=True)
        }
        with _naming_partition(RECEIPTS, batch):
            made = self._log.append(
                RECEIPTS,
                batch,
                expected_manifest,
                RAW,
                stored.digest,
                {
                    "run": self.run,
                    "previous": expected_manifest.number,
                    "files": files,
                    "metadata": self.metadata(RECEIPTS, batch, expected_manifest),
                },
            )
        self.refresh_raw()
        return made

    def raw_objects(self, first: date, last: date, batch: str | None = None) -> list[RawObject]:
        """Committed raw objects sold in [first, last] (UTC dates), and those of `batch` whose date
        of sale is unreadable.
        """
        return self._raw.objects(first, last, batch)

    def raw_before(self, day: date) -> list[RawObject]:
        """Committed raw objects sold before `day` (UTC date), and all of unreadable date."""
        return self._raw.before(day)

    def read_raw(self, found: RawObject) -> bytes:
        """The NDJSON of one raw object, its digest checked."""
        text = self._recent.find(found.key)
        if text is None:
            with _naming_partition(RECEIPTS, found.batch):
                text = self._raw.read(found)
            self._recent.keep(found.key, text)
        return text

    def put_page(self, name: str, data: bytes) -> None:
        """Write a page that is derived from the log under reports/, unless it stands there."""
        key = check_key(f"reports/{name}")
        found = self.storage.head(key)
        if found is None or found.size != len(data) or self.storage.get(key) != data:
            self.storage.put(key, data)

    def put_state(self, name: str, data: bytes) -> None:
        """Write a derived file for people under state/; losing or overwriting it costs nothing."""
        self.storage.put(state_key(name), data)


@contextmanager
def _naming_partition(dataset: str, partition: str) -> Iterator[None]:
    """Say of a Corrupt whose it is."""
    try:
        yield
    except Corrupt as error:
        if not error.dataset:
            error.dataset, error.partition = dataset, partition
        raise
