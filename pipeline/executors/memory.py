"""How a process collects garbage and gives freed memory back to the system."""

from __future__ import annotations

import gc
import sys
from functools import cache
from typing import Any

_M_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE = 128 << 10


def collect_rarely() -> None:
    """Collect garbage rarely: a run makes many objects, and few of them are garbage.

    With Python's own thresholds it takes a tenth of the CPU of a report.
    """
    gc.set_threshold(50_000, 20, 20)


def return_large_blocks() -> None:
    """Give back every block of 128 KB or more as soon as it is freed.

    glibc would raise that limit to 32 MB, after large blocks, and keep twice as much.
    """
    if mallopt := getattr(_c_library(), "mallopt", None):
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


def release_memory() -> None:
    """Give back what Arrow and glibc keep for later allocations.

    An idle process would keep it; after a chunk of a large day that is more than the memory in use.
    """
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if trim := getattr(_c_library(), "malloc_trim", None):
        trim(0)


@cache
def _c_library() -> Any:
    import ctypes

    return ctypes.CDLL(None)
