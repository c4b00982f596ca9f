"""The index page and the reports in a real browser, on a phone and on a desk: nothing is cut, every
link leads somewhere, and nothing is asked of any network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import axe_playwright_python
import pytest

import reports
from reports.render.mail import render_html
from reports.render.message import read_message

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
WIDTHS = {"phone": 390, "desk": 1280}
MONTHS = [date(2025, m, 1) for m in (7, 8, 9)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory, shop, make_summaries) -> Path:
    """A folder of reports as the lake has them: three months, the newest in two versions.

    Only the newest month is drawn; the others have its files.
    """
    root = tmp_path_factory.mktemp("lake") / "reports"
    tables = make_summaries(shop(receipts=6), MONTHS)
    versions = {}
    files = reports.monthly(
        MONTHS[-1], tables, lake_decimals=2, lineage={}, customers_since=MONTHS[0]
    )
    for number, month in enumerate(MONTHS):
        name = f"{month:%Y-%m}"
        versions[name] = [f"{n:06d}.0123456789abcdef" for n in range(1, 2 + (number == 2))]
        write(root / "monthly" / name, files)
        write_versions(root / "monthly" / name, versions[name])
    files = reports.cumulative(MONTHS[-1], tables, lake_decimals=2, lineage={})
    total = {"2025-09": ["000001.fedcba9876543210"]}
    write(root / "cumulative/2025-09", files)
    write_versions(root / "cumulative/2025-09", total["2025-09"])
    (root / "index.html").write_bytes(
        reports.index(versions, total, json.loads(files["figures.json"]))
    )
    return root


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def write_versions(folder: Path, versions: list[str]) -> None:
    write(folder, {f"versions/{name}.zip": b"" for name in versions})


@pytest.fixture(params=WIDTHS)
def page(request, browser) -> Iterator[object]:
    """A page that fails the test when it asks for anything but a file, or when its console
    complains.
    """
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 844})
    opened = context.new_page()
    requested, output = [], []
    opened.on("request", lambda entry: requested.append(entry.url))
    opened.on("console", lambda entry: output.append(entry.text))
    opened.on("pageerror", lambda error: output.append(str(error)))
    yield opened
    context.close()
    assert [url for url in requested if not url.startswith(("file://", "data:"))] == []
    assert output == []


def overflow(page: object) -> int:
    """Pixels by which the page is wider than the window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_the_index_leads_to_everything(page, lake: Path) -> None:
    page.goto(f"file://{lake}/index.html")
    assert overflow(page) <= 0
    months = page.locator("section").last.locator("article h3").all_inner_texts()
    assert months == ["September 2025", "August 2025", "July 2025"]
    spark = page.locator("figure.spark img")
    box = spark.bounding_box()
    assert (
        spark.evaluate("one => one.complete && one.naturalWidth > 0")
        and box["width"] > 100
        and box["y"] < 844
    )
    assert spark.get_attribute("alt")
    for fold in page.locator("details summary").all():
        fold.click()
    links = [link.get_attribute("href") for link in page.locator("a").all() if link.is_visible()]
    assert len(links) == len(set(links)) and {
        f"monthly/2025-09/report.{name}" for name in ("html", "pdf", "md")
    } <= set(links)
    assert any("versions/000002" in link for link in links)
    assert [link for link in links if not (lake / link).is_file()] == []
    assert overflow(page) <= 0
    small = [
        link.inner_text()
        for link in page.locator("p.formats a").all()
        if link.bounding_box()["height"] < 24
    ]
    assert small == [], "a finger needs 24 pixels (WCAG 2.5.8)"
    page.locator("p.formats a").nth(0).click()
    assert page.url.endswith("cumulative/2025-09/report.html") and page.locator("h1").is_visible()


@pytest.mark.parametrize("report", ["monthly/2025-09", "cumulative/2025-09"])
def test_a_report_fits_its_window(page, lake: Path, report: str) -> None:
    page.goto(f"file://{lake}/{report}/report.html")
    assert overflow(page) <= 0
    assert page.locator("figure svg").count() >= 8
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert overflow(page) <= 0
    wide = page.evaluate(
        """[...document.querySelectorAll('p, li, h1, h2, h3, figcaption, .tiles li')]
        .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline').map(e => e.innerText.slice(0, 60))"""
    )
    assert wide == [], "text is cut"
    if page.viewport_size["width"] > WIDTHS["phone"]:
        cut = page.evaluate(
            """[...document.querySelectorAll('.scroll')]
            .filter(e => e.scrollWidth > e.clientWidth).map(e => e.getAttribute('aria-labelledby'))"""
        )
        assert cut == [], "a table is cut, so an amount can lose its last digits"
        broken = page.evaluate(
            """[...document.querySelectorAll('tbody th.short')].filter(e => {
                const text = document.createRange();
                text.selectNodeContents(e);
                return new Set([...text.getClientRects()].map(line => Math.round(line.bottom / 8))).size > 1;
            }).map(e => e.innerText)"""
        )
        assert broken == [], "a short name is broken over two lines"
    missing = page.evaluate(
        """[...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1)))
        .map(a => a.getAttribute('href'))"""
    )
    assert missing == []
    order = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert order[0] == 1 and all(b - a <= 1 for a, b in pairwise(order))


@pytest.mark.parametrize("report", ["monthly/2025-09", "cumulative/2025-09"])
def test_axe_finds_no_barrier(browser, lake: Path, report: str) -> None:
    # The page's policy allows no foreign script; the browser may set it aside.
    context = browser.new_context(color_scheme="light", bypass_csp=True)
    opened = context.new_page()
    opened.goto(f"file://{lake}/{report}/report.html")
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    opened.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    # All rules; of those that pass, one element each: paths of the others take most of the time.
    every = opened.evaluate("axe.run({resultTypes: ['violations']})")
    assert every["passes"]
    assert barriers(every) == []
    # In the dark only the colors differ.
    opened.emulate_media(color_scheme="dark")
    colors = opened.evaluate("axe.run({resultTypes: ['violations'], runOnly: ['color-contrast']})")
    context.close()
    assert colors["passes"]
    assert barriers(colors) == []


def barriers(outcome: dict) -> list[tuple[str, list]]:
    """The rules that a page violates, with the first elements of each."""
    return [
        (rule["id"], [node["target"] for node in rule["nodes"][:3]])
        for rule in outcome["violations"]
    ]


def column(page, table, number: int) -> list[float]:
    cells = table.locator(f"tbody tr:not(.strong) > :nth-child({number})").all()
    return [float(cell.get_attribute("data-v") or "nan") for cell in cells]


def test_a_click_sorts_a_table_and_keeps_its_total(page, lake: Path) -> None:
    page.goto(f"file://{lake}/monthly/2025-09/report.html")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    table = page.locator(".tenders table.sortable").first
    total = table.locator("tbody tr").last.inner_text()
    head = table.locator("thead th").nth(1)
    for order in ("descending", "ascending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == order
        values = column(page, table, 2)
        assert len(values) > 2 and values == sorted(values, reverse=order == "descending")
        assert table.locator("tbody tr").last.inner_text() == total
    names = table.locator("thead th").first
    names.locator("button").click()
    texts = table.locator("tbody tr:not(.strong) th").all_inner_texts()
    assert texts == sorted(texts, key=str.casefold) or texts == sorted(texts, reverse=True)


def test_the_annex_is_folded_and_a_link_opens_it(page, lake: Path) -> None:
    page.goto(f"file://{lake}/monthly/2025-09/report.html")
    fold = page.locator("details.annex", has=page.locator("#tenders-mxn"))
    assert not page.locator("#tenders-mxn").is_visible()
    page.evaluate("location.hash = '#tenders-mxn'")
    page.wait_for_function("document.querySelector('#tenders-mxn').closest('details').open")
    assert page.locator("#tenders-mxn").is_visible()
    fold.locator("summary").click()
    assert not page.locator("#tenders-mxn").is_visible()


def test_a_mark_says_its_value_on_hover(page, lake: Path) -> None:
    page.goto(f"file://{lake}/monthly/2025-09/report.html")
    mark = page.locator(".days figure g[role=img]").nth(3)
    mark.hover()
    opacity = mark.locator("path").first.evaluate("e => getComputedStyle(e).opacity")
    assert float(opacity) < 1
    assert "$" in mark.locator("title").text_content()


def test_dark_mode_changes_page_and_charts(browser, lake: Path) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        opened = context.new_page()
        opened.goto(f"file://{lake}/monthly/2025-09/report.html")
        grounds[scheme] = opened.evaluate(
            """[getComputedStyle(document.body).backgroundColor,
            getComputedStyle(document.querySelector('figure svg text')).fill]"""
        )
        context.close()
    assert all(a != b for a, b in zip(grounds["light"], grounds["dark"], strict=True))


def test_cells_have_their_own_colour_in_dark_mode(browser, lake: Path) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        opened = context.new_page()
        opened.goto(f"file://{lake}/monthly/2025-09/report.html")
        colors, own = opened.evaluate(
            """[...document.querySelectorAll('.hours g.own-dark')].map(g =>
            [getComputedStyle(g.querySelector('path')).fill, g.style.getPropertyValue('--dark')])
            .reduce(([a, b], [c, d]) => [[...a, c], [...b, d]], [[], []])"""
        )
        context.close()
        named = [
            f"rgb{tuple(int(color.strip()[n : n + 2], 16) for n in (1, 3, 5))}" for color in own
        ]
        assert colors and (colors == named) == (scheme == "dark")


def test_the_first_column_stays_on_a_phone(browser, lake: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.goto(f"file://{lake}/monthly/2025-09/report.html")
    scroll = opened.locator(".items .scroll").first
    head = scroll.locator("tbody th").first
    before = head.bounding_box()["x"]
    scroll.evaluate("e => e.scrollLeft = 120")
    moved = head.bounding_box()["x"]
    context.close()
    assert abs(before - moved) < 1, "the names scroll away"


@pytest.mark.parametrize("number", ["1-1000", "LOWQKK09gNhKVJX7wGvii2NEPCdZY"])
def test_the_mail_of_a_correction_fits_a_phone(
    browser, lake: Path, tmp_path: Path, shop, make_summaries, number: str
) -> None:
    """Long reasons wrap, short numbers do not, and nothing is wider than the screen."""
    previous = json.loads((lake / "monthly/2025-09/figures.json").read_bytes())
    tables = make_summaries(shop(receipts=6), MONTHS)
    tables |= make_summaries(shop(receipts=7), MONTHS[-1:])
    causes = [
        {"number": number, "day": "2025-09-01", "total": "125.50", "why": why}
        for why in ("late", "edited", "new")
    ]
    built = reports.monthly(
        MONTHS[-1],
        tables,
        lake_decimals=2,
        lineage={"version": 2},
        locale="es_MX",
        previous_figures=previous,
        changed_receipts=causes,
    )
    message = read_message(built["message.json"], version=2, is_correction=True)
    (tmp_path / "mail.html").write_text(render_html(message), encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.goto(f"file://{tmp_path}/mail.html")
    wide = opened.evaluate("document.documentElement.scrollWidth")
    cell = opened.locator("td", has_text=number).first.bounding_box()
    reason = opened.locator("td", has_text="Llegó tarde").first.bounding_box()
    context.close()
    assert wide <= 390
    assert cell["width"] >= 40 and reason["width"] >= 60
