"""A report as a message: page one in words, and changes since a version.

`message_json` is a file of every report, `message.json`: page one and the changes in words of the
report's language. `read_message` adds, when it is sent, what depends on the recipient. `mail` and
`slack` format it. No figure is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import msgspec

from reports.document import RIGHT, Document, Section, Table
from reports.localizer import Localizer
from reports.render.outline import heading, subtitle
from reports.values import Count, Name, Text, Value, text

CHANGES = ("changes", "version_history")
CHANGES_SHOWN = 12
"""Rows of a table of changes in a message; the PDF has all of them."""

Runs = list[tuple[str, bool]]
"""A sentence: pieces of text, and whether each is strong."""


class MessageTile(TypedDict):
    """A large figure of page one."""

    label: Runs
    value: Runs
    notes: list[Runs]


class MessageTable(TypedDict):
    """Changed figures: `rows` begins with the headings, `more` refers to the PDF.

    `is_right` says which columns stand to the right.
    """

    title: Runs
    is_right: list[bool]
    rows: list[list[Runs]]
    more: str


class MessageSection(TypedDict):
    """A question and its answer; only a section of changes has tables."""

    title: Runs
    sentences: list[Runs]
    tiles: list[MessageTile]
    findings: list[Runs]
    tables: list[MessageTable]


class FirstPage(TypedDict):
    """The content of message.json; `changes` is what differs from the version before."""

    locale: str
    title: Runs
    lines: list[Runs]
    sections: list[MessageSection]
    changes: list[MessageSection]


@dataclass(frozen=True)
class Message:
    """Page one for recipients who have the same earlier version, or none.

    `changed` is what differs from their version, under `changed_title`; `location` says where the
    report is, empty where they cannot open it.
    """

    page: FirstPage
    subject: str
    changed_title: str
    changed: list[MessageSection]
    location: str
    attached: str
    reason: str


def message_json(document: Document, localizer: Localizer) -> bytes:
    """Page one in words, and the changes since the previous version, as JSON."""
    changes = [section for section in document.shown_sections if section.key in CHANGES]
    sections, lines = document.first_page_sections, subtitle(document)
    return first_page_json(
        heading(document), document.currencies, sections, localizer, lines, changes
    )


def first_page_json(
    title: Text,
    currencies: tuple[str, ...],
    sections: Sequence[Section],
    localizer: Localizer,
    lines: Sequence[Text] = (),
    changes: Sequence[Section] = (),
) -> bytes:
    """A message in words, such as that of a day, as `message_json` has a report."""
    several = len(currencies) > 1
    shown, changed = (
        [_section(section, localizer, several=several) for section in part]
        for part in (sections, changes)
    )
    page = FirstPage(
        locale=localizer.code,
        title=_runs(localizer, title),
        lines=[_runs(localizer, line) for line in lines],
        sections=shown,
        changes=changed,
    )
    return msgspec.json.format(msgspec.json.encode(page), indent=1)


def read_message(
    data: bytes,
    *,
    version: int,
    is_correction: bool,
    location: str = "",
    changes: bytes | None = None,
    has_pdf: bool = True,
) -> Message:
    """The message of the report whose message.json is `data`.

    `is_correction`: the recipients have an earlier version. `changes` is the message.json that
    compares with theirs, where that is not the one before this version. `has_pdf`: the report goes
    along.
    """
    page: FirstPage = msgspec.json.decode(data)
    compared: FirstPage = msgspec.json.decode(changes) if changes else page
    localizer = Localizer(page["locale"], 0)
    corrected = text("message.corrected", n=Name(str(version)))
    suffix = f" ({localizer.format(corrected)})"
    return Message(
        page,
        plain_text(page["title"]) + suffix * is_correction,
        localizer.format(text("message.changed")),
        compared["changes"] if is_correction else [],
        localizer.format(text("message.location", uri=Name(location, True))) if location else "",
        localizer.format(text("message.attached")) if has_pdf else "",
        localizer.format(text("message.reason")),
    )


def plain_text(runs: Runs) -> str:
    """The text of `runs`."""
    return "".join(piece for piece, _ in runs).strip()


def _runs(localizer: Localizer, value: Value) -> Runs:
    return [(run.text, run.strong) for run in localizer.sentence(value)]


def _section(section: Section, localizer: Localizer, *, several: bool) -> MessageSection:
    title = _runs(localizer, section.title)
    if several and section.currency:
        title.append((f" · {section.currency}", False))
    light = [Text(f"lineage.{section.light}")] if section.light else []
    tables = [t for t in section.tables if t.shown and t.rows and section.key == CHANGES[0]]
    return MessageSection(
        title=title,
        sentences=[_runs(localizer, sentence) for sentence in (*section.sentences, *light)],
        tiles=[
            MessageTile(
                label=_runs(localizer, tile.label),
                value=_runs(localizer, tile.value),
                notes=[_runs(localizer, note) for note in tile.notes],
            )
            for tile in section.tiles
        ],
        findings=[_runs(localizer, finding.sentence) for finding in section.attention],
        tables=[_table(table, localizer) for table in tables],
    )


def _table(table: Table, localizer: Localizer) -> MessageTable:
    columns = table.page_columns
    rows = [[_runs(localizer, column.heading) for _, column in columns]]
    rows += [[_runs(localizer, row[i]) for i, _ in columns] for row in table.rows[:CHANGES_SHOWN]]
    left = len(table.rows) - CHANGES_SHOWN
    more = localizer.format(text("message.more", n=Count(left))) if left > 0 else ""
    is_right = [column.kind in RIGHT for _, column in columns]
    title = _runs(localizer, table.title)
    return MessageTable(title=title, is_right=is_right, rows=rows, more=more)
