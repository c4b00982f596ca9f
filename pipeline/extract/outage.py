"""Whether an address has been silent beyond all retries, known to every process of a run.

Many tasks ask one address. The first one waits as long as the settings allow; once that was in
vain, each later request is tried once, until one is answered: so the whole run ends in about the
time that the first wait was said to take. The note is a few bytes shared with forked children.
"""

from __future__ import annotations

import mmap
from hashlib import sha256

_NONE = bytes(8)
_shared = mmap.mmap(-1, len(_NONE))  # anonymous, so shared with the children of a fork


def _name(address: str) -> bytes:
    return sha256(address.encode()).digest()[: len(_NONE)]


def note_outage(address: str) -> None:
    """The address has been silent beyond all retries."""
    _shared[:] = _name(address)


def note_answer(address: str) -> None:
    """The address has answered."""
    if is_out(address):
        _shared[:] = _NONE


def is_out(address: str) -> bool:
    """Whether the address was silent beyond all retries, and has not answered since."""
    return _shared[:] == _name(address)
