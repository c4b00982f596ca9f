"""Charts to one standard: a line of zero, labels apart and within the drawing, contrast, sizes, a
title on every mark.
"""

from __future__ import annotations

import re
from datetime import date
from importlib import import_module
from itertools import accumulate, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from reports.charts import DRAWERS
from reports.charts.heat import colors_of, shade
from reports.charts.plot import ticks_of
from reports.charts.style import (
    DARKER,
    INK,
    MUTED,
    PAPER,
    SIZE,
    SMALL,
    WIDTH,
    Canvas,
    contrast,
    styled,
    text_on,
)
from reports.document import Chart
from reports.localizer import Localizer
from reports.values import Count, Hour, Money, Month, Name, Percent, Rate, Text, Weekday, text

WORDS_OF = {locale: Localizer(locale, 2, ("MXN",)) for locale in ("en_US", "es_MX")}
WORDS = WORDS_OF["en_US"]
PHONE = 390 - 2 * 16
"""Pixels that a phone leaves for a chart."""


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
    cells = [[(Rate(abs(v), 3), v) for v in values] for _ in range(7)]
    days = [Weekday(w, short=True) for w in range(7)]
    return {
        "days": chart(
            "days",
            **series(values, before=[None] * len(values), without_sales=[False] * len(values)),
        ),
        "trend": chart("trend", **series(values, average=[None] * len(values))),
        "lines": chart("lines", **series(values, lines=[(Name("a"), values)], unit="money")),
        "percent": chart("lines", **series(values, lines=[(Name("a"), values)], unit="percent")),
        "panels": chart("panels", panels=[(Name("a"), week)], ticks=days, currency="MXN"),
        "ranking": chart("ranking", rows=rows, name=Name("x"), part_name=None, before_name=None),
        "waterfall": chart(
            "waterfall",
            first=(Name("first"), values[0]),
            steps=[(Name("step"), v) for v in values[1:]],
            last=(Name("last"), sum(values)),
            currency="MXN",
        ),
        "heat": chart(
            "heat",
            rows=days,
            columns=[text("hours.tick", hour=Hour(h)) for h in range(len(values))],
            cells=cells,
            signed=True,
            best=None,
        ),
        "stack": chart(
            "stack",
            labels=[Month(date(2026, 1, 1), short=True)] * len(values),
            base=[abs(v) for v in values],
            top=[1] * len(values),
            base_name=Name("a"),
            top_name=Name("b"),
        ),
    }


KINDS = sorted(charts_of([1, 2]))


def drawn(built: Chart, locale: str = "en_US") -> Canvas:
    drawer = import_module(f"reports.charts.{DRAWERS[built.kind]}")
    with styled():
        canvas = getattr(drawer, f"draw_{built.kind}")(built.data, WORDS_OF[locale])
        canvas.svg = canvas.to_bytes().decode()
    return canvas


def touching(canvas: Canvas) -> list[tuple[str, str]]:
    """Labels that lie over each other."""
    return [
        (label.text, other.text)
        for i, label in enumerate(canvas.labels)
        for other in canvas.labels[i + 1 :]
        if label.left < other.right - 0.5
        and other.left < label.right - 0.5
        and label.top < other.bottom - 0.5
        and other.top < label.bottom - 0.5
    ]


def test_the_line_of_zero_is_in_no_amount_of_the_steps():
    values = {"first": 230_000_00, "step": -246_000_00, "last": -16_000_00}
    steps = {name: (Name(name), units) for name, units in values.items()}
    data = {"first": steps["first"], "steps": [steps["step"]], "last": steps["last"]}
    canvas = drawn(chart("waterfall", **data, currency="MXN"))
    ((zero, _), _) = canvas.zeros[0]
    amounts = [label for label in canvas.labels if "$" in label.text]
    assert len(amounts) == 3
    assert not any(label.left < zero < label.right for label in amounts)


@pytest.mark.parametrize(
    ("value", "before", "is_at_bar"),
    [(-110_00, 24_000_00, True), (9_000_00, 24_000_00, True), (23_000_00, 24_000_00, False)],
)
def test_an_amount_stands_at_its_bar_unless_the_mark_is_in_the_way(value, before, is_at_bar):
    def place(mark: int | None) -> float:
        amounts = ((value, mark), (24_000_00, None))
        rows = [(Name("n"), Money(v, "MXN", compact=True), v, 0, m) for v, m in amounts]
        names = {"name": Name("x"), "part_name": None, "before_name": Name("y")}
        canvas = drawn(chart("ranking", rows=rows, **names))
        amount = WORDS.format(rows[0][1])
        return next(label.left for label in canvas.labels if label.text == amount)

    assert (place(before) == place(None)) == is_at_bar


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "values",
    [[10_000, -585_200, 20_000], [-5_000, -300_000], [0, -100], [900_000, -100, 5], [7, 9]],
)
def test_zero_is_drawn_and_labels_stay_apart(kind, values):
    canvas = drawn(charts_of(values)[kind])
    within_totals = kind == "waterfall" and min(accumulate(values)) >= 0
    if kind != "heat" and not within_totals:
        assert canvas.zeros, "no line of zero"
    for line in canvas.zeros:
        assert all(0 <= x <= WIDTH and 0 <= y <= canvas.height for x, y in line)
    assert touching(canvas) == []
    outside = [
        label.text
        for label in canvas.labels
        if label.left < -1
        or label.right > WIDTH + 1
        or label.top < -1
        or label.bottom > canvas.height + 1
    ]
    assert outside == []


def years_of(count: int, begins: date) -> dict[str, object]:
    """The axis of `count` months, labelled each January and July."""
    first = begins.year * 12 + begins.month - 1
    months = [Month(date(n // 12, n % 12 + 1, 1), short=True) for n in range(first, first + count)]
    ticks = [i for i, month in enumerate(months) if month.first.month in (1, 7)]
    return {"labels": months, "ticks": ticks, "tick_names": [months[i] for i in ticks]}


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
@pytest.mark.parametrize("kind", ["lines", "trend"])
@pytest.mark.parametrize("begins", [date(2023, 10, 1), date(2023, 12, 1), date(2024, 1, 1)])
def test_labels_of_months_are_centred_and_equally_far_apart(kind, begins, locale):
    values = [1_000_000_00 + n for n in range(36)]
    more = {"lines": [(Name("a name"), values)], "unit": "money", "average": [None] * 36}
    canvas = drawn(chart(kind, **series(values, **years_of(36, begins), **more)), locale)
    axis = years_of(36, begins)
    named = {WORDS_OF[locale].format(label): i for i, label in enumerate(axis["labels"])}
    shown = [(label, named[label.text]) for label in canvas.labels if label.text in named]
    steps = {later - earlier for (_, earlier), (_, later) in pairwise(shown)}
    assert len(shown) >= 3 and len(steps) == 1, [label.text for label, _ in shown]
    middles = [(label.left + label.right) / 2 for label, _ in shown]
    gaps = [b - a for a, b in pairwise(middles)]
    assert max(gaps) - min(gaps) < (3 if begins.month == 1 else 1), gaps


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
@pytest.mark.parametrize("high", [8, 42, 100])
def test_no_figure_of_a_heat_map_is_cut(high, locale):
    built = chart(
        "heat",
        rows=[text("loyalty.after", n=Count(k)) for k in range(1, 10)],
        columns=[text("loyalty.cohort", month=Month(date(2026, 9, 1), short=True), n=Count(1234))],
        cells=[[(Percent(high, 100, decimals=0), high)]] * 9,
        signed=False,
        best=None,
    )
    canvas = drawn(built, locale)
    assert not any("…" in label.text for label in canvas.labels)
    assert sum(label.text.startswith(str(high)) for label in canvas.labels) == 9
    assert f": {WORDS_OF[locale].format(Percent(high, 100, decimals=0))}</title>" in canvas.svg


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
@pytest.mark.parametrize(
    "keys",
    [
        ("margin.pos", "margin.before_tax"),
        ("receipts_and_average.receipts", "receipts_and_average.average"),
        ("weekend.end", "weekend.week"),
    ],
)
def test_no_name_of_a_line_is_cut(keys, locale):
    lines = [(text(key), [100 + n, 200]) for n, key in enumerate(keys)]
    canvas = drawn(chart("lines", **series([100, 200], lines=lines, unit="percent")), locale)
    assert {WORDS_OF[locale].format(text(key)) for key in keys} <= {
        label.text for label in canvas.labels
    }


@pytest.mark.parametrize("best", range(7))
@pytest.mark.parametrize("panels", [1, 2, 3])
def test_the_label_of_a_panel_touches_no_other(best, panels):
    values = [-585_200 if w != best else 123_456_700 for w in range(7)]
    built = chart(
        "panels",
        panels=[(Name("Dine in"), values), (Name("b"), [1] * 7), (Name("c"), [-1] * 7)][:panels],
        ticks=[Weekday(w, short=True) for w in range(7)],
        currency="MXN",
    )
    assert touching(drawn(built)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_mark_of_a_value_says_it(kind):
    values = [300, 200, 100]
    svg = ElementTree.fromstring(drawn(charts_of(values)[kind]).svg)
    space = "{http://www.w3.org/2000/svg}"
    groups = [group for group in svg.iter(f"{space}g") if group.get("role") == "img"]
    titles = [group.find(f"{space}title").text for group in groups]
    expected = {"heat": 21, "stack": 6, "waterfall": 4}.get(kind, 3)
    assert len(titles) == expected and all(re.search(r".: .*\d", title) for title in titles)


def test_text_is_large_enough_on_a_phone():
    assert min(SIZE, SMALL) * PHONE / WIDTH >= 11
    for built in charts_of([1_000_000, -20, 30_000]).values():
        sizes = re.findall(r"font-size: ([\d.]+)px", drawn(built).svg)
        assert sizes and min(map(float, sizes)) >= SMALL


def test_text_stands_out():
    paper = to_rgb(PAPER)
    for color in (INK, MUTED, *DARKER.values()):
        assert contrast(to_rgb(color), paper) >= 4.5, color
    for signed in (False, True):
        for step in range(101):
            ground = colors_of(signed)(step / 100)
            assert contrast(to_rgb(text_on(ground)), ground) >= 4.5, (signed, step)
        for level in range(256):
            cell, figure = map(to_rgb, shade(signed, level, dark=True))
            assert contrast(figure, cell) >= 4.5, (signed, level)


def test_more_stands_out_from_the_ground_in_both_modes():
    dark_ground = to_rgb("#16191f")
    for dark, ground in ((False, to_rgb(PAPER)), (True, dark_ground)):
        cells = [to_rgb(shade(False, level, dark=dark)[0]) for level in (0, 80, 160, 255)]
        steps = [contrast(cell, ground) for cell in cells]
        assert steps == sorted(steps), dark
        most, none = (contrast(to_rgb(shade(True, n, dark=dark)[0]), ground) for n in (255, 128))
        assert most > none, dark


@settings(max_examples=60)
@given(low=st.integers(-(10**12), 0), high=st.integers(1, 10**12))
def test_ticks_are_few_and_within(low, high):
    ticks = ticks_of(low, high)
    assert 1 <= len(ticks) <= 6 and low <= min(ticks) + 1 and max(ticks) <= high * 1.01 + 1
    assert 0 in ticks or low > 0


def test_the_same_chart_gives_the_same_bytes():
    for built in charts_of([3, -2, 1]).values():
        assert drawn(built).svg == drawn(built).svg
