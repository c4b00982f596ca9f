"""The lines of the nights that `pos run` has run on this machine, a file each, for `pos tail`.

    <state of the lake>/night.<process>.log        first line: which process, since when; last line, where it
    has come to one: how it ended

In: the folder of this machine's state of one lake, which is this user's own. Out: files, the newest KEPT of them. The
lines between are those of the log (logs.py), secrets blacked out. Raises ConfigError where the
folder cannot be written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import ConfigError, PipelineError
from pipeline.extract.private_folder import check_private, make_private

KEPT = 5
_ENDED = "--- ended with exit code "


@dataclass
class ManifestLog:
    """A night's log under way; `code` is how the night ends, None while nobody knows."""

    path: Path
    code: int | None = None


@contextmanager
def keep(folder: Path, now: datetime) -> Iterator[ManifestLog]:
    """A log for the night of this process; ends it with its exit code."""
    path = folder / f"night.{os.getpid()}.log"
    try:
        make_private(folder)
        for old in [*find(folder)[KEPT - 1 :], path]:
            old.unlink(missing_ok=True)
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w"
        ) as file:
            file.write(f"--- process {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S} UTC\n")
    except OSError as error:
        raise ConfigError(
            f"{folder}: the night's log cannot be written ({error.strerror}); free space there, or"
            " name another folder in [pos] spool"
        ) from error
    log = ManifestLog(path)
    try:
        yield log
    except SystemExit as error:
        log.code = error.code if isinstance(error.code, int) else 1
        raise
    except Exception as error:
        log.code = 2 if isinstance(error, PipelineError) else 1
        raise
    finally:
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{_ENDED}{log.code}\n")
        except OSError as error:  # how the night has ended counts, not whether its log can say so
            logging.getLogger(__name__).warning(
                "%s: the end of the night cannot be noted (%s)", path, error.strerror
            )


def find(folder: Path) -> list[Path]:
    """The logs, those of nights that run first, then the newest."""
    if folder.exists():
        check_private(folder)
    return sorted(
        folder.glob("night.*.log"),
        key=lambda path: (is_running(path), path.stat().st_mtime),
        reverse=True,
    )


def is_running(path: Path) -> bool:
    """Whether the night of this log goes on: it tells of no end, and its process lives."""
    if has_ended(path):
        return False
    try:
        os.kill(int(path.name.split(".")[1]), 0)
    except (ProcessLookupError, PermissionError):
        return False  # it has ended, and its number may be another user's by now
    return True


def has_ended(path: Path) -> bool:
    """Whether the night of this log has come to its end."""
    return _ENDED in path.read_text(encoding="utf-8", errors="replace")[-80:]
