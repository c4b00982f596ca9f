"""Publish one partition: data under its stable names, then one manifest; whoever loses a race
leaves no lie behind.

1. Every member is PUT where the basis left it (If-Match its ETag; If-None-Match where there was
none). Content that is there
   already is not sent again. A member that changed since the basis is taken over only if nobody
   publishes for a while
   (then it is what a killed run left); else Conflict, and nothing is touched: a zombie cannot go
   back behind its basis.
2. The manifest's number is claimed (editions.py). Kill the run before: the newest manifest is old
and the partition is built
   again. Kill it after: it is published.
3. A run that wrote data and then lost the number looks whether its data still stands where the
winner's should. If so it
   appends a "void", and the partition is built again by who comes next.
A report's members are kept per edition as well, in a folder named by number and digest, and never
overwritten.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from pipeline.errors import Conflict, Corrupt
from pipeline.load.layout import VOID, Manifest, digest_of, kept_key, member_key
from pipeline.load.manifests import Log
from pipeline.load.storage import Stat, Storage

NO_CONTENT = "0" * 16
PAUSES = (0.05, 0.15, 0.3, 0.5)
_TRIES = 4


def digest_members(digests: Mapping[str, str]) -> str:
    """The digest of a partition: 16 hex over its (member, sha256), sorted."""
    return digest_of(*(word for member in sorted(digests) for word in (member, digests[member])))


def publish(
    log: Log,
    run: str,
    dataset: str,
    partition: str,
    edition: str,
    members: Mapping[str, bytes],
    facts: Mapping[str, Any],
    basis: Manifest | None,
    patience: float,
) -> Manifest:
    """Make `members` the newest content of the partition; Conflict when another run published since
    `basis`.

    `patience`: for how many seconds a run that has put data and not yet its manifest is taken to be
    alive.
    """
    log.check_sound(dataset, partition)
    digests = {member: sha256(data).hexdigest() for member, data in members.items()}
    digest = digest_members(digests)
    described = {
        member: {
            "key": member_key(dataset, partition, member),
            "sha256": digests[member],
            "size": len(data),
        }
        for member, data in members.items()
    }
    for member, said in described.items():
        kept = kept_key(dataset, partition, basis.number + 1 if basis else 1, digest, member)
        said.update({"kept": kept} if kept else {})
    sending = _Sending(log.storage, members, described, log.read(basis)["members"] if basis else {})
    try:
        # the first member alone: who loses it has touched none of the others
        for group in (sorted(members)[:1], sorted(members)[1:]):
            strange = sending.place(group)
            if strange:
                _wait(log, dataset, partition, basis, patience)
                sending.take_over(strange)
                patience = 0
        body = {
            "run": run,
            "basis": basis.number if basis else 0,
            "members": described,
            "facts": dict(facts),
        }
        return log.append(dataset, partition, basis, edition, digest, body)
    except Conflict:
        _own_up(log, run, dataset, partition, basis, sending)
        raise


def void(log: Log, run: str, dataset: str, partition: str, why: str) -> Manifest:
    """Append a manifest that declares the partition broken, so that no edition is current and it is
    built again.
    """
    basis = log.newest(dataset, partition)
    body = {"run": run, "basis": basis.number if basis else 0, "members": {}, "facts": {"why": why}}
    return log.append(dataset, partition, basis, VOID, NO_CONTENT, body)


def _wait(log: Log, dataset: str, partition: str, basis: Manifest | None, patience: float) -> None:
    """Give the run that put what was found the time to publish it (then Conflict); return when it
    seems to be dead.
    """
    for share in PAUSES if patience else (0.0,):
        time.sleep(patience * share)
        log.refresh(dataset, partition)
        if log.newest(dataset, partition) != basis:
            raise Conflict(
                f"{dataset} {partition}: another run has published meanwhile; start again from what"
                " is there"
            )


class _Sending:
    """The members of one publication on their way to their stable names; notes each ETag in what is
    said of the member.
    """

    def __init__(
        self,
        storage: Storage,
        members: Mapping[str, bytes],
        described: dict[str, dict[str, Any]],
        before: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._storage, self._members, self._described, self._before = (
            storage,
            members,
            described,
            before,
        )
        self.sent: set[str] = set()

    def place(self, members: Sequence[str]) -> dict[str, Stat | None]:
        """Put each member where the basis left it; returns those where something else was found,
        which is untouched.
        """
        return {
            member: found
            for member, strange, found in self._storage.map(self._place, members)
            if strange
        }

    def take_over(self, strange: Mapping[str, Stat | None]) -> None:
        """Put those members in the place of what was found there, and of nothing newer."""
        for _ in self._storage.map(lambda member: self._put(member, strange[member]), strange):
            pass

    def stands_where(self, members: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether something that was sent stands in the place of one of `members` that has other
        content.
        """
        return any(
            self._is_there(member)
            and members.get(member, {}).get("sha256") != self._described[member]["sha256"]
            for member in sorted(self.sent)
        )

    def _place(self, member: str) -> tuple[str, bool, Stat | None]:
        said, before = self._described[member], self._before.get(member)
        if "kept" in said:
            self._keep(said["kept"], self._members[member])
        if before and before["sha256"] == said["sha256"]:
            found = self._storage.head(said["key"])
            is_left = self._is_left(before, found)
            if found and is_left:
                said["etag"] = found.etag
            return member, not is_left, found
        over = Stat(said["key"], before["size"], before["etag"]) if before else None
        for _ in range(2):
            try:
                self._put(member, over)
                return member, False, over
            except Conflict:
                over = self._storage.head(said["key"])
                if before is None or not self._is_left(before, over):
                    break
        return member, True, over

    def _is_left(self, before: Mapping[str, Any], found: Stat | None) -> bool:
        """Whether `found` is what the basis left there; a lake that was copied has its content
        under other ETags.
        """
        return (
            found is not None
            and found.size == before["size"]
            and (
                found.etag == before["etag"]
                or sha256(self._storage.get(found.key)).hexdigest() == before["sha256"]
            )
        )

    def _keep(self, key: str, data: bytes) -> None:
        try:
            self._storage.put(key, data, if_absent=True)
        except Conflict as foreign:
            raise Corrupt(
                f"{self._storage.uri(key)} is not what its name says; move it away and run again"
            ) from foreign

    def _put(self, member: str, over: Stat | None) -> None:
        said, data = self._described[member], self._members[member]
        said["etag"] = (
            self._storage.put(said["key"], data, if_match=over.etag)
            if over
            else self._storage.put(said["key"], data, if_absent=True)
        )
        self.sent.add(member)

    def _is_there(self, member: str) -> bool:
        found = self._storage.head(self._described[member]["key"])
        return found is not None and found.etag == self._described[member]["etag"]


def _own_up(
    log: Log, run: str, dataset: str, partition: str, basis: Manifest | None, sending: _Sending
) -> None:
    """Void the winner's manifest where this run's data stands in the place of the winner's."""
    for _ in range(_TRIES):
        log.refresh(dataset, partition)
        newest = log.newest(dataset, partition)
        if (
            newest is None
            or newest == basis
            or newest.edition == VOID
            or not sending.stands_where(log.read(newest)["members"])
        ):
            return
        try:
            void(
                log,
                run,
                dataset,
                partition,
                f"overwritten by run {run or 'unnamed'}, which lost number {newest.number}",
            )
            return
        except Conflict:
            continue
