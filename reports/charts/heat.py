"""Weekday by hour, each cell with its figure.

Darker is more, and the figure says how much.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import seaborn
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from reports.charts.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    PAPER,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    width_of,
)
from reports.words import Words

CELL = 17.0
MORE = LinearSegmentedColormap.from_list("more", ["#f3f7fa", "#9cc7e0", BLUE, "#003a5c"])
CHANGE = LinearSegmentedColormap.from_list(
    "change", [VERMILION, "#f6c9ac", "#fbfbfb", "#a9d0e6", BLUE]
)


def draw_heat(data: Mapping, words: Words) -> Canvas:
    """A grid of figures.

    data: rows (labels), columns (labels), cells (rows of (value to say, integer that colours) or
    None), signed (whether colours run both ways from zero), best ((row, column) to frame or None).
    """
    rows, columns, cells, signed = data["rows"], data["columns"], data["cells"], data["signed"]
    left = max(width_of(words.say(row), SMALL) for row in rows) + 6
    canvas = Canvas(len(rows) * CELL + 22)
    axes = canvas.axes(left, 18, 2, 4)
    high = max((abs(cell[1]) for row in cells for cell in row if cell), default=1) or 1
    tight = (WIDTH - left) / max(len(columns), 1)
    size = min(SMALL, tight / 2.9)
    if columns:
        named = np.array([[cell is not None for cell in row] for row in cells])
        shades = np.array([[cell[1] if cell else 0 for cell in row] for row in cells], dtype=float)
        seaborn.heatmap(
            shades,
            mask=~named,
            annot=np.array([[words.say(cell[0]) if cell else "" for cell in row] for row in cells]),
            fmt="",
            cmap=CHANGE if signed else MORE,
            vmin=-high if signed else 0,
            vmax=high,
            linewidths=1,
            linecolor=PAPER,
            cbar=False,
            xticklabels=False,
            yticklabels=False,
            annot_kws={"fontsize": size},
            ax=axes,
        )
        for y, x in zip(*np.nonzero(~named), strict=True):
            axes.add_patch(
                Rectangle(
                    (x + 0.03, y + 0.05), 0.94, 0.9, facecolor=PAPER, edgecolor=FAINT, linewidth=0.4
                )
            )
    if data.get("best"):
        y, x = data["best"]
        axes.add_patch(
            Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, fill=False, edgecolor=INK, linewidth=1.6)
        )
    axes.set_xlim(0, max(len(columns), 1))
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    for y, row in enumerate(rows):
        canvas.write(
            left - 5,
            18 + (y + 0.45) * CELL,
            words.say(row),
            ha="right",
            va="center",
            fontsize=SMALL,
        )
    every = 1 if tight >= 18 else 2
    for x, column in enumerate(columns):
        if x % every == 0:
            canvas.write(
                left + (x + 0.47) * (WIDTH - left - 2) / len(columns),
                6,
                words.say(column),
                ha="center",
                fontsize=SMALL,
                color=MUTED,
            )
    return canvas
