"""The night's work, and then a look at what it has left.

    pos run                                  in this process' own scheduler pos run --workers 2
    options of luigi; the central scheduler unless --local-scheduler is among them

As `luigi --module pipeline Nightly`, with two more exit codes: 3 when the lake is still older than
it should be, 4 when the account's history wall has cut off what this night asked for. A night that
ends with anything but 0 is told to whoever [mail] alerts_to and WEBHOOK_URL name, each cause once a
day; also one whose luigi was killed (128 + the signal's number). Told to end (Ctrl-C, SIGTERM) it
ends luigi and its workers first; of Ctrl-C nobody is told: whoever typed it knows. `pos tail`
follows it.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipeline import settings
from pipeline.cli import run_log as nightlog
from pipeline.cli.child import run_luigi
from pipeline.cli.status import tell
from pipeline.errors import PipelineError
from pipeline.logs import FILE
from pipeline.targets import lake
from pipeline.tasks.failures import VARIABLE, note

STALE, DEGRADED = 3, 4
PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Every other option goes to luigi, such as --workers 2; without any: --local-scheduler."
    )


def run(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "failures"
        environment = {**os.environ, VARIABLE: str(noted)}
        try:
            with nightlog.keep(settings.spool(), settings.now()) as log:
                code = log.code = _work(
                    asked.rest or ["--local-scheduler"], {**environment, FILE: str(log.path)}
                )
        except SystemExit as ended:
            if (
                ended.code != 128 + signal.SIGINT
            ):  # whoever types Ctrl-C knows; a time limit or a machine that goes down tells nobody
                _tell_a_person(int(ended.code), environment)
            raise
        except Exception as error:
            note("pos run", error, noted)
            _tell_a_person(2 if isinstance(error, PipelineError) else 1, environment)
            raise
        if code:
            _tell_a_person(code, environment)
    return code


def _work(options: list[str], environment: Mapping[str, str]) -> int:
    before = set(lake().partitions("raw/receipts"))
    code = run_luigi("Nightly", *options, environment=environment)
    if code:
        return code
    lake().refresh()
    found = tell()
    cut = [name for name in found.truncated if name not in before]
    if cut:
        print(
            f"degraded: the account's history wall has cut off {', '.join(cut)}; what was reachable"
            " is kept",
            file=sys.stderr,
        )
    return STALE if found.is_stale or found.gaps else DEGRADED if cut else 0


def _tell_a_person(code: int, environment: Mapping[str, str]) -> None:
    """In a process of its own, so that whatever becomes of the alert, the night ends with its own
    exit code.
    """
    subprocess.run(
        [sys.executable, "-m", "pipeline", "alert", "--code", str(code)],
        check=False,
        env=environment,
    )
