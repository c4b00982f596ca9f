"""Page journal: the pages of an extraction on local disk, for a run to resume.

Each extraction has a private folder (private_folder.py), named after its account, kind, period and
start. Its journal holds one frame for each page (length, checksum, page), written before the page
is sorted: a killed run loses none that it has read. It is synced to disk every UNSYNCED pages, so a
power cut loses fewer than that. The checksum covers the folder's name, the offset of the frame and
its bytes. A damaged frame is dropped with all frames after it, and those pages are fetched again.
Links are not followed.

Within a day, another run of the same period or a part of it continues the journal. Older folders
are removed, and that of a complete extraction once its last window has been read. A lock on the
journal separates processes: the second one makes a journal of its own. Raises ConfigError if the
disk is full.

The pages are sorted into buckets, in memory up to IN_MEMORY bytes and in files beyond.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import struct
import tempfile
import weakref
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import msgspec

from pipeline.errors import ConfigError
from pipeline.extract.private_folder import check_private, make_private
from pipeline.pos.source import ApiPage, Record

log = logging.getLogger(__name__)

LIFE = timedelta(days=1)
UNSYNCED = 16
IN_MEMORY = 8 << 20  # of each of three months: two are fetched, one is committed
_CHECKSUM = 16
_FRAME = struct.Struct(f">I{_CHECKSUM}s")
_encoder = msgspec.msgpack.Encoder()
_page = msgspec.msgpack.Decoder(ApiPage)
_records = msgspec.msgpack.Decoder(list[Record])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(microseconds=1))


def _moment(stamp: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(stamp))


def frame_of(
    content: ApiPage | list[Record], place: str, buffer: bytearray, offset: int = 0
) -> bytearray:
    """Length, checksum and content of a page or of records, written into `buffer`.

    They are for `offset` of the file `place`. The buffer is reused: new buffers of this size
    fragment the memory.
    """
    _encoder.encode_into(content, buffer, _FRAME.size)
    with memoryview(buffer)[_FRAME.size :] as body:
        _FRAME.pack_into(buffer, 0, len(body), _checksum(place, offset, body))
    return buffer


def _checksum(place: str, offset: int, body: bytes | memoryview) -> bytes:
    """The checksum of a frame's bytes, which fits at its own place only."""
    digest = blake2b(f"{place}\n{offset}\n".encode(), digest_size=_CHECKSUM)
    digest.update(body)
    return digest.digest()


class PageJournal:
    """The pages of [since, until) in `folder`; `began` is the start of the first run."""

    def __init__(
        self,
        folder: Path,
        journal: int,
        since: datetime,
        until: datetime,
        began: datetime,
    ):
        self.folder, self._journal = folder, journal
        self.since, self.until, self.began = since, until, began
        self._release = weakref.finalize(self, os.close, journal)  # gives up the lock
        self._buffer = bytearray()
        # Size of the complete frames, and whether the file ends after them.
        self._size, self._is_clean = 0, False
        self._unsynced = 0
        self._held: dict[str, list[Record]] = defaultdict(list)
        self._held_size = 0

    def pages(self) -> Iterator[ApiPage]:
        """The stored pages, in the order in which they were added."""
        offset = 0
        while len(head := os.pread(self._journal, _FRAME.size, offset)) == _FRAME.size:
            length, checksum = _FRAME.unpack(head)
            body = os.pread(self._journal, length, offset + _FRAME.size)
            if len(body) < length:
                break
            if checksum != _checksum(self._place("journal"), offset, body):
                log.warning(
                    "%s: the page at byte %d is damaged; it and all pages after it are fetched"
                    " again",
                    self.folder / "journal",
                    offset,
                )
                break
            offset += _FRAME.size + length
            self._size = max(self._size, offset)
            yield _page.decode(body)

    def add(self, page: ApiPage) -> None:
        """Append a page; read `pages` to its end before."""
        with _named_faults(self.folder):
            if not self._is_clean:
                os.ftruncate(self._journal, self._size)
                self._is_clean = True
            frame = frame_of(page, self._place("journal"), self._buffer, self._size)
            if os.pwrite(self._journal, frame, self._size) < len(frame):
                raise OSError("the disk is full")
            self._unsynced = (self._unsynced + 1) % UNSYNCED
            if not self._unsynced:
                os.fsync(self._journal)
        self._size += len(frame)

    def put(self, bucket: str, records: list[Record]) -> None:
        """Add records to a bucket. What no longer fits into memory is written to files."""
        self._held[bucket] += records
        self._held_size += sum([len(record.body) for record in records])
        if self._held_size > IN_MEMORY:
            for name, held in self._held.items():
                self._write(name, held)
            self._held, self._held_size = defaultdict(list), 0

    def _write(self, bucket: str, records: list[Record]) -> None:
        """Add records to a bucket's file, unsynced: the journal can write it again."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with (
            _named_faults(self.folder),
            os.fdopen(os.open(self.folder / bucket, flags, 0o600), "ab", buffering=0) as file,
        ):
            frame = frame_of(records, self._place(bucket), self._buffer)
            if file.write(frame) < len(frame):
                raise OSError("the disk is full")

    def take(self, bucket: str) -> list[Record]:
        """The records of a bucket in the order of `put`, without a damaged end."""
        records: list[Record] = []
        with _named_faults(self.folder):
            if not (self.folder / bucket).is_symlink() and not (self.folder / bucket).exists():
                return self._held[bucket]
            handle = os.open(self.folder / bucket, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as opened:
                file = memoryview(opened.read())
        while len(file) > _FRAME.size:
            length, checksum = _FRAME.unpack(file[: _FRAME.size])
            body, file = file[_FRAME.size : _FRAME.size + length], file[_FRAME.size + length :]
            if len(body) < length or checksum != _checksum(self._place(bucket), 0, body):
                break
            records += _records.decode(body)
        return records + self._held[bucket]

    def drop(self, bucket: str) -> None:
        """Remove the records of a bucket that was taken."""
        self._held.pop(bucket, None)

    def _place(self, file: str) -> str:
        return f"{self.folder.name}/{file}"

    def clear_buckets(self) -> None:
        for bucket in self.folder.glob("bucket.*"):
            bucket.unlink()

    def close(self, *, is_done: bool) -> None:
        """Release the journal, and remove its folder if the extraction is done."""
        if is_done:
            shutil.rmtree(self.folder)
        self._release()


def open_page_journal(
    root: Path,
    connection_id: str,
    since: datetime,
    until: datetime,
    *,
    is_bounded: bool,
    now: datetime,
) -> PageJournal:
    """The journal of [since, until): a recent one that covers it, or a new one."""
    make_private(root)
    with _named_faults(root):
        kind = connection_id, "to" if is_bounded else "on"
        for folder in sorted(root.glob("pages.*")):
            if resumed := _resume(folder, kind, since, until, now):
                return resumed
        name = ".".join(("pages", *kind, *map(_stamp, (since, until, now)), ""))
        while True:
            folder = Path(tempfile.mkdtemp(prefix=name, dir=root))
            try:
                journal = _lock(folder, os.O_CREAT | os.O_EXCL)
                return PageJournal(folder, journal, since, until, now)
            except BlockingIOError:
                # Another run locked the new folder first; each run can do that once.
                continue


def _resume(
    folder: Path, kind: tuple[str, str], since: datetime, until: datetime, now: datetime
) -> PageJournal | None:
    """The journal in `folder` if it covers the period and is free; removes old ones."""
    try:
        _, connection_id, mode, *stamps, _ = folder.name.split(".")
        first, last, began = map(_moment, stamps)
        check_private(folder)
        journal = _lock(folder)
    except (ValueError, OSError, ConfigError):
        return None  # not a journal, not private, or in use by another process
    if not timedelta(0) <= now - began < LIFE:
        shutil.rmtree(folder, ignore_errors=True)
    elif (connection_id, mode) == kind and first <= since and until <= last:
        return PageJournal(folder, journal, first, last, began)
    os.close(journal)
    return None


def _lock(folder: Path, create: int = 0) -> int:
    """The folder's journal, open and locked; OSError if there is none or it is in use."""
    journal = os.open(folder / "journal", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | create, 0o600)
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(journal).st_nlink:
            raise FileNotFoundError(f"{folder} has just been finished by another process")
    except OSError:
        os.close(journal)
        raise
    return journal


@contextmanager
def _named_faults(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"the page journal in {folder} cannot be written ({error.strerror or error}); free"
            " space there or set another folder for it, and run again: pages already fetched are"
            " kept"
        ) from error
