"""The look of all charts: one canvas, its colours, its text.

A `Canvas` is WIDTH points wide and as high as its drawer asks; marks are placed in points from the
top left, so nothing is ever laid out by guess. Text is measured before it is placed; a label that
is too long is wrapped, then cut with an ellipsis. Marks go straight to matplotlib's SVG renderer,
without figures and axes, whose layout costs fifty times as much. In SVG, text stays text, so that
the reader's own fonts show emoji and every script. A mark with a title is a group that says it on
hover and to screen readers.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

WIDTH = 340
INK, MUTED, FAINT, PAPER = "#1d2129", "#5a6370", "#d9dde3", "#ffffff"
BLUE, ORANGE, VERMILION, GREEN, SKY, PURPLE = (
    "#0072b2",
    "#e69f00",
    "#d55e00",
    "#009e73",
    "#56b4e9",
    "#cc79a7",
)
DARKER = {
    BLUE: "#005a8f",
    ORANGE: "#855c00",
    VERMILION: "#a84300",
    GREEN: "#00684b",
    PURPLE: "#8f3f6c",
    MUTED: MUTED,
}
"""The same colours for words: 4.5 : 1 on white and more (WCAG 1.4.3)."""
SIZE, SMALL = 11.5, 10.5
"""On a phone of 390 pixels the smallest text has 11 pixels."""
FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans',"
    " sans-serif"
)
DASHED, DOTTED = (4, 2), (1.4, 1.6)
STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "report",
    "path.simplify": False,
    "hatch.linewidth": 0.8,
}
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}

Polyline = Sequence[tuple[float, float]]


@contextmanager
def styled() -> Iterator[None]:
    """The style for drawings; enter it once, as leaving it costs a small chart's time.

    The reader's font decides about a sign that the measuring font lacks.
    """
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


@lru_cache(maxsize=4096)
def _advance(sign: str, bold: bool) -> float:
    """Width of `sign` in ems; wide scripts and emoji count one em."""
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    font = FontProperties(family="DejaVu Sans", size=100, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(sign * 8, font, ismath=False)[0]) / 800


def width_of(label: str, size: float = SIZE, bold: bool = False) -> float:
    """Width of `label` in points, sign by sign: kerning only makes it narrower."""
    return size * sum(_advance(sign, bold) for sign in label)


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


def wrap(label: str, width: float, size: float = SIZE) -> list[str]:
    """`label` in one or two lines of `width` points, the last one cut."""
    words, count = label.split(" "), 1
    while count < len(words) and width_of(" ".join(words[: count + 1]), size) <= width:
        count += 1
    lines = (words[:count], words[count:])
    return [cut(" ".join(line), width, size) for line in lines if line]


def box(x: float, y: float, width: float, height: float) -> Polyline:
    """The line around a box."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]


@dataclass(frozen=True)
class Label:
    """A text on a canvas and the box that it takes."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass
class Canvas:
    """A drawing of WIDTH × `height` points, its origin at the top left."""

    height: float
    marks: list[Callable[[RendererSVG, Affine2D], None]] = field(default_factory=list)
    """The functions that draw the marks; the renderer's own origin is at the bottom."""
    labels: list[Label] = field(default_factory=list)
    zeros: list[Polyline] = field(default_factory=list)
    """The lines of zero."""

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        hatch: str = "",
        edge: str = "",
        line: float = 0.0,
        title: str = "",
        dark: str = "",
    ) -> None:
        """A box; `hatch` is the colour of its stripes, `dark` its own colour in dark mode.

        A box with `dark` has a title.
        """
        corners = Path(box(x, y, width, height), closed=False)
        self._path(corners, fill, edge, line, hatch=hatch, title=title, dark=dark)

    def line(
        self,
        points: Polyline,
        color: str,
        width: float = 1.0,
        dash: tuple[float, float] | None = None,
        title: str = "",
    ) -> None:
        self._path(Path(points), "", color, width, dash=dash, title=title)

    def sign(self, x: float, y: float, kind: str, size: float, color: str, title: str = "") -> None:
        """A marker of matplotlib (`kind`) of `size` points around (x, y)."""
        marker = MarkerStyle(kind)
        path = marker.get_path().transformed(
            marker.get_transform() + Affine2D().scale(size, -size).translate(x, y)
        )
        self._path(path, color, PAPER, 0.7, title=title)

    def zero(self, points: Polyline) -> None:
        """The line of zero, in ink."""
        self.zeros.append(points)
        self.line(points, INK, 1.0)

    def write(
        self,
        x: float,
        y: float,
        label: str,
        *,
        anchor: str = "start",
        size: float = SMALL,
        color: str = INK,
        bold: bool = False,
        halo: bool = False,
        upright: bool = False,
        hidden: bool = False,
        dark: str = "",
    ) -> None:
        """`label` with its middle at the height `y`; `halo` separates it from marks below.

        `hidden` text repeats a title and is no text for screen readers. `dark` is its own colour
        in dark mode.
        """
        wide = width_of(label, size, bold)
        left = x - wide * ANCHORS[anchor]
        if not upright:
            self.labels.append(Label(label, left, y - 0.42 * size, left + wide, y + 0.42 * size))
        style = f"font-size: {size}px; font-family: {FONTS}; fill: {color}"
        style += f"; text-anchor: {anchor}" if anchor != "start" else ""
        style += "; font-weight: 700" if bold else ""
        style += f"; paint-order: stroke; stroke: {PAPER}; stroke-width: 3px" if halo else ""
        baseline = y + 0.36 * size
        place = {"x": f"{x:.1f}", "y": f"{baseline:.1f}", "style": style}
        if upright:
            place["transform"] = f"rotate(-90 {x:.1f} {y:.1f})"
        if hidden:
            place["aria-hidden"] = "true"
        place |= _dark_style(dark, style)
        self.marks.append(lambda renderer, _: renderer.writer.element("text", label, place))

    def _path(
        self,
        path: Path,
        fill: str,
        edge: str,
        line: float,
        *,
        hatch: str = "",
        dash: tuple[float, float] | None = None,
        title: str = "",
        dark: str = "",
    ) -> None:
        context = GraphicsContextBase()
        context.set_linewidth(line if edge else 0)
        context.set_foreground(edge or INK)
        if dash:
            context.set_dashes(0, dash)
        if hatch:
            context.set_hatch("////")
            context.set_hatch_color(hatch)

        def draw(renderer: RendererSVG, upside: Affine2D) -> None:
            if title:
                renderer.writer.start("g", role="img", **_dark_style(dark))
                renderer.writer.element("title", title)
            renderer.draw_path(context, path, upside, to_rgb(fill) if fill else None)
            if title:
                renderer.writer.end("g")

        self.marks.append(draw)

    def to_bytes(self) -> bytes:
        """The drawing as SVG."""
        out = io.StringIO()
        none = {"Date": None, "Creator": None, "Format": None, "Type": None}
        renderer = RendererSVG(WIDTH, self.height, out, metadata=none)
        upside = Affine2D().scale(1, -1).translate(0, self.height)
        for draw in self.marks:
            draw(renderer, upside)
        renderer.finalize()
        built = out.getvalue()
        return built[built.index("<svg") :].replace(" \n", " ").encode()


def _dark_style(color: str, style: str = "") -> dict[str, str]:
    """Attributes by which the style sheet of the page colours a mark in dark mode."""
    if not color:
        return {}
    return {
        "class": "own-dark",
        "style": f"{style}; --dark: {color}" if style else f"--dark: {color}",
    }


def text_on(fill: Sequence[float]) -> str:
    """Dark or white text, by its contrast on a colour (red, green, blue)."""
    dark, white = contrast(fill, to_rgb(FIXED_INK)), contrast(fill, (1.0, 1.0, 1.0))
    return FIXED_INK if dark >= white else FIXED_WHITE


FIXED_INK, FIXED_WHITE = "#000000", "#fffffe"
"""Text on a coloured ground: no dark mode changes it."""


def contrast(first: Sequence[float], second: Sequence[float]) -> float:
    """Contrast of two colours as WCAG 2 counts it, 1 to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Sequence[float]) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
