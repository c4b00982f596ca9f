"""Raw receipts: verbatim records, committed by partition.

A partition is one window of `updated_at`, several consecutive ones that a run commits together, or
one rescan. The records of a window are zstd-compressed NDJSON by UTC date of sale (`pack_window`
says which dates are in one object). Objects are named by their window, the digest of their stored
bytes and that of the partition. They count only when the newest manifest of the partition has the
partition's digest. So what a killed run left is never read, two runs that fetch the same window
cannot mix, and a listing alone shows whether an object of a committed partition is missing
(Corrupt, naming it). A committed object is never rewritten: where `pos erase` or
`pos retain` remove values, the partition gets a new manifest with new objects (`replace_windows`).
"""

from __future__ import annotations

import os
from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from pipeline.errors import Conflict, Corrupt
from pipeline.load.commit_records import CommitEntry
from pipeline.load.layout import RAW_FINGERPRINT, RAW_RECEIPTS, Manifest, RawPartition
from pipeline.load.manifest_listing import naming_partition
from pipeline.load.manifests import ManifestLog
from pipeline.load.raw_keys import RawObject, objects_named, parse_raw
from pipeline.load.raw_objects import (
    Ndjson,
    Packed,
    StoredObjects,
    cut_frame,
    decompress,
    decompress_blocks,
    name_objects,
    pack_window,
    partition_digest,
)
from pipeline.load.raw_windows import Committed, join_names, metadata_of, read_committed
from pipeline.load.recent_bytes import RecentBytes


class RawData:
    """The raw receipts of a lake, from their listing and their log."""

    def __init__(self, log: ManifestLog, recent: RecentBytes, run: str) -> None:
        self.storage, self.run = log.storage, run
        self._log, self._recent = log, recent
        self._raw_generation = 0
        self._committed_at: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._process, self._listing = os.getpid(), self._log.listing
        self._objects: dict[str, RawObject] = {}
        self._is_listed = False
        self._index: dict[date | None, list[RawObject]] = {}
        self._incomplete: list[Manifest] = []
        self._indexed: tuple[int, int, int] | None = None
        self._raw_generation += 1

    def refresh_raw(self) -> None:
        """List raw objects again."""
        self._forget()
        for stat in self.storage.list(f"{RAW_RECEIPTS}/"):
            self._objects.update((entry.key, entry) for entry in parse_raw(stat))
        self._is_listed = True

    @property
    def _committed(self) -> Committed:
        self._log.ensure_listed(RAW_RECEIPTS)
        state = os.getpid(), self._log.generations[RAW_RECEIPTS]
        if self._committed_at != state:
            self._cached, self._committed_at = read_committed(self._log), state
        return self._cached

    def windows(self) -> Mapping[str, Manifest]:
        """The committed windows in order, each with the manifest that counts."""
        return self._committed.windows

    def windows_and_rescans(self) -> Mapping[str, Manifest]:
        """The committed windows, then the rescans, each with its manifest."""
        return {**self._committed.windows, **self._committed.rescans}

    def window_metadata(self, window: str) -> dict[str, Any]:
        """The metadata of a window or rescan. Raises Corrupt if it is not committed."""
        manifest = self.windows().get(window) or self._log.published(RAW_RECEIPTS, window)
        return metadata_of(self._log.read(manifest)["metadata"], window)

    def raw_manifest(self, entry: RawObject) -> Manifest | None:
        """The manifest that a raw object belongs to; None if it does not count."""
        return self._committed.by_digest.get(entry.partition_digest)

    def complete_raw_commits(self) -> None:
        """Write the manifests of commit records that killed runs left without one."""
        self._log.complete_commits(RAW_RECEIPTS)

    def commit_window(
        self,
        window: str,
        contents: Mapping[date | None, Ndjson],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str] = MappingProxyType({}),
    ) -> Manifest:
        """Commit one window, or rescan, of raw receipts: NDJSON by UTC date of sale.

        `times` are the UTC minutes of the first and last sale of each date (HHMM-HHMM). Raises
        Conflict where it is committed with other content.
        """
        return self.commit([pack_window(window, contents, times)], metadata)

    def commit(self, windows: Sequence[Packed], metadata: Mapping[str, Any]) -> Manifest:
        """Store the objects of consecutive windows, or of a rescan, then publish them."""
        partition = join_names([packed.window for packed in windows])
        newest = self._log.newest(RAW_RECEIPTS, partition)
        if newest and newest.fingerprint == RAW_FINGERPRINT:
            if newest.digest != name_objects(newest.number, windows).digest:
                raise Conflict(
                    f"raw partition {partition} is already committed with other content,"
                    " which stays"
                )
            return self._check_bounds(newest, metadata)
        if others := {packed.window for packed in windows} & set(self.windows()):
            raise Conflict(f"raw windows {', '.join(sorted(others))} are already committed")
        is_indexed = self._indexed == self._state()
        stored = self._store(newest.number + 1 if newest else 1, windows)
        manifest = self._append(partition, newest, stored, metadata)
        entries = objects_named(stored.files)
        self._objects.update((entry.key, entry) for entry in entries)
        self._raw_generation += 1
        # extend the index: building it again at each of a thousand windows takes longer than
        # fetching them
        if is_indexed:
            for entry in entries:
                insort(self._index.setdefault(entry.sold, []), entry)
            self._indexed = self._state()
        return self._check_bounds(manifest, metadata)

    def replace_windows(self, partition: str, windows: Sequence[Packed]) -> Manifest:
        """Commit other content for a committed partition; its objects no longer count."""
        with naming_partition(RAW_RECEIPTS, partition):
            newest = self._log.published(RAW_RECEIPTS, partition)
            metadata = self._log.read(newest)["metadata"]
            stored = self._store(newest.number + 1, windows)
            manifest = self._append(partition, newest, stored, metadata)
            self.refresh_raw()
            return manifest

    def _store(self, number: int, windows: Sequence[Packed]) -> StoredObjects:
        """Store the objects, many of them with one sync to disk."""
        stored = name_objects(number, windows)
        for write in stored.writes:
            self._recent.keep(write.key, write.data)  # its business day is soon built from it
        for write, outcome in zip(stored.writes, self.storage.put_all(stored.writes), strict=True):
            if isinstance(outcome, Conflict):
                self.storage.get_valid(
                    write.key,
                    sha256(write.data).hexdigest(),
                    "holds other bytes than its name says; move it away and run again",
                )
        return stored

    def _append(
        self,
        partition: str,
        newest: Manifest | None,
        stored: StoredObjects,
        metadata: Mapping[str, Any],
    ) -> Manifest:
        body = {"run": self.run, "files": stored.files, "metadata": dict(metadata)}
        entry = CommitEntry(RAW_RECEIPTS, partition, newest, RAW_FINGERPRINT, stored.digest, body)
        return self._log.append(entry)

    def _check_bounds(self, manifest: Manifest, metadata: Mapping[str, Any]) -> Manifest:
        """Return the manifest if its bounds are these; the next window needs them."""
        committed = self._log.read(manifest)["metadata"]
        if any(committed.get(name) != metadata.get(name) for name in ("start", "end", "windows")):
            raise Conflict(
                f"raw partition {manifest.partition} is already committed for"
                f" {committed.get('start')} to {committed.get('end')}, which stays"
            )
        return manifest

    def raw_objects(self, first: date, last: date, partition: str | None = None) -> list[RawObject]:
        """Objects sold in [first, last] (UTC dates), and unreadable ones of `partition`.

        They are in the order of their keys. Raises Corrupt, which names the object, if one is
        missing.
        """
        self._update_index()
        if self._incomplete:  # or committed since the listing was made
            self.refresh_raw()
            self._update_index()
        for manifest in self._incomplete:
            self._check_complete(manifest, first, last, partition)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        dated = [entry for day in days for entry in self._index.get(day, ())]
        return dated + [entry for entry in self._index.get(None, ()) if _belongs(entry, partition)]

    def _check_complete(
        self, manifest: Manifest, first: date, last: date, partition: str | None
    ) -> None:
        for entry in objects_named(self._log.read(manifest)["files"]):
            if entry.key in self._objects:
                continue
            if first <= entry.sold <= last if entry.sold else _belongs(entry, partition):
                raise Corrupt(
                    f"{self.storage.uri(entry.stored)} is missing; restore that version, or fetch"
                    f" partition {entry.partition} again (pos verify --refetch)",
                    RAW_RECEIPTS,
                    entry.partition,
                )

    def raw_before(self, day: date) -> list[RawObject]:
        """Committed objects sold before `day` (UTC date), and all of unreadable date."""
        self._update_index()
        dates = [sold for sold in self._index if sold and sold < day]
        dated = self.raw_objects(min(dates), max(dates)) if dates else []
        return dated + self.raw_undated()

    def raw_undated(self) -> list[RawObject]:
        """Committed objects of records whose date of sale is unreadable."""
        self._update_index()
        return list(self._index.get(None, ()))

    def _update_index(self) -> None:
        """Index what is committed, listed if need be; collect incomplete partitions."""
        self._log.drop_stale_listing()
        is_current = self._process == os.getpid() and self._listing == self._log.listing
        if not (self._is_listed and is_current):
            self.refresh_raw()
        self._log.ensure_listed(RAW_RECEIPTS)
        if self._indexed == self._state():
            return
        committed, windows = self._committed.by_digest, self._committed.windows
        index: dict[date | None, list[RawObject]] = defaultdict(list)
        objects: dict[str, list[tuple[str, date | None, str]]] = defaultdict(list)
        for entry in sorted(self._objects.values()):
            manifest = committed.get(entry.partition_digest)
            if manifest is None:
                continue
            if windows.get(entry.partition, manifest) == manifest:
                index[entry.sold].append(entry)
            if entry.key == entry.stored:
                name = (entry.partition, entry.sold, entry.digest)
                objects[entry.partition_digest].append(name)
        self._incomplete = [
            manifest
            for digest, manifest in committed.items()
            if partition_digest(manifest.number, objects[digest]) != digest
        ]
        self._index, self._indexed = index, self._state()

    def _state(self) -> tuple[int, int, int]:
        return os.getpid(), self._log.generations[RAW_RECEIPTS], self._raw_generation

    def read_raw(self, entry: RawObject) -> bytes:
        """The NDJSON of one window and date. Raises Corrupt if it was altered."""
        return decompress(cut_frame(entry, self._fetch_object(entry)))

    def read_raw_all(self, entries: Sequence[RawObject]) -> list[bytes]:
        """`read_raw` of each entry; an object with several of them is fetched once."""
        entries_by_key = {entry.stored: entry for entry in entries}
        bodies = self.storage.map(self._fetch_object, entries_by_key.values())
        fetched = dict(zip(entries_by_key, bodies, strict=True))
        return [decompress(cut_frame(entry, fetched[entry.stored])) for entry in entries]

    def read_raw_blocks(self, entry: RawObject) -> Iterator[bytes]:
        """`read_raw` in blocks of complete lines, for an object that is large in memory."""
        yield from decompress_blocks(cut_frame(entry, self._fetch_object(entry)))

    def _fetch_object(self, entry: RawObject) -> bytes:
        """The bytes of the stored object that has `entry`."""
        data = self._recent.find(entry.stored)
        if data is None:
            with naming_partition(RAW_RECEIPTS, entry.partition):
                data = self.storage.get_valid(
                    entry.stored,
                    entry.digest,
                    "was altered after it was committed; restore that version, or fetch partition"
                    f" {entry.partition} again (pos verify --refetch)",
                )
            self._recent.keep(entry.stored, data)
        return data


def _belongs(entry: RawObject, partition: str | None) -> bool:
    """Whether an object is of the window `partition`, or of a rescan of its day."""
    if partition is None or entry.partition == partition:
        return partition is not None
    name = RawPartition.parse(partition)
    return name.is_window and entry.partition_name.day == name.day
