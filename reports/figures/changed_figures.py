"""Figures of two versions of a report side by side: those that differ.

Takes the figures of both by section, as figures.json has them (decimal strings, counts, dates,
lists of rows). Returns (path, before, now), in the order of the sections. A row of a list is known
by what names it, not by its position: a new best seller moves no figure of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

NAMES = (
    "report",
    "file",
    "day",
    "month",
    "store",
    "employee",
    "category",
    "combo",
    "slot",
    "item",
    "variant",
    "modifier",
    "option",
    "tender",
    "discount",
    "name",
    "type",
    "first",
    "second",
    "key",
    "section",
)
"""Fields that name a row of a list."""
LEFT_OUT = frozenset({"changes", "version_history"})
"""Sections that are about versions."""
Path = tuple[str, ...]


class ChangedFigure(NamedTuple):
    """A figure that differs; None where a version does not have it."""

    path: Path
    was: object
    now: object


def changed_figures(now: Mapping[str, object], before: Mapping[str, object]) -> list[ChangedFigure]:
    """Figures that differ between two versions, by section in the order of `now`."""
    new, old = (
        dict(
            leaves(
                {
                    section: figures
                    for section, figures in version.items()
                    if section not in LEFT_OUT
                    and not (section in other and other[section] == figures)
                }
            )
        )
        for version, other in ((now, before), (before, now))
    )
    return [
        ChangedFigure(path, old.get(path), new.get(path))
        for path in dict.fromkeys((*new, *old))
        if old.get(path) != new.get(path)
    ]


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """(path, figure) of all figures in `value`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        yield from _rows(value, path)
    else:
        yield path, value


def _rows(rows: Sequence[object], path: Path) -> Iterator[tuple[Path, object]]:
    """Rows by their names; of those that share them, by their order."""
    seen: dict[Path, int] = {}
    for row in rows:
        fields = row if isinstance(row, dict) else {"name": row}
        names = tuple(str(fields[key]) for key in NAMES if fields.get(key) is not None) or ("–",)
        seen[names] = seen.get(names, 0) + 1
        own = (*path, *names, *([f"({seen[names]})"] if seen[names] > 1 else []))
        rest = {key: inner for key, inner in fields.items() if key not in NAMES}
        yield from leaves(rest, own) if rest else [(own, True)]
