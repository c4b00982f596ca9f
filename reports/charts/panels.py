"""Small multiples: the same seven days, one panel an order type, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping

from reports.charts.style import BLUE, MUTED, SIZE, SMALL, WIDTH, Canvas, cut, width_of, zero_line
from reports.values import Money
from reports.words import Words

HIGH, LABEL_HIGH = 84.0, 11.0


def draw_panels(data: Mapping, words: Words) -> Canvas:
    """Bars a weekday.

    data: panels ((name, values a weekday or None), ...), ticks (seven labels), currency. The
    highest bar of a panel says its value.
    """
    panels, currency = data["panels"], data["currency"]
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    wide = (WIDTH - 14 * (columns - 1)) / columns
    canvas = Canvas(rows * HIGH + 2)
    drawn = [v for _, values in panels for v in values if v is not None]
    high, low = max([*drawn, 0]), min([*drawn, 0])
    high = high or (1 if low == 0 else 0)
    for index, (name, values) in enumerate(panels):
        x, top = (index % columns) * (wide + 14), (index // columns) * HIGH
        canvas.write(
            x + 1, top + 2, cut(words.say(name), wide - 4), fontweight="bold", fontsize=SIZE
        )
        axes = canvas.panel(x, top + 16, wide, HIGH - 34)
        named = [v if v is not None else 0 for v in values]
        axes.bar(range(7), named, width=0.7, color=BLUE)
        best = max(range(7), key=lambda w: named[w])
        reach = max(named[best], 0)
        for w in range(7):
            if values[w] is None:
                axes.annotate(
                    "×",
                    (w, 0),
                    (0, 1),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    color=MUTED,
                    fontsize=SMALL,
                )
        if named[best] > 0:
            label = Money(named[best], currency, compact=True)
            axes.annotate(
                words.say(label),
                (best, reach),
                (0, 2),
                textcoords="offset points",
                ha=_side(words.say(label), best, wide),
                fontsize=SMALL,
                fontweight="bold",
            )
        floor, top = min(low, 0) * 1.08, max(high, 0)
        room = (HIGH - 34 - LABEL_HIGH) / (HIGH - 34)
        axes.set_ylim(floor, floor + (top - floor) / room)
        axes.set_xlim(-0.6, 6.6)
        axes.set_yticks([])
        axes.set_xticks(
            range(7), [cut(words.say(tick), wide / 7) for tick in data["ticks"]], fontsize=SMALL
        )
        zero_line(axes, low)
    return canvas


def _side(label: str, weekday: int, wide: float) -> str:
    """How a label stands over its bar, so that it stays within its panel."""
    middle, half = (weekday + 0.6) / 7.2 * wide, width_of(label, SMALL, True) / 2
    return "left" if middle < half else "right" if middle + half > wide else "center"
