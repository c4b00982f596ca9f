"""Batches of raw receipts as compressed objects: compression, digests, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from typing import IO, Any, NamedTuple

from pipeline.errors import StorageRefused
from pipeline.load.layout import UNKNOWN, RawObject, digest_of

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


class StoredObjects(NamedTuple):
    """Stored objects that do not count yet; `files` is for the manifest."""

    digest: str
    objects: list[RawObject]
    files: dict[str, dict[str, Any]]


def pack_objects(
    partition: str, objects: Mapping[date | None, Content], buffer: IO[bytes]
) -> list[tuple[date | None, str, int]]:
    """Compress objects into `buffer`; return date of sale, sha256, size of each."""
    parts = []
    try:
        for sold, content in objects.items():
            text = content if isinstance(content, bytes) else content.read()
            if text:
                data = compress(text)
                parts.append((sold, sha256(data).hexdigest(), buffer.write(data)))
    except OSError as error:
        raise StorageRefused(
            f"cannot hold raw partition {partition} in the folder for temporary files"
            f" ({error.strerror}): free space there, or name another folder in TMPDIR, and"
            " run again"
        ) from error
    return parts


def partition_digest(number: int, parts: Iterable[tuple[date | None, str]]) -> str:
    """The digest of a partition; a refetched partition, of another number, differs."""
    return digest_of(number, *sorted(f"{sold or UNKNOWN}.{digest}" for sold, digest in parts))
