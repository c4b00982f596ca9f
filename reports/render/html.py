"""Page to one self-contained HTML file: its style and charts within, no script, no network.

Every value goes through jinja2's autoescape; names of people stand in <bdi>, so that no direction
leaks.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from reports.page import Chart, Page, Section, Table
from reports.render.outline import file_name, heading, subtitle
from reports.values import Count, Name, Text, Value, text
from reports.words import Words

RIGHT = {"money", "count", "quantity", "percent", "number"}


@cache
def environment() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def html(page: Page, words: Words, images: Mapping[str, bytes]) -> bytes:
    """`page` with `images` (chart file name -> SVG) drawn in."""
    folder = files("reports")
    template = environment().from_string((folder / "page.html.j2").read_text("utf-8"))

    def image(section: Section, chart: Chart) -> Markup:
        return (
            Markup("data:image/svg+xml;base64,")
            + b64encode(images[file_name(page, section, chart)]).decode()
        )

    def rest(section: Section, table: Table) -> Value:
        return text(
            "page.all_rows",
            shown=Count(table.shown),
            all=Count(len(table.rows)),
            file=Name(f"tables/{file_name(page, section, table)}.csv"),
        )

    def target(section: Section, key: str) -> Section:
        return next(
            s for s in page.sections if s.key == key and s.currency in (section.currency, "")
        )

    built = template.render(
        page=page,
        heading=heading(page),
        subtitle=subtitle(page),
        say=words.say,
        rich=lambda value: _rich(words, value),
        image=image,
        rest=rest,
        target=target,
        text=text,
        Count=Count,
        right=RIGHT,
        language=words.code.replace("_", "-"),
        style=Markup((files("reports") / "style.css").read_text("utf-8")),
        several=len(page.currencies) > 1,
    )
    return built.encode()


def _rich(words: Words, value: Value) -> Markup:
    built = Markup("")
    for run in words.sentence(value):
        piece = escape(run.text)
        if run.foreign:
            piece = Markup("<bdi>%s</bdi>") % piece
        elif run.whole and isinstance(value, Text):
            piece = Markup('<span class="v">%s</span>') % piece
        built += Markup("<strong>%s</strong>") % piece if run.strong else piece
    return built
