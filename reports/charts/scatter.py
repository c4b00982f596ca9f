"""Menu engineering: popularity against contribution, four corners, each with its own sign and
colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log2

from matplotlib.lines import Line2D

from reports.charts.style import (
    BLUE,
    DARKER,
    FAINT,
    GREEN,
    INK,
    LABEL,
    MUTED,
    ORANGE,
    SIZE,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    cut,
    width_of,
)
from reports.words import Words

SIGNS = {
    "star": ("*", GREEN, 58),
    "plowhorse": ("s", ORANGE, 24),
    "puzzle": ("^", BLUE, 28),
    "dog": ("o", VERMILION, 24),
}
CORNERS = {"star": (1, 1), "plowhorse": (1, 0), "puzzle": (0, 1), "dog": (0, 0)}
BOUND = 3.0
NAMED, FIRST = 40, 5
"""Of more dishes only so many look for a place for their names; the first ones take it from signs where there is no other."""


def draw_scatter(data: Mapping, words: Words) -> Canvas:
    """One sign a dish; those that bring most are named first, where there is room.

    data: points ((name, popularity pair, profitability pair, kind, weight), ...), kinds (kind ->
    name), x, y (axis texts).
    """
    canvas = Canvas(268)
    axes = canvas.axes(20, 8, 6, 30)
    spots = [
        (
            max(-BOUND, min(BOUND, log2(p[0] / p[1]))) if p[0] > 0 else -BOUND,
            max(-1.0, min(BOUND, q[0] / q[1])) if q[1] > 0 else 1.0,
        )
        for _, p, q, _, _ in data["points"]
    ]
    reach = max([abs(x) for x, _ in spots] + [1.0]) * 1.35
    tall = max([abs(y - 1) for _, y in spots] + [0.5]) * 1.3
    axes.set_xlim(-reach, reach)
    axes.set_ylim(1 - tall, 1 + tall)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.axhline(1, color=MUTED, linewidth=0.8)
    for kind, (right, up) in CORNERS.items():
        axes.text(
            0.995 if right else 0.005,
            0.985 if up else 0.015,
            words.say(data["kinds"][kind]),
            transform=axes.transAxes,
            color=DARKER[SIGNS[kind][1]],
            ha="right" if right else "left",
            va="top" if up else "bottom",
            fontsize=SIZE,
            fontweight="bold",
        )
    for (x, y), (_, _, _, kind, _) in zip(spots, data["points"], strict=True):
        sign, colour, size = SIGNS[kind]
        axes.scatter(
            [x],
            [y],
            marker=sign,
            s=size,
            color=colour,
            edgecolors="white",
            linewidths=0.5,
            zorder=3,
        )
    _name_points(canvas, axes, data["points"], spots, data["kinds"], words)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("bottom", "left", "top", "right"):
        axes.spines[side].set(visible=True, color=FAINT)
    canvas.write(20, 244, "← " + words.say(data["x"]) + " →", color=MUTED, fontsize=SMALL)
    canvas.figure.text(
        4 / WIDTH,
        0.55,
        "← " + words.say(data["y"]) + " →",
        rotation=90,
        va="center",
        ha="left",
        color=MUTED,
        fontsize=SMALL,
    )
    return canvas


def _name_points(canvas: Canvas, axes, points, spots, kinds: Mapping, words: Words) -> None:
    """Names beside their signs, the heaviest first, none over another, over a sign or over the
    edge; one that finds its place only at a distance is tied to its sign by a thin line.
    """
    frame = axes.get_position()
    left, bottom = frame.x0 * WIDTH, frame.y0 * canvas.height
    wide, high = frame.width * WIDTH, frame.height * canvas.height
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    position = [((x - x0) / (x1 - x0) * wide, (y - y0) / (y1 - y0) * high) for x, y in spots]
    corner = max(width_of(words.say(name), SIZE, True) for name in kinds.values()) + 6
    signs = [(x - 4, y - 4, x + 4, y + 4) for x, y in position]
    taken = [(x, y, x + corner, y + 13) for x in (0, wide - corner) for y in (0, high - 13)]
    order = sorted(range(len(points)), key=lambda i: (-abs(points[i][4]), i))[:NAMED]
    for rank, index in enumerate(order):
        label = cut(words.say(points[index][0]), 112, SMALL)
        size, (x, y) = width_of(label, SMALL), position[index]
        others = [
            [signs[i] for i in some if i != index] for some in (range(len(points)), order[:FIRST])
        ]
        for kept, away, (dx, dy) in [
            (kept, *place) for kept in others[: 2 if rank < FIRST else 1] for place in _places(size)
        ]:
            box = (x + dx, y + dy, x + dx + size, y + dy + 8)
            inside = box[0] >= 1 and box[2] <= wide - 1 and box[1] >= 1 and box[3] <= high - 1
            tie = (
                _along((x, y), (min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])))
                if away
                else []
            )
            if inside and not any(_meet(part, t) for part in (box, *tie) for t in (*taken, *kept)):
                if away:
                    ends = (
                        (left + x, left + min(max(x, box[0]), box[2])),
                        (bottom + y, bottom + min(max(y, box[1]), box[3])),
                    )
                    canvas.figure.add_artist(
                        Line2D(
                            [e / WIDTH for e in ends[0]],
                            [e / canvas.height for e in ends[1]],
                            color=MUTED,
                            linewidth=0.6,
                            zorder=2,
                        )
                    )
                canvas.figure.text(
                    (left + box[0]) / WIDTH,
                    (bottom + box[1] + 1.5) / canvas.height,
                    label,
                    fontsize=SMALL,
                    color=INK,
                    va="baseline",
                    bbox=LABEL,
                    zorder=5,
                )
                taken += [box, *tie]
                break


Box = tuple[float, float, float, float]


def _meet(entry: Box, other: Box) -> bool:
    return (
        entry[0] < other[2] and other[0] < entry[2] and entry[1] < other[3] and other[1] < entry[3]
    )


def _along(start: tuple[float, float], end: tuple[float, float]) -> list[Box]:
    """Small boxes along a line, so that no name stands on it and it runs under none.

    Its beginning is on the sign.
    """
    steps = max(int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / 3), 1)
    spots = [
        (start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
        for i in range(2, steps)
    ]
    return [(x - 0.5, y - 0.5, x + 0.5, y + 0.5) for x, y in spots]


def _places(size: float) -> Iterator[tuple[int, tuple[float, float]]]:
    """Where a name of `size` may stand from its sign: how far away, and its lower left corner; the
    nearest first.
    """
    for away in (0, 9, 18, 28, 40, 54, 72, 96):
        near = 6 + away
        for dx in (near, -near - size) if not away else (near, -near - size, -size / 2):
            for dy in (-4, 4, -12) if not away else (near - 2, -near - 6, -4):
                yield away, (dx, dy)
        if not away:
            yield from ((0, (-size / 2, 6)), (0, (-size / 2, -14)))
