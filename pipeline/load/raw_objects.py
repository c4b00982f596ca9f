"""Batches of raw receipts as compressed objects: compression, digests, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import IO, Any, NamedTuple

from pipeline.load.layout import ANY_TIME, UNKNOWN, RawObject, digest_of, raw_key

_DAY = timedelta(days=1)
Content = bytes | IO[bytes]
_LEVEL = 3  # a third of the time of 6, for a tenth to a fifth more space


def compress(data: bytes) -> bytes:
    """`data` as one zstd frame; deterministic in one locked environment."""
    import pyarrow as pa

    frame: bytes = pa.Codec("zstd", compression_level=_LEVEL).compress(data, asbytes=True)
    return frame


def decompress(data: bytes) -> bytes:
    """The bytes that `compress` was given."""
    import pyarrow as pa

    text: bytes = pa.input_stream(pa.BufferReader(data), compression="zstd").read()
    return text


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
    if (entry.start, entry.size) == (0, len(stored)):
        return stored
    return stored[entry.start : entry.start + entry.size]


class PackedObject(NamedTuple):
    """The compressed NDJSON of a date, or of two; the second begins at byte `cut`."""

    sold: date | None
    times: str
    body: bytes
    sha256: str
    following: tuple[str, int] | None


class Packed(NamedTuple):
    """The objects of one window or rescan, not stored yet."""

    window: str
    objects: list[PackedObject]


class StoredObjects(NamedTuple):
    """Stored objects that do not count yet; `files` is for the manifest."""

    digest: str
    objects: list[RawObject]
    files: dict[str, dict[str, Any]]


def pack_window(
    window: str, contents: Mapping[date | None, Content], times: Mapping[date | None, str]
) -> Packed:
    """Compress the NDJSON of each date; empty ones are left out. Thread-safe.

    The two adjacent dates with the most receipts become one object: those of a business day.
    """
    frames: dict[date | None, bytes] = {}
    for sold, content in contents.items():
        if text := content if isinstance(content, bytes) else content.read():
            frames[sold] = compress(text)
    pairs = [(sold, sold + _DAY) for sold in frames if sold and sold + _DAY in frames]
    first, second = max(
        pairs,
        key=lambda dates: len(frames[dates[0]]) + len(frames[dates[1]]),
        default=(None, None),
    )
    objects = []
    for sold, frame in frames.items():
        if second and sold == second:
            continue
        body, following = frame, None
        if first and sold == first:
            body, following = frame + frames[second], (times.get(second, ANY_TIME), len(frame))
        digest = sha256(body).hexdigest()
        objects.append(PackedObject(sold, times.get(sold, ANY_TIME), body, digest, following))
    return Packed(window, objects)


def key_of(window: str, partition_digest: str, packed: PackedObject) -> str:
    """The key under which an object is stored."""
    return raw_key(
        packed.sold,
        window,
        partition_digest,
        packed.sha256[:16],
        packed.times,
        packed.following,
    )


def partition_digest(number: int, objects: Iterable[tuple[str, date | None, str]]) -> str:
    """The digest of a partition, of the window, first date and digest of each object.

    A refetched partition, of another number, differs.
    """
    return digest_of(
        number, *sorted(f"{window}.{sold or UNKNOWN}.{digest}" for window, sold, digest in objects)
    )
