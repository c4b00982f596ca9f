"""From one total to the next by signed steps, top to bottom, so that names have room.

Only the steps are bars: they begin where the one above ended and their lengths compare. The totals
are marks on the same scale with their figures beside them, so that no bar has its foot cut off.
"""

from __future__ import annotations

from collections.abc import Mapping

from reports.charts.style import (
    BLUE,
    FAINT,
    INK,
    LABEL,
    MUTED,
    ORANGE,
    SIZE,
    SMALL,
    WIDTH,
    Canvas,
    width_of,
    wrap,
)
from reports.values import Money
from reports.words import Words

ROW, THICK = 20.0, 12.0


def draw_waterfall(data: Mapping, words: Words) -> Canvas:
    """data: first (label, units), steps ((label, units), ...), last (label, units), currency."""
    currency, steps = data["currency"], [data["first"], *data["steps"], data["last"]]
    last = len(steps) - 1
    position, spans = data["first"][1], []
    for index, (_, units) in enumerate(steps):
        spans.append((position, position) if index in (0, last) else (position, position + units))
        position = spans[-1][1]
    high, low = max(max(span) for span in spans), min(min(span) for span in spans)
    high = max(high, 0) if low < 0 else high
    labels = [wrap(words.say(label), 96, SIZE) for label, _ in steps]
    left = max(width_of(line, SIZE, True) for label in labels for line in label) + 8
    sentences = [
        words.say(Money(units, currency, signed=i not in (0, last), compact=True))
        for i, (_, units) in enumerate(steps)
    ]
    end = max(width_of(s, SMALL, True) for s in sentences) + 9
    canvas = Canvas(len(steps) * ROW + 4)
    axes = canvas.axes(left, 2, 2, 2)
    room = WIDTH - left - 2
    span = (high - low or 1) * room / (room - end - 6)
    axes.set_xlim(low - 6 * span / room, low - 6 * span / room + span)
    axes.set_ylim(len(steps), 0)
    axes.set_axis_off()
    for index, (start, stop) in enumerate(spans):
        middle, rise = index + 0.5, stop >= start
        if index in (0, last):
            axes.plot(
                [stop, stop],
                [middle - 0.36, middle + 0.36],
                color=INK,
                linewidth=3.2,
                solid_capstyle="butt",
                zorder=3,
            )
        else:
            axes.barh(
                middle,
                abs(stop - start),
                THICK / ROW,
                left=min(start, stop),
                color=BLUE if rise else ORANGE,
                zorder=2,
                hatch=None if rise else "////",
                edgecolor="white",
                linewidth=0.3,
            )
        axes.annotate(
            sentences[index],
            (max(start, stop), middle),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            fontweight="bold",
            zorder=5,
            bbox=LABEL,
        )
        if index < last:
            axes.plot([stop, stop], [middle, middle + 1], color=MUTED, linewidth=0.7, zorder=1)
        canvas.write(
            left - 6,
            2 + middle * ROW,
            "\n".join(labels[index]),
            ha="right",
            va="center",
            linespacing=1.1,
            fontweight="bold" if index in (0, last) else "normal",
        )
    axes.axvline(spans[0][0], color=FAINT, linewidth=0.9, zorder=0)
    if low < 0:
        axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    return canvas
