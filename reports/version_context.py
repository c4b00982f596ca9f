"""What a version of a report states in addition to its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.document import Section
from reports.sections.data_state import DataState


@dataclass(frozen=True)
class VersionContext:
    """A version: what it is made of, and the version before."""

    lineage: Mapping[str, object]
    lake_decimals: int
    decimals: Mapping[str, int]
    state: DataState
    before: Mapping[str, Any] | None = None
    """The figures.json of the version before."""
    changed_receipts: Sequence[Mapping[str, object]] = ()
    """Receipts that count differently than in the version before."""
    versions: Sequence[Mapping[str, object]] = ()
    """The versions of all reports: report, month, version, digest, change."""


def figures_by_section(sections: Sequence[Section]) -> dict[str, Mapping[str, object]]:
    """The figures of `sections` by their keys."""
    return {section.key: section.figures for section in sections if section.figures}
