"""Parts of a plot on a canvas: scales, axes, keys, runs of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.ticker import MaxNLocator

from reports.charts.style import (
    DASHED,
    FAINT,
    MUTED,
    PAPER,
    SMALL,
    WIDTH,
    Canvas,
    Polyline,
    width_of,
)


@dataclass(frozen=True)
class Scale:
    """Values `low` to `high` along the points `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks_of(low: float, high: float) -> list[float]:
    """Round values between `low` and `high`."""
    locator = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])
    reach = (high - low or 1) * 0.001
    return [float(t) for t in locator.tick_values(low, high) if low - reach <= t <= high + reach]


def value_axis(
    canvas: Canvas,
    scale: Scale,
    span: tuple[float, float],
    format_value: Callable[[float], str],
    ticks: Sequence[float],
) -> None:
    """Light lines across `span`, values at the left; the line of zero in ink."""
    left, right = span
    for tick in ticks:
        canvas.line([(left, scale(tick)), (right, scale(tick))], FAINT, 0.8)
        canvas.write(left - 5, scale(tick), format_value(tick), anchor="end", color=MUTED)
    if scale.low <= 0 <= scale.high:
        canvas.zero([(left, scale(0)), (right, scale(0))])


def label_axis(canvas: Canvas, places: Sequence[tuple[float, str]], end: float, y: float) -> None:
    """Labels centred under their places, or as near to that as the drawing allows.

    None goes beyond `end`. Where they would touch, every second or third one is written.
    """
    labels = []
    for place, label in places:
        size = width_of(label, SMALL)
        start = max(min(place - size / 2, end + 2 - size), 0.0)
        labels.append((start, start + size, label))
    step = next(
        step
        for step in range(1, len(labels) + 2)
        if _are_apart([box[:2] for box in labels[::step]])
    )
    for start, stop, label in labels[::step]:
        canvas.write((start + stop) / 2, y, label, anchor="middle")


def _are_apart(spans: Sequence[tuple[float, float]]) -> bool:
    return all(stop + 8 < start for (_, stop), (start, _) in pairwise(spans))


def legend(canvas: Canvas, entries: Sequence[tuple[str, str, str]]) -> float:
    """Keys above the plot, small signs beside their names, in as many rows as needed.

    Returns the height below which the plot begins.
    """
    x, y = 2.0, 9.0
    for sign, color, label in entries:
        wide = width_of(label, SMALL) + 32
        if x > 2 and x + wide - 12 > WIDTH:
            x, y = 2.0, y + 15
        _key(canvas, sign, color, x, y)
        canvas.write(x + 16, y, label, color=MUTED)
        x += wide
    return y + 12


def _key(canvas: Canvas, sign: str, color: str, x: float, y: float) -> None:
    match sign:
        case "solid" | "dashed":
            canvas.line([(x, y), (x + 13, y)], color, 1.8, DASHED if sign == "dashed" else None)
        case "mark":
            canvas.line([(x + 5, y - 5), (x + 5, y + 5)], color, 1.8)
        case "bar":
            canvas.rect(x, y - 5, 10, 10, color)
        case "hatch":
            canvas.rect(x, y - 5, 10, 10, PAPER, hatch=color, edge=color, line=0.8)
        case "part":
            canvas.rect(x, y - 5, 10, 10, color, hatch=PAPER)
        case _:
            canvas.write(x + 1, y, sign, color=color)


def write_figure(canvas: Canvas, x: float, y: float, label: str, span: tuple[float, float]) -> None:
    """The figure of a bar above `y`, centred on `x` as far as it stays within `span`."""
    half = width_of(label, SMALL, True) / 2
    x = min(max(x, span[0] + half), span[1] - half)
    canvas.write(x, y - 8, label, anchor="middle", bold=True, halo=True, hidden=True)


def segments(places: Sequence[float], values: Sequence[float | None]) -> list[Polyline]:
    """Unbroken runs of values as points; a lone one is a short dash."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, value in zip(places, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x, value))
    return [
        run if len(run) > 1 else [(run[0][0] - 1.5, run[0][1]), (run[0][0] + 1.5, run[0][1])]
        for run in runs
        if run
    ]


def spread(places: Sequence[float], gap: float) -> list[float]:
    """`places`, in rising order, moved down so that neighbours are `gap` apart."""
    moved = list(places[:1])
    for place in places[1:]:
        moved.append(max(place, moved[-1] + gap))
    return moved
