"""What was sent to whom: claimed before, confirmed after, so that a run that is repeated or doubled
sends nothing twice.

    deliveries/<kind>/<name>/<edition>/<who>.<attempt>.<claim|sent|same|refused|abandoned>.json

`kind` monthly, cumulative or alert; `name` the month or day; `edition` number and digest, or an
alert's cause; `who` a hash of the recipient, never the address. An attempt begins with a claim
(If-None-Match, so one of two runs has it) and ends with its outcome: `sent`; `same`, where nothing
was worth sending; `refused`, when certainly nothing was sent. A claim without outcome is a run that
was killed, or got no answer: the recipient may have it or not. While it is younger than LEASE, the
run may be alive and is waited for; then the next attempt sends it again, under the same Message-ID,
so that mail programs show it once. After TRIES of those it is `abandoned`: said once, as an error,
and never tried again.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from hashlib import scrypt
from typing import NamedTuple, Protocol

from pipeline.deliver.outcome import Abandoned, Refused
from pipeline.errors import Conflict

ROOT = "deliveries"
LEASE = 300.0  # seconds; longer than one sending may take, its retries included
TRIES = 3
_STEP = 5.0
_SETTLED = frozenset({"sent", "same", "abandoned"})
_KEY = re.compile(
    rf"{ROOT}/([a-z]+)/([0-9-]+)/([0-9a-f.]+)/([0-9a-f]{{16}})\.(\d+)\.(claim|sent|same|refused|abandoned)\.json"
)


class Store(Protocol):
    """What the ledger needs of a storage of objects; `put` with `if_absent` raises Conflict for all
    but one.
    """

    def list(self, prefix: str = "") -> Iterable[object]: ...
    def get(self, key: str) -> bytes: ...
    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str: ...


class DeliveryKey(NamedTuple):
    """One thing for one recipient."""

    kind: str
    name: str
    version: str
    who: str


def recipient_id(address: str, key: bytes | None) -> str:
    """16 hex for an address or a webhook's URL. With `key` nobody can try addresses; without, only
    slowly, one by one.
    """
    return scrypt(
        address.strip().lower().encode(),
        salt=key or b"pos-sales-pipeline",
        n=1 << 14,
        r=8,
        p=1,
        dklen=8,
    ).hex()


class DeliveryLog:
    """The ledger in `store`, listed once on first use. `run` is unique to this process; `clock` and
    `sleep` in seconds.
    """

    def __init__(
        self,
        store: Store,
        run: str,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        lease: float = LEASE,
    ):
        self._store, self._run, self._clock, self._sleep, self._lease = (
            store,
            run,
            clock,
            sleep,
            lease,
        )
        self._said: dict[DeliveryKey, dict[int, set[str]]] | None = None

    def is_settled(self, parcel: DeliveryKey) -> bool:
        """Whether nothing more is to be done about it."""
        return any(states & _SETTLED for states in self._known().get(parcel, {}).values())

    def versions(self, who: str) -> set[tuple[str, str, str]]:
        """(kind, name, edition) of all that `who` has received, or may have."""
        return {
            (p.kind, p.name, p.version)
            for p, attempts in self._known().items()
            if p.who == who and any(states & {"sent", "abandoned"} for states in attempts.values())
        }

    def begun(self, who: str) -> set[tuple[str, str]]:
        """(kind, name) of what was tried for `who` and of which no edition has arrived, as far as
        is known.
        """
        tried = {(p.kind, p.name) for p in self._known() if p.who == who}
        return tried - {
            (p.kind, p.name) for p in self._known() if p.who == who and self.is_settled(p)
        }

    def settle(self, parcel: DeliveryKey) -> None:
        """Note that the edition need not be sent: it says the same as the one before."""
        self._write(parcel, 1 + max(self._known().get(parcel, {}), default=0), "same")

    def deliver(self, parcel: DeliveryKey, send: Callable[[], None]) -> bool:
        """Send it unless it was sent; False where there was nothing to do. Raises what `send`
        raises, and Abandoned.
        """
        while not self.is_settled(parcel):
            attempts = self._known().get(parcel, {})
            last = max(attempts, default=0)
            if (
                attempts.get(last) == {"claim"}
                and (left := self._lease - self._age(parcel, last)) > 0
            ):
                self._sleep(min(left, _STEP))
                self._look_again(parcel)
                continue
            if sum(states == {"claim"} for states in attempts.values()) >= TRIES:
                self._write(parcel, last, "abandoned")
                raise Abandoned(
                    f"{parcel.kind} {parcel.name}: handed over {TRIES} times without an answer; the"
                    " reader may have it or not. It is not sent again: look into the server's log,"
                    " and forward the report by hand if it is missing"
                )
            try:
                self._write(parcel, last + 1, "claim", if_absent=True)
            except Conflict:
                self._look_again(parcel)
                continue
            try:
                send()
            except Refused:
                self._write(parcel, last + 1, "refused")
                raise
            self._write(parcel, last + 1, "sent")
            return True
        return False

    def _known(self) -> dict[DeliveryKey, dict[int, set[str]]]:
        if self._said is None:
            self._said = {}
            self._read(f"{ROOT}/")
        return self._said

    def _look_again(self, parcel: DeliveryKey) -> None:
        self._known().pop(parcel, None)
        self._read(f"{'/'.join((ROOT, *parcel))}.")

    def _read(self, prefix: str) -> None:
        for stat in self._store.list(prefix):
            if match := _KEY.fullmatch(stat.key):
                self._note(DeliveryKey(*match.groups()[:4]), int(match[5]), match[6])

    def _note(self, parcel: DeliveryKey, attempt: int, state: str) -> None:
        self._said.setdefault(parcel, defaultdict(set))[attempt].add(state)

    def _write(
        self, parcel: DeliveryKey, attempt: int, state: str, *, if_absent: bool = False
    ) -> None:
        body = json.dumps(
            {"run": self._run, "at": self._clock(), "state": state}, sort_keys=True
        ).encode()
        self._store.put(_key(parcel, attempt, state), body, if_absent=if_absent)
        self._known()
        self._note(parcel, attempt, state)

    def _age(self, parcel: DeliveryKey, attempt: int) -> float:
        return self._clock() - json.loads(self._store.get(_key(parcel, attempt, "claim")))["at"]


def _key(parcel: DeliveryKey, attempt: int, state: str) -> str:
    return f"{'/'.join((ROOT, *parcel))}.{attempt}.{state}.json"
