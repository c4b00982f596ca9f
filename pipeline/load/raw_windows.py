"""The committed windows and rescans of raw receipts, alone or several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipeline.load.layout import RAW_FINGERPRINT, RAW_RECEIPTS, Manifest, RawPartition
from pipeline.load.manifests import ManifestLog


class Committed(NamedTuple):
    """The newest manifests that have receipts: by digest, by window, by rescan.

    Two concurrent runs may commit a window in two partitions; the smallest partition counts.
    """

    by_digest: Mapping[str, Manifest]
    windows: Mapping[str, Manifest]
    rescans: Mapping[str, Manifest]


def read_committed(log: ManifestLog) -> Committed:
    """What is committed, from the log alone."""
    newest = (log.newest(RAW_RECEIPTS, name) for name in log.partitions(RAW_RECEIPTS))
    committed = [
        manifest for manifest in newest if manifest and manifest.fingerprint == RAW_FINGERPRINT
    ]
    names = [(RawPartition.parse(manifest.partition), manifest) for manifest in committed]
    windows = {
        window: manifest
        for name, manifest in sorted(names, key=lambda named: -named[0].window_count)
        for window in name.windows
    }
    return Committed(
        {manifest.digest: manifest for manifest in committed},
        dict(sorted(windows.items())),
        {manifest.partition: manifest for name, manifest in names if name.rescan},
    )


def join_names(windows: Sequence[str]) -> str:
    """The partition that has these consecutive windows, or this one rescan."""
    if len(windows) == 1:
        return windows[0]
    return str(RawPartition(RawPartition.parse(windows[-1]).day, window_count=len(windows)))


def join_metadata(windows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The metadata of windows that are committed together, with that of each."""
    first, *_ = each = list(windows.values())
    if len(each) == 1:
        return dict(first)
    return {
        **each[-1],
        "start": first["start"],
        "records": sum(metadata["records"] for metadata in each),
        "windows": {name: dict(metadata) for name, metadata in windows.items()},
    }


def metadata_of(metadata: Mapping[str, Any], window: str) -> dict[str, Any]:
    """The metadata of one window, from that of its partition."""
    return dict(metadata.get("windows", {}).get(window, metadata))
