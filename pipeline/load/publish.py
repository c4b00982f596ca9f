"""Publish partitions: data under their stable keys, then one manifest for each.

1. Each file is PUT where the expected manifest left it (If-Match with its ETag; If-None-Match where
   there was none). Identical content is not sent again. A file that changed since then is replaced
   only if no run publishes for a while (a killed run left it); otherwise Conflict, and nothing is
   changed. So a run that was suspended for hours cannot overwrite newer content.
2. A commit record takes the number of the manifest (manifests.py). If a run is killed before that,
   the newest manifest stays and the partition is built again; after that, the run has published.
3. A run that wrote data and then lost the number checks whether it has overwritten the winner's
   files. If so, it invalidates the partition, and the next run builds it again.

The files of a report are also archived, in one file named by number and digest, never overwritten.
Some of them are only in the archive (`kept`): the manifest then has their sha256 beside its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from pipeline.errors import Conflict, PipelineError
from pipeline.load.layout import Manifest
from pipeline.load.manifests import ManifestLog
from pipeline.load.publication import Content, Publication
from pipeline.load.storage import Stat, Storage


def publish_all(
    log: ManifestLog, run: str, contents: Sequence[Content], publish_wait: float
) -> list[Manifest | PipelineError]:
    """Publish partitions together; the manifest of each, or the error that it met.

    All data is written before the first commit record, and all of those before the first manifest.
    A run that has put data without its manifest is considered active for `publish_wait` seconds.
    An error is a Conflict where another run has published since the expected manifest.
    """
    items = [Publication(log, content) for content in contents]

    def unfinished() -> list[Publication]:
        return [item for item in items if item.result is None]

    for item in items:
        item.attempt(item.prepare)
    _archive(log.storage, unfinished())
    # the first file alone: a run that loses it has changed none of the others
    for is_first in (True, False):
        _put_files(log.storage, unfinished(), publish_wait, is_first)
    stored = unfinished()
    results = log.append_all([item.entry(run) for item in stored])
    log.storage.sync()
    for item, result in zip(stored, results, strict=True):
        item.result = result
    for item in items:
        if isinstance(item.result, Conflict):
            item.invalidate_if_overwritten(run)
    return [item.result for item in items if item.result]


def _archive(storage: Storage, items: Sequence[Publication]) -> None:
    """Write the archive of each publication that has one."""
    archives = [(item, item.archive) for item in items if item.archive]
    outcomes = storage.put_all([write for _, write in archives])
    for (item, _), outcome in zip(archives, outcomes, strict=True):
        if isinstance(outcome, Conflict):
            item.attempt(item.take_over_archive)


def _put_files(
    storage: Storage, items: Sequence[Publication], publish_wait: float, is_first: bool
) -> None:
    """Put the first file, or the others, of each publication where it is expected."""
    names = [(item, name) for item in items for name in item.names(is_first)]
    same = [(item, name) for item, name in names if item.is_same(name)]
    currents = _stats_of(storage, [item.entries[name]["key"] for item, name in same])
    for item, name in same:
        item.check_same(name, currents.get(item.entries[name]["key"]))
    changed = [(item, name) for item, name in names if not item.is_same(name)]
    outcomes = storage.put_all([item.write(name) for item, name in changed])
    for (item, name), sent in zip(changed, outcomes, strict=True):
        item.record_outcome(name, sent)
    for item in items:
        item.attempt(partial(item.replace_unexpected, publish_wait))


def _stats_of(storage: Storage, keys: Sequence[str]) -> dict[str, Stat]:
    """The objects that exist under `keys`; a listing for those that share a folder."""
    shared, rest = _by_folder(keys, lambda key: key.rpartition("/")[0])
    tables, alone = _by_folder(rest, lambda key: key.partition("/")[0])
    listed = [stat for folder in shared + tables for stat in storage.list(f"{folder}/")]
    return {stat.key: stat for stat in (*listed, *storage.map(storage.head, alone)) if stat}


def _by_folder(keys: Sequence[str], folder_of: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """The folders that several of the keys share, and the keys in no such folder."""
    counts = Counter(map(folder_of, keys))
    folders = [folder for folder, count in counts.items() if count > 1]
    return folders, [key for key in keys if counts[folder_of(key)] == 1]
