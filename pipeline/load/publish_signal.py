"""A signal between the processes of one run that one of them has published.

A child of a fork lists the lake again by itself. Its parent, which Luigi asks whether a task is
complete, would keep the listing that it planned with, and never run what a child needs.
"""

from __future__ import annotations

import mmap
import secrets

_SIZE = 8


class PublishSignal:
    """A token that a process and its forks share; each publication replaces it."""

    def __init__(self) -> None:
        self._token = mmap.mmap(-1, _SIZE)
        self._seen = self._token[:]

    def announce(self) -> None:
        """State that this process has published."""
        is_current = self.is_current()
        self._token[:] = secrets.token_bytes(_SIZE)
        if is_current:
            self.catch_up()

    def is_current(self) -> bool:
        """Whether no other process has published since the last `catch_up`."""
        return self._seen == self._token[:]

    def catch_up(self) -> None:
        """State that everything published so far is about to be listed."""
        self._seen = self._token[:]
