"""Which windows and rescans of raw receipts are committed, from the log alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.load.layout import RAW, RECEIPTS, Manifest, RawPartition
from pipeline.load.manifests import ManifestLog


class _Committed(NamedTuple):
    by_digest: Mapping[str, Manifest]
    windows: Mapping[str, Manifest]
    rescans: Mapping[str, Manifest]


class RawWindows:
    """The committed partitions of a log, cached until it changes."""

    def __init__(self, log: ManifestLog) -> None:
        self._log = log
        self._cached: tuple[tuple[int, int], _Committed] | None = None

    @property
    def windows(self) -> Mapping[str, Manifest]:
        """The windows in their order, each with the manifest that counts.

        Two runs at once may commit a window in different company; the smallest partition counts.
        """
        return self._committed.windows

    @property
    def rescans(self) -> Mapping[str, Manifest]:
        """The rescans in their order, each with its manifest."""
        return self._committed.rescans

    @property
    def by_digest(self) -> Mapping[str, Manifest]:
        """The newest manifest of each partition that has receipts, by its digest."""
        return self._committed.by_digest

    @property
    def _committed(self) -> _Committed:
        self._log.cover(RECEIPTS)
        state = os.getpid(), self._log.generations[RECEIPTS]
        if self._cached is None or self._cached[0] != state:
            self._cached = state, self._read()
        return self._cached[1]

    def _read(self) -> _Committed:
        newest = (self._log.newest(RECEIPTS, name) for name in self._log.partitions(RECEIPTS))
        committed = [manifest for manifest in newest if manifest and manifest.fingerprint == RAW]
        names = [(RawPartition.parse(manifest.partition), manifest) for manifest in committed]
        windows = {
            window: manifest
            for name, manifest in sorted(names, key=lambda named: -named[0].span)
            for window in name.windows
        }
        return _Committed(
            {manifest.digest: manifest for manifest in committed},
            dict(sorted(windows.items())),
            {manifest.partition: manifest for name, manifest in names if name.rescan},
        )


def partition_of(windows: Sequence[str]) -> str:
    """The partition that has these consecutive windows, or this one rescan."""
    if len(windows) == 1:
        return windows[0]
    return str(RawPartition(RawPartition.parse(windows[-1]).day, span=len(windows)))
