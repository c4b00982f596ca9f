"""What people wrote stays text: in HTML, Markdown, CSV, the PDF's data and the charts."""

from __future__ import annotations

import io
import re
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import reports
from reports import escape
from reports.escape import MAX_DATA_LENGTH, MAX_NAME_LENGTH, visible
from reports.localizer import Localizer
from reports.values import Count, Money, Name, text
from tests.support.workbook import sheets

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    '=HYPERLINK("http://malo.example")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "＝1+1",
    "[clic](http://malo.example)",
    "![x](http://malo.example/x.png)",
    "`code` | **bold** _it_ # ~~x~~",
    "http://malo.example",
    "www.malo.example",
    "juan@malo.example",
    "a\nb\r\n## c",
    "\u202eesrever\u202c",
    "x\u200b\u0000y",
    "{net} %s {{ 7*7 }} #eval",
    "$x$ \\(y\\)",
    "1. uno",
    "- dos",
    "&lt;b&gt;",
    "🍔 日本 عربي",
)
DRAWN = {"svg", "g", "path", "defs", "clipPath", "rect", "text", "tspan", "use", "style", "pattern"}
SEPTEMBER = date(2025, 9, 1)


@pytest.fixture(scope="module")
def files(shop, make_summaries) -> dict[str, bytes]:
    menu = tuple((name, name, 50 + i, 10) for i, name in enumerate(HOSTILE))
    hostile = shop(
        menu=menu,
        combo="<b>Combo</b>|x",
        tenders=tuple((n, "CASH") for n in HOSTILE[:6]),
        discounts=HOSTILE[2:6],
        receipts=40,
        stores=(("s1", HOSTILE[0], "MXN"), ("s2", "\u202eلا", "MXN")),
        employees=(("e1", HOSTILE[1]), ("e2", "=1")),
    )
    return reports.monthly(
        SEPTEMBER,
        make_summaries(hostile, [date(2025, 8, 1), SEPTEMBER]),
        lake_decimals=2,
        lineage={"version": "<i>1</i>"},
    )


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.localizer, self.handlers = set(), [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.localizer.append(data)


def test_html_holds_no_tag_and_no_link_of_theirs(files):
    reader = Reader()
    reader.feed(files["report.html"].decode())
    assert (
        not reader.tags & {"b", "i", "iframe", "link", "object", "form", "img"}
        and files["report.html"].count(b"<script>") == 1
        and not reader.handlers
    )
    assert all(link.startswith("#") for link in reader.links)
    localizer = "".join(reader.localizer)
    for name in (
        "<script>alert(1)</script>",
        "🍔 日本 عربي",
        "&lt;b&gt;",
        "{net} %s {{ 7*7 }} #eval",
    ):
        assert name in localizer
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00]", localizer)
    assert b"http://" not in re.sub(
        rb"http://(?:malo|m?a?l?\xe2\x80\xa6)", b"", files["report.html"]
    ), "only names, whole or cut"


def test_markdown_holds_no_tag_link_or_table_of_theirs(files):
    text_ = files["report.md"].decode()
    bare = re.sub(r"\\.", "", text_)
    assert set(re.findall(r"<(\w+)", bare)) == {"a"}
    assert all(target.startswith("#") for target in re.findall(r"\]\(([^)]*)\)", bare))
    assert "http://" not in text_ and "www." not in text_ and "@malo" not in text_
    for block in re.findall(r"(?m)(?:^\|.*\n)+", bare):
        assert len({line.count("|") for line in block.splitlines()}) == 1
    assert not re.search(r"(?m)^## c", text_)


@pytest.mark.parametrize("name", [*HOSTILE, "12. Pollo", "3) Res", "-", "12.", "1.5 litros", "+"])
def test_a_name_reads_in_markdown_as_it_is(name):
    """CommonMark: a backslash vanishes before ASCII punctuation only; a line begins a list with a
    bullet, or with up to nine digits and a point or bracket, and a space or nothing behind it.
    """
    for starts_line in (False, True):
        built = escape.markdown(visible(name), starts_line)
        assert not re.search(r"\\(?![!-/:-@\[-`{-~])", built)
        assert re.sub(r"\\(.)", r"\1", built).replace("\u2060", "") == visible(name)
    assert not re.match(r"([-+*]|\d{1,9}[.)])(\s|$)", built)
    assert "\\" not in escape.markdown(name) or set(name) & set("\\`*_{}[]<>#|~$&")


def test_numbered_names_stand_in_cells_and_at_line_starts(shop, make_summaries):
    numbered = shop(
        menu=tuple((f"{i}. Plato", f"{i}) Grupo", 50 + i, 10) for i in range(1, 7)),
        stores=(("s1", "12. Centro", "MXN"), ("s2", "13) Norte", "MXN")),
        combo=None,
    )
    files = reports.monthly(
        SEPTEMBER,
        make_summaries(numbered, [SEPTEMBER]),
        lake_decimals=2,
        lineage={},
        locale="en_US",
    )
    lines = files["report.md"].decode().splitlines()
    cells = [line for line in lines if line.startswith("|")]
    assert any(re.search(r"\| \d\. Plato \|", line) for line in cells)
    assert not any(re.search(r"\\\d|\d\\[.)]", line) for line in cells)
    assert "stores: 12. Centro and 13) Norte" in "\n".join(lines)


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(files):
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(files["tables.xlsx"]))
    texts = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in texts} <= {"s", "n", "d"}
    assert [cell.coordinate for cell in texts if cell.hyperlink] == []
    names = {cell.value for cell in texts}
    assert "+1+1" in names and "<script>alert(1)</script>" in names


def test_charts_hold_no_element_of_theirs(files):
    for name, body in files.items():
        if name.endswith(".svg"):
            for element in ElementTree.fromstring(body).iter():
                assert element.tag.rpartition("}")[2] in {
                    "svg",
                    "g",
                    "path",
                    "defs",
                    "clipPath",
                    "rect",
                    "text",
                    "tspan",
                    "use",
                    "style",
                    "pattern",
                    "title",
                }
                assert not any(
                    attribute.rpartition("}")[2].startswith("on") for attribute in element.attrib
                )
                assert element.attrib.get("{http://www.w3.org/1999/xlink}href", "#").startswith("#")


@pytest.mark.parametrize("name", HOSTILE)
def test_visible_names_are_one_line_without_hidden_signs(name):
    seen = visible(name)
    assert (
        seen
        and seen == seen.strip()
        and not re.search("[\x00-\x1f\u200b\u202a-\u202e\u2066-\u2069]", seen)
    )
    assert visible(seen) == seen


def test_long_names_are_cut_and_the_workbook_has_them_whole(shop, make_summaries):
    long = shop(menu=(("x" * 300, "c", 10, 1), ("y", "c", 10, 1)), combo=None)
    built = reports.monthly(
        SEPTEMBER, make_summaries(long, [SEPTEMBER]), lake_decimals=2, lineage={}
    )
    assert (
        b"x" * (MAX_NAME_LENGTH + 1) not in built["report.html"]
        and "x" * 300 in sheets(built["tables.xlsx"])["items"][1]
    )


def test_no_file_of_a_report_grows_with_the_length_of_a_name(shop, make_summaries):
    """Names that differ only behind the limit stay apart in figures.json and in the tables."""
    ends = ("a", "b")
    long = shop(
        menu=tuple(("x" * 100_000 + end, "y" * 100_000 + end, 10, 1) for end in ends),
        tenders=(("t" * 100_000, "CASH"),),
        discounts=("d" * 100_000,),
        combo="c" * 100_000,
        stores=(("s1", "z" * 100_000, "MXN"),),
    )
    built = reports.monthly(
        SEPTEMBER, make_summaries(long, [SEPTEMBER]), lake_decimals=2, lineage={}
    )
    for name, body in built.items():
        if name.endswith((".json", ".md", ".html")):
            assert not re.search(rb"([a-z])\1{1000}", body), name
    cells = [cell for row in sheets(built["tables.xlsx"])["items"] for cell in row]
    names = {cell for cell in cells if str(cell).startswith("x" * 900)}
    assert len(names) == 2 and all(len(name) == MAX_DATA_LENGTH for name in names)


def test_a_name_with_braces_is_no_template():
    localizer = Localizer("en_US", 2, ("MXN",))
    values = {"net": Money(123456, "MXN"), "n": Count(1), "day": None}
    output = localizer.format(text("headline.alone", **values))
    assert (
        output == "Net sales of $1,234.56 on 1 receipt. There is no complete earlier month to"
        " compare them with yet."
    )
    assert "{n} {0}" in localizer.format(
        text("stores.lead", store=Name("{n} {0}"), net=Money(1, "MXN"), share=None)
    )
