"""Raw said again with less in it, record by record: what an erasure and the retention of raw have
in common.

In: a Lake and an edit of one record, which gives the same bytes where it takes nothing away. Each
batch that it touches is committed again, whole at every instant; its old objects go with all their
versions, and so do those that were never committed. Every other byte of raw stays as it was, so no
amount changes as long as the edit takes away what nothing is counted from. Each step finds by
itself what is left to do, so a run that was killed is started again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from pipeline.load import RAW, RECEIPTS, Lake, RawObject, Stat, Storage, decompress
from pipeline.load.layout import parse_raw, raw_prefix

Edit = Callable[[bytes], bytes]
"""One record, as verbatim JSON, without something."""
Which = Callable[[str], bool]
"""Whether the batch of that name is looked at."""


class Touched(NamedTuple):
    """An object of raw that an edit changes, its date of sale and how many of its records."""

    object: RawObject
    sold: date | None
    records: int


def every(batch: str) -> bool:
    """All of raw."""
    return bool(batch)


def find_touched(lake: Lake, edit: Edit, which: Which = every) -> Iterator[Touched]:
    """Every raw object that the edit would change, committed or left over."""
    listed = [
        found
        for stat in lake.storage.list(raw_prefix())
        if (found := parse_raw(stat)) and which(found.batch)
    ]
    counts = lake.storage.map(
        lambda found: _count(decompress(lake.storage.get(found.key)), edit), listed
    )
    return (
        Touched(found, found.sold, count)
        for found, count in zip(listed, counts, strict=True)
        if count
    )


def _count(ndjson: bytes, edit: Edit) -> int:
    return sum(edit(line) != line for line in ndjson.splitlines())


def rewrite(lake: Lake, edit: Edit, which: Which = every) -> list[str]:
    """Apply the edit to raw, and remove what stood there before; returns the batches that were
    committed again.
    """
    touched = [one.object for one in find_touched(lake, edit, which)]
    lake.refresh()
    lake.refresh_raw()
    batches: dict[str, list[RawObject]] = defaultdict(list)
    for found in touched:
        newest = lake.newest(RECEIPTS, found.batch)
        if newest and newest.fingerprint == RAW and newest.digest == found.batch_digest:
            batches[found.batch].append(found)
    for batch in batches:
        _commit_again(lake, batch, edit)
    for found in touched:
        lake.storage.remove(found.key)
    for batch in filter(which, lake.partitions(RECEIPTS)):
        _remove_replaced(lake, batch)
    for version in lake.storage.old_versions(raw_prefix()):
        found = parse_raw(Stat(version.key, 0, ""))
        if (
            found
            and which(found.batch)
            and (version.is_marker or _count(decompress(lake.storage.get_version(version)), edit))
        ):
            lake.storage.remove_version(version)
    return sorted(batches)


def _commit_again(lake: Lake, batch: str, edit: Edit) -> None:
    objects, times = {}, {}
    for one in lake.body(lake.newest(RECEIPTS, batch))["files"].values():
        found = parse_raw(Stat(one["key"], one["size"], ""))
        objects[found.sold] = b"".join(map(edit, lake.read_raw(found).splitlines(keepends=True)))
        times[found.sold] = found.times
    lake.replace_window(batch, objects, times)


def _remove_replaced(lake: Lake, batch: str) -> None:
    """The objects of a batch that was committed again; those that the edit did not touch went with
    it.
    """
    history = lake.history(RECEIPTS, batch)
    kept = (
        {said["key"] for said in lake.body(history[-1])["files"].values()} if history[1:] else set()
    )
    for manifest in history[:-1]:
        if history[-1].fingerprint == RAW == manifest.fingerprint:
            for said in lake.body(manifest)["files"].values():
                if said["key"] not in kept and lake.storage.head(said["key"]):
                    lake.storage.remove(said["key"])


def clear(storage: Storage, prefixes: tuple[str, ...]) -> int:
    """Remove older versions of what stands under the prefixes; returns how many."""
    count = 0
    for prefix in prefixes:
        for version in storage.old_versions(prefix):
            storage.remove_version(version)
            count += 1
    return count
