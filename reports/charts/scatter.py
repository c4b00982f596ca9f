"""Menu engineering: popularity against contribution, four signs and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import cos, log2, pi, sin
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reports.charts.plot import Scale
from reports.charts.style import (
    BLUE,
    DARKER,
    FAINT,
    GREEN,
    MUTED,
    ORANGE,
    PAPER,
    SIZE,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    cut,
    width_of,
)
from reports.localizer import Localizer
from reports.values import Rate, Value

Box = tuple[float, float, float, float]
Boxes = npt.NDArray[np.float64]
SIGNS = {
    "star": ("*", GREEN, 11),
    "plowhorse": ("s", ORANGE, 7),
    "puzzle": ("^", BLUE, 8),
    "dog": ("o", VERMILION, 7),
}
CORNERS = {"star": (1, 1), "plowhorse": (1, 0), "puzzle": (0, 1), "dog": (0, 0)}
BOUND = 3.0
DIRECTIONS = tuple(
    (cos(turn * pi / 8), sin(turn * pi / 8)) for turn in (0, 8, *range(1, 8), *range(9, 16))
)
"""Around a sign: right and left first."""
ALONG = 3
"""Parts of a line on an axis, from which it seems to be one of the axis."""
NEAR = 40.0
MANY, GRID = 300, 8
NAMED, FIRST = 40, 5
"""The first dishes get a name if there is room; the very first may cover signs."""


def draw_scatter(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """A sign for each dish, with names while there is room, the largest first.

    data: points ((name, popularity pair, profitability pair, kind, weight), ...), kinds (kind ->
    name), x, y (axis texts).
    """
    canvas = Canvas(276)
    left, top, right, bottom = 20.0, 4.0, WIDTH - 2.0, 252.0
    spots = [
        (
            max(-BOUND, min(BOUND, log2(p[0] / p[1]))) if p[0] > 0 else -BOUND,
            max(-1.0, min(BOUND, q[0] / q[1])) if q[1] > 0 else 1.0,
        )
        for _, p, q, _, _ in data["points"]
    ]
    reach = max([abs(x) for x, _ in spots] + [1.0]) * 1.35
    tall = max([abs(y - 1) for _, y in spots] + [0.5]) * 1.3
    x, y = Scale(-reach, reach, left, right), Scale(1 - tall, 1 + tall, bottom, top)
    canvas.line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], FAINT)
    canvas.line([(x(0), top), (x(0), bottom)], MUTED, 0.8)
    canvas.line([(left, y(1)), (right, y(1))], MUTED, 0.8)
    for kind, (is_right, is_up) in CORNERS.items():
        canvas.write(
            right - 4 if is_right else left + 4,
            top + 10 if is_up else bottom - 10,
            localizer.format(data["kinds"][kind]),
            anchor="end" if is_right else "start",
            color=DARKER[SIGNS[kind][1]],
            size=SIZE,
            bold=True,
        )
    places = [(x(across), y(up)) for across, up in spots]
    axes = np.array([(left, y(1) - 2, right, y(1) + 2), (x(0) - 2, top, x(0) + 2, bottom)])
    frame = (left, top, right, bottom)
    names = _placed_names(frame, axes, data["points"], places, data["kinds"], localizer)
    for name in names:
        canvas.line([name.point, name.end], MUTED, 0.7)
    for name in names:  # over a line of another name, below each sign
        canvas.rect(name.box[0] - 1, name.box[1] - 1, name.box[2] - name.box[0] + 2, 12, PAPER)
    for place, (item, p, q, kind, _) in zip(places, data["points"], strict=True):
        sign, color, size = SIGNS[kind]
        title = f"{localizer.format(item)}: {localizer.format(data['kinds'][kind])}"
        title += f" ({localizer.format(Rate(*p))}; {localizer.format(Rate(*q))})"
        canvas.sign(*place, sign, size, color, title=title)
    for name in names:
        canvas.write(*name.anchored, name.label, anchor=name.anchor, hidden=True)
    canvas.write(left, 265, "← " + localizer.format(data["x"]) + " →", color=MUTED)
    label = "← " + localizer.format(data["y"]) + " →"
    canvas.write(7, (top + bottom) / 2, label, anchor="middle", color=MUTED, upright=True)
    return canvas


class PlacedName(NamedTuple):
    """A name, its box, its sign, and where its line ends: at the sign if beside it."""

    label: str
    box: Box
    point: tuple[float, float]
    end: tuple[float, float]
    covers: bool
    """Whether it covers a sign or a line."""

    @property
    def anchor(self) -> str:
        return "end" if self.box[2] <= self.point[0] else "start"

    @property
    def anchored(self) -> tuple[float, float]:
        return self.box[2 if self.anchor == "end" else 0], self.box[1] + 5


def _placed_names(
    frame: Box,
    axes: Boxes,
    points: Sequence[Any],
    places: Sequence[tuple[float, float]],
    kinds: Mapping[str, Value],
    localizer: Localizer,
) -> list[PlacedName]:
    """Names beside their signs; the order is chosen in which most find a free place."""
    heaviest = sorted(range(len(points)), key=lambda i: (-abs(points[i][4]), i))[:NAMED]
    tried = [heaviest]
    if len(points) <= NAMED:
        spots = np.array(places)
        near = (np.abs(spots[:, None] - spots) < NEAR).all(axis=2).sum(axis=1)
        crowded = sorted(heaviest, key=lambda i: -near[i])
        rest = [i for i in crowded if i not in heaviest[:FIRST]]
        tried = [heaviest[:FIRST] + rest, crowded]
    corner = max(width_of(localizer.format(name), SIZE, True) for name in kinds.values()) + 8
    labels = {i: cut(localizer.format(points[i][0]), 160, SMALL) for i in heaviest}
    left, top, right, bottom = frame
    corners = np.array(
        [(x, y, x + corner, y + 18) for x in (left, right - corner) for y in (top, bottom - 18)]
    )
    attempts = (
        _place_in_order(order, heaviest[:FIRST], labels, places, frame, axes, corners)
        for order in tried
    )
    return max(attempts, key=_quality)


def _quality(names: Sequence[PlacedName]) -> tuple[int, int, float]:
    """Few names that cover signs or lines, then many names, then short lines."""
    ties = sum(abs(a - b) for name in names for a, b in zip(name.point, name.end, strict=True))
    return -sum(name.covers for name in names), len(names), -ties


def _place_in_order(
    order: Sequence[int],
    first: Sequence[int],
    labels: Mapping[int, str],
    places: Sequence[tuple[float, float]],
    frame: Box,
    axes: Boxes,
    corners: Boxes,
) -> list[PlacedName]:
    """Each name at the nearest free place.

    No name covers another, a sign or the edge. A thin line, which does not run along an axis,
    connects a distant name with its sign. The `first` names may take their place from other signs,
    then from the lines of others.
    """
    signs = _boxes_around(_thinned(places), 6)
    heaviest = _boxes_around([places[i] for i in first], 6)
    taken = boxes = corners
    placed: list[PlacedName] = []
    for index in order:
        others = np.delete(signs, index, axis=0) if len(places) <= MANY else signs
        tiers = [np.concatenate([taken, others])]
        if index in first:
            rest = np.delete(heaviest, first.index(index), axis=0)
            tiers += [np.concatenate([taken, rest]), boxes]
        for tier, kept in enumerate(tiers):
            name = _nearest(labels[index], places[index], frame, kept, axes, kept is boxes)
            if name is not None:
                placed.append(name._replace(covers=tier > 0))
                box = np.array([name.box])
                taken = np.concatenate([taken, box, _along(name.point, name.end)])
                boxes = np.concatenate([boxes, box])
                break
    return placed


def _boxes_around(places: Sequence[tuple[float, float]], reach: float) -> Boxes:
    """A square around each place."""
    spots = np.array(places, float).reshape(-1, 2)
    return np.concatenate([spots - reach, spots + reach], axis=1)


def _thinned(places: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """The places; of many, those of a grid, as each name is compared with all of them."""
    if len(places) <= MANY:
        return places
    return sorted({(round(x / GRID) * GRID, round(y / GRID) * GRID) for x, y in places})


def _nearest(
    label: str,
    point: tuple[float, float],
    frame: Box,
    kept: Boxes,
    axes: Boxes,
    is_forced: bool,
) -> PlacedName | None:
    """The name at the nearest place that covers nothing of `kept`; None without one."""
    x, y = point
    size = width_of(label, SMALL)
    places, away = _places()
    across, up = x + places[:, 0] - places[:, 2] * size, y + places[:, 1]
    boxes = np.column_stack([across, up, across + size, up + 10])
    is_inside = (boxes[:, :2] > frame[:2]).all(axis=1) & (boxes[:, 2:] < frame[2:]).all(axis=1)
    boxes, away = boxes[is_inside], away[is_inside]
    is_free = ~_covering(boxes, np.concatenate([kept, _boxes_around([point], 6)]))
    for (left, top, right, bottom), distance in zip(
        boxes[is_free].tolist(), away[is_free].tolist(), strict=True
    ):
        end = (min(max(x, left), right), min(max(y, top), bottom)) if distance else point
        tie = _along(point, end)
        is_clear = not len(tie) or not (
            _covering(tie, kept).any()
            or any(_covering(tie, axis[np.newaxis]).sum() > ALONG for axis in axes)
        )
        if is_clear or is_forced:
            return PlacedName(label, (left, top, right, bottom), point, end, covers=is_forced)
    return None


def _covering(boxes: Boxes, others: Boxes) -> npt.NDArray[np.bool_]:
    """Which of `boxes` cover a part of one of the others."""
    left, top, right, bottom = boxes.T[:, :, np.newaxis]
    start, above, end, below = others.T
    covers = (left < end) & (start < right) & (top < below) & (above < bottom)
    return np.asarray(covers.any(axis=1))


def _along(start: tuple[float, float], end: tuple[float, float]) -> Boxes:
    """Small boxes along a line behind its sign, so that no name covers it."""
    steps = max(int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / 3), 1)
    spots = [
        (start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
        for i in range(2, steps)
    ]
    return _boxes_around(spots, 0.5)


@cache
def _places() -> tuple[Boxes, Boxes]:
    """Places around a sign, nearest first: corners of a name, and distances.

    An upper left corner is (x, y, part): `part` of the name's width is left of x.
    """
    beside = [(x, y, part) for x, part in ((6.0, 0.0), (-6.0, 1.0)) for y in (-5.0, 4.0, -14.0)]
    corners = [*beside, (0.0, 7.0, 0.5), (0.0, -17.0, 0.5)]
    distances = [0] * len(corners)
    for away in (10, 16, 22, 28, 40, 54, 72, 96, 124, 156):
        for across, up in DIRECTIONS:
            for part in (0, 0.5, 1) if across >= 0 else (1, 0.5, 0):
                corners.append((across * away, up * away - 5, part))
                distances.append(away)
    return np.array(corners, float), np.array(distances, float)
