"""Bars over time: the days of a month, the months of a history, counts upon counts."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from reports.charts.style import (
    BLUE,
    INK,
    LABEL,
    MUTED,
    ORANGE,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    money_axis,
    month_axis,
    width_of,
)
from reports.values import Count, Money
from reports.words import Words


def _say_money(words: Words, currency: str):
    return lambda tick: words.say(Money(int(tick), currency, compact=True))


def draw_days(data: Mapping, words: Words) -> Canvas:
    """Daily bars, the compared month as a line.

    data: labels (values, one a bar), ticks (indices to label), values (units, one a day), before
    (units or None), before_name, closed (flags), marks ((index, value to say), ...), currency,
    partial (flags, hatched), and, where the values are expected ones, spans ((low, high) a day).
    """
    values, before, currency = data["values"], data["before"], data["currency"]
    named, spans = [v for v in before if v is not None], data.get("spans", [])
    high = max([*values, *named, *(top for _, top in spans), 1])
    low = min([*values, *named, 0])
    say = _say_money(words, currency)
    left = max(width_of(say(high * 2), SMALL), 24) + 6
    canvas = Canvas(190)
    axes = canvas.axes(left, 30, 4, 22)
    partial = data["partial"]
    bars = axes.bar(range(len(values)), values, width=0.72, color=BLUE, zorder=2)
    for bar, hatched in zip(bars, partial, strict=True):
        if hatched:
            bar.set(hatch="////", facecolor="white", edgecolor=BLUE)
    for index, (bottom, top) in enumerate(spans):
        axes.plot([index, index], [bottom, top], color=INK, linewidth=0.9, zorder=4)
    for index, closed in enumerate(data["closed"]):
        if closed:
            axes.annotate(
                "×",
                (index, 0),
                (0, 1),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=MUTED,
                fontsize=SMALL,
            )
    if named:
        axes.plot(
            range(len(before)),
            [float("nan") if v is None else v for v in before],
            color=INK,
            linewidth=1.0,
            linestyle=(0, (3, 1.5)),
            zorder=3,
        )
    axes.set_xlim(-0.7, len(values) - 0.3)
    axes.set_ylim(low * 1.05, high * 1.12 - low * 0.04)
    money_axis(axes, high, say, low)
    month_axis(axes, data["ticks"], [words.say(data["labels"][i]) for i in data["ticks"]])
    for index, value in data["marks"]:
        axes.annotate(
            words.say(value),
            (index, max(spans[index][1] if spans else values[index], 0)),
            (0, 3),
            textcoords="offset points",
            fontsize=SMALL,
            fontweight="bold",
            zorder=5,
            bbox=LABEL,
            ha="left" if index < 3 else "right" if index > len(values) - 4 else "center",
        )
    _legend(
        canvas,
        [("hatch" if all(partial) else "bar", BLUE, words.say(data["name"]))]
        + ([("line", INK, words.say(data["before_name"]))] if named else [])
        + ([("×", MUTED, words.say(data["closed_name"]))] if any(data["closed"]) else []),
    )
    return canvas


def _legend(canvas: Canvas, entries: list[tuple[str, str, str]]) -> None:
    """Keys in one row above the plot: small signs beside their names."""
    x, top, high = 4.0, 9.0, canvas.height
    for sign, colour, label in entries:
        y = 1 - top / high
        if sign in ("line", "solid"):
            dash = (0, (3, 1.5)) if sign == "line" else "solid"
            canvas.figure.add_artist(
                Line2D(
                    [x / WIDTH, (x + 14) / WIDTH],
                    [y, y],
                    color=colour,
                    linewidth=1.4,
                    linestyle=dash,
                )
            )
        elif sign in ("bar", "hatch", "orange"):
            style = {
                "bar": {"facecolor": colour},
                "hatch": {"facecolor": "white", "edgecolor": colour, "hatch": "////"},
                "orange": {
                    "facecolor": colour,
                    "edgecolor": "white",
                    "hatch": "////",
                    "linewidth": 0,
                },
            }[sign]
            canvas.figure.add_artist(
                Rectangle((x / WIDTH, (high - top - 4) / high), 9 / WIDTH, 8 / high, **style)
            )
        else:
            canvas.write(x + 2, top, sign, va="center", color=colour)
        x += 18 if sign in ("line", "solid") else 13
        canvas.write(x, top, label, va="center", fontsize=SMALL, color=MUTED)
        x += width_of(label, SMALL) + 12


def draw_trend(data: Mapping, words: Words) -> Canvas:
    """Monthly bars with their 12-month average; a month that is not whole is hatched.

    data: labels, ticks, values, average (units or None), name, average_name, partial, partial_name,
    currency, marks.
    """
    values, average, currency = data["values"], data["average"], data["currency"]
    high = max([*values, *(v for v in average if v is not None), 1])
    low = min([*values, 0])
    say = _say_money(words, currency)
    left = max(width_of(say(high * 2), SMALL), 24) + 6
    canvas = Canvas(190)
    axes = canvas.axes(left, 30, 4, 22)
    bars = axes.bar(range(len(values)), values, width=0.76, color=BLUE, zorder=2)
    for bar, partial in zip(bars, data["partial"], strict=True):
        if partial:
            bar.set(hatch="////", facecolor="white", edgecolor=BLUE)
    axes.plot(
        range(len(values)),
        [float("nan") if v is None else v for v in average],
        color=VERMILION,
        linewidth=1.8,
        zorder=3,
    )
    axes.set_xlim(-0.7, max(len(values), 6) - 0.3)
    axes.set_ylim(low * 1.05, high * 1.12 - low * 0.04)
    money_axis(axes, high, say, low)
    month_axis(axes, data["ticks"], [words.say(data["labels"][i]) for i in data["ticks"]])
    for index, value in data["marks"]:
        axes.annotate(
            words.say(value),
            (index, max(values[index], 0)),
            (0, 3),
            textcoords="offset points",
            fontsize=SMALL,
            fontweight="bold",
            zorder=5,
            bbox=LABEL,
            ha="left" if index < 2 else "right" if index > len(values) - 3 else "center",
        )
    entries = [("bar", BLUE, words.say(data["name"]))]
    if any(v is not None for v in average):
        entries.append(("solid", VERMILION, words.say(data["average_name"])))
    if any(data["partial"]):
        entries.append(("hatch", BLUE, words.say(data["partial_name"])))
    _legend(canvas, entries)
    return canvas


def draw_stack(data: Mapping, words: Words) -> Canvas:
    """Counts upon counts by month: the lower part plain, the upper part striped, both said on the
    last bar.

    data: labels, base (counts), top (counts), base_name, top_name.
    """
    base, top = data["base"], data["top"]
    canvas = Canvas(150)
    axes = canvas.axes(4, 26, 30, 20)
    lake_decimals = range(len(base))
    axes.bar(lake_decimals, base, width=0.7, color=BLUE, zorder=2)
    axes.bar(
        lake_decimals,
        top,
        bottom=base,
        width=0.7,
        color=ORANGE,
        hatch="////",
        edgecolor="white",
        linewidth=0,
        zorder=2,
    )
    high = max((a + b for a, b in zip(base, top, strict=True)), default=1) or 1
    last = len(base) - 1
    for value, middle in ((base[last], base[last] / 2), (top[last], base[last] + top[last] / 2)):
        axes.annotate(
            words.say(Count(value)),
            (last + 0.38, middle),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            fontweight="bold",
        )
    axes.set_ylim(0, high * 1.05)
    axes.set_xlim(-0.6, last + 0.6)
    axes.set_yticks([])
    every = max(1, -(-len(base) // 6))
    ticks = [i for i in lake_decimals if (last - i) % every == 0]
    month_axis(axes, ticks, [words.say(data["labels"][i]) for i in ticks])
    _legend(
        canvas,
        [
            ("bar", BLUE, words.say(data["base_name"])),
            ("orange", ORANGE, words.say(data["top_name"])),
        ],
    )
    return canvas
