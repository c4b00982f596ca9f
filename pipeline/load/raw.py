"""Raw receipts: what the till said, verbatim, committed batch by batch and never changed.

A batch is one window of `updated_at`, or one sweep. Its objects, one per UTC date of sale, are
zstd-compressed NDJSON, named by the digest of their stored bytes and by that of the whole batch;
they count only when the newest manifest of the batch bears the batch's digest. So what a killed run
left is never read, two runs that fetch the same window cannot mix, and a listing alone tells
whether an object of a committed batch is missing (Corrupt, naming it). A committed object is never
written again.
"""

from __future__ import annotations

import os
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

import pyarrow as pa

from pipeline.errors import Conflict, Corrupt, StorageRefused
from pipeline.load.layout import (
    ANY_TIME,
    RAW,
    RECEIPTS,
    UNKNOWN,
    Manifest,
    RawObject,
    digest_of,
    parse_raw,
    raw_key,
    raw_prefix,
)
from pipeline.load.manifests import ManifestLog
from pipeline.load.storage import Stat

_IN_MEMORY = 64 << 20
_LEVEL = 3  # a third of the time of 6, for a tenth to a fifth more space


def compress(data: bytes) -> bytes:
    """`data` as one zstd frame; the same bytes for the same data in one locked environment."""
    return pa.Codec("zstd", compression_level=_LEVEL).compress(data, asbytes=True)


def decompress(data: bytes) -> bytes:
    """What `compress` was given."""
    return pa.input_stream(pa.BufferReader(data), compression="zstd").read()


class Stored(NamedTuple):
    """Objects of a batch that are stored and do not count yet; `whole` are the sha256 of their
    bytes.
    """

    digest: str
    objects: list[RawObject]
    whole: list[str]


class RawZone:
    """The raw objects of a lake, as its listing and the log of raw receipts tell."""

    def __init__(self, log: ManifestLog) -> None:
        self._log = log
        self._storage = log.storage
        self.generation = 0
        self._forget()

    def _forget(self) -> None:
        self._process, self._listing = os.getpid(), self._log.listing
        self._objects: dict[str, RawObject] = {}
        self._covered: set[str] = set()
        self._index: dict[date | None, list[RawObject]] = {}
        self._broken: list[Manifest] = []
        self._indexed: tuple[int, int, int] | None = None
        self.generation += 1

    def refresh(self, month: str = "") -> None:
        """List again the objects sold in `month` (YYYY-MM or "unknown"); all of them where none is
        named.
        """
        if not month or self._process != os.getpid():
            self._forget()
        listed = raw_prefix(month)
        self._objects = {
            key: found for key, found in self._objects.items() if not key.startswith(listed)
        }
        self._objects.update(
            (stat.key, found) for stat in self._storage.list(listed) if (found := parse_raw(stat))
        )
        self._covered.add(month)
        self.generation += 1

    def commit(
        self,
        run: str,
        batch: str,
        objects: Mapping[date | None, bytes | IO[bytes]],
        metadata: Mapping[str, Any],
        times: Mapping[date | None, str],
    ) -> Manifest:
        """Store the objects, then publish the batch; empty ones are left out. Conflict if the batch
        holds other content already.
        """
        number, is_committed = self.number_of(batch)
        return self.publish(
            run,
            batch,
            self.store(batch, number, objects, times, is_committed=is_committed),
            metadata,
        )

    def number_of(self, batch: str) -> tuple[int, bool]:
        """The number of the manifest under which the batch is committed or, where it is not, would
        be; and whether it is.
        """
        expected_manifest = self._log.newest(RECEIPTS, batch)
        is_committed = expected_manifest is not None and expected_manifest.fingerprint == RAW
        return (
            expected_manifest.number + (not is_committed) if expected_manifest else 1
        ), is_committed

    def store(
        self,
        batch: str,
        number: int,
        objects: Mapping[date | None, bytes | IO[bytes]],
        times: Mapping[date | None, str],
        *,
        is_committed: bool,
    ) -> Stored:
        """Compress the objects and, unless the batch is committed, store them. Thread-safe: nothing
        that is known of the lake changes.
        """
        with SpooledTemporaryFile(_IN_MEMORY) as spool:
            parts = _pack(batch, objects, spool)
            digest = _batch_digest(number, ((sold, whole[:16]) for sold, whole, _ in parts))
            found = [
                RawObject(
                    raw_key(sold, batch, digest, whole[:16], within),
                    sold,
                    batch,
                    digest,
                    whole[:16],
                    size,
                    within,
                )
                for sold, whole, size in parts
                for within in [times.get(sold, ANY_TIME)]
            ]
            spool.seek(0)
            sizes = (spool.read(size) for _, _, size in parts)
            for _ in (
                () if is_committed else self._storage.map(self._put, zip(found, sizes, strict=True))
            ):
                pass
        return Stored(digest, found, [whole for _, whole, _ in parts])

    def publish(
        self, run: str, batch: str, stored: Stored, metadata: Mapping[str, Any]
    ) -> Manifest:
        """Make stored objects the content of the batch. Conflict if it holds other content already,
        or the same for other bounds.
        """
        expected_manifest = self._log.newest(RECEIPTS, batch)
        if expected_manifest and expected_manifest.fingerprint == RAW:
            if expected_manifest.digest != stored.digest:
                raise Conflict(
                    f"raw batch {batch} is committed with other content; what is there stands"
                )
            return self._check_bounds(expected_manifest, metadata)
        files = {
            f"sold={one.sold or UNKNOWN}": {"key": one.key, "sha256": whole, "size": one.size}
            for one, whole in zip(stored.objects, stored.whole, strict=True)
        }
        is_indexed = self._indexed == self._state()
        manifest = self._log.append(
            RECEIPTS,
            batch,
            expected_manifest,
            RAW,
            stored.digest,
            {
                "run": run,
                "basis": expected_manifest.number if expected_manifest else 0,
                "members": files,
                "facts": dict(metadata),
            },
        )
        self._objects.update((one.key, one) for one in stored.objects)
        self.generation += 1
        # goes on with it: to index all anew at each of a thousand windows takes longer than to
        # fetch them
        if is_indexed:
            for one in stored.objects:
                insort(self._index.setdefault(one.sold, []), one)
            self._indexed = self._state()
        return self._check_bounds(manifest, metadata)

    def _check_bounds(self, manifest: Manifest, metadata: Mapping[str, Any]) -> Manifest:
        """The manifest, if it is for these bounds: the next window must begin where the one that
        stands ends.
        """
        said = self._log.read(manifest)["facts"]
        if any(said.get(name) != metadata.get(name) for name in ("start", "end")):
            raise Conflict(
                f"raw batch {manifest.partition} is committed for {said.get('start')} to"
                f" {said.get('end')}; what is there stands"
            )
        return manifest

    def _put(self, part: tuple[RawObject, bytes]) -> None:
        found, data = part
        try:
            self._storage.put(found.key, data, if_absent=True)
        except Conflict as other:
            if self._storage.get_sound(found.key, lambda stored: stored == data) == data:
                return
            raise Corrupt(
                f"{self._storage.uri(found.key)} holds other bytes than its name says; move it away"
                " and run again"
            ) from other

    def objects(self, first: date, last: date, batch: str | None) -> list[RawObject]:
        """Committed objects sold in [first, last] (UTC dates), and the unreadable ones of `batch`,
        in the order of their keys.

        Raises Corrupt, naming it, where one of them is missing.
        """
        self._cover(first, last, batch)
        self._index_anew()
        if self._broken:  # or committed since the listing was made
            self.refresh()
            self._index_anew()
        for manifest in self._broken:
            for file_name in self._log.read(manifest)["members"].values():
                lost = parse_raw(Stat(file_name["key"], file_name["size"], ""))
                if (
                    lost
                    and lost.key not in self._objects
                    and (first <= lost.sold <= last if lost.sold else belongs(lost, batch))
                ):
                    raise Corrupt(
                        f"{self._storage.uri(lost.key)} is missing; bring back that version, "
                        f"or void batch {lost.batch} of {RECEIPTS} to fetch it again",
                        RECEIPTS,
                        lost.batch,
                    )
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        wanted = [found for day in days for found in self._index.get(day, ())]
        return wanted + [found for found in self._index.get(None, ()) if belongs(found, batch)]

    def before(self, day: date) -> list[RawObject]:
        """Committed objects sold before `day` (UTC date), and all unreadable ones."""
        if "" not in self._covered or self._process != os.getpid():
            self.refresh()
        self._index_anew()
        dates = [sold for sold in self._index if sold and sold < day]
        dated = self.objects(min(dates), day - timedelta(days=1), None) if dates else []
        return dated + self._index.get(None, [])

    def _cover(self, first: date, last: date, batch: str | None) -> None:
        self._log.catch_up()
        if self._process != os.getpid() or self._listing != self._log.listing:
            self._forget()
        months = {f"{day:%Y-%m}" for day in (first, last)} | {
            UNKNOWN for _ in range(batch is not None)
        }
        between = {
            f"{first.replace(day=1) + timedelta(days=31 * number):%Y-%m}"
            for number in range((last - first).days // 31)
        }
        if "" not in self._covered and not months | between <= self._covered:
            self.refresh()

    def _index_anew(self) -> None:
        """Which listed objects count, by date of sale; and, of a full listing, which batches are
        not whole.
        """
        self._log.cover(RECEIPTS)
        if self._indexed == self._state():
            return
        newest = {name: self._log.newest(RECEIPTS, name) for name in self._log.partitions(RECEIPTS)}
        batches = {
            name: manifest
            for name, manifest in newest.items()
            if manifest and manifest.fingerprint == RAW
        }
        index: dict[date | None, list[RawObject]] = defaultdict(list)
        parts: dict[str, list[tuple[date | None, str]]] = defaultdict(list)
        for found in sorted(self._objects.values()):
            if found.batch in batches and found.batch_digest == batches[found.batch].digest:
                index[found.sold].append(found)
                parts[found.batch].append((found.sold, found.digest))
        self._broken = (
            []
            if "" not in self._covered
            else [
                manifest
                for name, manifest in batches.items()
                if _batch_digest(manifest.number, parts[name]) != manifest.digest
            ]
        )
        self._index, self._indexed = index, self._state()

    def _state(self) -> tuple[int, int, int]:
        return os.getpid(), self._log.generations[RECEIPTS], self.generation

    def read(self, found: RawObject) -> bytes:
        """The NDJSON of one object. Raises Corrupt where its bytes are not those that were
        committed.
        """

        def is_sound(data: bytes) -> bool:
            return sha256(data).hexdigest()[:16] == found.digest

        data = self._storage.get_sound(found.key, is_sound)
        if not is_sound(data):
            raise Corrupt(
                f"{self._storage.uri(found.key)} was altered after it was committed; bring back"
                f" that version, or void batch {found.batch} of {RECEIPTS} to fetch it again",
                RECEIPTS,
                found.batch,
            )
        return decompress(data)


def _pack(
    batch: str, objects: Mapping[date | None, bytes | IO[bytes]], spool: IO[bytes]
) -> list[tuple[date | None, str, int]]:
    """Compress the objects into `spool`, one behind the other; returns date of sale, sha256 and
    size of each that is not empty.
    """
    parts = []
    try:
        for sold, content in objects.items():
            text = content if isinstance(content, bytes) else content.read()
            if text:
                data = compress(text)
                parts.append((sold, sha256(data).hexdigest(), spool.write(data)))
    except OSError as error:
        raise StorageRefused(
            f"cannot hold raw batch {batch} in the folder for temporary files ({error.strerror}):"
            " make room there, or name another in TMPDIR, and run again"
        ) from error
    return parts


def _batch_digest(number: int, parts: Iterable[tuple[date | None, str]]) -> str:
    """With the number, so that a batch fetched again after a void takes new names and does not meet
    damaged objects.
    """
    return digest_of(number, *sorted(f"{sold or UNKNOWN}.{digest}" for sold, digest in parts))


def belongs(found: RawObject, batch: str | None) -> bool:
    """Whether an object is of the window `batch`, or of a sweep that bears its date
    (2026-10-05-rescan-35).
    """
    return batch is not None and (found.batch == batch or found.batch.startswith(batch + "-"))
