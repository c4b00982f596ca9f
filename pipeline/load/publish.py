"""Publish one partition: data under its stable keys, then one manifest.

1. Each file is PUT where the expected manifest left it (If-Match with its ETag; If-None-Match where
   there was none). Identical content is not sent again. A file that changed since then is replaced
   only if no run publishes for a while (a killed run left it); otherwise Conflict, and nothing is
   changed. So a run that was suspended for hours cannot go back behind newer content.
2. The number of the manifest is claimed (manifests.py). A run killed before that leaves the newest
   manifest old, and the partition is built again; killed after it, the run has published.
3. A run that wrote data and then lost the number checks whether its data lies where the winner's
   should. If so, it invalidates the partition, and the next run builds it again.

The files of a report are also archived, in a folder named by number and digest, never overwritten.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from pipeline.errors import Conflict, Corrupt
from pipeline.load.layout import VOID, Manifest, archived_key, digest_of, file_key
from pipeline.load.manifests import ManifestLog
from pipeline.load.storage import Stat

PAUSES = (0.05, 0.15, 0.3, 0.5)
"""Shares of `max_retry_wait` between looks at the log."""
_NO_CONTENT = "0" * 16
_ATTEMPTS = 4


def digest_files(digests: Mapping[str, str]) -> str:
    """Return the digest of a partition: 16 hex digits over its (file, sha256), sorted."""
    return digest_of(*(word for name in sorted(digests) for word in (name, digests[name])))


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
    """Make `files` the newest content of the partition.

    A run that has put data without its manifest counts as alive for `max_retry_wait` seconds.
    Raises Conflict when another run has published since `expected_manifest`.
    """
    log.check_sound(dataset, partition)
    publication = _Publication(log, dataset, partition, files, expected_manifest)
    try:
        publication.send_all(max_retry_wait)
        body = {"run": run, "files": publication.entries, "metadata": dict(metadata)}
        return log.append(
            dataset, partition, expected_manifest, fingerprint, publication.digest, body
        )
    except Conflict:
        publication.invalidate_if_overwritten(run)
        raise


def invalidate(log: ManifestLog, run: str, dataset: str, partition: str, why: str) -> Manifest:
    """Append a manifest without content, so that the partition is built again."""
    body = {"run": run, "files": {}, "metadata": {"why": why}}
    newest = log.newest(dataset, partition)
    return log.append(dataset, partition, newest, VOID, _NO_CONTENT, body)


class _Publication:
    """The files of one publication on their way to their stable keys.

    `entries` is what the manifest will say of each file; its ETag is added when it is placed.
    """

    def __init__(
        self,
        log: ManifestLog,
        dataset: str,
        partition: str,
        files: Mapping[str, bytes],
        expected: Manifest | None,
    ) -> None:
        self._log, self._storage = log, log.storage
        self._dataset, self._partition = dataset, partition
        self._files, self._expected = files, expected
        self._previous = log.read(expected)["files"] if expected else {}
        self._sent: set[str] = set()
        digests = {name: sha256(data).hexdigest() for name, data in files.items()}
        self.digest = digest_files(digests)
        self.entries: dict[str, dict[str, Any]] = {}
        number = expected.number + 1 if expected else 1
        for name, data in files.items():
            archived = archived_key(dataset, partition, number, self.digest, name)
            self.entries[name] = {
                "key": file_key(dataset, partition, name),
                "sha256": digests[name],
                "size": len(data),
                **({"archived": archived} if archived else {}),
            }

    def send_all(self, max_retry_wait: float) -> None:
        """Place every file; replace what killed runs left. Raises Conflict."""
        names = sorted(self._files)
        # the first file alone: a run that loses it has changed none of the others
        for group in (names[:1], names[1:]):
            unexpected = self._place_all(group)
            if unexpected:
                self._wait_for_other(max_retry_wait)
                for name, current in unexpected.items():
                    self._put(name, current)
                max_retry_wait = 0

    def _place_all(self, names: Sequence[str]) -> dict[str, Stat | None]:
        """Put each file where expected; return those with unexpected content."""
        results = zip(names, self._storage.map(self._place, names), strict=True)
        return {name: current for name, (is_placed, current) in results if not is_placed}

    def _place(self, name: str) -> tuple[bool, Stat | None]:
        entry, previous = self.entries[name], self._previous.get(name)
        if "archived" in entry:
            self._archive(entry["archived"], self._files[name])
        if previous and previous["sha256"] == entry["sha256"]:
            current = self._storage.head(entry["key"])
            if current is None or not self._is_as_left(previous, current):
                return False, current
            entry["etag"] = current.etag
            return True, current
        current = Stat(entry["key"], previous["size"], previous["etag"]) if previous else None
        for _ in range(2):
            try:
                self._put(name, current)
                return True, current
            except Conflict:
                current = self._storage.head(entry["key"])
                if not (previous and current and self._is_as_left(previous, current)):
                    break
        return False, current

    def _is_as_left(self, previous: Mapping[str, Any], current: Stat) -> bool:
        """Whether the object is the expected one; a copied lake has it under another ETag."""
        if current.size != previous["size"]:
            return False
        if current.etag == previous["etag"]:
            return True
        return sha256(self._storage.get(current.key)).hexdigest() == str(previous["sha256"])

    def _archive(self, key: str, data: bytes) -> None:
        try:
            self._storage.put(key, data, if_absent=True)
        except Conflict as foreign:
            raise Corrupt(
                f"{self._storage.uri(key)} is not what its name says; move it away and run again"
            ) from foreign

    def _put(self, name: str, current: Stat | None) -> None:
        """Write a file over `current` and nothing newer. Raises Conflict."""
        key, data = self.entries[name]["key"], self._files[name]
        self.entries[name]["etag"] = self._storage.put(
            key, data, if_absent=current is None, if_match=current.etag if current else None
        )
        self._sent.add(name)

    def _wait_for_other(self, max_retry_wait: float) -> None:
        """Wait for another run in progress; Conflict if it publishes."""
        for share in PAUSES if max_retry_wait else (0.0,):
            time.sleep(max_retry_wait * share)
            self._log.refresh(self._dataset, self._partition)
            if self._log.newest(self._dataset, self._partition) != self._expected:
                raise Conflict(
                    f"{self._dataset} {self._partition}: another run has published meanwhile;"
                    " start again from the newest manifest"
                )

    def invalidate_if_overwritten(self, run: str) -> None:
        """Invalidate the winner's manifest where this run overwrote its data."""
        for _ in range(_ATTEMPTS):
            self._log.refresh(self._dataset, self._partition)
            newest = self._log.newest(self._dataset, self._partition)
            if newest is None or newest == self._expected or newest.fingerprint == VOID:
                return
            if not any(self._overwrites(self._log.read(newest)["files"])):
                return
            why = f"overwritten by run {run or 'unnamed'}, which lost number {newest.number}"
            try:
                invalidate(self._log, run, self._dataset, self._partition, why)
                return
            except Conflict:
                continue

    def _overwrites(self, files: Mapping[str, Mapping[str, Any]]) -> Iterator[bool]:
        """Per file sent: whether it lies in place of one with other content."""
        for name in sorted(self._sent):
            entry = self.entries[name]
            current = self._storage.head(entry["key"])
            yield (
                current is not None
                and current.etag == entry["etag"]
                and files.get(name, {}).get("sha256") != entry["sha256"]
            )
