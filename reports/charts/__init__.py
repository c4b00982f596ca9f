"""Charts to SVG bytes, in one style of their own.

The only package that draws, and that imports matplotlib and seaborn.

Takes `document.Chart` (kind, data of exact integers and typed values) and `localizer.Localizer` for
every label. Returns bytes that are the same for the same chart: no dates, no versions, no random
identifiers. Integers become drawing coordinates here and nowhere else. matplotlib is imported when
the first chart is drawn, not before.

One width (a phone's, which print and desktop enlarge), the Okabe-Ito colours with hatches and line
styles so that grey print tells them apart, bars from zero, direct labels, no pies; every mark says
its value on hover. The title is the page's own text.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from reports.document import Chart
from reports.localizer import Localizer

DRAWERS = {
    "days": "bars",
    "trend": "bars",
    "waterfall": "waterfall",
    "stack": "bars",
    "ranking": "ranking",
    "heat": "heat",
    "panels": "panels",
    "scatter": "scatter",
    "lines": "lines",
    "slope": "slope",
}


def draw(charts: Iterable[tuple[str, Chart]], localizer: Localizer) -> dict[str, bytes]:
    """`charts` as SVG by name; raises KeyError for a kind that nothing draws."""
    from reports.charts.style import styled

    images = {}
    with styled():
        for name, chart in charts:
            module = import_module(f"reports.charts.{DRAWERS[chart.kind]}")
            drawer = getattr(module, f"draw_{chart.kind}")
            images[name] = drawer(chart.data, localizer).to_bytes()
    return images


def font_folder() -> Path:
    """The folder of matplotlib's fonts, which the PDF uses too."""
    spec = find_spec("matplotlib")
    assert spec  # a requirement of this package
    assert spec.origin
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
