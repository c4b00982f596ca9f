"""Failed tasks of a run, as JSON lines in the file that POS_FAILURES names.

`pos run` names the file and reads it for its alert. For Luigi's own Nightly
(`luigi --module pipeline Nightly`) the run names a file itself and has `pos alert` report the
failures when it ends. Worker processes write theirs too. Other runs write nothing. A run that is
killed, or that ends before it has planned anything, cannot report: use `pos run` for that.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import luigi
from luigi.task_register import TaskClassException

from pipeline.deliver import Failure, explain_code
from pipeline.errors import PipelineError
from pipeline.logs import as_own_error, escape_line, redact, shorten

VARIABLE = "POS_FAILURES"
FAILED, BROKEN, MISSING = 30, 35, 20  # the exit codes of luigi.cfg for such a failure
_DIED = re.compile(r"died unexpectedly with exit code -(\d+)")


def record_failure(
    task: luigi.Task | str, error: object, file: Path | None = None, code: int = FAILED
) -> None:
    """Append to `file` that `task` failed with an exception or Luigi's message."""
    if isinstance(task, luigi.Task) and task.task_family == "Nightly":
        alert_at_exit()
    path = file or os.environ.get(VARIABLE)
    if not path:
        return
    error = as_own_error(error)
    kind = type(error).__name__ if isinstance(error, BaseException) else "ProcessDied"
    message = _DIED.sub(
        lambda match: "died: {}. What to do: {}".format(*explain_code(128 + int(match[1]))),
        str(error),
    )
    message = shorten(redact(escape_line(message)))[:2000]
    fields = {"task": shorten(str(task)), "error": kind, "message": message, "code": code}
    with Path(path).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps(fields) + "\n")


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The failures noted in `path`, without a line that is cut off."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def read_failures(path: Path) -> tuple[Failure, ...]:
    """The noted failures, each task once."""
    failures = (Failure(n["task"], n["error"], n["message"]) for n in read_records(path))
    return tuple({failure.task: failure for failure in failures}.values())


def record_missing(task: luigi.Task) -> None:
    """Note a missing external input or an error of `complete()`."""
    if isinstance(task, luigi.ExternalTask):
        record_failure(task, "an external input is missing", code=MISSING)
        return
    try:
        task.complete()
    except Exception as error:  # noqa: BLE001 - whatever it is, the alert names it
        record_failure(task, error, code=BROKEN)
    else:
        record_failure(
            task,
            "its state could not be read when the run was planned, and can be now: see the log for"
            " the error, then run again",
            code=BROKEN,
        )


def alert_at_exit(*_: object) -> None:
    """Send an alert at the end of this process if a task fails, unless `pos run` does."""
    if VARIABLE not in os.environ:
        file = Path(tempfile.mkdtemp(prefix="pos-run-")) / "failures"
        os.environ[VARIABLE] = str(file)
        atexit.register(_alert_of, file, os.getpid())


def send_alert(code: int, environment: Mapping[str, str] | None = None) -> None:
    """Send an alert in a process of its own, so that the run keeps its exit code."""
    command = [sys.executable, "-m", "pipeline", "alert", "--code", str(code)]
    subprocess.run(command, check=False, env=environment)


def _alert_of(file: Path, pid: int) -> None:
    """Send an alert if failures are noted in `file`, and remove it."""
    if os.getpid() != pid:
        return  # the child of a fork; its parent sends the alert
    if file.is_file():
        code = max((entry["code"] for entry in read_records(file)), default=FAILED)
        send_alert(code)
        file.unlink()
    file.parent.rmdir()


def print_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an error that Luigi does not catch; one of ours as a sentence."""
    if not issubclass(kind, PipelineError | TaskClassException):
        sys.__excepthook__(kind, error, trace)
        return
    sentence = f"{kind.__name__}: {' '.join(str(error).split())}"
    print(redact(escape_line(sentence)), file=sys.stderr)


def install(nightly: type[luigi.Task]) -> None:
    """Have Luigi's events write notes, and a run that plans `nightly` send an alert."""
    for event, code in (
        (luigi.Event.FAILURE, FAILED),
        (luigi.Event.BROKEN_TASK, BROKEN),
        (luigi.Event.PROCESS_FAILURE, FAILED),
        (luigi.Event.TIMEOUT, FAILED),
    ):
        luigi.Task.event_handler(event)(partial(record_failure, code=code))
    luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)(record_missing)
    nightly.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)(alert_at_exit)
