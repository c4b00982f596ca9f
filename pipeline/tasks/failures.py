"""Which tasks failed in a run, noted for who tells a person: one JSON line each in the file that
POS_FAILURES names.

`pos run` names the file and reads it for its alert. Where nobody does and the run is a night's
all the same (`luigi --module pipeline Nightly`), the run names one itself and, when it ends, has
`pos alert` tell of what failed: Luigi's own events, once a run. A worker's children note theirs
too. Of any other run nothing is noted. A run that is killed, or ends before it has planned
anything, says nothing: that is what `pos run` is for.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import luigi
from luigi.task_register import TaskClassException

from pipeline import settings
from pipeline.cli.child import exit_with_parent
from pipeline.cli.failure_alert import read_notes
from pipeline.deliver import explain_code
from pipeline.errors import NoConfiguration, PipelineError
from pipeline.logs import as_own_error, redact, shorten
from pipeline.tasks.scheduler import check_scheduler

VARIABLE = "POS_FAILURES"
FAILED, BROKEN, MISSING = 30, 35, 20  # the exit codes of luigi.cfg that such a failure leads to
_DIED = re.compile(r"died unexpectedly with exit code -(\d+)")


def note(
    task: luigi.Task | str, error: object, file: Path | None = None, code: int = FAILED
) -> None:
    """Note in `file` that `task` failed with `error`, an exception or what the worker says of a
    process that died.
    """
    if isinstance(task, luigi.Task) and task.task_family == "Nightly":
        watch()
    if path := file or os.environ.get(VARIABLE):
        error = as_own_error(error)
        kind = type(error).__name__ if isinstance(error, BaseException) else "ProcessDied"
        message = _DIED.sub(
            lambda found: "died: {}. What to do: {}".format(*explain_code(128 + int(found[1]))),
            str(error),
        )
        line = json.dumps(
            {
                "task": shorten(str(task)),
                "error": kind,
                "message": shorten(redact(message))[:2000],
                "code": code,
            }
        )
        with Path(path).open("a", encoding="utf-8") as noted:
            noted.write(line + "\n")


def note_missing(task: luigi.Task) -> None:
    """Note that an input from outside is not there, or that a task could not say whether it is
    done: Luigi keeps that to itself.
    """
    if isinstance(task, luigi.ExternalTask):
        note(task, "an input from outside is missing", code=MISSING)
        return
    try:
        task.complete()
    except Exception as error:  # noqa: BLE001
        note(task, error, code=BROKEN)
    else:
        note(
            task,
            "it could not say whether it is done, and can now: the log says what it met; run again",
            code=BROKEN,
        )


def watch(*_: object) -> None:
    """Alert at the end of this process of what fails in it from now on, unless somebody else does."""
    if VARIABLE not in os.environ:
        noted = Path(tempfile.mkdtemp(prefix="pos-night-")) / "failures"
        os.environ[VARIABLE] = str(noted)
        atexit.register(_tell_a_person, noted, os.getpid())


def _tell_a_person(noted: Path, pid: int) -> None:
    """In a process of its own, so that whatever becomes of the alert, the run ends with its own
    exit code.
    """
    if os.getpid() != pid:
        return  # a child of a fork, which its parent speaks for
    if noted.is_file():
        code = max((said["code"] for said in read_notes(noted)), default=FAILED)
        subprocess.run(
            [sys.executable, "-m", "pipeline", "alert", "--code", str(code)], check=False
        )
        noted.unlink()
    noted.parent.rmdir()


def say_shortly(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """What Luigi's command line does not catch, as a sentence where it is meant for a person: a
    task's name, a setting.
    """
    if not issubclass(kind, PipelineError | TaskClassException):
        sys.__excepthook__(kind, error, trace)
        return
    print(redact(f"{kind.__name__}: {' '.join(str(error).split())}"), file=sys.stderr)  # noqa: T201


for _event, _code in (
    (luigi.Event.FAILURE, FAILED),
    (luigi.Event.BROKEN_TASK, BROKEN),
    (luigi.Event.PROCESS_FAILURE, FAILED),
    (luigi.Event.TIMEOUT, FAILED),
):
    luigi.Task.event_handler(_event)(partial(note, code=_code))
luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)(note_missing)
if Path(sys.argv[0]).name == "luigi" or Path(sys.argv[0]).parts[-2:] == (
    "luigi",
    "__main__.py",
):  # Luigi's command line is the program
    sys.excepthook = say_shortly
    try:
        settings.check_folder()
        check_scheduler()
    except NoConfiguration as error:
        say_shortly(type(error), error, None)
        sys.exit(BROKEN)
exit_with_parent()
