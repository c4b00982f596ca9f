"""What changed and why: parts that add up to the difference of net sales."""

from __future__ import annotations

from collections.abc import Mapping

from reports.document import Chart, Section
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.money import MIN_FOR_PERCENT
from reports.sections.comparison import before_name, comparable, enough
from reports.values import Count, Money, Month, Percent, Series, Text, amounts, text

SMALL = 200
"""A part of less than 1/SMALL of the base is not worth a sentence of its own."""


def drivers(figures: Figures) -> Section:
    """A waterfall from the month before, or a line where there is none."""
    change_parts = figures.change_parts
    if figures.total_before is not None and not enough(figures.total.receipts):
        return Section("drivers", (text("drivers.few", n=Count(MIN_FOR_PERCENT)),))
    if change_parts is None or not comparable(figures):
        alone = text("drivers.alone", month=Month(month_before(figures.month)))
        return Section("drivers", (alone,))
    currency, change = figures.currency, change_parts.now - change_parts.base
    parts = {name: units for name, units in change_parts.amounts().items() if units}
    month = before_name(figures)
    bounds = amounts(currency, base=change_parts.base, now=change_parts.now)
    title = text(
        "drivers.steps" if parts else "drivers.none", change=Money(change, currency, signed=True)
    )
    data = {
        "first": (month, change_parts.base),
        "last": (Month(figures.month, short=True), change_parts.now),
        "currency": currency,
        "steps": [(text(f"drivers.{name}"), units) for name, units in parts.items()],
    }
    alt = text(
        "drivers.alt" if parts else "drivers.alt_none",
        steps=Series(tuple(text(f"drivers.{name}_in") for name in parts)),
        **bounds,
    )
    chart = Chart("waterfall", "drivers", title, alt, data)
    figures_out = {
        **bounds,
        **amounts(currency, change=change),
        "parts": amounts(currency, **change_parts.amounts()),
    }
    sentences = _sentences(figures, parts, change)
    notes = [text("drivers.calendar_note")] if "calendar" in parts else []
    if parts:
        notes.append(text("drivers.arithmetic"))
    return Section("drivers", sentences, charts=(chart,), notes=notes, figures=figures_out)


def _sentences(figures: Figures, parts: dict[str, int], change: int) -> list[Text]:
    """The largest part in the direction of the change, and the largest against it."""

    def sentence(key: str, units: Mapping[str, int]) -> Text:
        name = max(units, key=lambda n: abs(units[n]))
        return text(
            f"drivers.{key}",
            share=Percent(units[name], change, decimals=0),
            part=text(f"drivers.{name}_in"),
            amount=Money(units[name], figures.currency, signed=True),
            change=Money(change, figures.currency, signed=True),
        )

    sentences = []
    same = {n: v for n, v in parts.items() if v * change > 0}
    if same:
        is_part = max(map(abs, same.values())) <= abs(change)
        key = ("share_up" if change > 0 else "share_down") if is_part else "more_than_all"
        sentences.append(sentence(key, same))
    assert figures.total_before is not None  # a month without it has no parts
    other = {
        n: v
        for n, v in parts.items()
        if v * change < 0 and abs(v) * SMALL > abs(figures.total_before.net_sales)
    }
    if other:
        sentences.append(sentence("offset", other))
    return sentences
