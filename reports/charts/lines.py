"""Lines over months, named at their ends."""

from __future__ import annotations

from collections.abc import Callable

from reports.charts.bars import mark_title
from reports.charts.plot import Scale, label_axis, segments, spread, ticks_of, value_axis
from reports.charts.style import (
    BLUE,
    DARKER,
    DASHED,
    DOTTED,
    PURPLE,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    cut,
    width_of,
)
from reports.document import LinesData, LineUnit
from reports.localizer import Localizer
from reports.values import Money, Percent, Rate, Value

FLAT = 0.25
"""Percentages that vary by less than this part of the lowest one have an axis without zero."""
STYLES = ((BLUE, None), (VERMILION, DASHED), (PURPLE, DOTTED))


def draw_lines(data: LinesData, localizer: Localizer) -> Canvas:
    """A line for each series, months without a value left open.

    Money is drawn from zero up. Several lines of an index leave zero out, and so do percentages
    that hardly vary: a line far above zero shows nothing there.
    """
    lines, unit = data["lines"], data["unit"]
    named = [v for _, values in lines for v in values if v is not None] or [0]
    high: float = max(named)
    low: float = min(named)
    if unit == "percent" and high - low < low * FLAT:
        reach = max(high - low, high * FLAT) // 2
        high, low = (high + low) // 2 + reach, (high + low) // 2 - reach
    elif unit != "index" or len(lines) == 1:
        high, low = max(high, 0), min(low, 0)
    high = high if high > low else low + 1
    value_of = _reader(unit, data["currency"])

    def format_value(value: float) -> str:
        return localizer.format(value_of(int(value), True))

    right = min(max(width_of(localizer.format(name), SMALL, True) for name, _ in lines) + 12, 124)
    ticks = ticks_of(low, high)
    left = max(width_of(format_value(tick), SMALL) for tick in ticks) + 8
    canvas = Canvas(190)
    scale = Scale(low, high, 166, 12)
    count = max(len(data["labels"]), 2)
    x = Scale(0, count - 1, left + 6, WIDTH - right - 4)
    value_axis(canvas, scale, (left, WIDTH - right), format_value, ticks)
    ends = []
    for place, (name, values) in enumerate(reversed(lines)):
        color, dash = STYLES[place % len(STYLES)]
        heights = [None if v is None else scale(v) for v in values]
        for run in segments([x(i) for i in range(len(values))], heights):
            canvas.line(run, color, 2.2 if place == 0 else 1.6, dash)
        for i, v in enumerate(values):
            if v is not None:
                title = mark_title(localizer, name, data["labels"][i], value_of(v, False))
                canvas.sign(x(i), scale(v), "o", 3.2, color, title=title)
        last = next((v for v in reversed(values) if v is not None), None)
        if last is not None:
            ends.append((scale(last), localizer.format(name), color))
    ends.sort()
    for y, (_, label, color) in zip(spread([end[0] for end in ends], 13), ends, strict=True):
        room = (right - 8) * (0.9 if width_of(label, SMALL, True) > right - 8 else 1.2)
        canvas.write(WIDTH - right + 6, y, cut(label, room, SMALL), color=DARKER[color], bold=True)
    places = [
        (x(i), localizer.format(name))
        for i, name in zip(data["ticks"], data["tick_names"], strict=True)
    ]
    label_axis(canvas, places, WIDTH - right, 181)
    return canvas


def _reader(unit: LineUnit, currency: str) -> Callable[[int, bool], Value]:
    """The value of a number of the data, short on the axis."""
    if unit == "percent":
        return lambda n, short: Percent(n, 100_000, decimals=0 if short and n % 1000 == 0 else 1)
    if unit == "index":
        return lambda n, short: Rate(n, 1000, 0 if short else 1)
    return lambda n, short: Money(n, currency, compact=short)
