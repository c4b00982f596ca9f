"""Raw receipts: verbatim records, committed by partition and never changed.

A partition is one window of `updated_at`, or one rescan. Its objects, one per UTC date of sale, are
zstd-compressed NDJSON, named by the digest of their stored bytes and by that of the partition. They
count only when the newest manifest of the partition has the partition's digest. So what a killed
run left is never read, two runs that fetch the same window cannot mix, and a listing alone shows
whether an object of a committed partition is missing (Corrupt, naming it). A committed object is
never rewritten.
"""

from __future__ import annotations

import os
from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import Any

from pipeline.errors import Conflict, Corrupt
from pipeline.load.layout import (
    ANY_TIME,
    RAW,
    RECEIPTS,
    UNKNOWN,
    Manifest,
    RawObject,
    RawPartition,
    parse_raw,
    raw_key,
    raw_prefix,
)
from pipeline.load.manifests import ManifestLog
from pipeline.load.raw_objects import (
    Content,
    StoredObjects,
    decompress,
    decompress_blocks,
    pack_objects,
    partition_digest,
)
from pipeline.load.recent_bytes import RecentBytes
from pipeline.load.storage import Stat

_IN_MEMORY = 64 << 20
Snapshot = tuple[dict[str, RawObject], set[str]]
"""Raw objects by key, and the months listed."""


class RawZone:
    """The raw objects of a lake, from its listing and the log of raw receipts."""

    def __init__(self, log: ManifestLog, recent: RecentBytes) -> None:
        self._log, self._recent = log, recent
        self._storage = log.storage
        self.generation = 0
        self._forget()

    def _forget(self) -> None:
        self._process, self._listing = os.getpid(), self._log.listing
        self._objects: dict[str, RawObject] = {}
        self._covered: set[str] = set()
        self._index: dict[date | None, list[RawObject]] = {}
        self._incomplete: list[Manifest] = []
        self._indexed: tuple[int, int, int] | None = None
        self.generation += 1

    def snapshot(self) -> Snapshot:
        """What this process has listed, for a process that starts from it."""
        return dict(self._objects), set(self._covered)

    def take_over(self, snapshot: Snapshot) -> None:
        """Start from what another process has listed."""
        self._forget()
        self._objects, self._covered = snapshot

    def refresh(self, month: str = "") -> None:
        """List again the objects sold in `month` (YYYY-MM or "unknown"), or all of them."""
        if not month or self._process != os.getpid():
            self._forget()
        prefix = raw_prefix(month)
        self._objects = {
            key: entry for key, entry in self._objects.items() if not key.startswith(prefix)
        }
        for stat in self._storage.list(prefix):
            if entry := parse_raw(stat):
                self._objects[stat.key] = entry
        self._covered.add(month)
        self.generation += 1

    def commit(
        self,
        run: str,
        partition: str,
        objects: Mapping[date | None, Content],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str],
    ) -> Manifest:
        """Store the objects, then publish the partition; empty ones are left out.

        Raises Conflict if the partition already has other content.
        """
        number, is_committed = self.number_of(partition)
        stored = self.store(partition, number, objects, times, is_committed=is_committed)
        return self.publish(run, partition, stored, metadata)

    def number_of(self, partition: str) -> tuple[int, bool]:
        """The number of the partition's (next) manifest, and whether it is committed."""
        newest = self._log.newest(RECEIPTS, partition)
        is_committed = newest is not None and newest.fingerprint == RAW
        return (newest.number + (not is_committed) if newest else 1), is_committed

    def store(
        self,
        partition: str,
        number: int,
        objects: Mapping[date | None, Content],
        times: Mapping[date | None, str],
        *,
        is_committed: bool,
    ) -> StoredObjects:
        """Compress the objects and store them unless committed. Thread-safe."""
        with SpooledTemporaryFile(_IN_MEMORY) as buffer:
            parts = pack_objects(partition, objects, buffer)
            digest = partition_digest(number, ((sold, sha[:16]) for sold, sha, _ in parts))
            entries = []
            for sold, sha, size in parts:
                minutes = times.get(sold, ANY_TIME)
                key = raw_key(sold, partition, digest, sha[:16], minutes)
                entries.append(RawObject(key, sold, partition, digest, sha[:16], size, minutes))
            if not is_committed:
                buffer.seek(0)
                bodies = (buffer.read(entry.size) for entry in entries)
                for _ in self._storage.map(self._put, zip(entries, bodies, strict=True)):
                    pass
        for entry in entries:  # its business day is soon built from it
            content = objects[entry.sold]
            if isinstance(content, bytes):
                self._recent.keep(entry.key, content)
        files = {
            f"sold={sold or UNKNOWN}": {"key": entry.key, "sha256": sha, "size": size}
            for entry, (sold, sha, size) in zip(entries, parts, strict=True)
        }
        return StoredObjects(digest, entries, files)

    def publish(
        self, run: str, partition: str, stored: StoredObjects, metadata: Mapping[str, Any]
    ) -> Manifest:
        """Make stored objects the content of the partition.

        Raises Conflict if it already has other content, or the same for other bounds.
        """
        newest = self._log.newest(RECEIPTS, partition)
        if newest and newest.fingerprint == RAW:
            if newest.digest != stored.digest:
                raise Conflict(
                    f"raw partition {partition} is already committed with other content,"
                    " which stays"
                )
            return self._check_bounds(newest, metadata)
        is_indexed = self._indexed == self._state()
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

    def replace(
        self,
        run: str,
        newest: Manifest,
        objects: Mapping[date | None, bytes],
        times: Mapping[date | None, str],
    ) -> Manifest:
        """Commit other content for a committed partition, with its metadata."""
        metadata = self._log.read(newest)["metadata"]
        partition = newest.partition
        stored = self.store(partition, newest.number + 1, objects, times, is_committed=False)
        manifest = self._append(run, partition, newest, stored, metadata)
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
        if any(committed.get(name) != metadata.get(name) for name in ("start", "end")):
            raise Conflict(
                f"raw partition {manifest.partition} is already committed for"
                f" {committed.get('start')} to {committed.get('end')}, which stays"
            )
        return manifest

    def _put(self, part: tuple[RawObject, bytes]) -> None:
        entry, data = part
        try:
            self._storage.put(entry.key, data, if_absent=True)
        except Conflict as other:
            if self._storage.get_sound(entry.key, lambda stored: stored == data) == data:
                return
            raise Corrupt(
                f"{self._storage.uri(entry.key)} holds other bytes than its name says; move it away"
                " and run again"
            ) from other

    def objects(self, first: date, last: date, partition: str | None) -> list[RawObject]:
        """Objects sold in [first, last] (UTC dates), and unreadable ones of `partition`.

        In the order of their keys. Raises Corrupt, naming it, where one of them is missing.
        """
        self._cover(first, last, partition)
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
        for file in self._log.read(manifest)["files"].values():
            entry = parse_raw(Stat(file["key"], file["size"], ""))
            if entry is None or entry.key in self._objects:
                continue
            if first <= entry.sold <= last if entry.sold else _belongs(entry, partition):
                raise Corrupt(
                    f"{self._storage.uri(entry.key)} is missing; restore that version, or fetch"
                    f" partition {entry.partition} again (pos verify --refetch)",
                    RECEIPTS,
                    entry.partition,
                )

    def before(self, day: date) -> list[RawObject]:
        """Committed objects sold before `day` (UTC date), and all unreadable ones."""
        if "" not in self._covered or self._process != os.getpid():
            self.refresh()
        self._update_index()
        dates = [sold for sold in self._index if sold and sold < day]
        dated = self.objects(min(dates), max(dates), None) if dates else []
        return dated + self._index.get(None, [])

    def _cover(self, first: date, last: date, partition: str | None) -> None:
        """List all objects unless the listing has the months from `first` to `last`."""
        self._log.catch_up()
        if self._process != os.getpid() or self._listing != self._log.listing:
            self._forget()
        if "" in self._covered:
            return
        months = {f"{day:%Y-%m}" for day in (first, last)} | {
            f"{first.replace(day=1) + timedelta(days=31 * number):%Y-%m}"
            for number in range((last - first).days // 31)
        }
        if partition is not None:
            months.add(UNKNOWN)
        if not months <= self._covered:
            self.refresh()

    def _update_index(self) -> None:
        """Index committed objects by date of sale; collect incomplete partitions."""
        self._log.cover(RECEIPTS)
        if self._indexed == self._state():
            return
        partitions = {}
        for name in self._log.partitions(RECEIPTS):
            newest = self._log.newest(RECEIPTS, name)
            if newest and newest.fingerprint == RAW:
                partitions[name] = newest
        index: dict[date | None, list[RawObject]] = defaultdict(list)
        parts: dict[str, list[tuple[date | None, str]]] = defaultdict(list)
        for entry in sorted(self._objects.values()):
            if (
                entry.partition in partitions
                and entry.partition_digest == partitions[entry.partition].digest
            ):
                index[entry.sold].append(entry)
                parts[entry.partition].append((entry.sold, entry.digest))
        self._incomplete = [
            manifest
            for name, manifest in partitions.items()
            if "" in self._covered
            and partition_digest(manifest.number, parts[name]) != manifest.digest
        ]
        self._index, self._indexed = index, self._state()

    def _state(self) -> tuple[int, int, int]:
        return os.getpid(), self._log.generations[RECEIPTS], self.generation

    def read(self, entry: RawObject) -> bytes:
        """The NDJSON of one object. Raises Corrupt if it was altered."""
        text = self._recent.find(entry.key)
        if text is None:
            text = decompress(self._read_stored(entry))
            self._recent.keep(entry.key, text)
        return text

    def read_blocks(self, entry: RawObject) -> Iterator[bytes]:
        """`read` in blocks of complete lines, without the complete text in memory."""
        return decompress_blocks(self._read_stored(entry))

    def _read_stored(self, entry: RawObject) -> bytes:
        def is_sound(data: bytes) -> bool:
            return sha256(data).hexdigest()[:16] == entry.digest

        data = self._storage.get_sound(entry.key, is_sound)
        if not is_sound(data):
            raise Corrupt(
                f"{self._storage.uri(entry.key)} was altered after it was committed; restore that"
                f" version, or fetch partition {entry.partition} again (pos verify --refetch)",
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
