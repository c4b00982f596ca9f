"""The log of each partition: its manifests by number, added and never changed.

The key of a manifest has number, fingerprint and digest, so one listing shows the state of every
partition. Two runs would give the same number different keys. So a run first writes a commit
record, whose key has only the number, with If-None-Match: this is the moment of publication. The
manifest is a copy of it. If a run is killed between the two, the next run writes the manifest.
After a lost response, a run that finds its own bytes in the commit record has won.

A log with a gap, a doubled number or an unknown key is invalid: nothing is published into it
(Corrupt, naming the key).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from pipeline.errors import Conflict, Corrupt, PipelineError
from pipeline.load.commit_records import CommitEntry, CommitRecord
from pipeline.load.layout import INVALIDATED, Manifest, commit_key, commit_prefix, digest_of
from pipeline.load.manifest_listing import ManifestListing
from pipeline.load.storage import Write

_NO_CONTENT = "0" * 16
_SORTED = json.JSONEncoder(sort_keys=True)


def fingerprint_of(
    version: int | str, settings: Mapping[str, object], inputs: Iterable[tuple[str, str]]
) -> str:
    """Return 16 hex digits for version, settings and (name, digest) of inputs."""
    text = {key: str(value) for key, value in settings.items()}
    return digest_of(_SORTED.encode([str(version), text, sorted(map(list, inputs))]))


class ManifestLog(ManifestListing):
    """The logs of all partitions, to which publications are appended."""

    def append(self, entry: CommitEntry) -> Manifest:
        """Publish the entry as the manifest after its `expected_manifest`.

        Succeeds also where another run has published the same fingerprint and digest under that
        number and it is still the newest. Raises Conflict if other content took the number.
        """
        (result,) = self.append_all([entry])
        self.storage.sync()
        if isinstance(result, PipelineError):
            raise result
        return result

    def append_all(self, entries: Sequence[CommitEntry]) -> list[Manifest | PipelineError]:
        """Append the entries, commit records first; the manifest or the error of each."""
        commits = [self._prepare(entry) for entry in entries]
        sent = [commit for commit in commits if commit.error is None]
        writes = [Write(commit.key, commit.text, if_absent=True) for commit in sent]
        for commit, outcome in zip(sent, self.storage.put_all(writes), strict=True):
            commit.is_own = not isinstance(outcome, Conflict)
            if not commit.is_own:
                commit.attempt(self._read_commit)
        self._copy_commits(sent)
        self._publish_signal.announce()
        for commit in sent:
            commit.attempt(self._settle)
        return [commit.error or commit.taken for commit in commits]

    def _prepare(self, entry: CommitEntry) -> CommitRecord:
        try:
            self.check_manifests(entry.dataset, entry.partition)
            return CommitRecord.from_entry(entry)
        except PipelineError as error:
            return CommitRecord("", error=error)

    def _read_commit(self, commit: CommitRecord) -> None:
        """Take over the commit record of another run."""
        commit.text = self.storage.get(commit.key)
        commit.taken, commit.body = self._parse(commit.text, commit.key)
        taken = commit.taken
        if commit_key(taken.dataset, taken.partition, taken.number) != commit.key:
            raise Corrupt(
                f"{self.storage.uri(commit.key)} is the commit record of {taken.key}; move it"
                " away, nothing is published next to it"
            )

    def _copy_commits(self, commits: Sequence[CommitRecord]) -> None:
        """Write the manifest of each commit record, also of killed runs."""
        sound = [commit for commit in commits if commit.error is None]
        writes = [Write(commit.taken.key, commit.text, if_absent=True) for commit in sound]
        for commit, outcome in zip(sound, self.storage.put_all(writes), strict=True):
            if isinstance(outcome, Conflict):
                commit.attempt(self._check_copy)

    def _check_copy(self, commit: CommitRecord) -> None:
        self.storage.get_valid(
            commit.taken.key,
            sha256(commit.text).hexdigest(),
            f"differs from its commit record {commit.key}; move it away and run again",
        )

    def _settle(self, commit: CommitRecord) -> None:
        """Note what was published. Raises Conflict if other content has the number."""
        taken = commit.taken
        dataset, partition = taken.dataset, taken.partition
        if not commit.is_own:
            self.refresh(dataset, partition)
        is_newest = commit.is_own or self.newest(dataset, partition) == taken
        if taken != commit.own or not is_newest:
            raise Conflict(
                f"{dataset} {partition}: another run has published number {taken.number} or a"
                " later one with other content; start again from the newest manifest"
            )
        self._add(taken, commit.body)

    def complete_commits(self, dataset: str) -> None:
        """Write the manifests of commit records that killed runs left without one."""
        self.ensure_listed(dataset)
        folder, behind = commit_prefix(dataset), list[CommitRecord]()
        for stat in self.storage.list(folder):
            partition, _, name = stat.key.removeprefix(folder).partition("/")
            log = self._manifests[dataset].get(partition)
            if name == f"{log[-1].number + 1 if log else 1:06d}.json":
                behind.append(CommitRecord(stat.key))
        for commit in behind:
            commit.attempt(self._read_commit)
        self._copy_commits(behind)
        self.storage.sync()
        for commit in behind:
            if commit.error:
                raise commit.error
        if behind:
            self.refresh(dataset)

    def invalidate(self, run: str, dataset: str, partition: str, why: str) -> Manifest:
        """Append a manifest without content, so that the partition is built again."""
        body = {"run": run, "files": {}, "metadata": {"why": why}}
        newest = self.newest(dataset, partition)
        entry = CommitEntry(dataset, partition, newest, INVALIDATED, _NO_CONTENT, body)
        return self.append(entry)
