"""Raw receipts: verbatim records, committed by partition and never changed.

A partition is one window of `updated_at`, several consecutive ones that a backfill commits
together, or one rescan. The records of a window are zstd-compressed NDJSON by UTC date of sale, its
two main dates in one object, late ones in another. Objects are named by their window, the digest of
their stored bytes and that of the partition. They count only when the newest manifest of the
partition has the partition's digest. So what a killed run left is never read, two runs that fetch
the same window cannot mix, and a listing alone shows whether an object of a committed partition is
missing (Corrupt, naming it). A committed object is never rewritten.
"""

from __future__ import annotations

import os
from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from pipeline.errors import Conflict, Corrupt
from pipeline.load.layout import (
    RAW,
    RECEIPTS,
    UNKNOWN,
    Manifest,
    RawObject,
    RawPartition,
    parse_raw,
    raw_prefix,
)
from pipeline.load.manifests import ManifestLog
from pipeline.load.raw_objects import (
    Packed,
    StoredObjects,
    cut_frame,
    decompress,
    decompress_blocks,
    key_of,
    partition_digest,
)
from pipeline.load.raw_windows import RawWindows, partition_of
from pipeline.load.recent_bytes import RecentBytes
from pipeline.load.storage import Stat, Write

Snapshot = tuple[dict[str, RawObject], bool]
"""Raw objects by key, and whether they were listed."""


class RawZone:
    """The raw objects of a lake, from its listing and the log of raw receipts."""

    def __init__(self, log: ManifestLog, recent: RecentBytes) -> None:
        self._log, self._recent = log, recent
        self._storage = log.storage
        self.committed = RawWindows(log)
        self.generation = 0
        self._forget()

    def _forget(self) -> None:
        self._process, self._listing = os.getpid(), self._log.listing
        self._objects: dict[str, RawObject] = {}
        self._is_listed = False
        self._index: dict[date | None, list[RawObject]] = {}
        self._incomplete: list[Manifest] = []
        self._indexed: tuple[int, int, int] | None = None
        self.generation += 1

    def snapshot(self) -> Snapshot:
        """What this process has listed, for a process that starts from it."""
        return dict(self._objects), self._is_listed

    def take_over(self, snapshot: Snapshot) -> None:
        """Start from what another process has listed."""
        self._forget()
        self._objects, self._is_listed = snapshot

    def refresh(self) -> None:
        """List all objects again."""
        self._forget()
        for stat in self._storage.list(raw_prefix()):
            self._objects.update((entry.key, entry) for entry in parse_raw(stat))
        self._is_listed = True

    def commit(self, run: str, windows: Sequence[Packed], metadata: Mapping[str, Any]) -> Manifest:
        """Store the objects of consecutive windows, or of a rescan, then publish them.

        Raises Conflict if they are already committed with other content.
        """
        partition = partition_of([packed.window for packed in windows])
        newest = self._log.newest(RECEIPTS, partition)
        if newest and newest.fingerprint == RAW:
            if newest.digest != self._name(newest.number, windows).digest:
                raise Conflict(
                    f"raw partition {partition} is already committed with other content,"
                    " which stays"
                )
            return self._check_bounds(newest, metadata)
        if others := {packed.window for packed in windows} & set(self.committed.windows):
            raise Conflict(f"raw windows {', '.join(sorted(others))} are already committed")
        is_indexed = self._indexed == self._state()
        stored = self._store(newest.number + 1 if newest else 1, windows)
        manifest = self._append(run, partition, newest, stored, metadata)
        self._objects.update((entry.key, entry) for entry in stored.objects)
        self.generation += 1
        # extend the index: building it again at each of a thousand windows takes longer than
        # fetching them
        if is_indexed:
            for entry in stored.objects:
                insort(self._index.setdefault(entry.sold, []), entry)
            self._indexed = self._state()
        return self._check_bounds(manifest, metadata)

    def _name(self, number: int, windows: Sequence[Packed]) -> StoredObjects:
        """What the objects will be once they are stored under that number."""
        digest = partition_digest(
            number,
            (
                (window, packed.sold, packed.sha256[:16])
                for window, objects in windows
                for packed in objects
            ),
        )
        stored = StoredObjects(digest, [], {})
        for window, objects in windows:
            for packed in objects:
                key, size = key_of(window, digest, packed), len(packed.body)
                stored.objects.extend(parse_raw(Stat(key, size, "")))
                stored.files[f"{window}/sold={packed.sold or UNKNOWN}"] = {
                    "key": key,
                    "sha256": packed.sha256,
                    "size": size,
                }
        return stored

    def _store(self, number: int, windows: Sequence[Packed]) -> StoredObjects:
        """Store the objects, many of them with one sync to disk."""
        stored = self._name(number, windows)
        writes: list[Write] = []
        for window, objects in windows:
            for packed in objects:
                key = key_of(window, stored.digest, packed)
                writes.append(Write(key, packed.body, if_absent=True))
                self._recent.keep(key, packed.body)  # its business day is soon built from it
        for write, outcome in zip(writes, self._storage.put_all(writes), strict=True):
            if isinstance(outcome, Conflict):
                self._check_stored(write, outcome)
        return stored

    def replace(self, run: str, newest: Manifest, windows: Sequence[Packed]) -> Manifest:
        """Commit other content for a committed partition, with its metadata."""
        metadata = self._log.read(newest)["metadata"]
        stored = self._store(newest.number + 1, windows)
        manifest = self._append(run, newest.partition, newest, stored, metadata)
        self.refresh()
        return manifest

    def _append(
        self,
        run: str,
        partition: str,
        newest: Manifest | None,
        stored: StoredObjects,
        metadata: Mapping[str, Any],
    ) -> Manifest:
        body = {"run": run, "files": stored.files, "metadata": dict(metadata)}
        return self._log.append(RECEIPTS, partition, newest, RAW, stored.digest, body)

    def _check_bounds(self, manifest: Manifest, metadata: Mapping[str, Any]) -> Manifest:
        """Return the manifest if its bounds are these; the next window needs them."""
        committed = self._log.read(manifest)["metadata"]
        if any(committed.get(name) != metadata.get(name) for name in ("start", "end", "windows")):
            raise Conflict(
                f"raw partition {manifest.partition} is already committed for"
                f" {committed.get('start')} to {committed.get('end')}, which stays"
            )
        return manifest

    def _check_stored(self, write: Write, other: Conflict) -> None:
        """Raise Corrupt unless what is under the key is what was to be written."""
        stored = self._storage.get_sound(write.key, lambda stored: stored == write.data)
        if stored != write.data:
            raise Corrupt(
                f"{self._storage.uri(write.key)} holds other bytes than its name says; move it away"
                " and run again"
            ) from other

    def objects(self, first: date, last: date, partition: str | None) -> list[RawObject]:
        """Objects sold in [first, last] (UTC dates), and unreadable ones of `partition`.

        In the order of their keys. Raises Corrupt, naming it, where one of them is missing.
        """
        self._cover()
        self._update_index()
        if self._incomplete:  # or committed since the listing was made
            self.refresh()
            self._update_index()
        for manifest in self._incomplete:
            self._check_complete(manifest, first, last, partition)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        dated = [entry for day in days for entry in self._index.get(day, ())]
        return dated + [entry for entry in self._index.get(None, ()) if _belongs(entry, partition)]

    def _check_complete(
        self, manifest: Manifest, first: date, last: date, partition: str | None
    ) -> None:
        files = self._log.read(manifest)["files"].values()
        named = (
            entry for file in files for entry in parse_raw(Stat(file["key"], file["size"], ""))
        )
        for entry in named:
            if entry.key in self._objects:
                continue
            if first <= entry.sold <= last if entry.sold else _belongs(entry, partition):
                raise Corrupt(
                    f"{self._storage.uri(entry.stored)} is missing; restore that version, or fetch"
                    f" partition {entry.partition} again (pos verify --refetch)",
                    RECEIPTS,
                    entry.partition,
                )

    def before(self, day: date) -> list[RawObject]:
        """Committed objects sold before `day` (UTC date), and all unreadable ones."""
        self._cover()
        self._update_index()
        dates = [sold for sold in self._index if sold and sold < day]
        dated = self.objects(min(dates), max(dates), None) if dates else []
        return dated + self._index.get(None, [])

    def _cover(self) -> None:
        """List the objects, unless this process has."""
        self._log.catch_up()
        is_current = self._process == os.getpid() and self._listing == self._log.listing
        if not (self._is_listed and is_current):
            self.refresh()

    def _update_index(self) -> None:
        """Index committed objects by date of sale; collect incomplete partitions."""
        self._log.cover(RECEIPTS)
        if self._indexed == self._state():
            return
        committed, windows = self.committed.by_digest, self.committed.windows
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
        return os.getpid(), self._log.generations[RECEIPTS], self.generation

    def read(self, entry: RawObject) -> bytes:
        """The NDJSON of one window and date. Raises Corrupt if it was altered."""
        return decompress(self._frame(entry))

    def read_all(self, entries: Sequence[RawObject]) -> Iterator[bytes]:
        """`read` of each entry; an object with several of them is fetched once."""
        entries_by_key = {entry.stored: entry for entry in entries}
        bodies = self._storage.map(self._fetch, entries_by_key.values())
        fetched = dict(zip(entries_by_key, bodies, strict=True))
        for entry in entries:
            yield decompress(cut_frame(entry, fetched[entry.stored]))

    def read_blocks(self, entry: RawObject) -> Iterator[bytes]:
        """`read` in blocks of complete lines, without the complete text in memory."""
        return decompress_blocks(self._frame(entry))

    def _frame(self, entry: RawObject) -> bytes:
        return cut_frame(entry, self._fetch(entry))

    def _fetch(self, entry: RawObject) -> bytes:
        """The bytes of the object that has `entry`."""
        data = self._recent.find(entry.stored)
        if data is None:
            data = self._read_stored(entry)
            self._recent.keep(entry.stored, data)
        return data

    def _read_stored(self, entry: RawObject) -> bytes:
        def is_sound(data: bytes) -> bool:
            return sha256(data).hexdigest()[:16] == entry.digest

        data = self._storage.get_sound(entry.stored, is_sound)
        if not is_sound(data):
            raise Corrupt(
                f"{self._storage.uri(entry.stored)} was altered after it was committed; restore"
                f" that version, or fetch partition {entry.partition} again (pos verify --refetch)",
                RECEIPTS,
                entry.partition,
            )
        return data


def _belongs(entry: RawObject, partition: str | None) -> bool:
    """Whether an object is of the window `partition`, or of a rescan of its day."""
    if partition is None or entry.partition == partition:
        return partition is not None
    name = RawPartition.parse(partition)
    return name.is_window and entry.partition_name.day == name.day
