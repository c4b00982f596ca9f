"""Images of a report, to be looked at: `python -m tests.reports.report_images
LAKE/reports/monthly/2026-10 OUT`.

HTML on a phone and on a desk (Chromium through playwright), and the pages of the PDF (pdftoppm of
poppler), as PNG in OUT.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WIDTHS = {"phone": 390, "desk": 1280}
CHROMIUM = Path("/usr/bin/chromium")


def main(folder: str, out: str) -> None:
    from playwright.sync_api import sync_playwright

    pages = Path(folder).resolve()
    images = Path(out)
    images.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=str(CHROMIUM) if CHROMIUM.exists() else None, args=["--no-sandbox"]
        )
        for name, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 844})
            for file in sorted(pages.glob("*.html")):
                page.goto(f"file://{file}")
                page.screenshot(path=images / f"{file.stem}-{name}.png", full_page=True)
                page.screenshot(path=images / f"{file.stem}-{name}-first.png")
        browser.close()
    for file in sorted(pages.glob("*.pdf")):
        subprocess.run(
            ["pdftoppm", "-r", "80", "-png", str(file), str(images / f"{file.stem}-page")],
            check=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
