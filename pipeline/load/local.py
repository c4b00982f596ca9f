"""Objects in a local folder, with the guarantees of S3.

An object is a file. It is drafted in the private folder `.writing` of the root, synced, and moved
to its name under a lock that every writer of the root takes, so conditions hold between threads,
processes and hosts that share the folder. The lock ends with its process; a writer waits for one
that is suspended for `lock_seconds`, then names it (StorageUnavailable). A draft is locked while
its writer lives; what a killed writer left is removed at the next start and is never listed. The
etag consists of inode, size and time of change. A full disk or a missing permission raises
StorageRefused; nothing is published then.
"""

from __future__ import annotations

import errno
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.errors import ConfigError, Conflict, Corrupt, StorageRefused, StorageUnavailable
from pipeline.load.local_files import (
    LOCK,
    make_folder,
    open_draft,
    remove_drafts,
    sync_file_system,
    sync_folder,
    take,
)
from pipeline.load.storage import Stat, Storage, Write, check_key

_PRIVATE = ".writing"
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file size limit is reached",
}
_DENIED = {
    errno.EACCES: "permission is denied",
    errno.EPERM: "the operation is not permitted",
    errno.EROFS: "the file system is read-only",
}
_PAGE = 1000
_OPEN_DRAFTS = 100
_MAX_SINGLE_SYNCS = 6
"""Up to so many objects are synced one by one, more of them with the whole file system."""


class LocalStorage(Storage):
    """Objects under the folder `root`, created at the first write, for its owner only."""

    lock_seconds = 60.0

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root.absolute()
        if self.root.exists() and not self.root.is_dir():
            raise ConfigError(f"the lake {self.root} is a file; name a folder")
        self._has_removed_drafts = False
        self._is_synced = True

    def __repr__(self) -> str:
        return f"LocalStorage({str(self.root)!r})"

    def uri(self, key: str = "") -> str:
        return str(self.root / key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        folder = prefix.rpartition("/")[0]
        with self._explained("list", prefix):
            stats = sorted(
                _files(self._path(folder) if folder else self.root, folder, prefix),
                key=lambda stat: stat.key.encode("utf-8", "surrogateescape"),
            )
        self._count("LIST", 1 + max(len(stats) - 1, 0) // _PAGE)
        yield from stats

    def head(self, key: str) -> Stat | None:
        self._count("HEAD")
        with self._explained("read", key):
            return self._current(key)

    def get(self, key: str) -> bytes:
        self._count("GET")
        with self._explained("read", key):
            try:
                return self._path(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as absent:
                raise Corrupt(f"{self.uri(key)} is missing") from absent

    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        self._count("PUT")
        write = Write(key, data, if_absent, if_match)
        with self._explained("write", key), self._draft(data) as draft, self._locked():
            return self._move(write, draft, is_synced=True)

    def put_all(self, writes: Sequence[Write]) -> Sequence[str | Conflict]:
        """Write each object; many of them with one sync before any is moved to its name."""
        if len(writes) <= _MAX_SINGLE_SYNCS:
            self.sync()  # what was written before is on the disk first
            return super().put_all(writes)
        groups = (
            writes[start : start + _OPEN_DRAFTS] for start in range(0, len(writes), _OPEN_DRAFTS)
        )
        return [result for group in groups for result in self._put_drafts(group)]

    def _put_drafts(self, writes: Sequence[Write]) -> Sequence[str | Conflict]:
        for write in writes:
            check_key(write.key)
        self._count("PUT", len(writes))
        with self._explained("write", writes[0].key), ExitStack() as stack:
            drafts = [
                stack.enter_context(self._draft(write.data, is_synced=False)) for write in writes
            ]
            sync_file_system(self.root)
            self._is_synced = False
            with self._locked():
                return [
                    self._try_move(write, draft)
                    for write, draft in zip(writes, drafts, strict=True)
                ]

    def _try_move(self, write: Write, draft: Path) -> str | Conflict:
        """Move a draft to its name, unless its bytes are there already."""
        try:
            return self._move(write, draft, is_synced=False)
        except Conflict as conflict:
            draft.unlink()
            current = self._current(write.key)
            if current and self._path(write.key).read_bytes() == write.data:
                return current.etag
            return conflict

    def _move(self, write: Write, draft: Path, *, is_synced: bool) -> str:
        """Move a draft to its name, if the condition holds (Conflict); return the etag."""
        current, target = self._current(write.key), self._path(write.key)
        if write.if_absent and current:
            raise Conflict(f"{target} exists already")
        if write.if_match is not None and (current is None or current.etag != write.if_match):
            raise Conflict(f"{target} has changed since it was read")
        if is_synced:
            make_folder(target.parent)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(target)
        if is_synced:
            sync_folder(target.parent)
        return _stat(write.key, target.stat()).etag

    def sync(self) -> None:
        if not self._is_synced:
            sync_file_system(self.root)
        self._is_synced = True

    def remove(self, key: str) -> None:
        self._count("DELETE")
        with self._explained("remove", key):
            self._path(key).unlink(missing_ok=True)
            if self._path(key).parent.is_dir():
                sync_folder(self._path(key).parent)

    def _path(self, key: str) -> Path:
        if "\0" in key or any(part in ("", ".", "..") for part in key.split("/")):
            raise ConfigError(f"{key!r} does not name an object of the lake")
        return self.root / key

    def _current(self, key: str) -> Stat | None:
        path = self._path(key)
        try:
            return _stat(key, path.stat()) if path.is_file() else None
        except (FileNotFoundError, NotADirectoryError):
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the root, only for compare-and-rename."""
        handle = os.open(self.root / _PRIVATE / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            self._wait_for(handle)
            os.ftruncate(handle, 0)  # an older holder may have been stopped by an error
            os.pwrite(handle, f"{os.getpid()} on {platform.node()}".encode(), 0)
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def _wait_for(self, handle: int) -> None:
        """Take the lock, which another writer holds for milliseconds only."""
        waited, pause = 0.0, 0.0005
        while not take(handle):
            if waited > self.lock_seconds:
                holder = os.pread(handle, 200, 0).decode(errors="replace") or "unknown"
                raise StorageUnavailable(
                    f"process {holder} has held the lock of the lake {self.root} for"
                    f" {self.lock_seconds:.0f} seconds; it seems to be stopped: resume it (kill"
                    " -CONT) or end it (kill -KILL), then run again; nothing was lost"
                )
            time.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, 0.02)

    @contextmanager
    def _draft(self, data: bytes, *, is_synced: bool = True) -> Iterator[Path]:
        """A synced file with `data`, to be moved to its name; removed when that fails."""
        folder = self.root / _PRIVATE
        has_existed = self._has_removed_drafts  # read first: another thread may be making it now
        if not folder.is_dir():
            if has_existed:
                raise StorageUnavailable(
                    f"the lake {self.root} has vanished while it was written to; is its disk still"
                    " mounted? Bring it back and run again"
                )
            make_folder(self.root, 0o700)
            folder.mkdir(mode=0o700, exist_ok=True)
        if not self._has_removed_drafts:
            self._has_removed_drafts = True
            remove_drafts(folder)
        handle, path = open_draft(folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if is_synced:
                    os.fsync(file.fileno())
                yield path
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    @contextmanager
    def _explained(self, action: str, key: str) -> Iterator[None]:
        """Turn an error of the operating system into a sentence that says what to do."""
        try:
            yield
        except OSError as error:
            where = self.uri(key)
            if error.errno in _FULL:
                why = f"{_FULL[error.errno]}; make room and run again, nothing was published"
            elif error.errno in _DENIED:
                why = f"{_DENIED[error.errno]}; give this user permission to {action} there"
            else:
                why = (
                    f"{error.strerror or error}; the lake must be a folder that this user can make"
                    " and write, see [lake] url in luigi.cfg"
                )
            raise StorageRefused(f"cannot {action} {where}: {why}") from error


def _stat(key: str, status: os.stat_result) -> Stat:
    return Stat(key, status.st_size, f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}")


def _files(path: str | Path, folder: str, prefix: str) -> Iterator[Stat]:
    """The objects of `folder`, at `path`, whose keys begin with `prefix`."""
    try:
        entries = list(os.scandir(path))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        key = f"{folder}/{entry.name}" if folder else entry.name
        if key == _PRIVATE or not (key.startswith(prefix) or prefix.startswith(key + "/")):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, key, prefix)
        elif entry.is_file(follow_symlinks=False):
            yield _stat(key, entry.stat())
