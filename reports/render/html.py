"""Document to one self-contained HTML file with style, charts and a small script.

Every value goes through jinja2's autoescape. Names are in <bdi>, so that a name in a right-to-left
script does not change the order of the text around it. Charts are SVG in the page, with colours for
dark mode; each mark shows its value on hover. The script only sorts tables and expands sections.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from reports.document import RIGHT, Chart, Document, Section, Table
from reports.localizer import Localizer
from reports.render.outline import (
    WORKBOOK,
    cut_note,
    file_name,
    heading,
    no_content,
    subtitle,
)
from reports.values import (
    Count,
    Day,
    Money,
    Month,
    Name,
    Percent,
    Points,
    Quantity,
    Rate,
    Text,
    Value,
    text,
)

_CLASSES = {**dict.fromkeys(RIGHT, "n"), "date": "v"}
ROWS = 25
"""Rows of a table on the page, unless the table asks for more."""
SHEETS = {"us-letter": "letter", "a4": "A4"}
COLORS = {
    "#1d2129": "ink",
    "#5a6370": "muted",
    "#d9dde3": "c-line",
    "#ffffff": "paper",
    "#0072b2": "c-blue",
    "#005a8f": "c-blue-text",
    "#e69f00": "c-orange",
    "#855c00": "c-orange-text",
    "#d55e00": "c-red",
    "#a84300": "c-red-text",
    "#009e73": "c-green",
    "#00684b": "c-green-text",
    "#56b4e9": "c-sky",
    "#cc79a7": "c-purple",
    "#8f3f6c": "c-purple-text",
}
"""Colours of the charts, as the style sheet names them."""
_COLOR = re.compile("|".join(COLORS))
_MARK_IDS = re.compile(r'(id="|url\(#)(h[0-9a-f]+)')


@cache
def template(name: str) -> Template:
    """The template `name` of the reports, compiled once."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(resource(name))


@cache
def resource(name: str) -> str:
    return (files("reports") / name).read_text("utf-8")


ONE_LINE = 28
"""Characters of a name in the first column that is kept on one line, except on a phone."""


def html(
    document: Document, localizer: Localizer, images: Mapping[str, bytes], paper: str = "us-letter"
) -> bytes:
    """The page of `document`, with the charts `images` (SVG by file name) in it."""
    script = resource("page.js")

    def drawing(section: Section, chart: Chart) -> Markup:
        name = file_name(document, section, chart)
        return inline_svg(
            images[name].decode(), f"{section.anchor}-{name}", localizer.format(chart.alt)
        )

    def rows_of(table: Table) -> int:
        return table.rows_within(max(table.shown, ROWS))

    built = template("page.html.j2").render(
        document=document,
        heading=heading(document),
        subtitle=subtitle(document),
        format_value=localizer.format,
        rich=lambda value: _rich(localizer, value),
        drawing=drawing,
        rows=lambda table: _rows(localizer, table, rows_of(table)),
        rows_of=rows_of,
        cut_note=cut_note,
        no_content=no_content,
        text=text,
        Count=Count,
        Name=Name,
        right=RIGHT,
        language=localizer.code.replace("_", "-"),
        style=Markup(resource("style.css")),
        script=Markup(script),
        script_digest="sha256-" + b64encode(sha256(script.encode()).digest()).decode(),
        sheet=SHEETS[paper],
        several=len(document.currencies) > 1,
        workbook=WORKBOOK,
    )
    return built.encode()


def inline_svg(svg: str, name: str, alt: str) -> Markup:
    """`svg` as part of the page: its size and colours are those of the style sheet."""
    size = re.search(r'viewBox="[^"]+"', svg)
    head = Markup('<svg role="group" aria-label="%s" ') % alt
    inner = svg[svg.index(">") + 1 :]
    inner = _COLOR.sub(lambda match: f"var(--{COLORS[match[0]]})", inner)
    inner = _MARK_IDS.sub(rf"\1{name}-\2", inner)
    inner = re.sub(r"font-family: [^;\"]+;? ?", "", inner)
    return head + Markup(
        (size[0] if size else "") + ">" + re.sub(r">\s+<", "><", inner.replace("\n", " "))
    )


def _rows(localizer: Localizer, table: Table, shown: int) -> Markup:
    """The first rows of a table; a template would take four times as long."""
    columns = [
        (index, _CLASSES.get(column.kind, ""), "td" if n else "th")
        for n, (index, column) in enumerate(table.page_columns)
    ]
    lines = []
    for number, row in enumerate(table.rows[:shown]):
        lines.append('<tr class="strong">' if number in table.strong else "<tr>")
        for index, kind, tag in columns:
            key = _order(row[index]) if kind else None
            is_short = tag == "th" and len(localizer.format(row[index])) <= ONE_LINE
            css_class = kind or ("short" if is_short else "")
            lines.append(
                f"<{tag}"
                + (' scope="row"' if tag == "th" else "")
                + (f' class="{css_class}"' if css_class else "")
                + (f' data-v="{key}"' if key is not None else "")
                + f">{_rich(localizer, row[index])}</{tag}>"
            )
        lines.append("</tr>")
    return Markup("\n".join(lines))


def _order(value: Value) -> str | None:
    """The number by which a cell is sorted."""
    match value:
        case Money(units) | Quantity(units):
            return str(units)
        case Count(number):
            return str(number)
        case Percent(part, base) | Rate(part, base) if base:
            return f"{part / base:.6g}"
        case Points(now, now_total, before, before_total) if now_total and before_total:
            return f"{now / now_total - before / before_total:.6g}"
        case Day(day) | Month(day):
            return str(day.toordinal())
    return None


def _rich(localizer: Localizer, value: Value) -> Markup:
    """A value as HTML: strong parts, names in <bdi>, figures that are not broken."""
    pieces = []
    for run in localizer.sentence(value):
        piece = str(escape(run.text))
        if run.foreign:
            piece = f"<bdi>{piece}</bdi>"
        elif run.unbroken and isinstance(value, Text):
            piece = f'<span class="v">{piece}</span>'
        pieces.append(f"<strong>{piece}</strong>" if run.strong else piece)
    return Markup("".join(pieces))
