"""Where values are negative, every chart of bars or lines has its line of zero at zero, and its
labels stay apart.
"""

from __future__ import annotations

from datetime import date
from importlib import import_module
from itertools import accumulate

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text as Label

from reports.charts import DRAWERS
from reports.charts.style import INK, styled
from reports.page import Chart
from reports.values import Money, Month, Name, Text, Weekday, text
from reports.words import Words

WORDS = Words("en_US", 2, ("MXN",))


def chart(kind: str, **data: object) -> Chart:
    return Chart(kind, kind, Text("days.title"), Text("days.title"), data)


def series(values: list[int], **more: object) -> dict[str, object]:
    months = [Month(date(2026, i % 12 + 1, 1), short=True) for i in range(len(values))]
    return {
        "labels": months,
        "ticks": [0, len(values) - 1],
        "tick_names": [months[0], months[-1]],
        "values": values,
        "currency": "MXN",
        "name": text("trend.net"),
        "partial": [False] * len(values),
        "marks": [],
    } | more


def charts_of(values: list[int]) -> dict[str, Chart]:
    rows = [
        (Name(f"n{i}"), Money(v, "MXN", compact=True), v, 0, None) for i, v in enumerate(values)
    ]
    week = [*values, *[None] * 7][:7]
    return {
        "days": chart(
            "days",
            **series(values, before=[None] * len(values), closed=[False] * len(values)),
        ),
        "trend": chart("trend", **series(values, average=[None] * len(values))),
        "lines": chart("lines", **series(values, lines=[(Name("a"), values)], index=False)),
        "percent": chart("lines", **series(values, lines=[(Name("a"), values)], index="percent")),
        "panels": chart(
            "panels",
            panels=[(Name("a"), week)],
            ticks=[Weekday(w, short=True) for w in range(7)],
            currency="MXN",
        ),
        "ranking": chart("ranking", rows=rows, name=Name("x"), part_name=None, before_name=None),
        "waterfall": chart(
            "waterfall",
            first=(Name("first"), values[0]),
            steps=[(Name("step"), v) for v in values[1:]],
            last=(Name("last"), sum(values)),
            currency="MXN",
        ),
    }


def drawn(made: Chart) -> Figure:
    """The figure of a chart, laid out."""
    drawer = import_module(f"reports.charts.{DRAWERS[made.kind]}")
    with styled():
        figure = getattr(drawer, f"draw_{made.kind}")(made.data, WORDS).figure
        FigureCanvasAgg(figure).draw()
    return figure


def zero_lines(axes: Axes, upright: bool) -> list[Line2D]:
    """Dark lines at zero through the whole of the axes."""
    return [
        line
        for line in axes.get_lines()
        if line.get_color() == INK
        and list(line.get_xdata() if upright else line.get_ydata()) == [0, 0]
        and list(line.get_ydata() if upright else line.get_xdata()) == [0, 1]
    ]


def touching(figure: Figure) -> list[tuple[str, str]]:
    """Labels that lie over each other."""
    texts = [t for t in figure.findobj(Label) if t.get_text().strip() and t.get_visible()]
    renderer = figure.canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer).padded(-0.5)) for t in texts]
    return [
        (name, other)
        for i, (name, box) in enumerate(boxes)
        for other, second in boxes[i + 1 :]
        if box.overlaps(second)
    ]


@pytest.mark.parametrize("kind", sorted(charts_of([1, 2])))
@pytest.mark.parametrize(
    "values", [[10_000, -585_200, 20_000], [-5_000, -300_000], [0, -100], [900_000, -100, 5]]
)
def test_negative_values_hang_from_a_line_at_zero(kind, values):
    figure = drawn(charts_of(values)[kind])
    upright = kind in ("ranking", "waterfall")
    if kind == "waterfall" and min(accumulate(values)) >= 0:
        return  # its bars lie between positive totals
    for axes in figure.axes:
        assert zero_lines(axes, upright), "no line of zero"
        low, high = sorted(axes.get_xlim() if upright else axes.get_ylim())
        assert low < 0 <= high
        assert not axes.spines["bottom"].get_visible() or not axes.axison
    assert touching(figure) == []


@pytest.mark.parametrize("best", range(7))
@pytest.mark.parametrize("panels", [1, 2, 3])
def test_the_label_of_a_panel_stays_within_it_and_touches_no_other(best, panels):
    values = [-585_200 if w != best else 123_456_700 for w in range(7)]
    made = chart(
        "panels",
        panels=[(Name("Dine in"), values), (Name("b"), [1] * 7), (Name("c"), [-1] * 7)][:panels],
        ticks=[Weekday(w, short=True) for w in range(7)],
        currency="MXN",
    )
    figure = drawn(made)
    assert touching(figure) == []
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        for label in axes.texts:
            box, place = label.get_window_extent(renderer), axes.get_window_extent(renderer)
            assert place.x0 - 1 <= box.x0 and box.x1 <= place.x1 + 1
