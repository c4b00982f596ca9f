"""Menu engineering: popularity against contribution, four signs and colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log2
from typing import Any

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
SIGNS = {
    "star": ("*", GREEN, 11),
    "plowhorse": ("s", ORANGE, 7),
    "puzzle": ("^", BLUE, 8),
    "dog": ("o", VERMILION, 7),
}
CORNERS = {"star": (1, 1), "plowhorse": (1, 0), "puzzle": (0, 1), "dog": (0, 0)}
BOUND = 3.0
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
    for (across, up), (name, p, q, kind, _) in zip(spots, data["points"], strict=True):
        sign, color, size = SIGNS[kind]
        title = f"{localizer.format(name)}: {localizer.format(data['kinds'][kind])}"
        title += f" ({localizer.format(Rate(*p))}; {localizer.format(Rate(*q))})"
        canvas.sign(x(across), y(up), sign, size, color, title=title)
    places = [(x(across), y(up)) for across, up in spots]
    _name_points(
        canvas, (left, top, right, bottom), data["points"], places, data["kinds"], localizer
    )
    canvas.write(left, 265, "← " + localizer.format(data["x"]) + " →", color=MUTED)
    label = "← " + localizer.format(data["y"]) + " →"
    canvas.write(7, (top + bottom) / 2, label, anchor="middle", color=MUTED, upright=True)
    return canvas


def _name_points(
    canvas: Canvas,
    frame: Box,
    points: Sequence[Any],
    places: Sequence[tuple[float, float]],
    kinds: Mapping[str, Value],
    localizer: Localizer,
) -> None:
    """Names beside their signs, the heaviest first.

    No name covers another, a sign or the edge. A thin line connects a distant name with its sign.
    """
    corner = max(width_of(localizer.format(name), SIZE, True) for name in kinds.values()) + 8
    signs = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    left, top, right, bottom = frame
    taken = [(x, y, x + corner, y + 18) for x in (left, right - corner) for y in (top, bottom - 18)]
    names = [*taken]
    order = sorted(range(len(points)), key=lambda i: (-abs(points[i][4]), i))[:NAMED]
    for rank, index in enumerate(order):
        label = cut(localizer.format(points[index][0]), 160, SMALL)
        size, (x, y) = width_of(label, SMALL), places[index]
        every, first = (
            [signs[i] for i in some if i != index] for some in (range(len(points)), order[:FIRST])
        )
        # One of the first names takes its place from signs, then from the ties of others.
        blocked = [[*taken, *every], [*taken, *first], names][: 3 if rank < FIRST else 1]
        for kept, away, (dx, dy) in [(kept, *place) for kept in blocked for place in _places(size)]:
            box = (x + dx, y + dy, x + dx + size, y + dy + 10)
            inside = left < box[0] and box[2] < right and top < box[1] and box[3] < bottom
            if not inside or _meets(box, kept):
                continue
            end = (min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3]))
            tie = _along((x, y), end) if away else []
            if kept is names or not any(_meets(part, kept) for part in tie):
                if away:
                    canvas.line([(x, y), end], MUTED, 0.7)
                canvas.rect(box[0] - 1, box[1] - 1, size + 2, 12, PAPER)
                is_left = box[2] <= x
                canvas.write(
                    box[2] if is_left else box[0],
                    box[1] + 5,
                    label,
                    anchor="end" if is_left else "start",
                    hidden=True,
                )
                taken += [box, *tie]
                names.append(box)
                break


def _meets(box: Box, others: Iterable[Box]) -> bool:
    """Whether `box` covers a part of another one."""
    left, top, right, bottom = box
    for start, above, end, below in others:
        if left < end and start < right and top < below and above < bottom:
            return True
    return False


def _along(start: tuple[float, float], end: tuple[float, float]) -> list[Box]:
    """Small boxes along a line behind its sign, so that no name covers it."""
    steps = max(int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / 3), 1)
    spots = [
        (start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
        for i in range(2, steps)
    ]
    return [(x - 0.5, y - 0.5, x + 0.5, y + 0.5) for x, y in spots]


def _places(size: float) -> Iterator[tuple[int, tuple[float, float]]]:
    """Distances and lower left corners for a name of `size`, the nearest first."""
    for away in (0, 9, 18, 28, 40, 54, 72, 96, 124, 156):
        near = 6 + away
        for dx in (near, -near - size) if not away else (near, -near - size, -size / 2):
            for dy in (-4, 4, -12) if not away else (near - 2, -near - 6, -4):
                yield away, (dx, dy)
        if not away:
            yield from ((0, (-size / 2, 6)), (0, (-size / 2, -14)))
