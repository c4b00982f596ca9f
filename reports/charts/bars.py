"""Bars over time: days of a month, months of a history, stacked counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.charts.plot import (
    Scale,
    label_axis,
    legend,
    segments,
    spread,
    ticks_of,
    value_axis,
    write_figure,
)
from reports.charts.style import (
    BLUE,
    DASHED,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    SMALL,
    VERMILION,
    WIDTH,
    Canvas,
    width_of,
)
from reports.localizer import Localizer
from reports.values import Count, Money, Text, Value

PLOT_HEIGHT = 130.0
"""Height of the plot area, in points."""


def mark_title(localizer: Localizer, *values: Value) -> str:
    """Label and value of a mark: "Sep 13, 2025: $12,310.00"."""
    label, *rest = (localizer.format(value) for value in values)
    return f"{label}: {', '.join(rest)}"


class _Bars:
    """A plot of bars side by side with a value axis."""

    def __init__(
        self,
        localizer: Localizer,
        keys: Sequence[tuple[str, str, str]],
        data: Mapping[str, Any],
        others: Sequence[int],
    ):
        self.localizer, self.currency = localizer, data["currency"]
        self.values: Sequence[int] = data["values"]
        high, low = max([*self.values, *others, 0]), min([*self.values, *others, 0])
        high = high or (1 if low == 0 else 0)
        self.canvas = Canvas(0)
        top = legend(self.canvas, keys) + 16
        ticks = ticks_of(low, high)
        self.left = max([width_of(self._amount(tick), SMALL) for tick in ticks]) + 8
        self.canvas.height = top + PLOT_HEIGHT + 20
        self.scale = Scale(low, high, top + PLOT_HEIGHT, top)
        self.step = (WIDTH - self.left - 2) / max(len(self.values), 6)
        value_axis(self.canvas, self.scale, (self.left, WIDTH - 2), self._amount, ticks)

    def _amount(self, tick: float) -> str:
        return self.localizer.format(Money(int(tick), self.currency, compact=True))

    def middle(self, index: int) -> float:
        return self.left + (index + 0.5) * self.step

    def bar(self, index: int, value: int, *, hatched: bool, title: str) -> None:
        wide = self.step * 0.76
        top, foot = sorted((self.scale(value), self.scale(0)))
        self.canvas.rect(
            self.middle(index) - wide / 2,
            top,
            wide,
            foot - top,
            PAPER if hatched else BLUE,
            hatch=BLUE if hatched else "",
            edge=BLUE if hatched else "",
            line=0.8,
            title=title,
        )

    def mark(self, index: int, value: Value, top: float) -> None:
        """The figure of one bar, over `top` (a value) and within the plot."""
        label, y = self.localizer.format(value), self.scale(max(top, 0))
        write_figure(self.canvas, self.middle(index), y, label, (self.left, WIDTH - 2))

    def labels(self, ticks: Sequence[int], names: Sequence[Value]) -> None:
        places = [
            (self.middle(i), self.localizer.format(name))
            for i, name in zip(ticks, names, strict=True)
        ]
        label_axis(self.canvas, places, WIDTH - 2, self.canvas.height - 9)


def draw_days(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Daily bars, the compared month as a line.

    data: labels (values, one per bar), ticks (indices to label), values (minor units, one per day),
    before (minor units or None), before_name, without_sales (flags, one per day),
    without_sales_name, marks ((index, value to say), ...), currency, partial (flags, hatched),
    notes (texts or None, one per bar, shown on hover), and, where the values are expected ones,
    spans ((low, high) per day).
    """
    values, before, spans = data["values"], data["before"], data.get("spans", [])
    named = [v for v in before if v is not None]
    keys = [("hatch" if all(data["partial"]) else "bar", BLUE, localizer.format(data["name"]))]
    if named:
        keys.append(("dashed", INK, localizer.format(data["before_name"])))
    if any(data["without_sales"]):
        keys.append(("×", MUTED, localizer.format(data["without_sales_name"])))
    plot = _Bars(localizer, keys, data, [*named, *(top for _, top in spans)])
    notes = data.get("notes") or [None] * len(values)
    for index, value in enumerate(values):
        title_parts: list[Value] = [data["labels"][index], Money(value, plot.currency)]
        if spans:
            low, high = (Money(units, plot.currency) for units in spans[index])
            title_parts.append(Text("chart.between", {"low": low, "high": high}))
        if before[index] is not None:
            title_parts.append(
                Text("chart.before", {"amount": Money(before[index], plot.currency)})
            )
        if notes[index] is not None:
            title_parts.append(notes[index])
        if data["without_sales"][index] and not value:
            plot.canvas.write(
                plot.middle(index), plot.scale(0) - 6, "×", anchor="middle", color=MUTED
            )
        else:
            plot.bar(
                index,
                value,
                hatched=data["partial"][index],
                title=mark_title(localizer, *title_parts),
            )
    for index, (bottom, top) in enumerate(spans):
        x = plot.middle(index)
        plot.canvas.line([(x, plot.scale(bottom)), (x, plot.scale(top))], INK, 1.0)
    if named:
        places = [plot.middle(i) for i in range(len(before))]
        heights = [None if v is None else plot.scale(v) for v in before]
        for run in segments(places, heights):
            plot.canvas.line(run, INK, 1.1, DASHED)
    for index, value in data["marks"]:
        plot.mark(index, value, spans[index][1] if spans else values[index])
    plot.labels(data["ticks"], [data["labels"][i] for i in data["ticks"]])
    return plot.canvas


def draw_trend(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Monthly bars with their 12-month average; a partial month is hatched.

    data: labels, ticks, values, average (minor units or None), name, average_name, partial,
    partial_name, currency, marks.
    """
    values, average = data["values"], data["average"]
    averages = [v for v in average if v is not None]
    keys = [("bar", BLUE, localizer.format(data["name"]))]
    if averages:
        keys.append(("solid", VERMILION, localizer.format(data["average_name"])))
    if any(data["partial"]):
        keys.append(("hatch", BLUE, localizer.format(data["partial_name"])))
    plot = _Bars(localizer, keys, data, averages)
    for index, value in enumerate(values):
        title = mark_title(localizer, data["labels"][index], Money(value, plot.currency))
        plot.bar(index, value, hatched=data["partial"][index], title=title)
    heights = [None if v is None else plot.scale(v) for v in average]
    for run in segments([plot.middle(i) for i in range(len(values))], heights):
        plot.canvas.line(run, VERMILION, 2.0)
    for index, value in data["marks"]:
        plot.mark(index, value, values[index])
    plot.labels(data["ticks"], [data["labels"][i] for i in data["ticks"]])
    return plot.canvas


def draw_stack(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Stacked counts by month: the lower part plain, the upper part striped.

    The last bar has a label for both.

    data: labels, base (counts), top (counts), base_name, top_name.
    """
    base, top = data["base"], data["top"]
    names = (data["base_name"], data["top_name"])
    canvas = Canvas(0)
    lower, upper = (localizer.format(name) for name in names)
    start = legend(canvas, [("bar", BLUE, lower), ("part", ORANGE, upper)])
    canvas.height = start + 126
    last = len(base) - 1
    right = (
        max(width_of(localizer.format(Count(n)), SMALL, True) for n in (base[last], top[last])) + 6
    )
    high = max((a + b for a, b in zip(base, top, strict=True)), default=1) or 1
    scale = Scale(0, high, start + 106, start + 4)
    step = (WIDTH - right - 2) / len(base)
    for index, (below, above) in enumerate(zip(base, top, strict=True)):
        x, wide = 2 + (index + 0.15) * step, step * 0.7
        for part, foot, fill, name in (
            (below, 0, BLUE, names[0]),
            (above, below, ORANGE, names[1]),
        ):
            title = mark_title(localizer, data["labels"][index], Count(part), name)
            upper_end, hatch = scale(foot + part), PAPER * (fill == ORANGE)
            height = scale(foot) - upper_end
            canvas.rect(x, upper_end, wide, height, fill, hatch=hatch, title=title)
    canvas.zero([(2, scale(0)), (WIDTH - right, scale(0))])
    middles = sorted(
        [(scale(base[last] / 2), base[last]), (scale(base[last] + top[last] / 2), top[last])]
    )
    for y, (_, value) in zip(spread([y for y, _ in middles], 12), middles, strict=True):
        canvas.write(WIDTH - right + 4, y, localizer.format(Count(value)), bold=True)
    every = max(1, -(-len(base) // 6))
    ticks = [i for i in range(len(base)) if (last - i) % every == 0]
    places = [(2 + (i + 0.5) * step, localizer.format(data["labels"][i])) for i in ticks]
    label_axis(canvas, places, WIDTH - right, canvas.height - 9)
    return canvas
