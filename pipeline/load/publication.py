"""One publication: its files, on their way to their stable keys, and its outcome.

`publish_all` (publish.py) carries out the steps, each for several publications at once:

    prepare             check the log; read what the expected manifest lists
    take_over_archive   if a killed run has archived the same files
    names               the first file; after its next three steps the others, so that a run that
                        loses the first file to another run has changed none of the others
    check_same          a file with equal content is not written, if its object is still there
    write               of a changed file; record_outcome notes what was stored
    replace_unexpected  replace objects that a killed run has left
    entry               what goes into the log, where it takes its number
    invalidate_if_overwritten    if another run has taken the number
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from pipeline.errors import Conflict, Corrupt, PipelineError
from pipeline.load.archive import pack, unpack
from pipeline.load.commit_records import Body, CommitEntry
from pipeline.load.layout import INVALIDATED, Manifest, archive_key, digest_of, file_key
from pipeline.load.manifests import ManifestLog
from pipeline.load.storage import Stat, Write

PAUSES = (0.05, 0.15, 0.3, 0.5)
"""Shares of `publish_wait` between listings of the partition's manifests."""
_ATTEMPTS = 4


def digest_files(digests: Mapping[str, str]) -> str:
    """Return the digest of a partition: 16 hex digits over its (file, sha256), sorted."""
    return digest_of(*(word for name in sorted(digests) for word in (name, digests[name])))


def digest_of_body(body: Body) -> str:
    """The digest of a partition from its manifest, files in the archive included."""
    digests = {name: entry["sha256"] for name, entry in body["files"].items()}
    return digest_files(digests | body.get("archive", {}).get("kept", {}))


NOTHING = digest_files({})
"""The digest of a partition without files."""


class Content(NamedTuple):
    """The content to publish; the files `kept` are only in the archive of a report."""

    dataset: str
    partition: str
    fingerprint: str
    files: Mapping[str, bytes]
    metadata: Mapping[str, Any]
    expected_manifest: Manifest | None
    kept: Mapping[str, bytes] = MappingProxyType({})


class Publication:
    """What one publication has put, and how it ended.

    `entries` is what the manifest will say of each file; its ETag is added when it is stored.
    `archive` is the write of the file that keeps a version of a report.
    `result` is the manifest in the log, or the error that the publication met.
    """

    def __init__(self, log: ManifestLog, content: Content) -> None:
        self._log, self._storage, self._content = log, log.storage, content
        self._place = content.dataset, content.partition
        self._expected = content.expected_manifest
        self._all_files = {**content.files, **content.kept}
        self._previous: Mapping[str, Mapping[str, Any]] = {}
        self._sent: set[str] = set()
        self._unexpected: dict[str, Stat | None] = {}
        self._has_waited = False
        self.result: Manifest | PipelineError | None = None
        digests = {name: sha256(data).hexdigest() for name, data in self._all_files.items()}
        self._archived_only = {name: digests[name] for name in content.kept}
        self._digest = digest_files(digests)
        self.entries: dict[str, dict[str, Any]] = {
            name: {"key": file_key(*self._place, name), "sha256": digests[name], "size": len(data)}
            for name, data in content.files.items()
        }
        number = self._expected.number + 1 if self._expected else 1
        key = archive_key(*self._place, number, self._digest)
        self.archive = Write(key, pack(self._all_files), if_absent=True) if key else None

    def attempt(self, step: Callable[[], None]) -> None:
        """Carry out `step`, unless an earlier one has failed; keep its error."""
        if self.result is None:
            try:
                step()
            except (Conflict, Corrupt) as error:
                self.result = error

    def prepare(self) -> None:
        """Read what the expected manifest lists. Raises Corrupt for an invalid log.

        Invalid is one with a gap, a doubled number or an unknown manifest.
        """
        self._log.check_manifests(*self._place)
        self._previous = self._log.read(self._expected)["files"] if self._expected else {}

    def names(self, is_first: bool) -> list[str]:
        """The first file, or the others."""
        names = sorted(self._content.files)
        return names[:1] if is_first else names[1:]

    def entry(self, run: str) -> CommitEntry:
        """What goes into the log."""
        metadata = dict(self._content.metadata)
        body: Body = {"run": run, "files": self.entries, "metadata": metadata}
        if self.archive:
            key, data = self.archive.key, self.archive.data
            body["archive"] = {"key": key, "sha256": sha256(data).hexdigest(), "size": len(data)}
            if self._archived_only:
                body["archive"]["kept"] = self._archived_only
        fingerprint = self._content.fingerprint
        return CommitEntry(*self._place, self._expected, fingerprint, self._digest, body)

    def take_over_archive(self) -> None:
        """Take over what a killed run archived of the same files. Raises Corrupt."""
        if self.archive is None:
            return
        key = self.archive.key
        uri = self._storage.uri(key)
        data = self._storage.get(key)
        if unpack(data, uri) != self._all_files:
            raise Corrupt(f"{uri} is not what its name says; move it away and run again")
        self.archive = Write(key, data, if_absent=True)

    def is_same(self, name: str) -> bool:
        """Whether the expected manifest has the file with the same content."""
        return bool(self._previous.get(name, {}).get("sha256") == self.entries[name]["sha256"])

    def check_same(self, name: str, current: Stat | None) -> None:
        """Note an unchanged file, if it is still there."""
        if current is None or not self._is_expected(self._previous[name], current):
            self._unexpected[name] = current
        else:
            self.entries[name]["etag"] = current.etag

    def write(self, name: str) -> Write:
        """The write of a changed file over the one that the expected manifest lists."""
        previous = self._previous.get(name)
        return self._write(name, previous["etag"] if previous else None)

    def _write(self, name: str, etag: str | None) -> Write:
        return Write(self.entries[name]["key"], self._content.files[name], etag is None, etag)

    def record_outcome(self, name: str, outcome: str | Conflict) -> None:
        """Note that a file was put, or what the other run put."""
        if isinstance(outcome, str):
            self.entries[name]["etag"] = outcome
            self._sent.add(name)
            return
        current, previous = self._storage.head(self.entries[name]["key"]), self._previous.get(name)
        if previous and current and self._is_expected(previous, current):
            (outcome,) = self._storage.put_all([self._write(name, current.etag)])
            if isinstance(outcome, str):
                self.record_outcome(name, outcome)
                return
        self._unexpected[name] = current

    def replace_unexpected(self, publish_wait: float) -> None:
        """Replace objects that a killed run stored without a manifest. Raises Conflict."""
        if not self._unexpected:
            return
        self._wait_for_other(0 if self._has_waited else publish_wait)
        self._has_waited = True
        for name, current in self._unexpected.items():
            write = self._write(name, current.etag if current else None)
            (outcome,) = self._storage.put_all([write])
            if isinstance(outcome, Conflict):
                raise outcome
            self.record_outcome(name, outcome)
        self._unexpected = {}

    def _is_expected(self, previous: Mapping[str, Any], current: Stat) -> bool:
        """Whether the object is the expected one; a copied lake has it under another ETag."""
        if current.size != previous["size"]:
            return False
        if current.etag == previous["etag"]:
            return True
        return sha256(self._storage.get(current.key)).hexdigest() == str(previous["sha256"])

    def _wait_for_other(self, publish_wait: float) -> None:
        """Wait for another run in progress; Conflict if it publishes."""
        for share in PAUSES if publish_wait else (0.0,):
            time.sleep(publish_wait * share)
            self._log.refresh(*self._place)
            if self._log.newest(*self._place) != self._expected:
                raise Conflict(
                    f"{' '.join(self._place)}: another run has published in the meantime;"
                    " start again from the newest manifest"
                )

    def invalidate_if_overwritten(self, run: str) -> None:
        """Invalidate the winner's manifest where this run overwrote its data."""
        for _ in range(_ATTEMPTS):
            self._log.refresh(*self._place)
            newest = self._log.newest(*self._place)
            if newest is None or newest == self._expected or newest.fingerprint == INVALIDATED:
                return
            if not any(self._overwrites(self._log.read(newest)["files"])):
                return
            why = f"overwritten by run {run or 'unnamed'}, which lost number {newest.number}"
            try:
                self._log.invalidate(run, *self._place, why)
                return
            except Conflict:
                continue

    def _overwrites(self, files: Mapping[str, Mapping[str, Any]]) -> Iterator[bool]:
        """Per file sent: whether it replaced other content."""
        for name in sorted(self._sent):
            entry = self.entries[name]
            current = self._storage.head(entry["key"])
            yield (
                current is not None
                and current.etag == entry["etag"]
                and files.get(name, {}).get("sha256") != entry["sha256"]
            )
