"""The points of sale that fill the lake: one or several in [pos] source.

With several, `url` and `folder` of [pos] are JSON objects with a value for each, by its name; that
of saved files is the point of sale of `saved_from`. Raises ConfigError.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import NamedTuple

from pipeline.errors import ConfigError
from pipeline.settings.run_context import once_per_run
from pipeline.settings.sections import pos

SIMULATOR, FILES = "simulator", "files"


class PointOfSale(NamedTuple):
    """A point of sale, and the address of its API or the folder of its saved files."""

    name: str
    location: str
    is_saved: bool = False

    @property
    def is_embedded(self) -> bool:
        """Whether it is the simulator in this process."""
        return not self.is_saved and self.location == SIMULATOR


@once_per_run
def points_of_sale() -> dict[str, PointOfSale]:
    """The points of sale of the settings by name, in the order of their names."""
    section = pos()
    sources, saved = _split(section.source), _split(section.saved_from)
    is_saved = {name: False for name in sources if name != FILES}
    twice = [name for name, count in Counter(sources).items() if count > 1]
    if FILES in sources:
        twice += [name for name, count in Counter(saved).items() if count > 1 or name in is_saved]
        is_saved |= dict.fromkeys(saved, True)
    if twice:
        raise ConfigError(
            f"[pos] source = {section.source} names {twice[0]} twice (for files, saved_from counts:"
            f" {section.saved_from}); a lake has one account of each point of sale"
        )
    points = {
        name: PointOfSale(name, _location(name, is_saved), is_saved[name])
        for name in sorted(is_saved)
    }
    embedded = [name for name, point in points.items() if point.is_embedded]
    if embedded and len(embedded) < len(points):
        raise ConfigError(
            f"[pos] source = {section.source}: {embedded[0]} is the simulator and another source is"
            " not; simulated and real receipts never share a lake"
        )
    return points


def point_of_sale(name: str = "") -> PointOfSale:
    """The point of sale of that name; without a name, the only one of the settings."""
    points = points_of_sale()
    if not name and len(points) > 1:
        raise ValueError(f"one of several points of sale must be named: {', '.join(points)}")
    return points[name] if name else next(iter(points.values()))


def _split(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    return [name for name in names if name] or [text]


def _location(name: str, is_saved: dict[str, bool]) -> str:
    """The value of `url` or `folder` for a point of sale."""
    key = "folder" if is_saved[name] else "url"
    text: str = getattr(pos(), key)
    if not text:
        meant = "the folder of the saved JSON" if is_saved[name] else "the address of the API"
        raise ConfigError(f"[pos] source = {pos().source}: [pos] {key} is empty; write {meant}")
    of_kind = [other for other in sorted(is_saved) if is_saved[other] == is_saved[name]]
    if not text.lstrip().startswith("{"):
        if len(of_kind) == 1 or (text == SIMULATOR and key == "url"):
            return text
        example = ", ".join(f'"{other}": ...' for other in of_kind)
        raise ConfigError(f"[pos] {key} = {text}: write one for each source, {key} = {{{example}}}")
    try:
        locations = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"[pos] {key} = {text} is not JSON: {error}") from error
    if sorted(locations) != of_kind or not all(
        isinstance(value, str) for value in locations.values()
    ):
        raise ConfigError(
            f"[pos] {key} = {text}: write one text for each of {', '.join(of_kind)}, and no other"
        )
    return locations[name]
