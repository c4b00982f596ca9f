"""Small multiples: the same seven days, one panel an order type, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.charts.bars import mark_title
from reports.charts.plot import Scale, write_figure
from reports.charts.style import BLUE, MUTED, SIZE, SMALL, WIDTH, Canvas, cut, width_of
from reports.localizer import Localizer
from reports.values import Money

HIGH, GAP = 104.0, 16.0


def draw_panels(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Bars a weekday.

    data: panels ((name, values a weekday or None), ...), ticks (seven labels), currency. The
    highest bar of a panel says its value.
    """
    panels = data["panels"]
    columns = min(2, len(panels))
    canvas = Canvas(-(-len(panels) // columns) * HIGH + 2)
    drawn = [v for _, values in panels for v in values if v is not None]
    high, low = max([*drawn, 0]), min([*drawn, 0])
    span = (low, high or (1 if low == 0 else 0))
    wide = (WIDTH - GAP * (columns - 1)) / columns
    for index, (name, values) in enumerate(panels):
        x, top = (index % columns) * (wide + GAP), (index // columns) * HIGH
        canvas.write(
            x + 1, top + 9, cut(localizer.format(name), (wide - 4) * 0.88), bold=True, size=SIZE
        )
        _panel(canvas, (x, top + 36, wide), values, span, data, localizer)
    return canvas


def _panel(
    canvas: Canvas,
    place: tuple[float, float, float],
    values: list[int | None],
    span: tuple[int, int],
    data: Mapping[str, Any],
    localizer: Localizer,
) -> None:
    x, top, wide = place
    scale = Scale(*span, top + 48, top)
    step, currency = wide / 7, data["currency"]
    best = max(range(7), key=lambda w: values[w] or 0)
    for w, value in enumerate(values):
        middle = x + (w + 0.5) * step
        if value is None:
            canvas.write(middle, scale(0) - 6, "×", anchor="middle", color=MUTED)
            continue
        upper, lower = sorted((scale(value), scale(0)))
        title = mark_title(localizer, data["ticks"][w], Money(value, currency))
        canvas.rect(middle - step * 0.36, upper, step * 0.72, lower - upper, BLUE, title=title)
    canvas.zero([(x, scale(0)), (x + wide, scale(0))])
    names = [localizer.format(tick) for tick in data["ticks"]]
    if max(width_of(name, SMALL) for name in names) > step - 2:
        names = [name[:1].upper() for name in names]
    for w, name in enumerate(names):
        canvas.write(x + (w + 0.5) * step, top + 58, name, anchor="middle", color=MUTED)
    if (high := values[best] or 0) > 0:
        label = localizer.format(Money(high, currency, compact=True))
        write_figure(canvas, x + (best + 0.5) * step, scale(high), label, (x, x + wide))
