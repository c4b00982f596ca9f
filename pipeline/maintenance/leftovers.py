"""Objects that killed or overtaken runs left behind: recognise them and remove them.

A run puts data before the manifest that names it. Killed between the two, or overtaken by another
run, it leaves objects that no manifest names and no reader reads. Only objects under names that a
run of this project writes count as leftovers; any other object in a partition's folder is foreign.
Raw objects are never removed here, because the shop may no longer have what they hold.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

from pipeline import schema
from pipeline.errors import Corrupt
from pipeline.load import (
    BACKOFFICE,
    CATALOG,
    CUMULATIVE,
    CUSTOMERS,
    MONTHLY,
    SALES,
    STAGING,
    SUMMARY,
    Lake,
    Stat,
)
from pipeline.load.layout import file_key, home_of
from pipeline.maintenance.findings import LakeFinding

GRACE = 5.0
"""A run under way publishes within this many times the patience of the lake."""

_TABLES = {
    STAGING: [dataset.name for dataset in schema.LAKE],
    SALES: [dataset.name for dataset in schema.LAKE],
    SUMMARY: [dataset.name for dataset in schema.SUMMARY],
    CUSTOMERS: ["customers"],
    BACKOFFICE: [dataset.name for dataset in schema.BACKOFFICE],
    CATALOG: ["catalog"],
}
_REPORT_FILE = re.compile(
    r"(?:versions/\d{6,}\.[0-9a-f]{16}/)?"
    r"(?:report\.(?:md|html|pdf)|figures\.json|charts/[\w-]+\.svg|tables/[\w-]+\.(?:csv|parquet))"
)


def is_of_a_run(key: str, dataset: str, partition: str) -> bool:
    """Whether a run of this project writes objects of that name into the partition."""
    if dataset in (MONTHLY, CUMULATIVE):
        return bool(_REPORT_FILE.fullmatch(key.removeprefix(f"{dataset}/{partition}/")))
    return key in {file_key(dataset, partition, name) for name in _TABLES[dataset]}


def named_keys(lake: Lake, dataset: str, partition: str) -> set[str]:
    """Keys that the manifests of the partition name; unreadable manifests name none."""
    bodies = []
    for manifest in lake.history(dataset, partition):
        try:
            bodies.append(lake.body(manifest))
        except Corrupt:
            continue  # take_stock reports that manifest
    return _keys_of(bodies)


def claimed_keys(lake: Lake, dataset: str, partition: str) -> set[str]:
    """Keys that a claim without its manifest names. Raises Corrupt for an altered claim."""
    return _keys_of(lake.pending(dataset, partition))


def _keys_of(bodies: Iterable[dict[str, Any]]) -> set[str]:
    files = [file_name for body in bodies for file_name in body["files"].values()]
    return {
        key for file_name in files for key in (file_name["key"], file_name.get("archived")) if key
    }


def remove_leftovers(lake: Lake, findings: Iterable[LakeFinding]) -> list[str]:
    """Remove the leftovers among `findings`; returns their keys.

    A run that is still under way gets time to publish. An object that a manifest names by then, or
    that has changed, stays. Raises StorageRefused without the right to delete.
    """
    before = {
        finding.leftover: lake.storage.head(finding.leftover)
        for finding in findings
        if finding.leftover
    }
    if not before:
        return []
    time.sleep(GRACE * lake.max_retry_wait)
    lake.refresh()
    named = {
        home: named_keys(lake, *home) | claimed_keys(lake, *home)
        for home in {home_of(key) for key in before}
        if home
    }
    removed = []
    for key, stat in before.items():
        if stat and key not in named[home_of(key)] and lake.storage.head(key) == stat:
            lake.storage.remove(key)
            removed.append(key)
    return removed


def describe_unnamed(lake: Lake, stat: Stat, dataset: str, partition: str) -> LakeFinding | None:
    """A finding for an object that no manifest names; None where a claim names it."""
    place = lake.storage.uri(stat.key)
    try:
        if stat.key in claimed_keys(lake, dataset, partition):
            return None
    except Corrupt as error:
        return LakeFinding(place, str(error), "then verify again", dataset, partition)
    if not is_of_a_run(stat.key, dataset, partition):
        return LakeFinding(
            place,
            "no manifest names it",
            "if it is not yours, move it away: engines that read whole folders would read it",
        )
    return LakeFinding(
        place,
        "a run that was killed or overtaken left it; no manifest names it",
        "no figure comes from it; the next publication may take it over, and"
        " `pos verify --repair` removes it",
        is_wrong=False,
        leftover=stat.key,
    )
