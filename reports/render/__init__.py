"""Page to files: Markdown, HTML, PDF, charts, workbook, figures.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page import Page
from reports.render.html import html
from reports.render.machine import figures_json
from reports.render.markdown import markdown
from reports.render.message import message_json
from reports.render.outline import WORKBOOK, charts
from reports.words import Words

if TYPE_CHECKING:
    from reports.render.pdf import Paper


def files_of(page: Page, locale: str, paper: Paper = "us-letter") -> dict[str, bytes]:
    """Every file of the report by its name within the report's folder."""
    from reports.charts import draw
    from reports.render.pdf import pdf
    from reports.render.workbook import workbook

    words = Words(locale, page.lake_decimals, page.currencies, page.decimals)
    images = draw(charts(page), words)
    files = {
        "report.md": markdown(page, words),
        "report.html": html(page, words, images, paper),
        "figures.json": figures_json(page),
        "message.json": message_json(page, words),
        "report.pdf": pdf(page, words, images, paper),
        WORKBOOK: workbook(page, words),
    }
    files |= {f"charts/{name}.svg": image for name, image in images.items()}
    return dict(sorted(files.items()))
