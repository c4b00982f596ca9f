"""Addresses that have not answered after all retries, for all processes of a run.

Many tasks request from one address. The first one waits as long as the settings allow. After that,
each later request is tried once, until one is answered. So a run without an answer ends in about
the time of the first wait. The state is a few bytes of memory shared with forked children.
"""

from __future__ import annotations

import mmap
from hashlib import sha256

_NONE = bytes(8)
_shared = mmap.mmap(-1, len(_NONE))  # anonymous, so shared with the children of a fork


def _name(address: str) -> bytes:
    return sha256(address.encode()).digest()[: len(_NONE)]


def record_outage(address: str) -> None:
    """Note that the address has not answered after all retries."""
    _shared[:] = _name(address)


def record_answer(address: str) -> None:
    """Note that the address has answered."""
    if is_out(address):
        _shared[:] = _NONE


def is_out(address: str) -> bool:
    """Whether the address did not answer after all retries, nor since."""
    return _shared[:] == _name(address)
