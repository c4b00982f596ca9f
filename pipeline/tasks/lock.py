"""Luigi's lock against running a command twice, with a lock folder per lake.

Luigi keeps one lock for each command line, not for each lake: two shops on one
machine would block each other. The message names the lake and the processes.
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


def make_lock_folder() -> Path:
    """Make the folder of the lake's locks. Raises ConfigError.

    It is in [core] lock_pid_dir or the machine's state.
    """
    chosen = luigi.configuration.get_config().get("core", "lock_pid_dir", None)
    state = settings.lake_state_folder()
    return make_private(Path(chosen).absolute() / state.name if chosen else state / "locks")


def acquire_by_lake(_: str, num_available: int = 1, kill_signal: int | None = None) -> bool:
    """Whether this command may run on its lake; prints the holder of the lock if not."""
    folder = str(make_lock_folder())
    with contextlib.redirect_stdout(io.StringIO()):  # Luigi's own message names no lake
        if _acquire(folder, num_available, kill_signal):
            return True
    _, command, file = lock.get_info(folder)
    holders = sorted(pid for pid in lock._read_pids_file(file) if lock.getpcmd(pid) == command)
    print(
        f"the same command is running already on the lake {settings.lake_name()} (process"
        f" {', '.join(map(str, holders)) or 'unknown'}, lock {file}); wait until it has ended, then"
        " run again",
        file=sys.stderr,
    )
    return False


def install() -> None:
    """Replace Luigi's lock."""
    lock.acquire_for = acquire_by_lake
