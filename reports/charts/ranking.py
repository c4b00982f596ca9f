"""Horizontal bars, the largest on top: names beside them, figures at their ends."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from reports.charts.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SIZE,
    SKY,
    SMALL,
    WIDTH,
    Canvas,
    width_of,
    wrap,
)
from reports.words import Words

LINE, GAP, EDGE = 10.5, 7.0, 3.0


def draw_ranking(data: Mapping, words: Words) -> Canvas:
    """Bars by rank.

    data: rows ((label, value, units, part units, before units or None), ...): value is what the end
    says, units its length, part the piece that is hatched (0 for none); name, part_name,
    before_name say what they are (part_name and before_name None where the rows have none).
    """
    rows = data["rows"]
    label_width = min(max((width_of(words.say(row[0])) for row in rows), default=40), WIDTH * 0.36)
    labels = [wrap(words.say(row[0]), label_width) for row in rows]
    sentences = [words.say(row[1]) for row in rows]
    end = max((width_of(s, SMALL, True) for s in sentences), default=0) + 8
    heights = [len(label) * LINE + GAP for label in labels]
    keys = data.get("part_name") or data.get("before_name")
    top = 20.0 if keys else 4.0
    canvas = Canvas(top + sum(heights) + 4)
    axes = canvas.axes(EDGE + label_width + 8, top, 2, 4)
    high = max([row[2] for row in rows] + [row[4] or 0 for row in rows] + [1])
    low = min([row[2] for row in rows] + [0])
    room = WIDTH - EDGE - label_width - 10
    span = (high - low) * room / max(room - end, 1)
    position = sum(heights)
    axes.set_ylim(0, position)
    axes.set_xlim(low, low + span)
    for row, label, value, height in zip(rows, labels, sentences, heights, strict=True):
        middle = position - height / 2
        thick = min(height - GAP + 1, LINE + 2)
        _, _, units, part, before = row
        axes.barh(middle, units, thick, color=BLUE if units >= 0 else ORANGE, zorder=2)
        if part:
            axes.barh(
                middle,
                part,
                thick,
                left=units - part,
                color=SKY,
                hatch="////",
                edgecolor="white",
                linewidth=0,
                zorder=3,
            )
        if before is not None:
            axes.plot(
                [before, before],
                [middle - thick / 2 - 1.5, middle + thick / 2 + 1.5],
                color=INK,
                linewidth=1.4,
                zorder=4,
            )
        reach = max(units, before or 0, 0)
        axes.annotate(
            value,
            (reach, middle),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            fontweight="bold",
        )
        canvas.write(
            EDGE + label_width,
            top + sum(heights) - middle,
            "\n".join(label),
            ha="right",
            va="center",
            fontsize=SIZE,
            linespacing=1.15,
        )
        position -= height
    axes.axvline(0, color=INK, linewidth=0.9, zorder=5)
    axes.set_axis_off()
    _keys(canvas, data, words)
    return canvas


def _keys(canvas: Canvas, data: Mapping, words: Words) -> None:
    if not (data.get("part_name") or data.get("before_name")):
        return
    entries = [
        ("bar", data["name"]),
        ("part", data.get("part_name")),
        ("mark", data.get("before_name")),
    ]
    x, high = 4.0, canvas.height
    for sign, name in entries:
        if name is None:
            continue
        if sign == "mark":
            canvas.figure.add_artist(
                Line2D(
                    [(x + 4) / WIDTH] * 2, [1 - 3 / high, 1 - 13 / high], color=INK, linewidth=1.4
                )
            )
        else:
            style = (
                {"facecolor": BLUE}
                if sign == "bar"
                else {"facecolor": SKY, "hatch": "////", "edgecolor": "white", "linewidth": 0}
            )
            canvas.figure.add_artist(
                Rectangle((x / WIDTH, (high - 12) / high), 9 / WIDTH, 8 / high, **style)
            )
        label = words.say(name)
        canvas.write(x + 13, 8, label, va="center", fontsize=SMALL, color=MUTED)
        x += width_of(label, SMALL) + 25
