"""Reports without HTML, PDF, workbook and charts, which take most of their time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.document import Document

FEW_FILES = ("figures.json", "message.json", "report.md", "report.pdf")
"""The files of a report that cost little; the PDF has no page."""


def leave_undrawn(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Let the reports of this process have FEW_FILES only."""
    from reports import render
    from reports.localizer import Localizer

    def few_files(document: Document, locale: str, _: str = "") -> dict[str, bytes]:
        localizer = Localizer(
            locale, document.lake_decimals, document.currencies, document.decimals
        )
        files = (
            render.figures_json(document),
            render.message_json(document, localizer),
            render.markdown(document, localizer),
            b"%PDF-1.7\n%%EOF\n",
        )
        return dict(zip(FEW_FILES, files, strict=True))

    replace(render, "files_of", few_files)
