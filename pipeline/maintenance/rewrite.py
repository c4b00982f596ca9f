"""Commit raw again without some values, for erasure and retention.

An edit of one record returns the same bytes where it removes nothing. Each partition that it
changes is committed again in one step; its old objects are removed with all their versions, and so
are those that were never committed. Every other byte of raw stays, so no amount changes as long as
the edit removes only values that no figure uses. Each step finds out what is left to do, so a
killed run can be started again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from pipeline.load import (
    RAW_FINGERPRINT,
    RAW_RECEIPTS,
    Lake,
    Manifest,
    RawObject,
    RawPartition,
    Stat,
    Storage,
    decompress,
)
from pipeline.load.raw_keys import objects_named, parse_raw
from pipeline.load.raw_objects import cut_frame, pack_window

Edit = Callable[[bytes], bytes]
"""Returns one record, verbatim JSON without the end of its line, without something."""
_END = "9999-13"
"""A month after all partitions: all of raw is edited."""


class EditedObject(NamedTuple):
    """An object of raw that an edit would change, and in how many records."""

    object: RawObject
    sold: date | None
    records: int


def find_edited(lake: Lake, edit: Edit, before: str = _END) -> Iterator[EditedObject]:
    """Every raw object that the edit would change, also an unreferenced one.

    Those of windows and rescans before the month `before`, YYYY-MM.
    """
    entries = [
        entry
        for stat in lake.storage.list(f"{RAW_RECEIPTS}/")
        for entry in parse_raw(stat)
        if entry.partition_name.month < before
    ]

    def count(entry: RawObject) -> int:
        return _count(read_entry(lake, entry), edit)

    counts = lake.storage.map(count, entries)
    for entry, records in zip(entries, counts, strict=True):
        if records:
            yield EditedObject(entry, entry.sold, records)


def read_entry(lake: Lake, entry: RawObject) -> bytes:
    """The NDJSON of an entry, also an unreferenced one."""
    return decompress(cut_frame(entry, lake.storage.get(entry.stored)))


def _count(ndjson: bytes, edit: Edit) -> int:
    return sum(edit(line) != line for line in ndjson.splitlines())


def rewrite(lake: Lake, edit: Edit, before: str = _END) -> list[str]:
    """Apply the edit to raw before a month; return the partitions that it has changed."""
    touched = [item.object for item in find_edited(lake, edit, before)]
    lake.refresh()
    lake.refresh_raw()
    partitions, changed = {}, set()
    for entry in touched:
        if newest := lake.raw_manifest(entry):
            partitions[newest.partition] = newest
            changed.add(entry.partition)
    for newest in partitions.values():
        _commit_again(lake, newest, edit, before)
    for key in {entry.stored for entry in touched}:
        lake.storage.remove(key)
    for partition in lake.partitions(RAW_RECEIPTS):
        if any(name.month < before for name in _names_in(partition)):
            _remove_replaced(lake, partition)
    for version in lake.storage.old_versions(f"{RAW_RECEIPTS}/"):
        old = parse_raw(Stat(version.key, 0, ""))
        if old and old[0].partition_name.month < before:
            text = b"" if version.is_marker else decompress(lake.storage.get_version(version))
            if version.is_marker or _count(text, edit):
                lake.storage.remove_version(version)
    return sorted(changed)


def _names_in(partition: str) -> list[RawPartition]:
    """The windows of a partition, each as a name of its own; or the rescan."""
    name = RawPartition.parse(partition)
    return [RawPartition.parse(window) for window in name.windows] or [name]


def _commit_again(lake: Lake, newest: Manifest, edit: Edit, before: str) -> None:
    """Commit a partition again with its windows before a month edited."""
    contents: dict[str, dict[date | None, bytes]] = defaultdict(dict)
    times: dict[str, dict[date | None, str]] = defaultdict(dict)
    for entry in objects_named(lake.body(newest)["files"]):
        ndjson = lake.read_raw(entry)
        if entry.partition_name.month < before:
            ndjson = b"".join(edit(line) + b"\n" for line in ndjson.splitlines())
        contents[entry.partition][entry.sold] = ndjson
        times[entry.partition][entry.sold] = entry.times
    lake.replace_windows(
        newest.partition,
        [pack_window(window, contents[window], times[window]) for window in contents],
    )


def _remove_replaced(lake: Lake, partition: str) -> None:
    """Remove the replaced objects of a partition, also unchanged ones."""
    *replaced, newest = lake.manifests_of(RAW_RECEIPTS, partition)
    if newest.fingerprint != RAW_FINGERPRINT:
        return
    current = {file["key"] for file in lake.body(newest)["files"].values()} if replaced else set()
    for manifest in replaced:
        files = lake.body(manifest)["files"] if manifest.fingerprint == RAW_FINGERPRINT else {}
        for key in {file["key"] for file in files.values()} - current:
            if lake.storage.head(key):
                lake.storage.remove(key)


def remove_old_versions(storage: Storage, prefixes: tuple[str, ...]) -> int:
    """Remove older versions of the objects under the prefixes; return how many."""
    count = 0
    for prefix in prefixes:
        for version in storage.old_versions(prefix):
            storage.remove_version(version)
            count += 1
    return count
