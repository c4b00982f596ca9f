"""Follow the night that runs on this machine, or read how the last one went.

    pos tail                       the lines so far, and each new one until the night has ended
    pos tail --lines 20            only the last 20 of those so far

The lines are those that `pos run` writes on this machine for the lake of the settings; another
lake's are not shown (`pos lake` names the folder). Where none has run on this machine, the summary of the last night in the lake is told: its lines are where it ran (the run's
page on GitHub, `docker compose logs worker`). Exit code 1 when there was none yet.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from pipeline import settings
from pipeline.cli import run_log as nightlog
from pipeline.cli.run_summary import FILE, Night, tell_night
from pipeline.errors import Corrupt
from pipeline.load.layout import state_key
from pipeline.targets import lake

PAUSE = 0.3  # seconds between two looks


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lines", type=settings.Number().parse, help="how many of the lines so far; by default all"
    )


def run(asked: argparse.Namespace) -> int:
    logs = nightlog.find(settings.spool())
    if not logs:
        return _tell_last()
    with logs[0].open(encoding="utf-8", errors="replace") as log:
        is_running = nightlog.is_running(logs[0])
        so_far = log.readlines()
        sys.stdout.writelines(so_far[-asked.lines :] if asked.lines else so_far)
        while is_running:
            sys.stdout.flush()
            time.sleep(PAUSE)
            is_running = nightlog.is_running(
                logs[0]
            )  # looked at first, so that its last lines are read
            sys.stdout.writelines(log.readlines())
    if not nightlog.has_ended(logs[0]):
        print(
            "--- its process is no more: it was killed, or the machine went down; run pos run again"
        )
    return 0


def _tell_last() -> int:
    try:
        night = Night(**json.loads(lake().storage.get(state_key(FILE))))
    except Corrupt:
        print(
            f"no night has run on this machine, and {lake().storage.uri()} knows of none; `pos"
            " night` runs one",
            file=sys.stderr,
        )
        return 1
    print(
        "no night has run on this machine; the last one in"
        f" {lake().storage.uri()}:\n{tell_night(night)}"
    )
    return 0
