"""Small multiples: the same seven days, one panel an order type, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping

from reports.charts.style import BLUE, INK, MUTED, SIZE, SMALL, WIDTH, Canvas, cut
from reports.values import Money
from reports.words import Words

HIGH = 84.0


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
    high = max((v for _, values in panels for v in values if v is not None), default=1) or 1
    low = min((v for _, values in panels for v in values if v is not None), default=0)
    for index, (name, values) in enumerate(panels):
        x, top = (index % columns) * (wide + 14), (index // columns) * HIGH
        canvas.write(
            x + 1, top + 2, cut(words.say(name), wide - 4), fontweight="bold", fontsize=SIZE
        )
        axes = canvas.panel(x, top + 16, wide, HIGH - 34)
        known = [v if v is not None else 0 for v in values]
        axes.bar(range(7), known, width=0.7, color=BLUE)
        best = max(range(7), key=lambda w: known[w])
        for w in range(7):
            if values[w] is None:
                axes.text(
                    w, high * 0.02, "×", ha="center", va="bottom", color=MUTED, fontsize=SMALL
                )
        axes.annotate(
            words.say(Money(known[best], currency, compact=True)),
            (best, max(known[best], 0)),
            (0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
            fontweight="bold",
        )
        axes.set_ylim(min(low, 0) * 1.1, high * 1.25)
        axes.set_xlim(-0.6, 6.6)
        axes.set_yticks([])
        axes.set_xticks(
            range(7), [cut(words.say(tick), wide / 7) for tick in data["ticks"]], fontsize=SMALL
        )
        axes.spines["bottom"].set_color(INK)
    return canvas
