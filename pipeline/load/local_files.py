"""Drafts, locks and syncs of a lake in a local folder."""

from __future__ import annotations

import ctypes
import fcntl
import os
from functools import cache
from itertools import count
from pathlib import Path

LOCK = "lock"
_NUMBERS = count()


def open_draft(folder: Path) -> tuple[int, Path]:
    """Open a new file, locked before another process can remove it as unreferenced."""
    while True:
        path = folder / f"{os.getpid()}-{next(_NUMBERS)}"
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            continue
        if take(handle) and os.fstat(handle).st_nlink:
            return handle, path
        os.close(handle)  # another process was removing it


def remove_drafts(folder: Path) -> None:
    """Remove the drafts of killed writers."""
    for path in folder.iterdir():
        if path.name == LOCK:
            continue
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if take(handle):
            path.unlink(missing_ok=True)
        os.close(handle)


def take(handle: int) -> bool:
    """Lock the file if no living process holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make the folder with `mode` and its missing parents, each synced to disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode, exist_ok=True)
    sync_folder(folder.parent)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def sync_file_system(folder: Path) -> None:
    """Write everything of the file system of `folder` to its disk."""
    if not hasattr(_libc(), "syncfs"):  # not Linux
        os.sync()
        return
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc().syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Write the entries of a folder to its disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
