"""The look of all charts: one canvas in points, its colours, its text.

A `Canvas` is WIDTH points wide and as high as its drawer asks; axes are placed in points from the
top left, so nothing is ever laid out by guess. Text is measured before it is placed; a label that
is too long is wrapped, then cut with an ellipsis. In SVG, text stays text, so that the reader's own
fonts show emoji and every script.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

WIDTH = 300
INK, MUTED, FAINT, PAPER = "#1d2129", "#5a6370", "#d9dde3", "#ffffff"
BLUE, ORANGE, VERMILION, GREEN, SKY, PURPLE, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#D55E00",
    "#009E73",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
)
DARKER = {
    BLUE: "#005a8f",
    ORANGE: "#855c00",
    VERMILION: "#a84300",
    GREEN: "#00684b",
    PURPLE: "#8f3f6c",
}
"""The same colours for words: 4.5 : 1 on white and more (WCAG 1.4.3)."""
SIZE, SMALL = 8.5, 7.5
LABEL = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
"""Ground of a figure that stands on a plot."""
FONTS = "'DejaVu Sans'"
READER_FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans',"
    " sans-serif"
)

STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "hatch.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "path.simplify": False,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "lines.solid_capstyle": "round",
}


@contextmanager
def styled() -> Iterator[None]:
    """The style for one drawing.

    A sign that the measuring font lacks is the reader's font's matter.
    """
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


@lru_cache(maxsize=4096)
def width_of(label: str, size: float = SIZE, bold: bool = False) -> float:
    """Width of `label` in points; wide scripts and emoji count one em a sign."""
    wide = [sign for sign in label if unicodedata.east_asian_width(sign) in "WF"]
    rest = "".join(sign for sign in label if unicodedata.east_asian_width(sign) not in "WF")
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return len(wide) * size + (
        text_to_path.get_text_width_height_descent(rest, font, ismath=False)[0] if rest else 0.0
    )


def cut(label: str, width: float, size: float = SIZE) -> str:
    """`label`, with an ellipsis where it is wider than `width`."""
    if width_of(label, size) <= width:
        return label
    low, high = 0, len(label)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high)
            if width_of(label[:middle].rstrip() + "…", size) <= width
            else (low, middle - 1)
        )
    return label[:low].rstrip() + "…"


def wrap(label: str, width: float, size: float = SIZE, lines: int = 2) -> list[str]:
    """`label` in at most `lines` lines of `width` points, the last one cut."""
    built, words = [], label.split(" ")
    while words and len(built) < lines - 1:
        line = words[:1]
        while len(line) < len(words) and width_of(" ".join(words[: len(line) + 1]), size) <= width:
            line = words[: len(line) + 1]
        built.append(cut(" ".join(line), width, size))
        words = words[len(line) :]
    return built + ([cut(" ".join(words), width, size)] if words else [])


class Canvas:
    """A figure of WIDTH × `height` points."""

    def __init__(self, height: float):
        self.height = height
        self.figure = Figure(figsize=(WIDTH / 72, height / 72))

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes with these margins in points; no grid, no frame but the baseline."""
        built = self.figure.add_axes(
            (
                left / WIDTH,
                bottom / self.height,
                (WIDTH - left - right) / WIDTH,
                (self.height - top - bottom) / self.height,
            )
        )
        built.tick_params(pad=3)
        return built

    def panel(self, x: float, top: float, width: float, height: float) -> Axes:
        """Axes of `width` × `height` points whose upper left corner is (x, top)."""
        return self.axes(x, top, WIDTH - x - width, self.height - top - height)

    def write(self, x: float, top: float, label: str, **style) -> None:
        """`label` at points from the left and the top."""
        self.figure.text(
            x / WIDTH, 1 - top / self.height, label, **{"va": "top", "fontsize": SIZE} | style
        )

    def to_bytes(self, form: str) -> bytes:
        out = io.BytesIO()
        if form == "svg":
            FigureCanvasSVG(self.figure).print_svg(
                out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
            )
            built = out.getvalue().decode()
            start = built.index("<svg")
            return built[start:].replace(FONTS, READER_FONTS).encode()
        canvas = FigureCanvasAgg(self.figure)
        self.figure.set_dpi(216)
        canvas.print_png(out, metadata={"Software": None})
        return out.getvalue()


def money_axis(axes: Axes, high: float, say, low: float = 0.0, steps: int = 4) -> None:
    """A quiet value axis with few round steps, the line of zero drawn in ink."""
    step = round_step((high - low) / steps if high > low else 1.0)
    ticks, position = [], 0.0
    while position <= high * 1.001:
        ticks.append(position)
        position += step
    position = -step
    while low < 0 and position >= low * 1.001:
        ticks.insert(0, position)
        position -= step
    axes.set_yticks(ticks, [say(tick) for tick in ticks])
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", labelcolor=MUTED, labelsize=SMALL)
    zero_line(axes, low)


def zero_line(axes: Axes, low: float) -> None:
    """The baseline: the foot of the axes, or a line at zero where values are negative."""
    axes.spines["bottom"].set_visible(low >= 0)
    axes.spines["bottom"].set_color(INK)
    if low < 0:
        axes.axhline(0, color=INK, linewidth=0.8, zorder=4)


def round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 × 10**n that is no smaller than `rough`."""
    power = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 1.0
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)


def month_axis(axes: Axes, ticks: list[int], labels: list[str]) -> None:
    """Labels under their ticks.

    One over the edge is aligned to it, one that would touch the label before is left out.
    """
    (low, high), wide = axes.get_xlim(), axes.get_position().width * WIDTH
    kept, reach = [], -99.0
    for position, label in zip(ticks, labels, strict=True):
        size, place = width_of(label), (position - low) / (high - low) * wide
        side = "left" if place < size / 2 else "right" if place + size / 2 > wide + 2 else "center"
        start = place - {"left": 0, "right": size, "center": size / 2}[side]
        if start > reach + 9:
            kept.append((position, label, side))
            reach = start + size
    axes.set_xticks([position for position, _, _ in kept], [label for _, label, _ in kept])
    for tick, (_, _, side) in zip(axes.get_xticklabels(), kept, strict=True):
        tick.set_horizontalalignment(side)
