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
from pipeline.load.layout import VOID, Manifest, archived_key, digest_of, file_key
from pipeline.load.manifests import ManifestLog
from pipeline.load.storage import Stat, Storage

NO_CONTENT = "0" * 16
PAUSES = (0.05, 0.15, 0.3, 0.5)
_TRIES = 4


def digest_files(digests: Mapping[str, str]) -> str:
    """The digest of a partition: 16 hex over its (member, sha256), sorted."""
    return digest_of(
        *(word for file_name in sorted(digests) for word in (file_name, digests[file_name]))
    )


def publish(
    log: ManifestLog,
    run: str,
    dataset: str,
    partition: str,
    fingerprint: str,
    files: Mapping[str, bytes],
    metadata: Mapping[str, Any],
    expected_manifest: Manifest | None,
    max_retry_wait: float,
) -> Manifest:
    """Make `members` the newest content of the partition; Conflict when another run published since
    `basis`.

    `patience`: for how many seconds a run that has put data and not yet its manifest is taken to be
    alive.
    """
    log.check_sound(dataset, partition)
    digests = {file_name: sha256(data).hexdigest() for file_name, data in files.items()}
    digest = digest_files(digests)
    described = {
        file_name: {
            "key": file_key(dataset, partition, file_name),
            "sha256": digests[file_name],
            "size": len(data),
        }
        for file_name, data in files.items()
    }
    for file_name, said in described.items():
        kept = archived_key(
            dataset,
            partition,
            expected_manifest.number + 1 if expected_manifest else 1,
            digest,
            file_name,
        )
        said.update({"archived": kept} if kept else {})
    sending = _Publication(
        log.storage,
        files,
        described,
        log.read(expected_manifest)["files"] if expected_manifest else {},
    )
    try:
        # the first member alone: who loses it has touched none of the others
        for group in (sorted(files)[:1], sorted(files)[1:]):
            strange = sending.place(group)
            if strange:
                _wait(log, dataset, partition, expected_manifest, max_retry_wait)
                sending.take_over(strange)
                max_retry_wait = 0
        body = {
            "run": run,
            "previous": expected_manifest.number if expected_manifest else 0,
            "files": described,
            "metadata": dict(metadata),
        }
        return log.append(dataset, partition, expected_manifest, fingerprint, digest, body)
    except Conflict:
        _invalidate_if_overwritten(log, run, dataset, partition, expected_manifest, sending)
        raise


def invalidate(log: ManifestLog, run: str, dataset: str, partition: str, why: str) -> Manifest:
    """Append a manifest that declares the partition broken, so that no edition is current and it is
    built again.
    """
    expected_manifest = log.newest(dataset, partition)
    body = {
        "run": run,
        "previous": expected_manifest.number if expected_manifest else 0,
        "files": {},
        "metadata": {"why": why},
    }
    return log.append(dataset, partition, expected_manifest, VOID, NO_CONTENT, body)


def _wait(
    log: ManifestLog,
    dataset: str,
    partition: str,
    expected_manifest: Manifest | None,
    max_retry_wait: float,
) -> None:
    """Give the run that put what was found the time to publish it (then Conflict); return when it
    seems to be dead.
    """
    for share in PAUSES if max_retry_wait else (0.0,):
        time.sleep(max_retry_wait * share)
        log.refresh(dataset, partition)
        if log.newest(dataset, partition) != expected_manifest:
            raise Conflict(
                f"{dataset} {partition}: another run has published meanwhile; start again from what"
                " is there"
            )


class _Publication:
    """The members of one publication on their way to their stable names; notes each ETag in what is
    said of the member.
    """

    def __init__(
        self,
        storage: Storage,
        files: Mapping[str, bytes],
        described: dict[str, dict[str, Any]],
        before: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._storage, self._members, self._described, self._before = (
            storage,
            files,
            described,
            before,
        )
        self.sent: set[str] = set()

    def place(self, files: Sequence[str]) -> dict[str, Stat | None]:
        """Put each member where the basis left it; returns those where something else was found,
        which is untouched.
        """
        return {
            file_name: found
            for file_name, strange, found in self._storage.map(self._place, files)
            if strange
        }

    def take_over(self, strange: Mapping[str, Stat | None]) -> None:
        """Put those members in the place of what was found there, and of nothing newer."""
        for _ in self._storage.map(
            lambda file_name: self._put(file_name, strange[file_name]), strange
        ):
            pass

    def stands_where(self, files: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether something that was sent stands in the place of one of `members` that has other
        content.
        """
        return any(
            self._is_there(file_name)
            and files.get(file_name, {}).get("sha256") != self._described[file_name]["sha256"]
            for file_name in sorted(self.sent)
        )

    def _place(self, file_name: str) -> tuple[str, bool, Stat | None]:
        said, before = self._described[file_name], self._before.get(file_name)
        if "archived" in said:
            self._keep(said["archived"], self._members[file_name])
        if before and before["sha256"] == said["sha256"]:
            found = self._storage.head(said["key"])
            is_left = self._is_leftover(before, found)
            if found and is_left:
                said["etag"] = found.etag
            return file_name, not is_left, found
        over = Stat(said["key"], before["size"], before["etag"]) if before else None
        for _ in range(2):
            try:
                self._put(file_name, over)
                return file_name, False, over
            except Conflict:
                over = self._storage.head(said["key"])
                if before is None or not self._is_leftover(before, over):
                    break
        return file_name, True, over

    def _is_leftover(self, before: Mapping[str, Any], found: Stat | None) -> bool:
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

    def _put(self, file_name: str, over: Stat | None) -> None:
        said, data = self._described[file_name], self._members[file_name]
        said["etag"] = (
            self._storage.put(said["key"], data, if_match=over.etag)
            if over
            else self._storage.put(said["key"], data, if_absent=True)
        )
        self.sent.add(file_name)

    def _is_there(self, file_name: str) -> bool:
        found = self._storage.head(self._described[file_name]["key"])
        return found is not None and found.etag == self._described[file_name]["etag"]


def _invalidate_if_overwritten(
    log: ManifestLog,
    run: str,
    dataset: str,
    partition: str,
    expected_manifest: Manifest | None,
    sending: _Publication,
) -> None:
    """Void the winner's manifest where this run's data stands in the place of the winner's."""
    for _ in range(_TRIES):
        log.refresh(dataset, partition)
        newest = log.newest(dataset, partition)
        if (
            newest is None
            or newest == expected_manifest
            or newest.fingerprint == VOID
            or not sending.stands_where(log.read(newest)["files"])
        ):
            return
        try:
            invalidate(
                log,
                run,
                dataset,
                partition,
                f"overwritten by run {run or 'unnamed'}, which lost number {newest.number}",
            )
            return
        except Conflict:
            continue
