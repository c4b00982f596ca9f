"""A report's message as mail: plain text, and HTML that fits a phone.

Every value is escaped; there is no script, link or remote picture. The PDF of a report is attached
to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from reports.render.html import template as page_template
from reports.render.message import Message, Runs, plain_text

_NEGATIVE = re.compile(r"(−\S{1,24})(?!\S)")
"""A negative amount or percentage, and the sign that ends its clause."""


def render_html(message: Message) -> str:
    """The message as one HTML document with inline styles, which mail programs keep."""
    template = page_template("mail.html.j2")
    language = message.page["locale"].replace("_", "-")
    return template.render(
        message=message, page=message.page, language=language, rich=_rich, text=plain_text
    )


def render_text(message: Message) -> str:
    """The message as plain text."""
    return "\n".join(_lines(message)) + "\n"


def _rich(runs: Runs) -> Markup:
    pieces = (
        Markup("<strong>%s</strong>" if strong else "%s") % _unbroken(piece)
        for piece, strong in runs
    )
    return Markup("").join(pieces).strip()


def _unbroken(piece: str) -> Markup:
    """`piece` escaped; no line ends between a minus sign and its amount."""
    nowrap = Markup('<span style="white-space:nowrap">%s</span>')
    parts = _NEGATIVE.split(piece)
    return Markup("").join(nowrap % p if n % 2 else escape(p) for n, p in enumerate(parts))


def _lines(message: Message) -> Iterator[str]:
    yield from _heading(plain_text(message.page["title"]), "=")
    yield from map(plain_text, message.page["lines"])
    if message.changed:
        yield from ("", *_heading(message.changed_title, "-"))
    for section in message.changed:
        yield from map(plain_text, section["sentences"])
        for table in section["tables"]:
            yield plain_text(table["title"])
            yield from ("  " + "   ".join(map(plain_text, row)) for row in table["rows"])
            yield from filter(None, [table["more"]])
    for section in message.page["sections"]:
        yield from ("", *_heading(plain_text(section["title"]), "-"))
        yield from map(plain_text, section["sentences"])
        for tile in section["tiles"]:
            yield f"  {plain_text(tile['label'])}: {plain_text(tile['value'])}"
            yield from (f"      {plain_text(note)}" for note in tile["notes"])
        yield from (
            f"  {n}. {plain_text(finding)}" for n, finding in enumerate(section["findings"], 1)
        )
    yield from filter(None, ["\n" + message.attached, message.location, message.reason])


def _heading(title: str, line: str) -> tuple[str, str]:
    return title, line * len(title)
