"""Luigi's lock against the same command twice, kept by lake: two shops on one machine do not meet.

In: the folder that Luigi would use. Out: Luigi's own answer, with a message that names the lake and
the processes. Luigi keeps a file for each command line, whatever lake the command works on.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import luigi
from luigi import lock

from pipeline import settings
from pipeline.extract.private_folder import make_private

_acquire = lock.acquire_for


def lock_folder() -> Path:
    """Folder of the locks of the lake: in [core] lock_pid_dir if set, else in the lake's state."""
    chosen = luigi.configuration.get_config().get("core", "lock_pid_dir", None)
    return Path(chosen).absolute() / settings.spool().name if chosen else settings.spool() / "locks"


def acquire_by_lake(_: str, num_available: int = 1, kill_signal: int | None = None) -> bool:
    """Whether this command may run on its lake; prints who holds the lock if it may not."""
    folder = str(make_private(lock_folder()))
    with contextlib.redirect_stdout(io.StringIO()):  # Luigi's own message names no lake
        if _acquire(folder, num_available, kill_signal):
            return True
    _, command, file = lock.get_info(folder)
    holders = sorted(pid for pid in lock._read_pids_file(file) if lock.getpcmd(pid) == command)
    print(  # noqa: T201
        f"the same command is running already on the lake {settings.lake_name()} (process"
        f" {', '.join(map(str, holders)) or 'unknown'}, lock {file}); wait until it has ended, then"
        " run again",
        file=sys.stderr,
    )
    return False


def install() -> None:
    """Put this lock in the place of Luigi's."""
    lock.acquire_for = acquire_by_lake
