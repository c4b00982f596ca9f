"""Private folders: no other user can read, add or replace files in them.

Returns the folder of a path with mode 0700, and creates it if it is missing. Raises ConfigError if
the folder is a link or belongs to another user, if others may write to it, or if a folder above it
allows others to replace it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pipeline.errors import ConfigError

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


_REMEDY = "name a folder of this user's own in [pos] state_folder (POS_STATE_FOLDER), and run again"


def _refusal(folder: Path, path: Path, problem: str) -> ConfigError:
    where = "" if path == folder else f" ({folder} is in it)"
    return ConfigError(
        f"{path} {problem}{where}; its content cannot be trusted, so nothing was read from it;"
        f" move it away, or {_REMEDY}"
    )
