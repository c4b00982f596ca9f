"""Private folders: no other user can read, add or replace files in them.

Returns the folder of a path with mode 0700, and creates it if it is missing. Raises ConfigError if
the folder is a link or belongs to another user, if others may write to it, or if a folder above it
allows others to replace it.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from pipeline.errors import ConfigError

_KEY_BYTES = 32
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_private(folder: Path) -> Path:
    """Make `folder` and its parents if missing; refuse one that others can change."""
    folder = folder.absolute()
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be created ({error.strerror}); {_REMEDY}") from error
    check_private(folder)
    folder.chmod(0o700)
    return folder


def check_private(folder: Path) -> None:
    """Refuse a link, or a folder that another user owns, can write to or replace."""
    folder, own = folder.absolute(), os.geteuid()
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise _refusal(folder, folder, "is a link")
    if not stat.S_ISDIR(status.st_mode):
        raise _refusal(folder, folder, "is no folder")
    if status.st_uid != own:
        raise _refusal(folder, folder, f"belongs to user {status.st_uid}, not to user {own}")
    if status.st_mode & _OTHERS_WRITE:
        raise _refusal(folder, folder, "can be written to by other users")
    for above in {*folder.parents, *folder.resolve().parents}:
        status = above.lstat()
        if status.st_uid not in (0, own):
            raise _refusal(folder, above, f"belongs to user {status.st_uid}")
        is_writable = not stat.S_ISLNK(status.st_mode) and status.st_mode & _OTHERS_WRITE
        if is_writable and not status.st_mode & stat.S_ISVTX:
            raise _refusal(folder, above, "can be written to by other users")


def read_key(folder: Path) -> bytes:
    """The random key of a private folder, created on first use and stored only there."""
    path = folder / "key"
    for _ in range(2):  # another process may make it at the same time
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            _write_key(path)
            continue
        except OSError as error:
            raise _refusal(folder, path, f"cannot be read ({error.strerror})") from error
        with os.fdopen(handle, "rb") as file:
            status, key = os.fstat(handle), file.read()
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise _refusal(folder, path, "is not this user's alone")
        if len(key) != _KEY_BYTES:
            raise _refusal(folder, path, "is damaged")
        return key
    raise _refusal(folder, path, "cannot be created")


def _write_key(path: Path) -> None:
    draft = path.with_name(f"key.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


_REMEDY = "name a folder of this user's own in [pos] state_folder (POS_STATE_FOLDER), and run again"


def _refusal(folder: Path, path: Path, problem: str) -> ConfigError:
    where = "" if path == folder else f" ({folder} is in it)"
    return ConfigError(
        f"{path} {problem}{where}; its content cannot be trusted, so nothing was read from it;"
        f" move it away, or {_REMEDY}"
    )
