"""Page one of a report's HTML as plain pieces, and what it says of changes: the report's own words,
so a mail never differs.

In: report.html, as reports/ writes it. Out: `Front`, whose texts are runs (text, is strong) with
nothing alive in them: only words are taken, no tag, link, style or address of the page. Raises
ValueError where the page has no title.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

Runs = list[tuple[str, bool]]
VOID = frozenset({"meta", "img", "br", "link", "hr", "input"})
CHANGES = ("changes", "version_history")


@dataclass
class Node:
    """An element: its tag, first class, language, and children or text."""

    tag: str
    kind: str = ""
    language: str = ""
    children: list[Node | str] = field(default_factory=list)

    def find(self, *tags: str, kind: str = "") -> Iterator[Node]:
        """Elements below of one of `tags`, in the order of the page."""
        for child in self.children:
            if isinstance(child, Node):
                if child.tag in tags and (not kind or child.kind == kind):
                    yield child
                yield from child.find(*tags, kind=kind)


@dataclass(frozen=True)
class Tile:
    """A big figure: its label, value and notes."""

    label: Runs
    value: Runs
    notes: list[Runs]


@dataclass(frozen=True)
class Table:
    """Its title, and its rows, the headings first."""

    title: Runs
    rows: list[list[Runs]]


@dataclass(frozen=True)
class Section:
    """One question: title, sentences, tiles, findings; of changes, its tables as well."""

    name: str
    title: Runs
    sentences: list[Runs]
    tiles: list[Tile]
    findings: list[Runs]
    tables: list[Table]


@dataclass(frozen=True)
class Front:
    """Title, lines below it, sections of page one, and the sections (one a currency) that say what
    changed.
    """

    language: str
    title: Runs
    lines: list[Runs]
    sections: list[Section]
    changes: list[Section]


def plain(runs: Runs) -> str:
    """The words of `runs`."""
    return "".join(text for text, _ in runs).strip()


def read_front(page: bytes) -> Front:
    """Page one of report.html."""
    builder = _Builder()
    builder.feed(page.decode())
    builder.close()
    html = next(builder.root.find("html"), None)
    header = next(builder.root.find("header"), None)
    title = next(builder.root.find("h1"), None)
    if html is None or header is None or title is None:
        raise ValueError("the page has no header with a title; it is not a report's")
    front, changes, is_front = [], [], True
    for node in html.find("section", "nav"):
        is_front = is_front and node.tag != "nav"
        if node.kind in CHANGES:
            changes.append(_section(node))
        elif is_front:
            front.append(_section(node))
    return Front(
        html.language, _runs(title), [_runs(line) for line in header.find("p")], front, changes
    )


def _section(node: Node) -> Section:
    tiles = [
        Tile(
            _runs(next(li.find("h3"))),
            _runs(next(li.find("p", kind="value"))),
            [_runs(p) for p in li.find("p", kind="note")],
        )
        for tiled in node.find("ul", kind="tiles")
        for li in tiled.find("li")
    ]
    tables = (
        [
            Table(
                _runs(next(div.find("h3"))),
                [[_runs(cell) for cell in row.find("th", "td")] for row in div.find("tr")],
            )
            for div in node.find("div", kind="table")
        ]
        if node.kind == "changes"
        else []
    )
    sentences = [_runs(p) for p in node.children if isinstance(p, Node) and p.tag == "p"]
    findings = [_runs(li) for found in node.find("ol", kind="findings") for li in found.find("li")]
    return Section(node.kind, _runs(next(node.find("h2"))), sentences, tiles, findings, tables)


def _runs(node: Node, strong: bool = False) -> Runs:
    """The words below `node`; section numbers and links into the page, which a mail has not, are
    left out.
    """
    found: Runs = []
    for child in node.children:
        if isinstance(child, str):
            found.append((child.replace("\n", " "), strong))
        elif child.tag != "a" and child.kind != "number":
            found += _runs(child, strong or child.tag == "strong")
    return found


class _Builder(HTMLParser):
    """The page as a tree."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        node = Node(tag, (said.get("class") or "").partition(" ")[0], said.get("lang") or "")
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self._open[1:]):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
