"""Ranks then and now, a line for each item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.charts.style import (
    BLUE,
    DASHED,
    DOTTED,
    MUTED,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    cut,
    width_of,
)
from reports.localizer import Localizer

ROW, LEFT, TOP = 16.0, 30.0, 20.0


def draw_slope(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Rank then and rank now.

    Rising items are blue, falling ones red and dashed; new ones have a short dotted line.

    data: rows ((name, rank then or None, rank now), ...) in the order of the rank now, left and
    right (labels).
    """
    rows = data["rows"]
    depth = len(rows)
    canvas = Canvas(depth * ROW + TOP + 6)
    names = [cut(localizer.format(name), WIDTH * 0.5, SMALL) for name, _, _ in rows]
    right = WIDTH - max(width_of(name, SMALL) for name in names) - 30

    def y(rank: float) -> float:
        return TOP + (rank - 0.5) * ROW

    for (_, then, now), name in zip(rows, names, strict=True):
        rise, fall = then is not None and now < then, then is not None and now > then
        color = BLUE if rise else VERMILION if fall else MUTED
        title = f"{name}: {then or '–'} → {now}"
        if then is None or then > depth:
            foot = min(now + 0.6, depth + 0.4) if then else now
            canvas.line(
                [(right - 0.14 * (right - LEFT), y(foot)), (right, y(now))], color, 1.4, DOTTED
            )
        else:
            canvas.line(
                [(LEFT, y(then)), (right, y(now))], color, 1.8, DASHED if fall else None, title
            )
            canvas.sign(LEFT, y(then), "o", 4, color)
            canvas.write(LEFT - 7, y(then), str(then), anchor="end", color=MUTED)
        canvas.sign(right, y(now), "o", 4, color, title)
        canvas.write(right + 7, y(now), str(now), color=MUTED)
        canvas.write(right + 25, y(now), name)
    for place, key in ((LEFT, "left"), (right, "right")):
        label = localizer.format(data[key])
        anchor = "middle" if place > width_of(label, SMALL) / 2 else "start"
        canvas.write(place if anchor == "middle" else 2, 8, label, anchor=anchor, color=MUTED)
    return canvas
