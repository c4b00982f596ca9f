"""The lake: what a run reads from it and publishes into it.

One listing shows the newest manifest of every partition (manifests.py), one more the raw objects
(raw.py). Both are read on first use and cached; `generation` grows whenever they change. A reader
of a partition gets the bytes that its newest manifest names, or Corrupt; a publisher starts from an
expected manifest and gets Conflict when it is no longer the newest (publish.py). Nothing is deleted
and nothing depends on the clock. A Lake may be shared with children after a fork.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from pipeline.errors import Conflict, Corrupt, PipelineError
from pipeline.load import publish, raw, summary_digests
from pipeline.load.archive import unpack
from pipeline.load.commit_records import Body
from pipeline.load.commits import Commits, metadata_of
from pipeline.load.layout import (
    INVALIDATED,
    NIGHTLY,
    ONLY_FILE,
    RECEIPTS,
    SUMMARY,
    Manifest,
    RawObject,
    digest_of,
    file_key,
    log_prefix,
    state_key,
)
from pipeline.load.manifests import ManifestLog
from pipeline.load.month_packs import MonthPacks
from pipeline.load.publish import NOTHING, Content, digest_files
from pipeline.load.raw_objects import Content as RawContent
from pipeline.load.raw_objects import Packed, pack_window
from pipeline.load.recent_bytes import RecentBytes
from pipeline.load.storage import Stat, Storage, check_key

_SHARED = 4 << 20  # bytes of recently used content that a process of a pool starts from


class Lake:
    """The partitions in `storage`.

    `run` names this run in what it publishes. `max_retry_wait` is for how many seconds readers and
    publishers wait for another run that is just publishing a partition. `memory` is how many bytes
    of recently used content are cached.
    """

    def __init__(
        self, storage: Storage, run: str = "", *, max_retry_wait: float = 2.0, memory: int = 0
    ) -> None:
        self.storage, self.run, self.max_retry_wait = storage, run, max_retry_wait
        self._recent = RecentBytes(memory)
        self._log = ManifestLog(storage)
        self._raw = raw.RawZone(self._log, self._recent)
        self._packs = MonthPacks()
        self._pages: dict[str, bytes] = {}
        self._states: dict[str, bytes] = {}
        self._owners: dict[str, tuple[Stat, ...]] = {}

    @property
    def generation(self) -> int:
        """Number that grows whenever the known state of the lake changes."""
        return self._log.generations.total() + self._raw.generation

    def generation_of(self, datasets: Iterable[str]) -> tuple[int, ...]:
        """Numbers that change whenever the known state of one of the datasets changes."""
        self._log.catch_up()
        return tuple(
            self._log.generations[dataset] + self._raw.generation * (dataset == RECEIPTS)
            for dataset in datasets
        )

    def preflight(self, *, always: bool = False) -> None:
        """Prove bucket, rights and conditional writes, unless the lake has content."""
        if always or not self.is_begun():
            self.storage.preflight()

    def is_begun(self) -> bool:
        """Whether anything was ever published in it."""
        return self._log.is_begun()

    def refresh(self, dataset: str = "", prefix: str = "") -> None:
        """List manifests again: all, a dataset's, or those of some partitions."""
        self._log.refresh(dataset, prefix)

    def note(self, published: Sequence[tuple[Manifest, Body] | None]) -> bool:
        """Know what other processes published; False if that needs a listing."""
        return all(each is not None and self._log.note(*each) for each in published)

    def refresh_raw(self) -> None:
        """List raw objects again."""
        self._raw.refresh()

    def snapshot(self) -> bytes:
        """What this process has listed, read and written, for another one's `take_over`."""
        self.read_state(summary_digests.FILE)
        recent = self._recent.latest(_SHARED)
        listed = self._log.snapshot(), self._raw.snapshot(), self._owners
        return pickle.dumps((*listed, self._states, self._packs, recent))

    def take_over(self, snapshot: bytes) -> None:
        """Start from what the process that started this one has seen."""
        log, raw_objects, self._owners, self._states, self._packs, recent = pickle.loads(snapshot)
        self._log.take_over(log)
        self._raw.take_over(raw_objects)
        for name, data in recent.items():
            self._recent.keep(name, data)

    def newest(self, dataset: str, partition: str) -> Manifest | None:
        """The newest manifest, also one with fingerprint INVALIDATED; None without one."""
        return self._log.newest(dataset, partition)

    def partitions(self, dataset: str) -> list[str]:
        """Every partition that has a manifest, sorted."""
        return self._log.partitions(dataset)

    def log_digest(self) -> str:
        """A digest that changes when a manifest is added, except those of `Nightly`."""
        runs = log_prefix(NIGHTLY)
        return digest_of(*(key for key in self._log.manifest_keys() if not key.startswith(runs)))

    def history(self, dataset: str, partition: str) -> list[Manifest]:
        """All manifests of the partition, first to newest."""
        return self._log.history(dataset, partition)

    def check_sound(self, dataset: str, partition: str) -> None:
        """Raise Corrupt if the log has a gap, a number twice or an unknown manifest."""
        with _naming_partition(dataset, partition):
            self._log.check_sound(dataset, partition)

    def body(self, manifest: Manifest) -> Body:
        """The JSON of the manifest: run, previous, files, metadata."""
        with _naming_partition(manifest.dataset, manifest.partition):
            return self._log.read(manifest)

    def pending(self, dataset: str, partition: str) -> list[Body]:
        """The body of a commit record without manifest (of a killed run); else empty."""
        with _naming_partition(dataset, partition):
            return self._log.pending(dataset, partition)

    def metadata(
        self, dataset: str, partition: str, manifest: Manifest | None = None
    ) -> dict[str, Any]:
        """The metadata of the partition. Raises Corrupt if nothing is published."""
        body = self.body(manifest or self._published(dataset, partition))
        metadata: dict[str, Any] = body["metadata"]
        return metadata

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
        """Make `files` the newest content of the partition.

        Raises Conflict when another run has published other content since `expected_manifest`;
        then start again from the newest manifest.
        """
        content = Content(dataset, partition, fingerprint, files, metadata, expected_manifest)
        return self.publish_content(content)

    def publish_content(self, content: Content) -> Manifest:
        """Publish one partition. Raises Conflict, as `publish` does."""
        (result,) = self.publish_all([content])
        if isinstance(result, PipelineError):
            raise result
        return result

    def publish_all(self, contents: Sequence[Content]) -> list[Manifest | PipelineError]:
        """Publish partitions together; the manifest of each, or the error that it met.

        Cheaper than one by one: a folder is synced a few times for all of them.
        """
        results = publish.publish_all(self._log, self.run, contents, self.max_retry_wait)
        for content, result in zip(contents, results, strict=True):
            if isinstance(result, Corrupt) and not result.dataset:
                result.dataset, result.partition = content.dataset, content.partition
            if isinstance(result, Manifest):
                is_alone = content.dataset in ONLY_FILE
                for name, entry in self._log.read(result)["files"].items():
                    self._recent.keep(
                        result.key if is_alone else entry["sha256"], content.files[name]
                    )
        return results

    def invalidate(self, dataset: str, partition: str, why: str) -> Manifest | None:
        """Invalidate the partition, so that the next run builds it again.

        Does nothing where another run has published in the meantime; returns the newest manifest.
        """
        with _naming_partition(dataset, partition):
            try:
                return publish.invalidate(self._log, self.run, dataset, partition, why)
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
        files again, without the cache and the archive. Raises Corrupt, naming the object, where it
        is missing or is not what the newest manifest says, also after waiting for a run that may be
        publishing it.
        """
        looks = 0
        while True:
            current = manifest or self._published(dataset, partition)
            try:
                with _naming_partition(dataset, partition):
                    return self._fetch(current, files, afresh)
            except Corrupt:
                if manifest or looks == len(publish.PAUSES):
                    raise
                self.refresh(dataset, partition)
                if self.newest(dataset, partition) == current:
                    if not self.max_retry_wait:
                        raise
                    time.sleep(self.max_retry_wait * publish.PAUSES[looks])
                looks += 1

    def gather(self, dataset: str, partitions: Sequence[str]) -> None:
        """Have a small file of many months at hand, with few requests (month_packs.py)."""
        self._packs.gather(self, dataset, partitions)

    def _published(self, dataset: str, partition: str) -> Manifest:
        newest = self.newest(dataset, partition)
        if newest is None:
            problem = f"nothing is published as {dataset} {partition}; build it first"
        elif newest.fingerprint == INVALIDATED:
            why = self.metadata(dataset, partition, newest).get("why")
            problem = f"{dataset} {partition} was invalidated ({why}); build it again"
        else:
            return newest
        raise Corrupt(problem, dataset, partition)

    def _fetch(self, manifest: Manifest, files: list[str] | None, afresh: bool) -> dict[str, bytes]:
        alone = None if afresh else self._fetch_alone(manifest, files)
        if alone is not None:
            return alone
        body = self._body_of_summary(manifest) or self.body(manifest)
        entries, kept = body["files"], body.get("archive", {}).get("kept", {})
        names = sorted(entries) if files is None else files
        if unknown := [name for name in names if name not in entries and name not in kept]:
            raise Corrupt(
                f"{self.storage.uri(manifest.key)} names no {', '.join(unknown)}: "
                f"build {manifest.dataset} {manifest.partition} again"
            )
        if "archive" not in body or afresh:
            return self._fetch_files(manifest, body, names, afresh)
        is_read = self._recent.find(body["archive"]["sha256"]) is not None
        is_there = set(names) <= set(entries) and manifest == self._latest_issued(manifest)
        if is_there and not is_read:
            with suppress(Corrupt):
                return self._fetch_files(manifest, body, names, afresh)
        return self._read_archive(body, names)

    def _latest_issued(self, version: Manifest) -> Manifest | None:
        """The version of a report that is under its stable keys."""
        history = self._log.history(version.dataset, version.partition)
        return next((m for m in reversed(history) if m.fingerprint != INVALIDATED), None)

    def _fetch_files(
        self, manifest: Manifest, body: Body, names: Sequence[str], afresh: bool
    ) -> dict[str, bytes]:
        """Files under their stable keys, each checked against its digest."""

        def fetch(name: str) -> tuple[str, bytes]:
            entry = body["files"][name]
            key, digest = entry["key"], entry["sha256"]
            cached = None if afresh else self._recent.find(digest)
            if cached is not None:
                return name, cached
            packed = None if afresh else self._packs.find(manifest, name)
            if packed is not None and sha256(packed).hexdigest() == digest:
                return name, packed
            data = self.storage.get_sound(key, lambda data: sha256(data).hexdigest() == digest)
            if sha256(data).hexdigest() != digest:
                raise Corrupt(
                    f"{self.storage.uri(key)} is not what manifest {manifest.number:06d} of"
                    f" {manifest.dataset} {manifest.partition} says: altered, or left"
                    " half-published by a killed run; build it again"
                )
            self._recent.keep(digest, data)
            return name, data

        return dict(self.storage.map(fetch, names))

    def _body_of_summary(self, manifest: Manifest) -> Body | None:
        """The files of a summary as an earlier run has noted them."""
        if manifest.dataset != SUMMARY or self._log.has_read(manifest):
            return None
        digests = summary_digests.parse_digests(self.read_state(summary_digests.FILE))
        return summary_digests.body_from(digests, manifest)

    def summary_digests(self) -> summary_digests.Digests:
        """The known digests of the newest summaries, for the next run's state/run.json."""
        noted = summary_digests.parse_digests(self.read_state(summary_digests.FILE))
        newest = filter(None, (self.newest(SUMMARY, name) for name in self.partitions(SUMMARY)))

        def read(manifest: Manifest) -> Body | None:
            return self._log.read(manifest) if self._log.has_read(manifest) else None

        return summary_digests.updated(noted, newest, read)

    def _fetch_alone(self, manifest: Manifest, files: list[str] | None) -> dict[str, bytes] | None:
        """The only file of a partition, checked by the name of its manifest alone.

        None where that is not enough: the manifest then says what the partition has.
        """
        name = ONLY_FILE.get(manifest.dataset, "")
        if not name or files not in (None, [name]):
            return None
        data = self._recent.find(manifest.key)
        if data is not None:
            return {name: data}
        if self._log.has_read(manifest):
            return None
        if files is None and manifest.digest == NOTHING:
            return {}
        try:
            data = self._packs.find(manifest, name) or self.storage.get(
                file_key(manifest.dataset, manifest.partition, name)
            )
        except Corrupt:
            return None
        if digest_files({name: sha256(data).hexdigest()}) != manifest.digest:
            return None
        self._recent.keep(manifest.key, data)
        return {name: data}

    def _read_archive(self, body: Body, names: list[str]) -> dict[str, bytes]:
        """Files of a version of a report, as it was issued."""
        key, digest = body["archive"]["key"], body["archive"]["sha256"]
        data = self._recent.find(digest)
        if data is None:
            data = self.storage.get_sound(key, lambda data: sha256(data).hexdigest() == digest)
            if sha256(data).hexdigest() != digest:
                raise Corrupt(f"{self.storage.uri(key)} was altered after it was written")
            self._recent.keep(digest, data)
        files = unpack(data, self.storage.uri(key))
        return {name: files[name] for name in names}

    def commit_window(
        self,
        window: str,
        contents: Mapping[date | None, RawContent],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str] = MappingProxyType({}),
    ) -> Manifest:
        """Commit one window, or rescan, of raw receipts: NDJSON by UTC date of sale.

        `times` are the UTC minutes of the first and last sale of each date (HHMM-HHMM). Raises
        Conflict where it is committed with other content.
        """
        return self._raw.commit(self.run, [pack_window(window, contents, times)], metadata)

    def windows(self) -> Mapping[str, Manifest]:
        """The committed windows of raw receipts in order, each with its manifest."""
        return self._raw.committed.windows

    def windows_and_rescans(self) -> Mapping[str, Manifest]:
        """The committed windows, then the rescans, each with its manifest."""
        return {**self._raw.committed.windows, **self._raw.committed.rescans}

    def window_metadata(self, window: str) -> dict[str, Any]:
        """The metadata of a window or rescan. Raises Corrupt if it is not committed."""
        manifest = self.windows().get(window) or self._published(RECEIPTS, window)
        return metadata_of(self.metadata(RECEIPTS, manifest.partition, manifest), window)

    def raw_manifest(self, entry: RawObject) -> Manifest | None:
        """The manifest that a raw object belongs to; None if it does not count."""
        return self._raw.committed.by_digest.get(entry.partition_digest)

    def complete_windows(self) -> None:
        """Publish the raw receipts that killed runs have committed."""
        self._log.complete_commits(RECEIPTS)

    def commits(self) -> Commits:
        """A queue of windows that are committed together."""
        return Commits(self._raw, self.run)

    def replace_windows(self, partition: str, windows: Sequence[Packed]) -> Manifest:
        """Commit other content for a committed partition, as an erasure does, in one step.

        Its objects stay and no longer count.
        """
        with _naming_partition(RECEIPTS, partition):
            return self._raw.replace(self.run, self._published(RECEIPTS, partition), windows)

    def raw_objects(self, first: date, last: date, partition: str | None = None) -> list[RawObject]:
        """Raw objects sold in [first, last] (UTC), and unreadable ones of `partition`."""
        return self._raw.objects(first, last, partition)

    def raw_before(self, day: date) -> list[RawObject]:
        """Committed raw objects sold before `day` (UTC date), and all of unreadable date."""
        return self._raw.before(day)

    def read_raw(self, entry: RawObject) -> bytes:
        """The NDJSON of one raw object, its digest checked."""
        with _naming_partition(RECEIPTS, entry.partition):
            return self._raw.read(entry)

    def read_raw_all(self, entries: Sequence[RawObject]) -> list[bytes]:
        """`read_raw` of each entry; an object with several of them is fetched once."""
        return list(self._raw.read_all(entries))

    def read_raw_blocks(self, entry: RawObject) -> Iterator[bytes]:
        """`read_raw` in blocks of complete lines, for an object that is large in memory."""
        with _naming_partition(RECEIPTS, entry.partition):
            yield from self._raw.read_blocks(entry)

    def files_of_owner(self, folder: str) -> tuple[Stat, ...]:
        """The objects of a folder that the owner fills, listed once a run."""
        if folder not in self._owners:
            self._owners[folder] = tuple(self.storage.list(folder))
        return self._owners[folder]

    def put_page(self, name: str, data: bytes) -> None:
        """Write a page derived from the log under reports/, unless it was just written."""
        key = check_key(f"reports/{name}")
        if self._pages.get(name) == data:
            return
        self.storage.put(key, data)
        self._pages[name] = data

    def put_state(self, name: str, data: bytes) -> None:
        """Write a derived file for people under state/; it can be lost without harm."""
        self.storage.put(state_key(name), data)
        self._states[name] = data

    def read_state(self, name: str) -> bytes:
        """A derived file under state/, as this process has read or written it last.

        Empty where there is none.
        """
        if name not in self._states:
            try:
                self._states[name] = self.storage.get(state_key(name))
            except Corrupt:
                self._states[name] = b""
        return self._states[name]


@contextmanager
def _naming_partition(dataset: str, partition: str) -> Iterator[None]:
    """Add the partition to a Corrupt that names none."""
    try:
        yield
    except Corrupt as error:
        if not error.dataset:
            error.dataset, error.partition = dataset, partition
        raise
