"""Page to GitHub Markdown: tables, charts in words, all names escaped."""

from __future__ import annotations

from collections.abc import Iterator

from reports import escape
from reports.page import RIGHT, Page, Section, Table, TableColumn
from reports.render.outline import cut_note, heading, no_content, subtitle
from reports.values import Count, Value, text
from reports.words import Words


def markdown(page: Page, words: Words) -> bytes:
    """The report as Markdown, which states what its charts show."""
    lines = [f"# {_rich(words, heading(page))}", ""]
    lines += [f"{_rich(words, line, True)}  " for line in subtitle(page)] + [""]
    annexes = [section for section in page.shown if section.is_annex]
    for section in page.shown:
        if annexes and section is annexes[0]:
            lines += [f"# {_rich(words, text('page.annex'))}", ""]
        lines += _section(section, page, words)
    if page.empty:
        lines += [f"## {_rich(words, text('page.empty'))}", ""]
        several = len(page.currencies) > 1
        lines += [f"- {_rich(words, no_content(s, several), True)}" for s in page.empty] + [""]
    return "\n".join(lines).encode()


def _rich(words: Words, value: Value, starts_line: bool = False) -> str:
    built, strong = "", False
    for run in words.sentence(value):
        if run.strong != strong:
            built, strong = built + "**", run.strong
        first = starts_line and not built
        built += escape.markdown(run.text, first) if run.text.strip() else run.text
    return built + ("**" if strong else "")


def _section(section: Section, page: Page, words: Words) -> Iterator[str]:
    title = _rich(words, section.title)
    yield f'<a id="{section.anchor}"></a>\n'
    yield f"## {section.number}. {title}" + (
        f" · {section.currency}" if section.currency and len(page.currencies) > 1 else ""
    )
    yield ""
    for sentence in section.sentences:
        yield f"{_rich(words, sentence, True)}\n"
    if section.tiles:
        yield from _tiles(section, words)
    if section.light:
        yield f"{_rich(words, text(f'lineage.{section.light}'), True)}\n"
    for finding in section.attention:
        target = page.target(section, finding.section)
        link = _rich(words, text("page.attention_link", n=Count(target.number)))
        yield f"1. {_rich(words, finding.sentence, True)} ([{link}](#{target.anchor}))"
    if section.attention:
        yield ""
    for chart in section.charts:
        yield f"**{_rich(words, chart.title).replace('**', '')}**\n"
        yield f"{escape.markdown(words.say(chart.alt), True)}\n"
    for table in section.tables:
        if table.shown and table.rows:
            yield from _table(table, words)
    for note in section.notes:
        yield f"- {_rich(words, note, True)}"
    yield ""


def _tiles(section: Section, words: Words) -> Iterator[str]:
    yield "| " + " | ".join(_rich(words, tile.label) for tile in section.tiles) + " |"
    yield "|" + " --- |" * len(section.tiles)
    yield (
        "| "
        + " | ".join(f"**{escape.markdown(words.say(tile.value))}**" for tile in section.tiles)
        + " |"
    )
    for i in range(max(len(tile.notes) for tile in section.tiles)):
        yield (
            "| "
            + " | ".join(
                _rich(words, tile.notes[i]).replace("**", "") if i < len(tile.notes) else ""
                for tile in section.tiles
            )
            + " |"
        )
    yield ""


def _table(table: Table, words: Words) -> Iterator[str]:
    yield f"**{_rich(words, table.title).replace('**', '')}**\n"
    columns = table.page_columns
    yield "| " + " | ".join(_rich(words, column.heading) for _, column in columns) + " |"
    yield "| " + " | ".join(_align(column) for _, column in columns) + " |"
    shown = table.rows_within(table.shown)
    for i, row in enumerate(table.rows[:shown]):
        cells = [_rich(words, row[position]) for position, _ in columns]
        yield "| " + " | ".join(f"**{c}**" if i in table.strong and c else c for c in cells) + " |"
    yield ""
    if note := cut_note(shown, table):
        yield f"{_rich(words, note, True)}\n"


def _align(column: TableColumn) -> str:
    return "---:" if column.kind in RIGHT else ":---"
