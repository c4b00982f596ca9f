"""The raw receipts of windows as compressed objects: compression, digests, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import IO, Any, NamedTuple

from pipeline.load.layout import UNKNOWN, digest_of
from pipeline.load.raw_keys import ANY_TIME, RawObject, raw_key
from pipeline.load.storage import Write

DATES = 4  # in one object, at most: the longest object names have below 200 characters
_DAY = timedelta(days=1)
Ndjson = bytes | IO[bytes]
"""The records of one date, in memory or as an open file."""
_LEVEL = 3  # a third of the time of 6, for a tenth to a fifth more space


def compress(data: bytes) -> bytes:
    """`data` as one zstd frame; deterministic in one locked environment."""
    import pyarrow as pa

    return pa.Codec("zstd", compression_level=_LEVEL).compress(data, asbytes=True)


def decompress(data: bytes) -> bytes:
    """The bytes that `compress` was given."""
    import pyarrow as pa

    return pa.input_stream(pa.BufferReader(data), compression="zstd").read()


def decompress_blocks(data: bytes, size: int = 16 << 20) -> Iterator[bytes]:
    """`decompress` in blocks of complete lines, of about `size` bytes each."""
    import pyarrow as pa

    stream, unfinished = pa.input_stream(pa.BufferReader(data), compression="zstd"), b""
    while block := stream.read(size):
        complete, newline, unfinished = (unfinished + block).rpartition(b"\n")
        if newline:
            yield complete + newline
    if unfinished:
        yield unfinished


def cut_frame(entry: RawObject, stored: bytes) -> bytes:
    """The part of a stored object that is `entry`."""
    return stored[entry.start : entry.start + entry.size]


class PackedObject(NamedTuple):
    """Compressed NDJSON of `sold`, then of the dates in `later`.

    Each later date has its times and its first byte.
    """

    sold: date | None
    times: str
    body: bytes
    sha256: str
    later: list[tuple[date, str, int]]

    def key(self, window: str, partition_digest: str) -> str:
        """The key under which it is stored."""
        digest = self.sha256[:16]
        return raw_key(self.sold, window, partition_digest, digest, self.times, self.later)


class Packed(NamedTuple):
    """The objects of one window or rescan, not stored yet."""

    window: str
    objects: list[PackedObject]


class StoredObjects(NamedTuple):
    """Objects to be stored; part of the lake once a manifest names `files`."""

    digest: str
    files: dict[str, dict[str, Any]]
    writes: list[Write]


def pack_window(
    window: str, contents: Mapping[date | None, Ndjson], times: Mapping[date | None, str]
) -> Packed:
    """Compress the NDJSON of each date; empty ones are left out. Thread-safe.

    `times` are the UTC minutes of the first and last sale of a date (raw_keys.py). Date None has
    the records without a readable date. The largest pair of adjacent dates, else the largest
    date, is one object: usually that of the business day. The others, of late and changed
    receipts, are in objects of up to DATES dates.
    """
    frames: dict[date | None, bytes] = {}
    for sold, content in contents.items():
        if text := content if isinstance(content, bytes) else content.read():
            frames[sold] = compress(text)

    def size(dates: Iterable[date]) -> int:
        return sum(len(frames[day]) for day in dates)

    days = sorted(sold for sold in frames if sold)
    pairs = [[day, day + _DAY] for day in days if day + _DAY in frames]
    main = max(pairs or [[day] for day in days], key=size, default=[])
    rest = [day for day in days if day not in main]
    groups = [main, *(rest[start : start + DATES] for start in range(0, len(rest), DATES))]
    objects = [_join(group, frames, times) for group in groups if group]
    if None in frames:
        objects.append(_join([None], frames, times))
    return Packed(window, objects)


def _join(
    dates: Sequence[date | None],
    frames: Mapping[date | None, bytes],
    times: Mapping[date | None, str],
) -> PackedObject:
    """The object of some dates, one frame after the other."""
    body, later = frames[dates[0]], []
    for day in filter(None, dates[1:]):
        later.append((day, times.get(day, ANY_TIME), len(body)))
        body += frames[day]
    minutes = times.get(dates[0], ANY_TIME)
    return PackedObject(dates[0], minutes, body, sha256(body).hexdigest(), later)


def partition_digest(number: int, objects: Iterable[tuple[str, date | None, str]]) -> str:
    """The digest of number and objects (window, first date, digest) of a partition."""
    return digest_of(
        number, *sorted(f"{window}.{sold or UNKNOWN}.{digest}" for window, sold, digest in objects)
    )


def name_objects(number: int, windows: Sequence[Packed]) -> StoredObjects:
    """The objects of a partition, named for the manifest of that number."""
    packed = [(window, each) for window, objects in windows for each in objects]
    names = ((window, each.sold, each.sha256[:16]) for window, each in packed)
    stored = StoredObjects(partition_digest(number, names), {}, [])
    for window, each in packed:
        key = each.key(window, stored.digest)
        stored.writes.append(Write(key, each.body, if_absent=True))
        stored.files[f"{window}/sold={each.sold or UNKNOWN}"] = {
            "key": key,
            "sha256": each.sha256,
            "size": len(each.body),
        }
    return stored
