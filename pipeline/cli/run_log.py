"""The logs of runs of `pos run` on this machine, one file each, for `pos tail`.

    <local state of the lake>/run.<process>.log

The first line has the process and its start, the last line how the run ended. The lines between are
those of the log (logs.py), without secrets. The files are in the folder of this machine's state of
one lake, which is private to this user; the newest KEPT stay. Raises ConfigError if the folder
cannot be written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import ConfigError, exit_code_of
from pipeline.extract.private_folder import check_private, make_private

KEPT = 5
_ENDED = "--- ended with exit code "


@dataclass
class RunLog:
    """The log of an active run; `code` is how the run ends, None until then."""

    path: Path
    code: int | None = None


@contextmanager
def keep(folder: Path, now: datetime) -> Iterator[RunLog]:
    """A log for the run of this process; ends with its exit code."""
    path = folder / f"run.{os.getpid()}.log"
    try:
        make_private(folder)
        for old in [*find_logs(folder)[KEPT - 1 :], path]:
            old.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w") as file:
            file.write(f"--- process {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S} UTC\n")
    except OSError as error:
        raise ConfigError(
            f"{folder}: the log of the run cannot be written ({error.strerror}); free space there,"
            " or name another folder in [pos] state_folder"
        ) from error
    log = RunLog(path)
    try:
        yield log
    except SystemExit as error:
        log.code = error.code if isinstance(error.code, int) else 1
        raise
    except Exception as error:
        log.code = exit_code_of(error)
        raise
    finally:
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{_ENDED}{log.code}\n")
        except OSError as error:  # the run keeps its exit code
            logging.getLogger(__name__).warning(
                "%s: the end of the run cannot be logged (%s)", path, error.strerror
            )


def find_logs(folder: Path) -> list[Path]:
    """The logs, those of active runs first, then the newest."""
    if folder.exists():
        check_private(folder)
    return sorted(
        folder.glob("run.*.log"),
        key=lambda path: (is_running(path), path.stat().st_mtime),
        reverse=True,
    )


def is_running(path: Path) -> bool:
    """Whether the run of this log is active: no end, and its process exists."""
    if has_ended(path):
        return False
    try:
        os.kill(int(path.name.split(".")[1]), 0)
    except (ProcessLookupError, PermissionError):
        return False  # it has ended; another user's process may have its number now
    return True


def has_ended(path: Path) -> bool:
    """Whether the end of the run is logged."""
    return _ENDED in path.read_text(encoding="utf-8", errors="replace")[-80:]
