"""Check every object of the lake against the manifests.

Reads all manifests and commit records of the months, the newest files of each partition, every
committed raw object, and every archived version of a report. A broken partition that is derived
from others can be built again; raw cannot, because nothing else has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from pipeline.errors import Corrupt
from pipeline.load import (
    CATALOG,
    DATASETS,
    INVALIDATED,
    RAW_RECEIPTS,
    RAW_SHIFTS,
    Lake,
    Manifest,
    Stat,
)
from pipeline.load.archive import pack, unpack
from pipeline.load.commit_records import Body
from pipeline.load.layout import (
    commit_key,
    log_prefix,
    needs_no_manifest,
    parse_manifest,
    partition_of_key,
)
from pipeline.load.publication import digest_of_body
from pipeline.load.raw_keys import parse_raw
from pipeline.maintenance.findings import LakeFinding, MonthRange
from pipeline.maintenance.unreferenced import describe_unnamed, named_keys, readable_bodies
from pipeline.progress import Progress

_RAW = (RAW_RECEIPTS, CATALOG, RAW_SHIFTS)
_RESTORE = "restore the version that was committed (bucket versioning, or a copy)"
_REBUILD = (
    "`pos verify --repair` restores a report's archived copy, or invalidates the partition and the"
    " next run builds it again"
)
_ARCHIVE = (
    "`pos verify --repair` invalidates the report, and the next run builds the same version again"
)


def audit(
    lake: Lake, months: MonthRange, source_folders: tuple[str, ...] = ()
) -> Iterator[LakeFinding]:
    """Every object of some months that does not match the manifests.

    `source_folders` are those of additional sources, which have an audit of their own.
    """
    lake.refresh()
    apart = tuple(f"{folder}/" for folder in source_folders)
    stats = [stat for stat in lake.storage.list() if not stat.key.startswith(apart)]
    partitions = [
        (dataset, partition)
        for dataset in DATASETS
        for partition in filter(months.holds, lake.partitions(dataset))
    ]
    with Progress("verify", "partitions") as progress:
        for done, (dataset, partition) in enumerate(partitions, 1):
            yield from _check_log(lake, dataset, partition)
            yield from _check_content(lake, dataset, partition)
            progress.reach(done, done / len(partitions))
    named: dict[tuple[str, str], set[str]] = {}
    for stat in stats:
        yield from _check_named(lake, stat, months, named)


def _check_log(lake: Lake, dataset: str, partition: str) -> Iterator[LakeFinding]:
    """Check numbers, and each manifest against its name and its commit record."""
    storage = lake.storage
    try:
        lake.check_manifests(dataset, partition)
    except Corrupt as error:
        location = storage.uri(log_prefix(dataset, partition))
        remedy = "until this is repaired, nothing is published into that partition"
        yield LakeFinding(location, str(error), remedy, dataset, partition)
    for manifest in lake.manifests_of(dataset, partition):
        commit = commit_key(dataset, partition, manifest.number)
        try:
            lake.body(manifest)
            if storage.get(commit) != storage.get(manifest.key):
                raise Corrupt(f"it differs from its commit record {commit}")
        except Corrupt as error:
            remedy = "restore the one of the two that was altered"
            yield LakeFinding(storage.uri(manifest.key), str(error), remedy, dataset, partition)


def _check_content(lake: Lake, dataset: str, partition: str) -> Iterator[LakeFinding]:
    """Check what the newest manifest names, and the archived versions of a report."""
    newest = lake.newest(dataset, partition)
    if newest is None:
        return
    if newest.fingerprint == INVALIDATED:
        reason = lake.metadata(dataset, partition, newest).get("why", "no reason given")
        location, what = f"{dataset} {partition}", f"it was invalidated ({reason})"
        remedy = "the next run builds it again"
        yield LakeFinding(location, what, remedy, dataset, partition, is_wrong=False)
    history = lake.manifests_of(dataset, partition)
    copies = {(manifest.fingerprint, manifest.digest): manifest for manifest in history}
    for manifest, body in readable_bodies(lake, dataset, partition):
        files, archive = body["files"], body.get("archive")
        is_latest_copy = copies[manifest.fingerprint, manifest.digest] == manifest
        archives = [archive] if archive and is_latest_copy else []
        if manifest == newest and dataset not in _RAW and newest.fingerprint != INVALIDATED:
            yield from _check_newest(lake, newest, body)
            for finding in _check_final(lake, manifest, archives):
                yield finding._replace(remedy=_ARCHIVE, repairable=True)
        elif manifest == newest and dataset in _RAW:
            yield from _check_final(lake, manifest, files.values())
        else:
            yield from _check_final(lake, manifest, archives)


def _check_newest(lake: Lake, newest: Manifest, body: Body) -> Iterator[LakeFinding]:
    """Check the files under their stable keys, and the digest over them."""
    dataset, partition, storage = newest.dataset, newest.partition, lake.storage
    wrong = partial(
        LakeFinding, remedy=_REBUILD, dataset=dataset, partition=partition, repairable=True
    )
    if digest_of_body(body) != newest.digest:
        yield wrong(storage.uri(newest.key), "its files are not those of its digest")
    for name, entry in sorted(body["files"].items()):
        data = lake.storage.find(entry["key"])
        if _is_valid(data, entry) or _is_published(lake, newest, name):
            continue
        altered = "is not what its manifest says: altered, or left half-published by a killed run"
        yield wrong(storage.uri(entry["key"]), "is missing" if data is None else altered)


def _is_published(lake: Lake, manifest: Manifest, name: str) -> bool:
    """Whether a run has published the file by now; waits for one that is about to."""
    try:
        return bool(lake.read(manifest.dataset, manifest.partition, [name], afresh=True))
    except Corrupt:
        return False


def restore(lake: Lake, manifest: Manifest) -> bool:
    """Restore a report's files and archive from each other; False if any is lost."""
    body = lake.body(manifest)
    if "archive" not in body:
        return False
    archive, names = body["archive"], sorted(body["files"])
    data = lake.storage.find(archive["key"])
    archived = unpack(data, archive["key"]) if data and _is_valid(data, archive) else {}
    files = {}
    for name in names:
        entry = body["files"][name]
        copies = (lake.storage.find(entry["key"]), archived.get(name))
        sound = next((copy for copy in copies if _is_valid(copy, entry)), None)
        if sound is None:
            return False
        files[name] = sound
    packed = data if data and archived else pack(files)  # no more than the files
    if not _is_valid(packed, archive):
        return False
    for name in names:
        _put_back(lake, body["files"][name]["key"], files[name])
    _put_back(lake, archive["key"], packed)
    return True


def _put_back(lake: Lake, key: str, data: bytes) -> None:
    """Write an object that is missing or was altered."""
    if lake.storage.find(key) != data:
        stat = lake.storage.head(key)
        lake.storage.put(key, data, if_absent=stat is None, if_match=stat.etag if stat else None)


def _check_final(
    lake: Lake, manifest: Manifest, objects: Iterable[Mapping[str, Any]]
) -> Iterator[LakeFinding]:
    """Check objects that are written once; they cannot be built again."""
    entries = list(objects)
    contents = lake.storage.map(lambda entry: lake.storage.find(entry["key"]), entries)
    for entry, data in zip(entries, contents, strict=True):
        key = entry["key"]
        if _is_valid(data, entry):
            continue
        what = "is missing" if data is None else "was altered after it was committed"
        remedy = _RESTORE
        if manifest.dataset == RAW_RECEIPTS:
            remedy += (
                f"; where there is none, `pos verify --refetch {manifest.partition}` lets the next"
                " run fetch it again"
            )
        yield LakeFinding(lake.storage.uri(key), what, remedy, manifest.dataset, manifest.partition)


def _is_valid(data: bytes | None, entry: Mapping[str, Any]) -> bool:
    return data is not None and sha256(data).hexdigest() == str(entry["sha256"])


def _check_named(
    lake: Lake, stat: Stat, months: MonthRange, named: dict[tuple[str, str], set[str]]
) -> Iterator[LakeFinding]:
    """Check that a manifest names the object; `named` is a cache."""
    uri = lake.storage.uri(stat.key)
    raw = parse_raw(stat)
    named_partition = partition_of_key(stat.key)
    if raw and months.holds(raw[0].partition):
        if lake.raw_manifest(raw[0]) is None:
            what, partition = "was left by a run that did not commit it", raw[0].partition
            yield LakeFinding(
                uri, what, "it is never read", RAW_RECEIPTS, partition, is_wrong=False
            )
    elif named_partition and months.holds(named_partition[1]):
        if named_partition not in named:
            named[named_partition] = named_keys(lake, *named_partition)
        if stat.key not in named[named_partition] and (
            finding := describe_unnamed(lake, stat, *named_partition)
        ):
            yield finding
    elif not (parse_manifest(stat.key) or raw or named_partition or needs_no_manifest(stat.key)):
        remedy = "move it away: tools that read complete folders would read it"
        yield LakeFinding(uri, "is unknown to the lake", remedy)
