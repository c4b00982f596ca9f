"""Run `luigi` and count its requests to the lake.

    REQUEST_LOG=requests.log python -m benchmarks.counted_luigi Nightly

Every process of the run, those of process pools included, appends one line of JSON to the file
$REQUEST_LOG: its requests by verb, as `Storage.requests` counts them. A folder counts the requests
that a bucket would get. The options of the pipeline's module and of the local scheduler are added.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections import Counter
from multiprocessing.util import Finalize, register_after_fork
from pathlib import Path

from luigi.cmdline import luigi_run

from pipeline.load.storage import Storage

_storages: list[Storage] = []
_inherited: Counter[str] = Counter()
_open_storage = Storage.__init__


def _open_and_keep(storage: Storage) -> None:
    """Open a storage and keep it for the count at the end of the process."""
    _open_storage(storage)
    _storages.append(storage)


def total_requests() -> Counter[str]:
    """The requests of this process by verb, those before a fork included."""
    return sum((storage.requests for storage in _storages), Counter())


def append_requests() -> None:
    """Append the requests of this process to the log."""
    if requests := total_requests() - _inherited:
        with Path(os.environ["REQUEST_LOG"]).open("a", encoding="utf-8") as log:
            log.write(json.dumps(requests) + "\n")


def _count_in_child(_: object) -> None:
    """Count a child process from its start; its end calls no function of atexit."""
    _inherited.clear()
    _inherited.update(total_requests())
    Finalize(None, append_requests, exitpriority=1)


Storage.__init__ = _open_and_keep
register_after_fork(Storage, _count_in_child)

if __name__ == "__main__":
    atexit.register(append_requests)
    sys.argv[0] = "luigi"
    luigi_run(["--module", "pipeline", *sys.argv[1:], "--local-scheduler", "--no-lock"])
