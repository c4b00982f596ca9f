"""Lines over months, named at their ends; and ranks then and now."""

from __future__ import annotations

from collections.abc import Mapping

from reports.charts.style import (
    BLUE,
    DARKER,
    FAINT,
    INK,
    MUTED,
    PURPLE,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    cut,
    money_axis,
    month_axis,
    round_step,
    width_of,
    zero_line,
)
from reports.values import Money, Percent, Rate
from reports.words import Words

STYLES = ((BLUE, "solid"), (VERMILION, (0, (4, 1.6))), (PURPLE, (0, (1.2, 1.2))))
NAN = float("nan")


def draw_lines(data: Mapping, words: Words) -> Canvas:
    """One line each, months without a value left open.

    data: labels, ticks, tick_names, lines ((name, units or None a month), ...) oldest first and the
    last one strongest, currency; index: False for money from zero up, True for thousandths of a
    plain number, "percent" for thousandths of a percent.
    """
    lines, index = data["lines"], data["index"]
    named = [v for _, values in lines for v in values if v is not None]
    high, low = (
        max([*named, 1]),
        min([*named, 0]) if index is not True or len(lines) == 1 else min(named),
    )

    def say(value: float) -> str:
        if index == "percent":
            return words.say(Percent(int(value), 100_000, decimals=0 if value % 1000 == 0 else 1))
        return (
            words.say(Rate(int(value), 1000, 0))
            if index
            else words.say(Money(int(value), data["currency"], compact=True))
        )

    right = min(max(width_of(words.say(name), SMALL, True) for name, _ in lines) + 12, 124)
    left = max(width_of(say(high * 1.1 // 1000 * 1000 or high), SMALL), 24) + 6
    canvas = Canvas(158)
    axes = canvas.axes(left, 10, right, 22)
    floor = low if low < 0 or (index is True and len(lines) > 1) else 0
    ends = []
    for place, (name, values) in enumerate(reversed(lines)):
        colour, dash = STYLES[place % len(STYLES)]
        axes.plot(
            range(len(values)),
            [NAN if v is None else v for v in values],
            color=colour,
            linestyle=dash,
            linewidth=1.9 if place == 0 else 1.4,
            marker="o" if sum(v is not None for v in values) < 3 else None,
            markersize=3,
            zorder=5 - place,
        )
        last = max((i for i, v in enumerate(values) if v is not None), default=None)
        if last is not None:
            ends.append([values[last], words.say(name), colour])
    span = (high - floor) or 1
    axes.set_ylim(floor - (0.08 * span if floor else 0), high + 0.06 * span)
    axes.set_xlim(-0.4, max(len(data["labels"]) - 0.6, 1))
    _scale(axes, say, floor, high, index)
    month_axis(axes, data["ticks"], [words.say(name) for name in data["tick_names"]])
    bottom, top = axes.get_ylim()
    place_at = None
    for value, name, colour in sorted(ends, key=lambda e: -e[0]):
        y = 10 + (top - value) / (top - bottom) * (canvas.height - 32)
        y = y if place_at is None else max(y, place_at + 10)
        place_at = y
        canvas.write(
            WIDTH - right + 6,
            y,
            cut(
                name, (right - 8) * 0.9 if width_of(name, SMALL, True) > right - 8 else right, SMALL
            ),
            va="center",
            color=DARKER[colour],
            fontsize=SMALL,
            fontweight="bold",
        )
    return canvas


def _scale(axes, say, floor: float, high: float, index: object) -> None:
    if floor <= 0 and not index:
        money_axis(axes, high, say, floor)
        return
    step = max(round_step((high - floor) / 4), 1)
    ticks = [
        step * k
        for k in range(int(floor // step), int(high // step) + 1)
        if floor <= step * k <= high
    ]
    axes.set_yticks(ticks, [say(tick) for tick in ticks])
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", labelcolor=MUTED, labelsize=SMALL)
    if floor <= 0:
        zero_line(axes, floor)
    else:
        axes.spines["bottom"].set_visible(False)


def draw_slope(data: Mapping, words: Words) -> Canvas:
    """Rank then and rank now, one line an item.

    Climbers blue, fallers red and dashed, arrivals a dot.

    data: rows ((name, rank then or None, rank now), ...) in the order of the rank now, left and
    right (labels).
    """
    rows = data["rows"]
    depth = len(rows)
    row = 13.0
    canvas = Canvas(depth * row + 24)
    names = [cut(words.say(name), WIDTH * 0.46, SMALL) for name, _, _ in rows]
    right = max(width_of(name, SMALL) for name in names) + 26
    axes = canvas.axes(26, 18, right, 6)
    axes.set_xlim(0, 1)
    axes.set_ylim(depth + 0.5, 0.5)
    axes.set_axis_off()
    for (_, then, now), name in zip(rows, names, strict=True):
        rise = then is not None and now < then
        fall = then is not None and now > then
        colour = BLUE if rise else VERMILION if fall else MUTED
        if then is None or then > depth:
            axes.plot(
                [0.86, 1],
                [min(now + 0.6, depth + 0.4), now] if then else [now, now],
                color=colour,
                linewidth=1.2,
                linestyle=(0, (1.2, 1.2)),
            )
        else:
            axes.plot(
                [0, 1],
                [then, now],
                color=colour,
                linewidth=1.6,
                linestyle=(0, (4, 1.6)) if fall else "solid",
            )
            axes.plot([0], [then], "o", color=colour, markersize=3, clip_on=False)
            canvas.write(
                20,
                18 + (then - 0.5) * row,
                str(then),
                ha="right",
                va="center",
                fontsize=SMALL,
                color=MUTED,
            )
        axes.plot([1], [now], "o", color=colour, markersize=3, clip_on=False)
        canvas.write(
            WIDTH - right + 6,
            18 + (now - 0.5) * row,
            f"{now}",
            va="center",
            fontsize=SMALL,
            color=MUTED,
        )
        canvas.write(
            WIDTH - right + 20, 18 + (now - 0.5) * row, name, va="center", fontsize=SMALL, color=INK
        )
    canvas.write(
        26,
        4,
        words.say(data["left"]),
        fontsize=SMALL,
        color=MUTED,
        ha="center" if width_of(words.say(data["left"]), SMALL) < 50 else "left",
    )
    canvas.write(
        WIDTH - right, 4, words.say(data["right"]), ha="center", fontsize=SMALL, color=MUTED
    )
    return canvas
