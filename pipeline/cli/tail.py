"""Follow the run on this machine, or show the last one.

    pos tail                       the existing lines, and each new one until the run has ended
    pos tail --lines 20            only the last 20 of the existing lines

The lines are those that `pos run` writes on this machine for the lake of the settings; `pos lake`
prints the folder. If no run took place on this machine, the summary of the last run in the lake is
shown: its log is on the machine of that run (the run's page on GitHub, `docker compose logs
worker`). Exit code 1 if there was no run yet.
"""

from __future__ import annotations

import argparse
import sys
import time

from pipeline import settings
from pipeline.cli import run_log
from pipeline.errors import ExitCode
from pipeline.status.run_summary import FILE, RunSummary, format_summary
from pipeline.targets import lake

PAUSE = 0.3  # seconds between two looks


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lines", type=settings.Number().parse, help="existing lines to show; default: all"
    )


def run(options: argparse.Namespace) -> int:
    logs = run_log.find_logs(settings.lake_state_folder())
    if not logs:
        return _show_last()
    with logs[0].open(encoding="utf-8", errors="replace") as log:
        is_running = run_log.is_running(logs[0])
        so_far = log.readlines()
        sys.stdout.writelines(so_far[-options.lines :] if options.lines else so_far)
        while is_running:
            sys.stdout.flush()
            time.sleep(PAUSE)
            is_running = run_log.is_running(logs[0])  # before reading, so that no line is missed
            sys.stdout.writelines(log.readlines())
    if not run_log.has_ended(logs[0]):
        print("--- the process of this run died without logging its end; run pos run again")
    return ExitCode.DONE


def _show_last() -> int:
    uri = lake().storage.uri()
    summary = lake().read_state(FILE)
    if not summary:
        print(f"no run on this machine, and none in {uri}; `pos run` starts one", file=sys.stderr)
        return ExitCode.NOT_OK
    text = format_summary(RunSummary(**summary))
    print(f"no run on this machine; the last one in {uri}:\n{text}")
    return ExitCode.DONE
