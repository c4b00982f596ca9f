"""Every object of the lake against the manifests: what is missing, altered, half-published, foreign
or left over.

In: a Lake. Out: findings. Read are all manifests and claims of the span, the newest members of each
partition, every committed raw object, and every edition of a report that was kept. A broken
partition that is made of others heals; raw does not, because nobody else has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from pipeline.errors import Corrupt
from pipeline.load import CATALOG, DATASETS, RECEIPTS, VOID, Lake, Manifest, Stat
from pipeline.load.layout import claim_key, home_of, is_known, log_prefix, parse_manifest, parse_raw
from pipeline.load.publish import digest_files
from pipeline.maintenance.findings import LakeFinding, Span
from pipeline.maintenance.leftovers import describe_unnamed, named_keys

_RAW = (RECEIPTS, CATALOG)
_BRING_BACK = "bring back the version that was committed (bucket versioning, or a copy)"
_AGAIN = (
    "`pos verify --repair` puts a report's kept copy back, or declares the partition broken and the"
    " next night makes it again"
)
_COPY_AGAIN = "`pos verify --repair` copies the report's current file there again"


def audit(lake: Lake, span: Span) -> Iterator[LakeFinding]:
    """All that is not as the manifests of the span say, and all that no manifest speaks of."""
    lake.refresh()
    stats = {stat.key: stat for stat in lake.storage.list()}
    for dataset in DATASETS:
        for partition in filter(span.holds, lake.partitions(dataset)):
            yield from _check_log(lake, dataset, partition)
            yield from _check_content(lake, dataset, partition)
    named: dict[tuple[str, str], set[str]] = {}
    for stat in stats.values():
        yield from _check_known(lake, stat, span, named)


def _check_log(lake: Lake, dataset: str, partition: str) -> Iterator[LakeFinding]:
    """Numbers without a gap, each manifest its name's and its claim's."""
    storage, history = lake.storage, lake.history(dataset, partition)
    try:
        lake.check_sound(dataset, partition)
    except Corrupt as error:
        yield LakeFinding(
            storage.uri(log_prefix(dataset, partition)),
            str(error),
            "nothing is published into that partition before",
            dataset,
            partition,
        )
    for manifest in history:
        claim = claim_key(dataset, partition, manifest.number)
        try:
            lake.body(manifest)
            if storage.get(claim) != storage.get(manifest.key):
                raise Corrupt(f"it differs from its claim {claim}")
        except Corrupt as error:
            yield LakeFinding(
                storage.uri(manifest.key),
                str(error),
                "bring back the one of the two that was altered",
                dataset,
                partition,
            )


def _check_content(lake: Lake, dataset: str, partition: str) -> Iterator[LakeFinding]:
    """What the newest manifest names, and the editions of a report that were kept."""
    newest = lake.newest(dataset, partition)
    if newest is None:
        return
    if newest.fingerprint == VOID:
        yield LakeFinding(
            f"{dataset} {partition}",
            f"it was declared broken ({_why(lake, newest)})",
            "the next night makes it again",
            dataset,
            partition,
            is_wrong=False,
        )
    for manifest in lake.history(dataset, partition):
        try:
            files = lake.body(manifest)["files"]
        except Corrupt:
            continue  # has been said
        if manifest == newest and dataset not in _RAW and newest.fingerprint != VOID:
            if (
                digest_files({name: said["sha256"] for name, said in files.items()})
                != newest.digest
            ):
                yield LakeFinding(
                    lake.storage.uri(newest.key),
                    "its members are not those of its digest",
                    _AGAIN,
                    dataset,
                    partition,
                    repairable=True,
                )
            for file_name in sorted(files):
                yield from _check_member(lake, newest, file_name)
        elif (manifest == newest and dataset in _RAW) or any(
            "archived" in said for said in files.values()
        ):
            yield from _check_final(
                lake,
                manifest,
                {said.get("archived", said["key"]): said["sha256"] for said in files.values()},
            )


def _why(lake: Lake, manifest: Manifest) -> str:
    return lake.metadata(manifest.dataset, manifest.partition, manifest).get(
        "why", "no reason given"
    )


def _check_member(lake: Lake, manifest: Manifest, file_name: str) -> Iterator[LakeFinding]:
    """The newest content under its stable name; a run that is publishing it just now is waited for."""
    said = lake.body(manifest)["files"][file_name]
    data = _bytes(lake, said["key"])
    if data is not None and sha256(data).hexdigest() == said["sha256"]:
        if "archived" in said:
            for finding in _check_final(lake, manifest, {said["archived"]: said["sha256"]}):
                yield finding._replace(remedy=_COPY_AGAIN, repairable=True)
        return
    try:
        lake.read(manifest.dataset, manifest.partition, [file_name], afresh=True)
        if "archived" not in said:
            return  # published meanwhile
    except Corrupt:
        yield from _check_final(
            lake, manifest, {said["archived"]: said["sha256"]} if "archived" in said else {}
        )
    what = (
        "is missing"
        if data is None
        else "is not what its manifest says: altered, or left half-published by a killed run"
    )
    yield LakeFinding(
        lake.storage.uri(said["key"]),
        what,
        _AGAIN,
        manifest.dataset,
        manifest.partition,
        repairable=True,
    )


def put_back(lake: Lake, dataset: str, partition: str) -> bool:
    """Restore a report's files and their kept copies from each other; False where both are lost."""
    for file_name in lake.body(lake.newest(dataset, partition))["files"].values():
        if "archived" not in file_name:
            return False
        decimals = {key: _bytes(lake, key) for key in (file_name["key"], file_name["archived"])}
        sound = [
            data
            for data in decimals.values()
            if data is not None and sha256(data).hexdigest() == file_name["sha256"]
        ]
        if not sound:
            return False
        for key, data in decimals.items():
            if data is None:
                lake.storage.put(key, sound[0], if_absent=True)
            elif data != sound[0]:
                stat = lake.storage.head(key)
                lake.storage.put(key, sound[0], if_match=stat.etag if stat else None)
    return True


def _check_final(lake: Lake, manifest: Manifest, objects: dict[str, str]) -> Iterator[LakeFinding]:
    """Objects that are written once, by their digests: nothing can make them again."""
    for key, data in zip(
        objects, lake.storage.map(lambda key: _bytes(lake, key), objects), strict=True
    ):
        if data is None or sha256(data).hexdigest() != objects[key]:
            what = "is missing" if data is None else "was altered after it was committed"
            remedy = _BRING_BACK
            if manifest.dataset == RECEIPTS:
                remedy += (
                    f"; where there is none, `pos verify --refetch {manifest.partition}` lets the"
                    " next night ask the shop again"
                )
            yield LakeFinding(
                lake.storage.uri(key), what, remedy, manifest.dataset, manifest.partition
            )


def _bytes(lake: Lake, key: str) -> bytes | None:
    try:
        return lake.storage.get(key)
    except Corrupt:
        return None


def _check_known(
    lake: Lake, stat: Stat, span: Span, named: dict[tuple[str, str], set[str]]
) -> Iterator[LakeFinding]:
    """Whether a manifest names the object; `named` collects the named keys by partition."""
    uri, manifest, raw, home = (
        lake.storage.uri(stat.key),
        parse_manifest(stat.key),
        parse_raw(stat),
        home_of(stat.key),
    )
    if raw and span.holds(raw.batch):
        newest = lake.newest(RECEIPTS, raw.batch)
        if newest is None or newest.digest != raw.batch_digest:
            yield LakeFinding(
                uri,
                "was left by a run that did not commit it",
                "it is never read",
                RECEIPTS,
                raw.batch,
                is_wrong=False,
            )
    elif home and span.holds(home[1]):
        if home not in named:
            named[home] = named_keys(lake, *home)
        if stat.key not in named[home] and (finding := describe_unnamed(lake, stat, *home)):
            yield finding
    elif not (manifest or raw or home or is_known(stat.key)):
        yield LakeFinding(
            uri,
            "is foreign to the lake",
            "move it away: engines that read whole folders would read it",
        )
