"""The files of a partition, from storage or a cache, checked by their digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

from pipeline.errors import Corrupt
from pipeline.load import summary_digests
from pipeline.load.archive import unpack
from pipeline.load.commit_records import Body
from pipeline.load.layout import INVALIDATED, ONLY_FILE, SUMMARY, Manifest, file_key
from pipeline.load.manifests import ManifestLog
from pipeline.load.month_packs import MonthPacks
from pipeline.load.publication import NOTHING, digest_files
from pipeline.load.recent_bytes import RecentBytes


class Contents:
    """Reads what manifests name; `read_state` reads a state file."""

    def __init__(
        self, log: ManifestLog, recent: RecentBytes, read_state: Callable[[str], dict[str, Any]]
    ) -> None:
        self._log, self._storage, self._recent = log, log.storage, recent
        self._read_state = read_state
        self.packs = MonthPacks()

    def keep(self, manifest: Manifest, files: Mapping[str, bytes]) -> None:
        """Cache what was published."""
        for name, entry in self._log.read(manifest)["files"].items():
            key = manifest.key if manifest.dataset in ONLY_FILE else entry["sha256"]
            self._recent.keep(key, files[name])

    def fetch(self, manifest: Manifest, files: list[str] | None, afresh: bool) -> dict[str, bytes]:
        """The bytes of files (all by default); arguments as in Lake.read. Raises Corrupt."""
        alone = None if afresh else self._fetch_alone(manifest, files)
        if alone is not None:
            return alone
        body = self._body_of_summary(manifest) or self._log.read(manifest)
        entries, kept = body["files"], body.get("archive", {}).get("kept", {})
        names = sorted(entries) if files is None else files
        if unknown := [name for name in names if name not in entries and name not in kept]:
            raise Corrupt(
                f"{self._storage.uri(manifest.key)} names no {', '.join(unknown)}: "
                f"build {manifest.dataset} {manifest.partition} again"
            )
        if "archive" not in body or afresh:
            return self._fetch_files(manifest, body, names, afresh)
        is_read = self._recent.find(body["archive"]["sha256"]) is not None
        is_there = set(names) <= set(entries) and manifest == self._latest_issued(manifest)
        if is_there and not is_read:
            with suppress(Corrupt):
                return self._fetch_files(manifest, body, names, afresh)
        return self._read_archive(body, names)

    def _latest_issued(self, version: Manifest) -> Manifest | None:
        """The version of a report that is under its stable keys."""
        history = self._log.manifests_of(version.dataset, version.partition)
        return next((m for m in reversed(history) if m.fingerprint != INVALIDATED), None)

    def _fetch_files(
        self, manifest: Manifest, body: Body, names: Sequence[str], afresh: bool
    ) -> dict[str, bytes]:
        """Files under their stable keys, each checked against its digest."""

        def fetch(name: str) -> tuple[str, bytes]:
            entry = body["files"][name]
            key, digest = entry["key"], entry["sha256"]
            cached = None if afresh else self._recent.find(digest)
            if cached is not None:
                return name, cached
            packed = None if afresh else self.packs.find(manifest, name)
            if packed is not None and sha256(packed).hexdigest() == digest:
                return name, packed
            problem = (
                f"is not what manifest {manifest.number:06d} of {manifest.dataset}"
                f" {manifest.partition} says: altered, or left half-published by a killed run;"
                " build it again"
            )
            data = self._storage.get_valid(key, digest, problem)
            self._recent.keep(digest, data)
            return name, data

        return dict(self._storage.map(fetch, names))

    def _body_of_summary(self, manifest: Manifest) -> Body | None:
        """The files of a summary as an earlier run has noted them."""
        if manifest.dataset != SUMMARY or self._log.has_read(manifest):
            return None
        digests = summary_digests.parse_digests(self._read_state(summary_digests.FILE))
        return summary_digests.body_from(digests, manifest)

    def summary_digests(self) -> summary_digests.Digests:
        """The known digests of the newest summaries, for the next run's state/run.json."""
        noted = summary_digests.parse_digests(self._read_state(summary_digests.FILE))
        current: summary_digests.Digests = {}
        for month in self._log.partitions(SUMMARY):
            newest = self._log.newest(SUMMARY, month)
            if newest and self._log.has_read(newest):
                body: Body | None = self._log.read(newest)
            else:
                body = newest and summary_digests.body_from(noted, newest)
            if body:
                current[month] = {name: entry["sha256"] for name, entry in body["files"].items()}
        return current

    def _fetch_alone(self, manifest: Manifest, files: list[str] | None) -> dict[str, bytes] | None:
        """The only file of a partition, checked by its manifest's name; None: not enough."""
        name = ONLY_FILE.get(manifest.dataset, "")
        if not name or files not in (None, [name]):
            return None
        data = self._recent.find(manifest.key)
        if data is not None:
            return {name: data}
        if self._log.has_read(manifest):
            return None
        if files is None and manifest.digest == NOTHING:
            return {}
        key = file_key(manifest.dataset, manifest.partition, name)
        data = self.packs.find(manifest, name) or self._storage.find(key)
        if data is None or digest_files({name: sha256(data).hexdigest()}) != manifest.digest:
            return None
        self._recent.keep(manifest.key, data)
        return {name: data}

    def _read_archive(self, body: Body, names: list[str]) -> dict[str, bytes]:
        """Files of a version of a report, as it was issued."""
        key, digest = body["archive"]["key"], body["archive"]["sha256"]
        data = self._recent.find(digest)
        if data is None:
            data = self._storage.get_valid(key, digest, "was altered after it was written")
            self._recent.keep(digest, data)
        files = unpack(data, self._storage.uri(key))
        return {name: files[name] for name in names}
