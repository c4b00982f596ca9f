"""Document to files: Markdown, HTML, PDF, charts, workbook, figures.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.document import Document
from reports.localizer import Localizer
from reports.render.figures_json import figures_json
from reports.render.html import html
from reports.render.markdown import markdown
from reports.render.message import message_json
from reports.render.outline import WORKBOOK, charts

if TYPE_CHECKING:
    from reports.render.pdf import Paper


def files_of(document: Document, locale: str, paper: Paper = "us-letter") -> dict[str, bytes]:
    """Every file of the report by its name within the report's folder."""
    from reports.charts import draw
    from reports.render.pdf import pdf
    from reports.render.workbook import workbook

    localizer = Localizer(locale, document.lake_decimals, document.currencies, document.decimals)
    images = draw(charts(document), localizer)
    files = {
        "report.md": markdown(document, localizer),
        "report.html": html(document, localizer, images, paper),
        "figures.json": figures_json(document),
        "message.json": message_json(document, localizer),
        "report.pdf": pdf(document, localizer, images, paper),
        WORKBOOK: workbook(document, localizer),
    }
    files |= {f"charts/{name}.svg": image for name, image in images.items()}
    return dict(sorted(files.items()))
