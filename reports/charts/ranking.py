"""Horizontal bars, the largest on top: names beside them, figures at their ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.charts.bars import mark_title
from reports.charts.plot import Scale, legend
from reports.charts.style import (
    BLUE,
    INK,
    ORANGE,
    PAPER,
    SIZE,
    SKY,
    SMALL,
    WIDTH,
    Canvas,
    width_of,
    wrap,
)
from reports.localizer import Localizer

LINE, GAP, LABEL_GAP = 13.0, 7.5, 5.0


def draw_ranking(data: Mapping[str, Any], localizer: Localizer) -> Canvas:
    """Bars by rank.

    data: rows ((label, value, length, part, before or None), ...): value is what the end says,
    length that of its bar, part the piece that is hatched (0 for none); name, part_name,
    before_name say what they are (part_name and before_name None where the rows have none).
    """
    rows = data["rows"]
    label_width = min(
        max((width_of(localizer.format(row[0])) for row in rows), default=40), WIDTH * 0.42
    )
    labels = [wrap(localizer.format(row[0]), label_width) for row in rows]
    amounts = [localizer.format(row[1]) for row in rows]
    end = max((width_of(s, SMALL, True) for s in amounts), default=0) + 8
    canvas = Canvas(0)
    keys = _keys(data, localizer)
    y = start = legend(canvas, keys) if keys else 4.0
    lengths = [length or 0 for row in rows for length in (row[2], row[4])]
    high, low = max([*lengths, 1]), min([*lengths, 0])
    x = Scale(low, high, label_width + 8, WIDTH - end)
    canvas.height = start + sum(len(label) * LINE + GAP for label in labels) + 4
    for row, label, value in zip(rows, labels, amounts, strict=True):
        height = len(label) * LINE + GAP
        middle, thick = y + height / 2, min(height - GAP + 1, LINE + 2)
        name, amount, length, part, before = row
        left, right = sorted((x(0), x(length)))
        top, color = middle - thick / 2, BLUE if length >= 0 else ORANGE
        title = mark_title(localizer, name, amount)
        canvas.rect(left, top, right - left, thick, color, title=title)
        if part:
            begin = x(length - part)
            title = mark_title(localizer, name, data["part_name"], amount)
            canvas.rect(begin, top, x(length) - begin, thick, SKY, hatch=PAPER, title=title)
        if before is not None:
            canvas.line([(x(before), top - 2), (x(before), middle + thick / 2 + 2)], INK, 1.8)
        label_start = _label_start(x(max(length, 0)), None if before is None else x(before), value)
        canvas.write(label_start, middle, value, bold=True, halo=True, hidden=True)
        for number, line in enumerate(label):
            line_middle = middle + (number - (len(label) - 1) / 2) * LINE
            canvas.write(label_width + 2, line_middle, line, anchor="end", size=SIZE)
        y += height
    canvas.zero([(x(0), start), (x(0), canvas.height - 4)])
    return canvas


def _label_start(end: float, mark: float | None, label: str) -> float:
    """Where a label begins: after its bar, or after the mark that is in its way."""
    start = end + LABEL_GAP
    if mark is None or mark + LABEL_GAP <= end or start + width_of(label, SMALL, True) < mark - 2:
        return start
    return max(end, mark) + LABEL_GAP


def _keys(data: Mapping[str, Any], localizer: Localizer) -> list[tuple[str, str, str]]:
    if not (data.get("part_name") or data.get("before_name")):
        return []
    entries = (
        ("bar", BLUE, data["name"]),
        ("part", SKY, data.get("part_name")),
        ("mark", INK, data.get("before_name")),
    )
    return [
        (sign, color, localizer.format(name)) for sign, color, name in entries if name is not None
    ]
