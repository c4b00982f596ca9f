"""Base class of the tasks that fetch from the point of sale."""

from __future__ import annotations

from typing import Any

import luigi

from pipeline import settings
from pipeline.lakes import PRIMARY, check_lake, folder_of, raw_lake
from pipeline.load import RAW_FINGERPRINT, RAW_RECEIPTS
from pipeline.targets import DatasetTask


def committed(dataset: str, partition: str, source: str = PRIMARY) -> str | None:
    """The digest of a raw partition; None where it is missing or invalidated."""
    check_lake()
    source_lake = raw_lake(source)
    newest = source_lake.windows().get(partition) if dataset == RAW_RECEIPTS else None
    newest = newest or source_lake.newest(dataset, partition)
    return newest.digest if newest and newest.fingerprint == RAW_FINGERPRINT else None


class RawTask(DatasetTask):
    """A partition of raw: what the API returned is final once it is committed.

    `source` is empty for the primary source, the only one of most lakes.
    """

    source: str = settings.field(
        luigi.Parameter(
            default=PRIMARY,
            description="in a lake of several sources: square; empty: the primary one",
        )
    )

    priority = 10  # everything from the API first, so that no day is built twice

    @property
    def resources(self) -> dict[str, int]:  # type: ignore[override]  # Luigi only reads it
        """One extraction at a time, and a resource for each additional source.

        Luigi batches only tasks of equal resources. Else it would batch windows of an additional
        source with those of the primary one, whose tasks lack the parameter, and call them done.
        """
        return {"pos_api": 1} | ({f"pos_api_{self.source}": 1} if self.source else {})

    def to_str_params(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        """As Luigi's, without an empty source: so a lake with one source never has it."""
        params: dict[str, str] = super().to_str_params(*args, **kwargs)
        if not self.source:
            params.pop("source", None)
        return params

    def __repr__(self) -> str:
        params = ", ".join(f"{k}={v}" for k, v in self.to_str_params(True).items())
        return f"{self.task_family}({params})"

    @property
    def path(self) -> str:
        return "/".join(filter(None, (folder_of(self.source), super().path)))

    def digest(self) -> str | None:
        return committed(self.dataset, self.name, self.source)

    def fetch(self) -> None:
        """Request and commit the partition. Raises Conflict if another run was first."""
        raise NotImplementedError

    def run(self) -> None:
        """Fetch, or use what another run has committed in the meantime."""
        self.publish_once(self.fetch, raw_lake(self.source))
