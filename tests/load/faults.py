"""A storage that ends the run before or after a chosen request is carried out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from pipeline.load import Stat, Storage
from pipeline.load.storage import Version


class Killed(KeyboardInterrupt):
    """Stands for SIGKILL: no error handler catches it, and Luigi passes it on."""


class FaultyStorage(Storage):
    """Passes every request to `inner` up to a chosen one, which calls `strike`.

    It is the request with number `position` (from 1) of those `commands`; `strike` is called before
    or after it is carried out. A process that was struck sends nothing more.
    """

    def __init__(
        self,
        inner: Storage,
        position: int,
        *,
        after: bool,
        strike: Callable[[str], None] | None = None,
        commands: tuple[str, ...] = ("LIST", "HEAD", "GET", "PUT", "DELETE", "VERSIONS"),
    ) -> None:
        super().__init__()
        self.inner, self.at, self.after, self.strike, self.commands = (
            inner,
            position,
            after,
            strike or _kill,
            commands,
        )
        self.made: list[str] = []
        self._turn = threading.Lock()

    @property
    def is_spent(self) -> bool:
        """Whether the run came as far as the chosen request."""
        return len(self.made) >= self.at

    def _pass(self, command_name: str, key: str, request: Callable):
        with self._turn:
            if len(self.made) < self.at and command_name not in self.commands:
                return request()
            self.made.append(f"{command_name} {key}")
            own = len(self.made) == self.at
        if len(self.made) > self.at:
            self.strike(key)  # a killed process sends nothing more
        if own and not self.after:
            self.strike(key)
        answer = request()
        if own:
            self.strike(key)
        return answer

    def list(self, prefix: str = "") -> Iterator[Stat]:
        return iter(self._pass("LIST", prefix, lambda: list(self.inner.list(prefix))))

    def head(self, key: str) -> Stat | None:
        return self._pass("HEAD", key, lambda: self.inner.head(key))

    def get(self, key: str) -> bytes:
        return self._pass("GET", key, lambda: self.inner.get(key))

    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        return self._pass("PUT", key, lambda: self.inner._write(key, data, if_absent, if_match))

    def old_versions(self, prefix: str = "") -> Iterator[Version]:
        return iter(self._pass("VERSIONS", prefix, lambda: list(self.inner.old_versions(prefix))))

    def get_version(self, version: Version) -> bytes:
        return self._pass("GET", version.key, lambda: self.inner.get_version(version))

    def remove(self, key: str) -> None:
        return self._pass("DELETE", key, lambda: self.inner.remove(key))

    def remove_version(self, version: Version) -> None:
        return self._pass("DELETE", version.key, lambda: self.inner.remove_version(version))

    def uri(self, key: str = "") -> str:
        return self.inner.uri(key)


def _kill(key: str) -> None:
    raise Killed(key)
