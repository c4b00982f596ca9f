"""The issued versions of reports, as the lake's log has them: which there are, and why each is.

A version is what was issued under one fingerprint. A copy that was made again after damage bears
the same fingerprint and is the same version, with the same number.
"""

from __future__ import annotations

import json
from datetime import date
from typing import NamedTuple

from pipeline.load import CUMULATIVE, MONTHLY, VOID, Manifest
from pipeline.load.layout import digest_of
from pipeline.targets import lake

KINDS = (MONTHLY, CUMULATIVE)


class Entry(NamedTuple):
    """A row of the version history: `change` says why the version was issued."""

    report: str
    month: str
    version: int
    digest: str
    change: str


def versions(dataset: str, name: str) -> list[Manifest]:
    """Versions of a report, first to newest, each by its latest copy."""
    issued: list[Manifest] = []
    for manifest in lake().history(dataset, name):
        if manifest.fingerprint == VOID:
            continue
        if issued and issued[-1].fingerprint == manifest.fingerprint:
            issued.pop()
        issued.append(manifest)
    return issued


def all_versions() -> dict[str, dict[str, list[Manifest]]]:
    """Every version of every report, by report and month."""
    return {
        dataset: {name: versions(dataset, name) for name in lake().partitions(dataset)}
        for dataset in KINDS
    }


def earlier_versions(dataset: str, name: str, fingerprint: str | None) -> list[Manifest]:
    """Versions that were issued before the one that bears `fingerprint`."""
    issued = versions(dataset, name)
    return issued[:-1] if issued and issued[-1].fingerprint == fingerprint else issued


def versions_until(month: date) -> dict[tuple[str, str], list[Manifest]]:
    """What the version history through `month` lists, but for the versions of that cumulative
    report: the monthly reports up to it and the cumulative reports before it.
    """
    last = f"{month:%Y-%m}"
    return {
        (dataset, name): versions(dataset, name)
        for dataset in KINDS
        for name in lake().partitions(dataset)
        if name < last or (name == last and dataset == MONTHLY)
    }


def digest_of_versions(month: date) -> str:
    """16 hex digits that change when the version history through `month` does."""
    return digest_of(
        *(
            f"{dataset}/{name} {manifest.fingerprint} {manifest.digest}"
            for (dataset, name), issued in sorted(versions_until(month).items())
            for manifest in issued
        )
    )


def list_versions(month: date, own: list[Manifest], before: dict | None) -> list[Entry]:
    """Entries of the version history through `month`; `own` are the earlier versions of that
    cumulative report.

    Reasons that `before`, its figures.json of the version before, states are not read again.
    """
    known = {
        (row["report"], row["month"], int(row["version"]), row["digest"]): row["change"]
        for row in _listed(before)
        if row["digest"]
    }
    entries = []
    for (dataset, name), issued in {
        **versions_until(month),
        (CUMULATIVE, f"{month:%Y-%m}"): own,
    }.items():
        for number, manifest in enumerate(issued, 1):
            key = (dataset, name, number, manifest.digest)
            change = known.get(key) or lake().metadata(dataset, name, manifest).get("change", "")
            entries.append(Entry(*key, change))
    return entries


def _listed(figures: dict | None) -> list[dict[str, str]]:
    """Rows of the version history in a figures.json; every currency has the same ones."""
    sections = list((figures or {}).get("currencies", {}).values())
    return sections[0].get("version_history", {}).get("versions", []) if sections else []


def figures_of(manifest: Manifest) -> dict[str, object]:
    """The figures.json of a version."""
    name = "figures.json"
    files = lake().read(manifest.dataset, manifest.partition, [name], manifest=manifest)
    return json.loads(files[name])
