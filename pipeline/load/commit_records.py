"""Entries for the log of a partition, and their commit records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.errors import PipelineError
from pipeline.load.layout import Manifest, commit_key, manifest_of

Body = dict[str, Any]
"""The JSON of a manifest: run, previous, files (key, sha256, size, etag), metadata.

Of a report also archive (key, sha256, size; kept: the sha256 of each file that is only in it).
"""


class CommitEntry(NamedTuple):
    """A publication to log after `expected_manifest`; `body`: run, files, metadata."""

    dataset: str
    partition: str
    expected_manifest: Manifest | None
    fingerprint: str
    digest: str
    body: Mapping[str, Any]


@dataclass
class CommitRecord:
    """The publication of one number of a partition.

    `taken` and `body` are what the commit record holds, of this run or of another; `own` is what
    this run publishes, None where it completes the commit record of another run.
    """

    key: str
    text: bytes = b""
    own: Manifest | None = None
    taken: Manifest = field(init=False)
    body: Body = field(default_factory=dict)
    is_own: bool = True
    error: PipelineError | None = None

    @classmethod
    def from_entry(cls, entry: CommitEntry) -> CommitRecord:
        """The commit record of an entry. Raises ConfigError for a malformed fingerprint."""
        previous = entry.expected_manifest.number if entry.expected_manifest else 0
        own = manifest_of(
            entry.dataset, entry.partition, previous + 1, entry.fingerprint, entry.digest
        )
        fields = {**entry.body, "previous": previous, **own._asdict()}
        del fields["key"]  # it follows from the others
        text = json.dumps(fields, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
        key = commit_key(entry.dataset, entry.partition, own.number)
        record = cls(key, text.encode(), own, body=json.loads(text))
        record.taken = own
        return record

    def attempt(self, step: Callable[[CommitRecord], None]) -> None:
        """Carry out `step`, unless an earlier one has failed; keep its error."""
        if self.error is None:
            try:
                step(self)
            except PipelineError as error:
                self.error = error
