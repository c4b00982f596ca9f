"""Writes that do not wait for the disk: what a killed process has written stays, and no test cuts
the power. tests/load/test_local.py and test_together.py hold the order of the calls instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from pipeline.load import local


def leave_unsynced(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Let neither `os.fsync` nor the lake wait for a disk, in this process and its forks."""
    replace(os, "fsync", lambda _: None)
    replace(local, "_sync_file_system", lambda _: None)
