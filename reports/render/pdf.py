"""Page to PDF by typst: letter or A4, page one alone makes sense, tagged for readers.

In: a page, its words and its drawn charts. All text goes to typst as JSON data, never as markup;
nothing is fetched and no file but the template is read. The text face is one that typst brings;
signs that it lacks (emoji, other scripts) come from the machine's own fonts, where it has them. No
date is written: the same page gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import typst

from reports.page import Page, Section, Table
from reports.render.outline import file_name, heading, subtitle
from reports.values import Count, Name, Value, text
from reports.words import Words

Paper = Literal["us-letter", "a4"]
FONTS = ("Libertinus Serif", "DejaVu Sans")
WEEK = 7
LAYOUTS = ((10, 1.05), (10, 0.85), (8, 0.85), (6, 0.85), (4, 0.85))
"""Rows of a table and width of a chart beside the words, tried in this order; never cut are a table of no more than WEEK rows and the
proof that all was counted."""
MOST, FURTHER, FILLED = 8, 2, 35
"""Pages of one currency, more for each further one, and percent of the last page that should not be white."""
RIGHT = {"money", "count", "quantity", "percent", "number"}


def pdf(page: Page, words: Words, images: Mapping[str, bytes], paper: Paper = "us-letter") -> bytes:
    """`page` on `paper`.

    A table shows as many of its rows as let the report stay within MOST pages (FURTHER for each
    further currency) and its last page is not mostly white, unless it adds up to totals.

    Of several currencies the first has all its sections, the others those of page one and the next;
    the last of them says where the rest is.
    """
    with as_file(files("reports") / "page.typ") as template:
        return page_layout(template, page, words, images, paper).compile()


def page_layout(
    template: Path, page: Page, words: Words, images: Mapping[str, bytes], paper: Paper
) -> typst.Compiler:
    """The first of LAYOUTS that fits and fills its last page, else the first that fits."""
    from reports.charts import font_folder

    most = MOST + FURTHER * (len(page.currencies) - 1)
    fitting: list[typst.Compiler] = []
    for rows, share in LAYOUTS:
        stated = {
            "page": json.dumps(
                _body(page, words, images, paper, rows) | {"share": share}, ensure_ascii=False
            )
        }
        compiler = typst.Compiler(
            template, root=template.parent, font_paths=[font_folder()], sys_inputs=stated
        )
        pages, filled = json.loads(compiler.query("<reach>", field="value", one=True))
        if pages <= most or (rows, share) == LAYOUTS[-1]:
            fitting.append(compiler)
            if filled >= FILLED:
                return compiler
    return fitting[0]


def _body(
    page: Page, words: Words, images: Mapping[str, bytes], paper: Paper, rows: int
) -> dict[str, object]:
    version = Name(str(page.lineage["version"])) if "version" in page.lineage else None
    printed = [
        section
        for section in page.sections
        if section.currency in (*page.currencies[:1], "") or section.number <= page.front + 1
    ]
    return {
        "title": words.say(heading(page)),
        "footer": words.say(
            text("page.footer", title=heading(page), version=version) if version else heading(page)
        ),
        "heading": _runs(words, heading(page)),
        "lines": [_runs(words, line) for line in subtitle(page)],
        "language": words.language,
        "paper": paper,
        "fonts": FONTS,
        "front": page.front,
        "sections": [
            _section(section, page, words, images, LAYOUTS[0][0] if i < page.front else rows)
            | {"front": i < page.front}
            for i, section in enumerate(printed)
        ],
    }


def _runs(words: Words, value: Value) -> list[dict[str, object]]:
    return [{"t": run.text, "s": run.strong, "w": run.whole} for run in words.sentence(value)]


def _section(
    section: Section, page: Page, words: Words, images: Mapping[str, bytes], rows: int
) -> dict[str, object]:
    def target(key: str) -> Section:
        return next(
            s for s in page.sections if s.key == key and s.currency in (section.currency, "")
        )

    return {
        "key": section.key,
        "number": section.number,
        "title": _runs(words, section.title),
        "lead": section.key in ("headline", "summary"),
        "currency": section.currency if len(page.currencies) > 1 else "",
        "sentences": [_runs(words, s) for s in section.sentences],
        "notes": [_runs(words, n) for n in (*section.notes, *_elsewhere(section, page))],
        "light": (
            {"color": section.light, "text": _runs(words, text(f"lineage.{section.light}"))}
            if section.light
            else None
        ),
        "tiles": [
            {
                "label": _runs(words, t.label),
                "value": _runs(words, t.value),
                "length": len(words.say(t.value)),
                "notes": [_runs(words, n) for n in t.notes],
            }
            for t in section.tiles
        ],
        "findings": [
            {
                "text": _runs(words, f.sentence),
                "link": _runs(
                    words, text("page.attention_link", n=Count(target(f.section).number))
                ),
            }
            for f in section.attention
        ],
        "charts": [
            {
                "title": _runs(words, c.title),
                "alt": words.say(c.alt),
                "svg": images[file_name(page, section, c)].decode(),
            }
            for c in section.charts
        ],
        "tables": [
            _table(table, section, page, words, rows)
            for table in section.tables
            if table.shown and table.rows
        ],
    }


def _elsewhere(section: Section, page: Page) -> tuple[Value, ...]:
    """Where the sections stand that are not printed, said once a currency."""
    if section.currency in (*page.currencies[:1], "") or section.number != page.front + 1:
        return ()
    return (text("page.elsewhere", currency=Name(section.currency), file=Name("report.html")),)


def _table(
    table: Table, section: Section, page: Page, words: Words, rows: int
) -> dict[str, object]:
    shown = (
        table.shown
        if table.strong
        or section.key == "lineage"
        or min(len(table.rows), table.shown) <= max(rows, WEEK)
        else rows
    )
    rest = None
    if len(table.rows) > shown:
        name = Name(f"tables/{file_name(page, section, table)}.csv")
        rest = _runs(
            words, text("page.all_rows", shown=Count(shown), all=Count(len(table.rows)), file=name)
        )
    return {
        "title": _runs(words, table.title),
        "narrow": table.narrow,
        "rest": rest,
        "columns": [
            {"heading": _runs(words, c.heading), "right": c.kind in RIGHT}
            for _, c in table.page_columns
        ],
        "rows": [
            {
                "strong": i in table.strong,
                "cells": [_runs(words, row[position]) for position, _ in table.page_columns],
            }
            for i, row in enumerate(table.rows[:shown])
        ],
    }
