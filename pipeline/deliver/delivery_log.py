"""The record of what was sent to whom.

A run that is repeated, or two runs at once, send nothing twice.

    deliveries/<kind>/<name>/<version>/<recipient>.<attempt>.<state>.json

`kind` is monthly, cumulative, daily, weekly or alert; `name` the month or day; `version` a report's
number and digest, 1 of a daily or weekly message, or an alert's cause; `recipient` a hash, never
the address. An attempt begins with the state `started` (If-None-Match: only one of two runs can
write it) and ends with its result: `sent`; `same`, if nothing had to be sent; `refused`, if
certainly nothing was sent.

An attempt without result belongs to a run that is still active, was killed, or got no answer. Other
runs wait until it is LEASE seconds old; then the next attempt sends again, with the same
Message-ID, so that mail programs show it once. After MAX_UNANSWERED of those the delivery is
`abandoned`: reported once as an error and never tried again.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from hashlib import scrypt
from typing import NamedTuple, Protocol

from pipeline.deliver.outcome import Abandoned, UnansweredDelivery
from pipeline.errors import Conflict, PipelineError

log = logging.getLogger(__name__)

ROOT = "deliveries"
LEASE = 300.0  # seconds; longer than one sending takes, its retries included
MAX_UNANSWERED = 3
_STEP = 5.0
_WAITING = "%s %s: attempt %d has no result yet; waiting up to %.0f s before it is sent again"
_SETTLED = frozenset({"sent", "same", "abandoned"})
_KEY = re.compile(
    rf"{ROOT}/([a-z]+)/([0-9-]+)/([0-9a-f.]+)/([0-9a-f]{{16}})"
    r"\.(\d+)\.(started|sent|same|refused|abandoned)\.json"
)


class LogEntry(Protocol):
    """An object of a listing."""

    @property
    def key(self) -> str: ...


class LogStorage(Protocol):
    """The storage; `put` with `if_absent` raises Conflict for all but the first."""

    def list(self, prefix: str = "") -> Iterable[LogEntry]: ...
    def get(self, key: str) -> bytes: ...
    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str: ...


class DeliveryKey(NamedTuple):
    """One version of a report, or one alert, for one recipient."""

    kind: str
    name: str
    version: str
    recipient: str


def recipient_id(address: str, key: bytes | None) -> str:
    """16 hex digits for an address or a webhook's URL.

    With `key`, guesses cannot be tested by others; without it, each guess is slow.
    """
    text, salt = address.strip().lower().encode(), key or b"pos-sales-pipeline"
    return scrypt(text, salt=salt, n=1 << 14, r=8, p=1, dklen=8).hex()


class DeliveryLog:
    """The deliveries in `storage`, listed once on first use.

    `run` is unique to this process; `clock` and `sleep` count in seconds.
    """

    def __init__(
        self,
        storage: LogStorage,
        run: str,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._storage, self._run = storage, run
        self._clock, self._sleep = clock, sleep

    def is_settled(self, key: DeliveryKey) -> bool:
        """Whether nothing is left to do about it."""
        return any(states & _SETTLED for states in self._attempts.get(key, {}).values())

    def versions(self, recipient: str) -> set[tuple[str, str, str]]:
        """(kind, name, version) of all that `recipient` has received, or may have."""
        return {
            (key.kind, key.name, key.version)
            for key, attempts in self._attempts.items()
            if key.recipient == recipient
            and any(states & {"sent", "abandoned"} for states in attempts.values())
        }

    def unfinished(self, recipient: str) -> set[tuple[str, str]]:
        """(kind, name) of what was tried for `recipient` and has arrived in no version."""
        keys = [key for key in self._attempts if key.recipient == recipient]
        settled = {(key.kind, key.name) for key in keys if self.is_settled(key)}
        return {(key.kind, key.name) for key in keys} - settled

    def settle(self, key: DeliveryKey) -> None:
        """Record that the version need not be sent: it says the same as the one before."""
        self._write(key, self._next_attempt(key), "same")

    def postpone(self, key: DeliveryKey) -> None:
        """Record that it could not be written, so that later runs count it as unfinished."""
        self._write(key, self._next_attempt(key), "refused")

    def _next_attempt(self, key: DeliveryKey) -> int:
        return 1 + max(self._attempts.get(key, {}), default=0)

    def deliver(self, key: DeliveryKey, send: Callable[[], None]) -> bool:
        """Send it, unless it was sent (False). Raises what `send` raises, and Abandoned."""
        first_seen: dict[int, float] = {}
        while not self.is_settled(key):
            attempts = self._attempts.get(key, {})
            last = max(attempts, default=0)
            if attempts.get(last) == {"started"}:
                # by this clock too: that of the machine which began it may be ahead
                waited = self._clock() - first_seen.setdefault(last, self._clock())
                left = LEASE - max(self._age(key, last), waited)
                if left > 0:
                    if not waited:
                        log.info(_WAITING, key.kind, key.name, last, min(left, LEASE))
                    self._sleep(min(left, _STEP))
                    self._reload(key)
                    continue
            if sum(states == {"started"} for states in attempts.values()) >= MAX_UNANSWERED:
                self._write(key, last, "abandoned")
                raise Abandoned(
                    f"{key.kind} {key.name}: sent {MAX_UNANSWERED} times without an answer; the"
                    " recipient may have it. It is not sent again: see the server's log, and"
                    " forward the report by hand if it is missing"
                )
            try:
                self._write(key, last + 1, "started", if_absent=True)
            except Conflict:
                self._reload(key)
                continue
            try:
                send()
            except UnansweredDelivery:
                raise
            except PipelineError:
                self._write(key, last + 1, "refused")
                raise
            self._write(key, last + 1, "sent")
            return True
        return False

    @cached_property
    def _attempts(self) -> dict[DeliveryKey, dict[int, set[str]]]:
        """The states of each attempt of each delivery."""
        return self._list(f"{ROOT}/")

    def _list(self, prefix: str) -> dict[DeliveryKey, dict[int, set[str]]]:
        listed: dict[DeliveryKey, dict[int, set[str]]] = {}
        for entry in self._storage.list(prefix):
            if match := _KEY.fullmatch(entry.key):
                kind, name, version, recipient, attempt, state = match.groups()
                key = DeliveryKey(kind, name, version, recipient)
                listed.setdefault(key, defaultdict(set))[int(attempt)].add(state)
        return listed

    def _reload(self, key: DeliveryKey) -> None:
        self._attempts.pop(key, None)
        self._attempts.update(self._list(f"{'/'.join((ROOT, *key))}."))

    def _age(self, key: DeliveryKey, attempt: int) -> float:
        """Seconds since the attempt started."""
        started_at = float(json.loads(self._storage.get(_path(key, attempt, "started")))["at"])
        return self._clock() - started_at

    def _write(
        self, key: DeliveryKey, attempt: int, state: str, *, if_absent: bool = False
    ) -> None:
        entry = {"run": self._run, "at": self._clock(), "state": state}
        body = json.dumps(entry, sort_keys=True).encode()
        self._storage.put(_path(key, attempt, state), body, if_absent=if_absent)
        self._attempts.setdefault(key, defaultdict(set))[attempt].add(state)


def _path(key: DeliveryKey, attempt: int, state: str) -> str:
    return f"{'/'.join((ROOT, *key))}.{attempt}.{state}.json"
