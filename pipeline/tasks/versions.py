"""The issued versions of reports and the reason of each, from the lake's log.

A version is what was issued under one fingerprint. A copy that was rebuilt after damage has the
same fingerprint and is the same version, with the same number.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from pipeline.load import CUMULATIVE, INVALIDATED, MONTHLY, Manifest
from pipeline.load.layout import digest_of
from pipeline.targets import lake

KINDS = (MONTHLY, CUMULATIVE)


def versions(dataset: str, name: str) -> list[Manifest]:
    """Versions of a report, first to newest, each by its latest copy."""
    issued: list[Manifest] = []
    for manifest in lake().manifests_of(dataset, name):
        if manifest.fingerprint == INVALIDATED:
            continue
        if issued and issued[-1].fingerprint == manifest.fingerprint:
            issued.pop()
        issued.append(manifest)
    return issued


def version_name(manifest: Manifest) -> str:
    """The name of a version in archives and delivery logs: number.digest."""
    return f"{manifest.number:06d}.{manifest.digest}"


def all_versions() -> dict[str, dict[str, list[Manifest]]]:
    """Every version of every report, by report and month."""
    return {
        dataset: {name: versions(dataset, name) for name in lake().partitions(dataset)}
        for dataset in KINDS
    }


def earlier_versions(dataset: str, name: str, fingerprint: str | None) -> list[Manifest]:
    """Versions that were issued before the one with `fingerprint`."""
    issued = versions(dataset, name)
    return issued[:-1] if issued and issued[-1].fingerprint == fingerprint else issued


def versions_until(month: dt.date) -> dict[tuple[str, str], list[Manifest]]:
    """Monthly reports up to `month` and cumulative ones before it, with versions."""
    last = f"{month:%Y-%m}"
    return {
        (dataset, name): versions(dataset, name)
        for dataset in KINDS
        for name in lake().partitions(dataset)
        if name < last or (name == last and dataset == MONTHLY)
    }


def digest_of_versions(month: dt.date) -> str:
    """16 hex digits that change when the version history through `month` does."""
    return digest_of(
        *(
            f"{dataset}/{name} {manifest.fingerprint} {manifest.digest}"
            for (dataset, name), issued in sorted(versions_until(month).items())
            for manifest in issued
        )
    )


def list_versions(
    month: dt.date, own: list[Manifest], before: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Rows of the version history through `month`; `change` says why one was issued.

    `own` are the earlier versions of that cumulative report, `before` the figures.json of the last
    of them: the reasons that it states are not read again.
    """
    changes = {
        (row["report"], row["month"], int(row["version"]), row["digest"]): row["change"]
        for row in _listed_rows(before)
        if row["digest"]
    }
    issued_versions = {**versions_until(month), (CUMULATIVE, f"{month:%Y-%m}"): own}
    rows = []
    for (dataset, name), issued in issued_versions.items():
        for number, manifest in enumerate(issued, 1):
            key = (dataset, name, number, manifest.digest)
            change = changes.get(key) or lake().metadata(dataset, name, manifest).get("change", "")
            names = ("report", "month", "version", "digest")
            rows.append(dict(zip(names, key, strict=True)) | {"change": change})
    return rows


def _listed_rows(figures: dict[str, Any] | None) -> list[dict[str, str]]:
    """Rows of the version history in a figures.json; every currency has the same ones."""
    sections = list((figures or {}).get("currencies", {}).values())
    return sections[0].get("version_history", {}).get("versions", []) if sections else []


def figures_of(manifest: Manifest) -> dict[str, Any]:
    """The figures.json of a version."""
    name = "figures.json"
    files = lake().read(manifest.dataset, manifest.partition, [name], manifest=manifest)
    return json.loads(files[name])
