"""The invariants of a lake, checked after every crash, race and fault.

`check(storage, before)` raises AssertionError naming what is wrong, and returns what must never
change from then on, to be handed to the next call. `quiet=True`: a run has ended well since the
last fault, so every newest manifest must also be true to what stands under the stable names.

I6 what a manifest names exists and matches; numbers without a gap I7 nothing partial I9 committed
raw, manifests, commit records and kept versions never change I13 the bytes of a manifest are those
of its commit record, so a number has one content.
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256

from pipeline.load import (
    INVALIDATED,
    RAW_FINGERPRINT,
    RAW_RECEIPTS,
    Manifest,
    Stat,
    Storage,
    decompress,
)
from pipeline.load.archive import unpack
from pipeline.load.layout import commit_key, parse_manifest
from pipeline.load.publication import digest_of_body
from pipeline.load.raw_keys import parse_raw


def check(
    storage: Storage, before: dict[str, str] | None = None, *, quiet: bool = False
) -> dict[str, str]:
    """The objects that are final now, by key, with the sha256 of their bytes."""
    stats = {stat.key: stat for stat in storage.list()}
    bodies = {key: storage.get(key) for key in stats}
    manifests: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
    final: set[str] = set()
    for key in stats:
        assert len(bodies[key]) == stats[key].size, f"{key}: the listing tells another size"
        manifest = parse_manifest(key)
        if manifest:
            manifests[manifest.dataset, manifest.partition].append(manifest)
        assert manifest or not key.startswith("_manifests/"), f"{key}: foreign"
    for (dataset, partition), log in manifests.items():
        assert [item.number for item in log] == list(range(1, len(log) + 1)), (
            f"{dataset} {partition}: numbers {[item.number for item in log]}"
        )
        for manifest in log:
            commit = commit_key(dataset, partition, manifest.number)
            assert bodies.get(commit) == bodies[manifest.key], (
                f"{manifest.key} is not its commit record's"
            )
            text = json.loads(bodies[manifest.key])
            assert text["fingerprint"] == manifest.fingerprint
            assert text["previous"] == manifest.number - 1
            final |= {manifest.key, commit}
            if archive := text.get("archive"):
                data = bodies[archive["key"]]
                assert sha256(data).hexdigest() == archive["sha256"], f"{archive['key']}: altered"
                digests = {n: sha256(d).hexdigest() for n, d in unpack(data, "archive").items()}
                stated = {n: file["sha256"] for n, file in text["files"].items()}
                assert digests == stated | archive.get("kept", {})
                final.add(archive["key"])
            if (
                dataset == RAW_RECEIPTS
                and manifest is log[-1]
                and manifest.fingerprint == RAW_FINGERPRINT
            ):
                final |= _raw_batch(manifest, text, bodies)
        newest = log[-1]
        if newest.fingerprint != INVALIDATED and dataset != RAW_RECEIPTS:
            text = json.loads(bodies[newest.key])
            assert newest.digest == digest_of_body(text)
            files = text["files"]
            for file_name in files.values() if quiet else ():
                assert file_name["key"] in bodies, (
                    f"{file_name['key']}: named by {newest.key}, missing"
                )
                assert sha256(bodies[file_name["key"]]).hexdigest() == file_name["sha256"], (
                    f"{file_name['key']}: not what {newest.key} names"
                )
    _commits(stats, manifests, quiet)
    now = {key: sha256(bodies[key]).hexdigest() for key in final}
    for key, digest in (before or {}).items():
        assert key in bodies, f"{key} was final and is gone"
        assert sha256(bodies[key]).hexdigest() == digest, f"{key} was final and has changed"
    return {**(before or {}), **now}


def _raw_batch(manifest: Manifest, text: dict, bodies: dict[str, bytes]) -> set[str]:
    keys = {file_name["key"] for file_name in text["files"].values()}
    result = {
        stat.key
        for stat in (Stat(key, 0, "") for key in bodies)
        if any(entry.partition_digest == manifest.digest for entry in parse_raw(stat))
    }
    assert keys == result, f"raw partition {manifest.partition}: {keys ^ result}"
    for file_name in text["files"].values():
        data = bodies[file_name["key"]]
        assert sha256(data).hexdigest() == file_name["sha256"], f"{file_name['key']}: altered"
        assert decompress(data), f"{file_name['key']}: empty"
    return keys


def _commits(stats: dict, manifests: dict, quiet: bool) -> None:
    """Check that a commit record without manifest is the next number, of a killed run."""
    for key in stats:
        if key.startswith("_commits/"):
            dataset, partition, number = key.removeprefix("_commits/").rsplit("/", 2)
            top = len(manifests.get((dataset, partition), ()))
            assert int(number.removesuffix(".json")) <= top + (not quiet), (
                f"{key}: committed and not published"
            )
        elif key.startswith("raw/receipts/"):
            assert parse_raw(stats[key]), f"{key}: foreign"
