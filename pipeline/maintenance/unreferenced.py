"""Unreferenced files of runs: recognise and remove them.

A run puts data before the manifest that names it. If it is killed between the two, or another run
publishes first, it leaves objects that no manifest names and no reader reads. Only objects under
names that a run of this project writes count as such; any other object in a partition's folder is
foreign.
Raw objects are never removed here, because the shop may no longer have their receipts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from pipeline import schema
from pipeline.errors import Corrupt
from pipeline.load import (
    BACKOFFICE,
    CUMULATIVE,
    MONTH_DATASET,
    MONTHLY,
    SUMMARY,
    Lake,
    Manifest,
    Stat,
)
from pipeline.load.commit_records import Body
from pipeline.load.layout import ONLY_FILE, TABLES, file_key, partition_of_key
from pipeline.maintenance.findings import LakeFinding

GRACE = 5.0
"""A run in progress publishes within this many times the lake's `publish_wait`."""

_TABLES = {
    **{dataset: [name] for dataset, name in ONLY_FILE.items()},
    MONTH_DATASET: [dataset.name for dataset in schema.MONTH_TABLES],
    SUMMARY: [*(dataset.name for dataset in schema.SUMMARY), schema.RECEIPT_FIGURES.name, TABLES],
    BACKOFFICE: [dataset.name for dataset in schema.BACKOFFICE],
}
_REPORT_FILE = re.compile(
    r"versions/\d{6,}\.[0-9a-f]{16}\.zip"
    r"|report\.(?:md|html|pdf)|figures\.json|message\.json|receipts\.parquet|tables\.xlsx"
    r"|charts/[\w-]+\.svg"
)


def is_of_a_run(key: str, dataset: str, partition: str) -> bool:
    """Whether a run of this project writes objects of that name into the partition."""
    if dataset in (MONTHLY, CUMULATIVE):
        return bool(_REPORT_FILE.fullmatch(key.removeprefix(f"{dataset}/{partition}/")))
    return key in {file_key(dataset, partition, name) for name in _TABLES.get(dataset, ())}


def readable_bodies(lake: Lake, dataset: str, partition: str) -> Iterator[tuple[Manifest, Body]]:
    """The manifests of the partition with their bodies; the audit reports the others."""
    for manifest in lake.manifests_of(dataset, partition):
        with suppress(Corrupt):
            yield manifest, lake.body(manifest)


def named_keys(lake: Lake, dataset: str, partition: str) -> set[str]:
    """Keys that the manifests of the partition name; unreadable manifests name none."""
    return _keys_of(body for _, body in readable_bodies(lake, dataset, partition))


def committed_keys(lake: Lake, dataset: str, partition: str) -> set[str]:
    """Keys that a commit record without its manifest names. Raises Corrupt."""
    return _keys_of(lake.pending(dataset, partition))


def _keys_of(bodies: Iterable[Body]) -> set[str]:
    return {
        entry["key"]
        for body in bodies
        for entry in (*body["files"].values(), *filter(None, [body.get("archive")]))
    }


def remove_unreferenced(lake: Lake, findings: Iterable[LakeFinding]) -> list[str]:
    """Remove the unreferenced files among `findings`; return their keys.

    A run in progress gets time to publish. An object that a manifest names by then, or that has
    changed, stays. Raises StorageRefused without permission to delete.
    """
    keys = [finding.unreferenced_key for finding in findings if finding.unreferenced_key]
    before = {key: lake.storage.head(key) for key in keys}
    if not before:
        return []
    time.sleep(GRACE * lake.publish_wait)
    lake.refresh()
    named: set[str] = set()
    for named_partition in {partition_of_key(key) for key in before}:
        if named_partition:
            named |= named_keys(lake, *named_partition) | committed_keys(lake, *named_partition)
    removed = []
    for key, stat in before.items():
        if stat and key not in named and lake.storage.head(key) == stat:
            lake.storage.remove(key)
            removed.append(key)
    return removed


def describe_unnamed(lake: Lake, stat: Stat, dataset: str, partition: str) -> LakeFinding | None:
    """A finding for an object in no manifest; None if a commit record names it."""
    location = lake.storage.uri(stat.key)
    try:
        if stat.key in committed_keys(lake, dataset, partition):
            return None
    except Corrupt as error:
        return LakeFinding(location, str(error), "then verify again", dataset, partition)
    if not is_of_a_run(stat.key, dataset, partition):
        return LakeFinding(
            location,
            "no manifest names it",
            "if it is not yours, move it away: tools that read complete folders would read it",
        )
    return LakeFinding(
        location,
        "its run was killed, or another run published first; no manifest names it",
        "no figure uses it; the next publication may replace it, and `pos verify --repair`"
        " removes it",
        is_wrong=False,
        unreferenced_key=stat.key,
    )
