"""Document to GitHub Markdown: tables, charts in words, all names escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from reports import escape
from reports.document import RIGHT, Document, Section, Table
from reports.localizer import Localizer
from reports.render.outline import cut_note, heading, no_content, subtitle
from reports.values import Count, Value, text


def markdown(document: Document, localizer: Localizer) -> bytes:
    """The report as Markdown, which states what its charts show."""
    lines = [f"# {_rich(localizer, heading(document))}", ""]
    lines += [f"{_rich(localizer, line, True)}  " for line in subtitle(document)] + [""]
    annexes = [section for section in document.shown_sections if section.is_annex]
    for section in document.shown_sections:
        if annexes and section is annexes[0]:
            lines += [f"# {_rich(localizer, text('page.annex'))}", ""]
        lines += _section(section, document, localizer)
    if document.empty_sections:
        lines += [f"## {_rich(localizer, text('page.empty'))}", ""]
        several = len(document.currencies) > 1
        lines += [
            f"- {_rich(localizer, no_content(s, several), True)}" for s in document.empty_sections
        ] + [""]
    return "\n".join(lines).encode()


def _rich(localizer: Localizer, value: Value, starts_line: bool = False) -> str:
    built, strong = "", False
    for run in localizer.sentence(value):
        if run.strong != strong:
            built, strong = built + "**", run.strong
        first = starts_line and not built
        built += escape.markdown(run.text, first) if run.text.strip() else run.text
    return built + ("**" if strong else "")


def _section(section: Section, document: Document, localizer: Localizer) -> Iterator[str]:
    title = _rich(localizer, section.title)
    yield f'<a id="{section.anchor}"></a>\n'
    yield f"## {section.number}. {title}" + (
        f" · {section.currency}" if section.currency and len(document.currencies) > 1 else ""
    )
    yield ""
    for sentence in section.sentences:
        yield f"{_rich(localizer, sentence, True)}\n"
    if section.tiles:
        yield from _tiles(section, localizer)
    if section.light:
        yield f"{_rich(localizer, text(f'lineage.{section.light}'), True)}\n"
    for finding in section.attention:
        target = document.target(section, finding.section)
        link = _rich(localizer, text("page.attention_link", n=Count(target.number)))
        yield f"1. {_rich(localizer, finding.sentence, True)} ([{link}](#{target.anchor}))"
    if section.attention:
        yield ""
    for chart in section.charts:
        yield f"**{_rich(localizer, chart.title).replace('**', '')}**\n"
        yield f"{escape.markdown(localizer.format(chart.alt), True)}\n"
    for table in section.tables:
        if table.shown and table.rows:
            yield from _table(table, localizer)
    for note in section.notes:
        yield f"- {_rich(localizer, note, True)}"
    yield ""


def _tiles(section: Section, localizer: Localizer) -> Iterator[str]:
    tiles = section.tiles
    yield _row(_rich(localizer, tile.label) for tile in tiles)
    yield "|" + " --- |" * len(tiles)
    yield _row(f"**{escape.markdown(localizer.format(tile.value))}**" for tile in tiles)
    for notes in zip_longest(*(tile.notes for tile in tiles)):
        yield _row(_rich(localizer, note).replace("**", "") if note else "" for note in notes)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(table: Table, localizer: Localizer) -> Iterator[str]:
    yield f"**{_rich(localizer, table.title).replace('**', '')}**\n"
    columns = table.page_columns
    yield _row(_rich(localizer, column.heading) for _, column in columns)
    yield _row("---:" if column.kind in RIGHT else ":---" for _, column in columns)
    shown = table.rows_within(table.shown)
    for i, row in enumerate(table.rows[:shown]):
        cells = [_rich(localizer, row[position]) for position, _ in columns]
        yield _row(f"**{c}**" if i in table.strong and c else c for c in cells)
    yield ""
    if note := cut_note(shown, table):
        yield f"{_rich(localizer, note, True)}\n"
