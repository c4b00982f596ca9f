"""The night's work, and then a look at what it has left.

    pos night                                  in this process' own scheduler
    pos night --workers 2                      options of luigi; the central scheduler unless --local-scheduler is among them

As `luigi --module pipeline Nightly`, with two more exit codes: 3 when the lake is still older than it should be, 4 when
the account's history wall has cut off what this night asked for.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from pipeline.targets import lake
from pipeline.verbs.status import tell

STALE, DEGRADED = 3, 4


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("luigi", nargs=argparse.REMAINDER, help="options of luigi; --local-scheduler by default")


def run(asked: argparse.Namespace) -> int:
    options = asked.luigi or ["--local-scheduler"]
    before = set(lake().partitions("raw/receipts"))
    code = subprocess.run([sys.executable, "-m", "luigi", "--module", "pipeline", "Nightly", *options], check=False).returncode
    if code:
        return code
    lake().refresh()
    found = tell()
    cut = [name for name in found.truncated if name not in before]
    if cut:
        print(f"degraded: the account's history wall has cut off {', '.join(cut)}; what was reachable is kept", file=sys.stderr)  # noqa: T201
    return STALE if found.is_stale else DEGRADED if cut else 0
