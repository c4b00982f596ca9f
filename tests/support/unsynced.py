"""Writes that do not wait for the disk.

What a killed process has written stays, and no test cuts the power. The order of the calls is held
by tests/load/test_local.py and tests/load/test_publish_all.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from pipeline.load import local


def leave_unsynced(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Let no write wait for a disk, in this process and its forks."""
    replace(os, "fsync", lambda _: None)
    replace(local, "sync_file_system", lambda _: None)
