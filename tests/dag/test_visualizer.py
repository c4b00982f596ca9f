"""What a person sees in luigid's visualizer after a real run, in a real browser; and that no secret
is anywhere in it.

With --update-golden its photographs in docs/images are taken again.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.dag.test_scheduler import ask, luigid
from tests.support.fake_pos import FakePos
from tests.support.runner import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECRETS = ("LOYVERSE_TOKEN", "CUSTOMER_HASH_KEY", "SMTP_PASSWORD", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def page(browser: Browser, luigid: str) -> Page:
    """A page that reaches the visualizer and nothing else (it asks a stranger for a font), and
    remembers all that it was sent.
    """
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.route(
        "**/*",
        lambda route: route.continue_() if route.request.url.startswith(luigid) else route.abort(),
    )
    page = context.new_page()
    page.sent = []
    page.on(
        "response",
        lambda answer: (
            page.sent.append(answer.text())
            if answer.request.resource_type in ("document", "xhr", "fetch")
            else None
        ),
    )
    yield page
    context.close()


def test_the_visualizer_shows_the_run_to_a_person(
    fake_pos: FakePos, luigid: str, page: Page, pytestconfig: pytest.Config
) -> None:
    for name in SECRETS[1:]:
        fake_pos.luigi.environment[name] = secrets.token_hex(16)
    fake_pos.luigi(
        "MonthlyReport",
        "--month",
        "2026-10",
        "--scheduler-url",
        luigid,
        "--workers",
        "2",
        scheduler="",
    )
    start = f"{luigid}/static/visualiser/index.html"

    page.goto(f"{start}#tab=tasks&family=MonthlyReport")
    row = page.locator("#taskTable tbody tr", has_text="MonthlyReport").first
    row.wait_for()
    assert "DONE" in row.inner_text() and "2026-10" in row.inner_text()
    assert (
        row.locator("a[title='Track Progress']")
        .get_attribute("href")
        .endswith("reports/monthly/2026-10/report.html")
    )
    assert page.locator("text=FAILED TASKS").locator("..").inner_text().split()[-1] == "0"
    families = page.locator(".sidebar").inner_text()
    assert all(
        name in families
        for name in (
            "RawCatalog",
            "RawReceipts",
            "DailySales",
            "MonthlySales",
            "MonthlySummary",
            "MonthlyReport",
        )
    )
    photograph(page, "visualizer-tasks", pytestconfig)

    page.goto(f"{start}#tab=tasks&family=DailySales")
    page.locator("#taskTable tbody tr", has_text="DailySales").locator(
        "button.statusMessage"
    ).first.click()
    message = page.locator(".modal.in", has_text="Status message")
    message.locator("text=DailySales built").wait_for()
    assert "100%" in message.inner_text()

    report = next(
        name
        for name, task in ask(luigid, "task_list", status="DONE", upstream_status="").items()
        if task["name"] == "MonthlyReport"
    )
    graph = page.context.new_page()
    graph.goto(f"{start}#tab=graph&taskId={report}&visType=svg")
    for name in (
        "MonthlyReport",
        "MonthlySummary",
        "MonthlySales",
        "DailySales",
        "RawReceipts",
    ):  # the page draws more than once: wait for each
        graph.locator("svg text", has_text=re.compile(f"^{name}$")).first.wait_for()
    photograph(graph, "visualizer-graph", pytestconfig)

    api = [
        json.dumps(ask(luigid, "task_list", status="", upstream_status="")),
        json.dumps(ask(luigid, "dep_graph", task_id=report)),
        json.dumps(ask(luigid, "worker_list")),
        graph.content(),
        page.content(),
        *page.sent,
    ]
    for name in SECRETS:
        assert not [text for text in api if fake_pos.luigi.environment[name] in text], (
            f"{name} can be read in the visualizer"
        )


def photograph(page: Page, name: str, config: pytest.Config) -> None:
    page.wait_for_timeout(500)  # the page moves
    picture = page.screenshot()
    if config.getoption("--update-golden"):
        (ROOT / "docs" / "images").mkdir(exist_ok=True)
        (ROOT / "docs" / "images" / f"{name}.png").write_bytes(picture)
