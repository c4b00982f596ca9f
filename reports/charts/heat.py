"""Hour by weekday, each cell with its figure and a colour.

More is darker on white paper, and lighter in dark mode: it stands out from the ground.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import seaborn
from matplotlib.colors import Colormap, to_hex

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
    box,
    cut,
    text_on,
    width_of,
)
from reports.localizer import Localizer
from reports.values import Value

CELL = 16.0


@cache
def colors_of(signed: bool) -> Colormap:
    """Light to dark blue, or vermilion over white to blue."""
    ends = (
        [VERMILION, "#f6c9ac", "#fbfbfb", "#a9d0e6", BLUE]
        if signed
        else ["#f3f7fa", "#9cc7e0", BLUE, "#003a5c"]
    )
    return seaborn.blend_palette(ends, as_cmap=True)


@cache
def dark_colors_of(signed: bool) -> Colormap:
    """The same for dark mode: dark to light blue, or vermilion over dark to blue."""
    ends = (
        ["#ff9d5c", "#7a4320", "#20262e", "#1f4f70", "#63b8ee"]
        if signed
        else ["#1f2730", "#1c4c6c", "#3f97cf", "#cfe9fa"]
    )
    return seaborn.blend_palette(ends, as_cmap=True)


@cache
def shade(signed: bool, level: int, *, dark: bool = False) -> tuple[str, str]:
    """The colour of a cell and of its figure, by one of 256 levels."""
    colors = dark_colors_of(signed) if dark else colors_of(signed)
    color = colors(min(level, 255))
    return to_hex(color), text_on(color)


def draw_heat(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """A grid of figures, hours in rows, so that a phone shows it at full size.

    data: rows (labels of the weekdays), columns (labels of the hours), cells (rows of (value to
    say, integer that colours) or None), signed (whether colours run both ways from zero), best
    ((row, column) to frame or None).
    """
    rows, columns, cells, signed = data["rows"], data["columns"], data["cells"], data["signed"]
    left = max([width_of(localizer.format(column), SMALL) for column in columns], default=0) + 8
    canvas = Canvas(len(columns) * CELL + 20)
    high = max((abs(cell[1]) for row in cells for cell in row if cell), default=1) or 1
    wide = (WIDTH - left - 1) / len(rows)
    labels = _labels(cells, wide - 3, localizer)
    for x, row in enumerate(rows):
        canvas.write(
            left + (x + 0.5) * wide, 8, localizer.format(row), anchor="middle", color=MUTED
        )
    for y, column in enumerate(columns):
        middle = 18 + (y + 0.5) * CELL
        top = middle - CELL / 2 + 1
        canvas.write(left - 6, middle, localizer.format(column), anchor="end", color=MUTED)
        for x, row in enumerate(rows):
            cell, place = cells[x][y], left + x * wide
            if cell is None:
                canvas.rect(place + 1, top, wide - 2, CELL - 2, PAPER, edge=FAINT, line=0.5)
                continue
            share = cell[1] / high
            level = int(256 * ((share + 1) / 2 if signed else max(share, 0.0)))
            (color, ink), (dark, dark_ink) = shade(signed, level), shade(signed, level, dark=True)
            title = (
                f"{localizer.format(row)}, {localizer.format(column)}: {localizer.format(cell[0])}"
            )
            canvas.rect(place + 1, top, wide - 2, CELL - 2, color, title=title, dark=dark)
            canvas.write(
                place + wide / 2,
                middle,
                labels[x][y],
                anchor="middle",
                color=ink,
                hidden=True,
                dark=dark_ink,
            )
    if data.get("best"):
        x, y = data["best"]
        canvas.line(box(left + x * wide + 1, 18 + y * CELL + 1, wide - 2, CELL - 2), INK, 2.0)
    return canvas


def _labels(
    cells: Sequence[Sequence[tuple[Value, int] | None]], width: float, localizer: Localizer
) -> list[list[str]]:
    """The text of each cell, "" where it has none.

    Where one is too wide, all are written without the space before a percent sign, or without the
    sign: a cut figure would be another one. The title of each mark has the complete figure.
    """
    labels = [[localizer.format(cell[0]) if cell else "" for cell in row] for row in cells]
    for sign in ("\xa0", "%"):
        if all(width_of(label, SMALL) <= width for row in labels for label in row):
            return labels
        labels = [[label.replace(sign, "") for label in row] for row in labels]
    return [[cut(label, width, SMALL) for label in row] for row in labels]
