"""Menu engineering drawn: the dishes that bring most are named, no name stands on another, and none
leaves the drawing.
"""

from __future__ import annotations

import random
import re
import tracemalloc
from itertools import combinations

import pytest

from reports.charts import scatter
from reports.charts.scatter import SIGNS, draw_scatter
from reports.charts.style import SMALL, WIDTH, styled, width_of
from reports.localizer import Localizer
from reports.values import Name

WORDS = Localizer("es_MX", 2, ("MXN",))


@pytest.mark.parametrize("dishes", [1, 3, 17, 30, 300])
@pytest.mark.parametrize("seed", range(4))
def test_the_dishes_that_bring_most_are_named(dishes, seed):
    r = random.Random(seed)
    points = [
        (
            Name(f"Hamburguesa {n:03d}"),
            (r.randint(60, 200), 100),
            (r.randint(60, 140), 100),
            r.choice(list(SIGNS)),
            r.randint(1, 10**6),
        )
        for n in range(dishes)
    ]
    with styled():
        canvas = draw_scatter(
            {
                "points": points,
                "kinds": {kind: Name(kind) for kind in SIGNS},
                "x": Name("x"),
                "y": Name("y"),
            },
            WORDS,
        )
    named = {
        label.text: (label.left, label.top)
        for label in canvas.labels
        if label.text.startswith("Hamburguesa")
    }
    most = [name.text for name, *_ in sorted(points, key=lambda point: -point[4])]
    assert set(most[:5]) <= set(named)
    boxes = [(x, y, x + width_of(label, SMALL), y + 6) for label, (x, y) in named.items()]
    assert all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for a, b in combinations(boxes, 2)
    )
    assert all(
        box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] <= canvas.height for box in boxes
    )


def test_names_of_a_large_menu_take_little_memory_and_few_comparisons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A table of all pairs of 20,000 dishes would have 400 million rows."""
    compared = []
    covering = scatter._covering
    monkeypatch.setattr(
        scatter,
        "_covering",
        lambda boxes, others: compared.append(len(boxes) * len(others)) or covering(boxes, others),
    )
    r = random.Random(1)
    points = [
        (Name(f"Hamburguesa {n}"), (r.randint(60, 200), 100), (r.randint(60, 140), 100), "star", n)
        for n in range(5_000)
    ]
    kinds = {kind: Name(kind) for kind in SIGNS}
    tracemalloc.start()
    with styled():
        draw_scatter({"points": points, "kinds": kinds, "x": Name("x"), "y": Name("y")}, WORDS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
    assert max(compared) < 2_000_000


def test_no_name_covers_a_sign_and_no_line_runs_along_an_axis():
    # One on each axis, two of them close together, and names wider than the gaps between them.
    shares = [(100, 100), (140, 100), (100, 120), (60, 100), (62, 104), (150, 90), (155, 96)]
    points = [
        (Name(f"Hamburguesa {n}"), (x, 100), (y, 100), "star", 100 - n)
        for n, (x, y) in enumerate(shares)
    ]
    kinds = {kind: Name(kind) for kind in SIGNS}
    with styled():
        canvas = draw_scatter(
            {"points": points, "kinds": kinds, "x": Name("x"), "y": Name("y")}, WORDS
        )
        svg = canvas.to_bytes().decode()
    names = [label for label in canvas.labels if label.text.startswith("Hamburguesa")]
    assert len(names) == len(points)
    signs = [
        (float(x), float(y))
        for group in re.findall(r'<g role="img">.*?</g>', svg, re.DOTALL)
        for x, y in re.findall(r"M ([\d.]+) ([\d.]+)", group)
    ]
    assert len(signs) == len(points)
    for x, y in signs:  # the top of a star
        assert not any(
            label.left < x + 4 and x - 4 < label.right and label.top < y + 9 and y < label.bottom
            for label in names
        )
    assert "fill: #ffffff" not in svg[svg.index('role="img"') :], "a plate would cover a sign"
    lines = re.findall(r'd="M ([\d.]+) ([\d.]+) \nL ([\d.]+) ([\d.]+) \n"', svg)
    short = [
        tuple(map(float, line))
        for line in lines
        if abs(float(line[0]) - float(line[2])) + abs(float(line[1]) - float(line[3])) < 250
    ]
    middle = (4 + 252) / 2
    assert not any(abs(a[1] - middle) < 2 and abs(a[3] - middle) < 2 for a in short)
