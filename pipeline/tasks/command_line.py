"""Prepares the process of Luigi's command line, for `pipeline/__init__.py`."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from pipeline import settings
from pipeline.cli.child import exit_with_parent
from pipeline.errors import NoConfiguration
from pipeline.tasks import failures, lock, scheduler
from pipeline.tasks.nightly import Nightly


def is_luigi() -> bool:
    """Whether Luigi's command line is the program of this process."""
    program = Path(sys.argv[0])
    is_command = program.name == "luigi" or program.parts[-2:] == ("luigi", "__main__.py")
    return is_command and multiprocessing.parent_process() is None


def prepare() -> None:
    """Install guards, lock and failure notes, and check the configuration.

    Exits with 35 (scheduling_error) where it is not certain which configuration applies.
    """
    settings.install_guards()
    lock.install()
    failures.install(Nightly)
    sys.excepthook = failures.print_error
    try:
        settings.check_folder()
    except NoConfiguration as error:
        failures.print_error(type(error), error, None)
        sys.exit(failures.BROKEN)
    scheduler.install()
    exit_with_parent()
