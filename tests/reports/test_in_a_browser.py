"""The index page and the reports in a real browser, on a phone and on a desk: nothing is cut, every
link leads somewhere, and nothing is asked of any network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

import reports

WIDTHS = {"phone": 390, "desk": 1280}
MONTHS = [date(2025, m, 1) for m in (7, 8, 9)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory, shop, make_summaries) -> Path:
    """A folder of reports as the lake has them: three months, the newest in two versions."""
    root = tmp_path_factory.mktemp("lake") / "reports"
    tables = make_summaries(shop(receipts=6), MONTHS)
    versions = {}
    for number, month in enumerate(MONTHS):
        files = reports.monthly(month, tables, lake_decimals=2, lineage={}, lake_starts=MONTHS[0])
        name = f"{month:%Y-%m}"
        versions[name] = [f"{n:06d}.0123456789abcdef" for n in range(1, 2 + (number == 2))]
        for folder in (
            root / "monthly" / name,
            *(root / "monthly" / name / "versions" / one for one in versions[name]),
        ):
            write(folder, files)
    files = reports.cumulative(MONTHS[-1], tables, lake_decimals=2, lineage={})
    whole = {"2025-09": ["000001.fedcba9876543210"]}
    for folder in (
        root / "cumulative/2025-09",
        root / "cumulative/2025-09/versions/000001.fedcba9876543210",
    ):
        write(folder, files)
    (root / "index.html").write_bytes(
        reports.index(versions, whole, json.loads(files["figures.json"]))
    )
    return root


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


@pytest.fixture(params=WIDTHS)
def page(request, browser) -> Iterator[object]:
    """A page that fails the test when it asks for anything but a file, or when its console
    complains.
    """
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 844})
    opened = context.new_page()
    asked, said = [], []
    opened.on("request", lambda one: asked.append(one.url))
    opened.on("console", lambda one: said.append(one.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []
    assert said == []


def overflow(page: object) -> int:
    """Pixels by which the page is wider than the window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_the_index_leads_to_everything(page, lake: Path) -> None:
    page.goto(f"file://{lake}/index.html")
    assert overflow(page) <= 0
    months = page.locator("section").last.locator("article h3").all_inner_texts()
    assert months == ["Septiembre de 2025", "Agosto de 2025", "Julio de 2025"]
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
        f"monthly/2025-09/report.{form}" for form in ("html", "pdf", "md")
    } <= set(links)
    assert any("versions/000002" in link for link in links)
    assert [link for link in links if not (lake / link).is_file()] == []
    assert overflow(page) <= 0
    small = [
        link.inner_text()
        for link in page.locator("p.forms a").all()
        if link.bounding_box()["height"] < 24
    ]
    assert small == [], "a finger needs 24 pixels (WCAG 2.5.8)"
    page.locator("p.forms a").nth(0).click()
    assert page.url.endswith("cumulative/2025-09/report.html") and page.locator("h1").is_visible()


@pytest.mark.parametrize("report", ["monthly/2025-09", "cumulative/2025-09"])
def test_a_report_fits_its_window(page, lake: Path, report: str) -> None:
    page.goto(f"file://{lake}/{report}/report.html")
    assert overflow(page) <= 0
    assert (
        page.evaluate("[...document.images].filter(i => !(i.complete && i.naturalWidth)).length")
        == 0
    )
    wide = page.evaluate(
        """[...document.querySelectorAll('p, li, h1, h2, h3, figcaption, .tiles li')]
        .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline').map(e => e.innerText.slice(0, 60))"""
    )
    assert wide == [], "text is cut"
    missing = page.evaluate(
        """[...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1)))
        .map(a => a.getAttribute('href'))"""
    )
    assert missing == []
    order = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert order[0] == 1 and all(b - a <= 1 for a, b in pairwise(order))
