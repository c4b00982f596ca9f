"""What changed and why: the difference of net sales in parts.

Arithmetic only; the parts add up to the difference.
"""

from __future__ import annotations

from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.page import Chart, Section
from reports.sections.comparison import comparable, enough
from reports.values import Money, Month, Percent, Text, text

SMALL = 200
"""A part of less than one in SMALL of the base is not worth a sentence of its own."""


def drivers(figures: Figures) -> Section:
    """A waterfall from the month before, or a line where there is none."""
    split = figures.split
    if split is None or not comparable(figures) or not enough(figures.total.receipts):
        return Section(
            "drivers", (text("drivers.alone", month=Month(month_before(figures.month))),)
        )
    currency, change = figures.currency, split.now - split.base
    parts = {name: units for name, units in split.parts().items() if units}
    month = Month(month_before(figures.month), short=True)
    title = text("drivers.none")
    if parts:
        title = text("drivers.steps", change=Money(change, currency, signed=True))
    chart = Chart(
        "waterfall",
        "drivers",
        title,
        text("drivers.alt", base=Money(split.base, currency), now=Money(split.now, currency)),
        {
            "first": (month, split.base),
            "last": (Month(figures.month, short=True), split.now),
            "currency": currency,
            "steps": [(text(f"drivers.{name}"), units) for name, units in parts.items()],
        },
    )
    return Section(
        "drivers",
        tuple(_said(figures, parts, change)),
        charts=(chart,),
        notes=(text("drivers.dating"),),
        figures={
            "base": Money(split.base, currency),
            "now": Money(split.now, currency),
            "change": Money(change, currency),
            "parts": {name: Money(units, currency) for name, units in split.parts().items()},
        },
    )


def _said(figures: Figures, parts: dict[str, int], change: int) -> list[Text]:
    currency = figures.currency
    sentences = []
    same = {n: v for n, v in parts.items() if v * change > 0}
    if same:
        name = max(same, key=lambda n: abs(same[n]))
        if abs(same[name]) <= abs(change):
            sentences.append(
                text(
                    "drivers.share_up" if change > 0 else "drivers.share_down",
                    share=Percent(same[name], change, decimals=0),
                    part=text(f"drivers.{name}_in"),
                    amount=Money(same[name], currency, signed=True),
                    change=Money(change, currency, signed=True),
                )
            )
        else:
            sentences.append(
                text(
                    "drivers.more_than_all",
                    part=text(f"drivers.{name}_in"),
                    amount=Money(same[name], currency, signed=True),
                    change=Money(change, currency, signed=True),
                )
            )
    assert figures.total_before is not None  # a month without it has no parts
    other = {
        n: v
        for n, v in parts.items()
        if v * change < 0 and abs(v) * SMALL > abs(figures.total_before.net_sales)
    }
    if other:
        name = max(other, key=lambda n: abs(other[n]))
        sentences.append(
            text(
                "drivers.offset",
                part=text(f"drivers.{name}_in"),
                amount=Money(other[name], currency, signed=True),
            )
        )
    return sentences
