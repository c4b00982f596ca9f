"""Which tasks failed in a run, noted for who started it: one JSON line each in the file that POS_FAILURES names.

`pos night` reads it for its alert. A worker's children note theirs too. Nothing is noted where the variable is not set.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import luigi

from pipeline.logs import redact

VARIABLE = "POS_FAILURES"


def note(task: luigi.Task | str, error: object, file: Path | None = None) -> None:
    """Note in `file` that `task` failed with `error`, an exception or what the worker says of a process that died."""
    if path := file or os.environ.get(VARIABLE):
        kind = type(error).__name__ if isinstance(error, BaseException) else "ProcessDied"
        line = json.dumps({"task": str(task), "error": kind, "message": redact(str(error))[:2000]})
        with Path(path).open("a", encoding="utf-8") as noted:
            noted.write(line + "\n")


def note_missing(task: luigi.Task) -> None:
    """Note that an input from outside is not there."""
    if isinstance(task, luigi.ExternalTask):
        note(task, "an input from outside is missing")


for _event in (luigi.Event.FAILURE, luigi.Event.BROKEN_TASK, luigi.Event.PROCESS_FAILURE, luigi.Event.TIMEOUT):
    luigi.Task.event_handler(_event)(note)
luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)(note_missing)
