"""Document to PDF by typst: letter or A4, tagged for screen readers.

Takes a Document, its Localizer and the drawn charts. All text goes to typst as JSON data, never as
markup; nothing is fetched and no file but the template is read. The text face is one that typst
brings; characters that it lacks (emoji, other scripts) come from the machine's own fonts, where it
has them. No date is written: the same document gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import msgspec
import typst

from reports.document import RIGHT, Chart, Document, Section, Table
from reports.localizer import Localizer
from reports.render.outline import cut_note, file_name, heading, no_content, subtitle
from reports.values import Count, Name, Value, text

Paper = Literal["us-letter", "a4"]
FONTS = ("Libertinus Serif", "DejaVu Sans")
KEPT = 11
"""Documents after which typst frees what it has kept of an earlier one."""
ROWS, ANNEX_ROWS = 10, 8
"""Rows of a table in the report and in its annex, unless it shows all or has totals."""
WIDEST = 3
"""Cells of a column that seem the widest, one of which is."""
_WIDTHS = {
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 13),
    **dict.fromkeys("mwMW%—", 17),
    **dict.fromkeys("fijlrtI.,:;'’()| ", 6),
}
"""Widths of characters in twentieths of an em of the text face; others have 10."""
_CHART_FONT = re.compile(r"font-family: [^;\"]+")


def pdf(
    document: Document,
    localizer: Localizer,
    images: Mapping[str, bytes],
    paper: Paper = "us-letter",
) -> bytes:
    """`document` on `paper`, laid out once.

    Of several currencies the first has all its sections, the others those of page one and, in a
    monthly report, the proof that all was counted, which ends with a note: the rest is in
    report.html.
    """
    with as_file(files("reports") / "page.typ") as template:
        written = page_layout(template, document, localizer, images, paper).compile()
    _forget_pages()
    assert isinstance(written, bytes)  # a PDF, unlike images, is a single file
    return written


def page_layout(
    template: Path,
    document: Document,
    localizer: Localizer,
    images: Mapping[str, bytes],
    paper: Paper,
) -> typst.Compiler:
    """The document before it is written."""
    content = msgspec.json.encode(_body(document, localizer, images, paper)).decode()
    return typst.Compiler(
        template, root=template.parent, font_paths=fonts(), sys_inputs={"page": content}
    )


def _forget_pages() -> None:
    """Have typst free what it keeps of the pages, 40 MB of each document.

    Each document that does not use it brings that nearer; these here are empty.
    """
    for _ in range(KEPT):
        _blank().compile(input=b" ", format="svg")


@cache
def _blank() -> typst.Compiler:
    return typst.Compiler(b" ", font_paths=fonts())


@cache
def fonts() -> typst.Fonts:
    """The fonts of the machine and those of the charts, searched for once."""
    from reports.charts import font_folder

    return typst.Fonts(font_paths=[font_folder()])


def _body(
    document: Document, localizer: Localizer, images: Mapping[str, bytes], paper: Paper
) -> dict[str, object]:
    several, title = len(document.currencies) > 1, heading(document)
    footer = title
    if "version" in document.lineage:
        version = Name(str(document.lineage["version"]))
        footer = text("page.footer", title=title, version=version)
    return {
        "title": localizer.format(title),
        "footer": localizer.format(footer),
        "heading": _pieces(localizer, title),
        "lines": [_pieces(localizer, line) for line in subtitle(document)],
        "annex": _pieces(localizer, text("page.annex")),
        "empty": {
            "title": _pieces(localizer, text("page.empty")),
            "lines": [
                _pieces(localizer, no_content(section, several))
                for section in document.empty_sections
            ],
        },
        "language": localizer.language,
        "paper": paper,
        "fonts": FONTS,
        "sections": [
            _section(section, document, localizer, images) | {"front": section.is_front}
            for section in _printed(document)
        ],
    }


def _printed(document: Document) -> Iterator[Section]:
    """The sections on paper; the annex begins with tables that are a detail."""
    kept = [
        section
        for section in document.shown_sections
        if section.currency in (*document.currencies[:1], "")
        or section.is_front
        or section.key == PROOF
    ]
    details = tuple(t for s in kept if not s.is_annex for t in s.tables if t.is_detail)
    for section in kept:
        if section.is_annex and details:
            yield Section("details", tables=details, is_annex=True)
            details = ()
        tables = tuple(table for table in section.tables if not table.is_detail)
        yield replace(section, tables=tables)


PROOF = "bridge"
"""The section, after those of page one, that every currency has in a monthly report."""


def _pieces(localizer: Localizer, value: Value) -> list[dict[str, object]]:
    return [
        {"t": run.text, "s": run.strong, "w": run.unbroken} for run in localizer.sentence(value)
    ]


def _length(runs: Sequence[Mapping[str, object]]) -> int:
    """The approximate width of a cell; "May 2026" is wider than "Oct 2026"."""
    return sum(_WIDTHS.get(character, 10) for run in runs for character in str(run["t"]))


def _section(
    section: Section, document: Document, localizer: Localizer, images: Mapping[str, bytes]
) -> dict[str, object]:
    return {
        "key": section.key,
        "number": section.number,
        "annex": section.is_annex,
        "title": _pieces(localizer, section.title),
        "lead": section.key in ("headline", "summary"),
        "currency": section.currency if len(document.currencies) > 1 else "",
        "sentences": [_pieces(localizer, s) for s in section.sentences],
        "notes": [_pieces(localizer, n) for n in (*section.notes, *_elsewhere(section, document))],
        "light": (
            {"color": section.light, "text": _pieces(localizer, text(f"lineage.{section.light}"))}
            if section.light
            else None
        ),
        "tiles": [
            {
                "label": _pieces(localizer, t.label),
                "value": _pieces(localizer, t.value),
                "length": len(localizer.format(t.value)),
                "notes": [_pieces(localizer, n) for n in t.notes],
            }
            for t in section.tiles
        ],
        "findings": [
            {
                "text": _pieces(localizer, f.sentence),
                "link": _pieces(localizer, text("page.attention_link", n=Count(target.number))),
            }
            for f in section.attention
            for target in [document.target(section, f.section)]
        ],
        "charts": [
            _chart(chart, images[file_name(document, section, chart)].decode(), localizer)
            for chart in section.charts
        ],
        "tables": [
            _table(table, section, localizer)
            for table in section.tables
            if table.shown and table.rows
        ],
    }


def _chart(chart: Chart, svg: str, localizer: Localizer) -> dict[str, object]:
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
    return {
        "title": _pieces(localizer, chart.title),
        "alt": localizer.format(chart.alt),
        "svg": _CHART_FONT.sub(f"font-family: '{FONTS[0]}'", svg),
        "ratio": height / width,
    }


def _elsewhere(section: Section, document: Document) -> tuple[Value, ...]:
    """Where to find the sections that are not printed, once per currency."""
    if section.currency in (*document.currencies[:1], "") or section.key != PROOF:
        return ()
    return (text("page.elsewhere", currency=Name(section.currency), file=Name("report.html")),)


def _table(table: Table, section: Section, localizer: Localizer) -> dict[str, object]:
    limit = ANNEX_ROWS if section.is_annex and section.key != "lineage" else ROWS
    shown = table.rows_within(
        table.shown if table.strong or table.shows_all_rows else min(table.shown, limit)
    )
    note = cut_note(shown, table)
    columns = [
        [_pieces(localizer, row[position]) for row in table.rows[:shown]]
        for position, _ in table.page_columns
    ]
    return {
        "title": _pieces(localizer, table.title),
        "rest": _pieces(localizer, note) if note else None,
        "columns": [
            {
                "heading": _pieces(localizer, c.heading),
                "right": c.kind in RIGHT,
                "longest": sorted(cells, key=_length)[-WIDEST:],
            }
            for (_, c), cells in zip(table.page_columns, columns, strict=True)
        ],
        "rows": [
            {"strong": i in table.strong, "cells": cells}
            for i, cells in enumerate(zip(*columns, strict=True))
        ],
    }
