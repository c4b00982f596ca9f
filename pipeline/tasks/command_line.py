"""Prepares the process of Luigi's command line, for `pipeline/__init__.py`."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luigi import interface
from luigi.cmdline_parser import CmdlineParser

from pipeline import settings
from pipeline.child_process import exit_with_parent
from pipeline.errors import ConfigError
from pipeline.executors.memory import collect_rarely
from pipeline.tasks import failures, lock, scheduler
from pipeline.tasks.nightly import Nightly


def is_program() -> bool:
    """Whether `luigi` itself is the program, not one that calls Luigi's command line."""
    program = Path(sys.argv[0])
    is_command = program.name == "luigi" or program.parts[-2:] == ("luigi", "__main__.py")
    return is_command and multiprocessing.parent_process() is None


_run = interface._run


def run_checked(arguments: list[str]) -> Any:
    """Luigi's command line; exits with 35 if a wrong setting ends it before it plans."""
    try:
        return _run(arguments)
    except ConfigError:
        with CmdlineParser.global_instance(arguments):
            _check(settings.check)
            _check(lock.make_lock_folder)
        raise  # a parameter


def _check(check: Callable[[], object]) -> None:
    """Exit with 35 (scheduling_error) and the message if `check` raises ConfigError."""
    try:
        check()
    except ConfigError as error:
        failures.print_error(type(error), error, None)
        sys.exit(failures.BROKEN)


def prepare() -> None:
    """Install guards, lock and failure notes; prepare `luigi`.

    If it is the program, it then prints errors of this project as sentences, tests the scheduler
    first, ends with its parent, and exits with 35 (scheduling_error) if a setting is wrong or it
    is unclear which configuration applies.
    """
    settings.install_guards()
    lock.install()
    failures.install(Nightly)
    if not is_program():
        return
    collect_rarely()
    # Arrow's own allocators keep twice as much memory as is in use
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    sys.excepthook = failures.print_error
    _check(settings.check_folder)
    _check(settings.check_luigi_sections)
    setattr(interface, "_run", run_checked)  # noqa: B010
    scheduler.install()
    exit_with_parent()
