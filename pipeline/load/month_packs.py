"""The small files of many months in one object, so that a report reads few.

`state/customers.zip` has the customers of each month, `state/summary.zip` its summary, by the
digest of the partition. What is taken from them is checked as the file itself would be: a state
file that is lost, old or altered costs requests, and never a figure. A reader that misses more than
MAX_MISSING months in it writes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.errors import Corrupt
from pipeline.load.archive import pack, unpack
from pipeline.load.layout import CUSTOMERS, SUMMARY, TABLES, Manifest, state_key
from pipeline.load.publication import NOTHING

if TYPE_CHECKING:
    from pipeline.load.lake import Lake

PACKED = {CUSTOMERS: "customers", SUMMARY: TABLES}
"""The file of each dataset of which the months are packed."""
MAX_MISSING = 4


def pack_key(dataset: str) -> str:
    """The key of a dataset's pack."""
    return state_key(f"{dataset}.zip")


class MonthPacks:
    """The packs that this process has read, by dataset and digest of the month."""

    def __init__(self) -> None:
        self._packs: dict[str, dict[str, bytes]] = {}

    def find(self, manifest: Manifest, name: str) -> bytes | None:
        """The file of a partition, unchecked; None where no pack that was read has it."""
        if PACKED.get(manifest.dataset) != name:
            return None
        return self._packs.get(manifest.dataset, {}).get(manifest.digest)

    def prefetch(self, lake: Lake, dataset: str, partitions: Sequence[str]) -> None:
        """Read the packed file of the months for later reads; nothing for a few months."""
        if dataset not in PACKED or len(partitions) <= MAX_MISSING:
            return
        if dataset not in self._packs:
            self._packs[dataset] = _read(lake, dataset)
        months, name = self._packs[dataset], PACKED[dataset]
        current = filter(None, (lake.current(dataset, part) for part in partitions))
        missing = [manifest for manifest in current if manifest.digest not in (*months, NOTHING)]
        if len(missing) <= MAX_MISSING:
            return
        files = lake.storage.map(
            lambda manifest: lake.read(dataset, manifest.partition, [name])[name], missing
        )
        months.update(zip([manifest.digest for manifest in missing], files, strict=True))
        everything = [lake.newest(dataset, part) for part in lake.partitions(dataset)]
        digests = {manifest.digest for manifest in everything if manifest}
        kept = {digest: data for digest, data in months.items() if digest in digests}
        lake.storage.put(pack_key(dataset), pack(kept))


def _read(lake: Lake, dataset: str) -> dict[str, bytes]:
    key = pack_key(dataset)
    try:
        return unpack(lake.storage.get(key), lake.storage.uri(key))
    except Corrupt:
        return {}
