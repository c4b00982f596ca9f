"""Waterfall: from one total to the next by signed steps, top to bottom.

Only the steps are bars: each begins where the step above ended, and their lengths can be compared.
The totals are marks on the same scale, not bars, because the scale need not begin at zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.charts.bars import mark_title
from reports.charts.plot import Scale
from reports.charts.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    SIZE,
    SMALL,
    WIDTH,
    Canvas,
    width_of,
    wrap,
)
from reports.localizer import Localizer
from reports.values import Money

ROW, THICK, LINE = 27.0, 14.0, 12.5


def draw_waterfall(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Draw a waterfall.

    data: first (label, amount), steps ((label, amount), ...), last (label, amount), currency;
    amounts in units of the lake's decimals.
    """
    currency, steps = data["currency"], [data["first"], *data["steps"], data["last"]]
    last = len(steps) - 1
    position, spans = data["first"][1], []
    for index, (_, amount) in enumerate(steps):
        spans.append((position, position) if index in (0, last) else (position, position + amount))
        position = spans[-1][1]
    high, low = max(max(span) for span in spans), min(min(span) for span in spans)
    high = max(high, 0) if low < 0 else high
    labels = [wrap(localizer.format(label), 104, SIZE) for label, _ in steps]
    left = max(width_of(line, SIZE, True) for label in labels for line in label) + 10
    amounts = [
        localizer.format(Money(amount, currency, signed=i not in (0, last), compact=True))
        for i, (_, amount) in enumerate(steps)
    ]
    end = max(width_of(s, SMALL, True) for s in amounts) + 12
    canvas = Canvas(len(steps) * ROW + 4)
    x = Scale(low, high if high > low else low + 1, left + 4, WIDTH - end)
    bottom = canvas.height - 2
    canvas.line([(x(spans[0][0]), 2), (x(spans[0][0]), bottom)], FAINT, 1.0)
    if low < 0:
        canvas.zero([(x(0), 2), (x(0), bottom)])
    for index, (start, stop) in enumerate(spans):
        middle = 2 + (index + 0.5) * ROW
        label, amount = steps[index]
        exact = Money(amount, currency, signed=index not in (0, last))
        title = mark_title(localizer, label, exact)
        if index < last:
            canvas.line([(x(stop), middle), (x(stop), middle + ROW)], MUTED, 0.8)
        if index in (0, last):
            canvas.rect(x(stop) - 2, middle - 8, 4, 16, INK, title=title)
        else:
            left_end, right_end = sorted((x(start), x(stop)))
            wide, rise = max(right_end - left_end, 0.8), stop >= start
            hatch, color = "" if rise or wide < 6 else PAPER, BLUE if rise else ORANGE
            top = middle - THICK / 2
            canvas.rect(left_end, top, wide, THICK, color, hatch=hatch, title=title)
        label_start = x(max(start, stop)) + 6
        if label_start < x(0) + 2 < label_start + width_of(amounts[index], SMALL, True) + 4:
            label_start = x(0) + 6  # the line of zero is not in the amount
        canvas.write(label_start, middle, amounts[index], bold=True, halo=True, hidden=True)
        lines = labels[index]
        for number, line in enumerate(lines):
            y = middle + (number - (len(lines) - 1) / 2) * LINE
            canvas.write(left - 4, y, line, anchor="end", size=SIZE, bold=index in (0, last))
    return canvas
