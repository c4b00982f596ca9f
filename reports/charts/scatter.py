"""Menu engineering: popularity against contribution, four corners, each with its own sign and colour."""

from __future__ import annotations

from collections.abc import Mapping
from math import log2

from reports.charts.style import BLUE, FAINT, GREEN, INK, LABEL, MUTED, ORANGE, SIZE, SMALL, VERMILION, WIDTH, Canvas, cut, width_of
from reports.words import Words

SIGNS = {"star": ("*", GREEN, 58), "plowhorse": ("s", ORANGE, 24), "puzzle": ("^", BLUE, 28), "dog": ("o", VERMILION, 24)}
CORNERS = {"star": (1, 1), "plowhorse": (1, 0), "puzzle": (0, 1), "dog": (0, 0)}
BOUND = 3.0


def draw_scatter(data: Mapping, words: Words) -> Canvas:
    """One sign a dish; the dearest are named where there is room.

    data: points ((name, popularity pair, profitability pair, kind, weight), ...), kinds (kind -> name), x, y (axis texts).
    """
    canvas = Canvas(268)
    axes = canvas.axes(20, 8, 6, 30)
    spots = [
        (max(-BOUND, min(BOUND, log2(p[0] / p[1]))) if p[0] > 0 else -BOUND, max(-1.0, min(BOUND, q[0] / q[1])) if q[1] > 0 else 1.0)
        for _, p, q, _, _ in data["points"]
    ]
    reach = max([abs(x) for x, _ in spots] + [1.0]) * 1.25
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
            color=SIGNS[kind][1],
            ha="right" if right else "left",
            va="top" if up else "bottom",
            fontsize=SIZE,
            fontweight="bold",
        )
    for (x, y), (_, _, _, kind, _) in zip(spots, data["points"], strict=True):
        sign, colour, size = SIGNS[kind]
        axes.scatter([x], [y], marker=sign, s=size, color=colour, edgecolors="white", linewidths=0.5, zorder=3)
    _name_points(canvas, axes, data["points"], spots, words)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("bottom", "left", "top", "right"):
        axes.spines[side].set(visible=True, color=FAINT)
    canvas.write(20, 244, "← " + words.say(data["x"]) + " →", color=MUTED, fontsize=SMALL)
    canvas.figure.text(4 / WIDTH, 0.55, "← " + words.say(data["y"]) + " →", rotation=90, va="center", ha="left", color=MUTED, fontsize=SMALL)
    return canvas


def _name_points(canvas: Canvas, axes, points, spots, words: Words) -> None:
    """Names beside their signs, the heaviest first, none over another, over a sign or over the edge."""
    frame = axes.get_position()
    left, bottom = frame.x0 * WIDTH, frame.y0 * canvas.height
    wide, high = frame.width * WIDTH, frame.height * canvas.height
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    at = [((x - x0) / (x1 - x0) * wide, (y - y0) / (y1 - y0) * high) for x, y in spots]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in at] + [
        (0, high - 13, 78, high),
        (wide - 78, high - 13, wide, high),
        (0, 0, 78, 13),
        (wide - 78, 0, wide, 13),
    ]
    for index in sorted(range(len(points)), key=lambda i: (-abs(points[i][4]), i)):
        label = cut(words.say(points[index][0]), 104, SMALL)
        size, (x, y) = width_of(label, SMALL), at[index]
        for dx, dy in ((6, -4), (-6 - size, -4), (-size / 2, 6), (-size / 2, -14), (6, 4), (-6 - size, 4)):
            box = (x + dx, y + dy, x + dx + size, y + dy + 8)
            inside = box[0] >= 1 and box[2] <= wide - 1 and box[1] >= 1 and box[3] <= high - 1
            if inside and not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
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
                taken.append(box)
                break
