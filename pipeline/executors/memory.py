"""Memory that this process has freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def release_memory() -> None:
    """Give back what Arrow and the C library keep for later allocations.

    An idle process would keep it; after a chunk of a large day that is more than the memory in use.
    """
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if trim := getattr(_c_library(), "malloc_trim", None):  # of glibc
        trim(0)


@cache
def _c_library() -> Any:
    return ctypes.CDLL(None)
