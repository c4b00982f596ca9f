"""reports/index.html: the versions of all reports, with the figures of the newest."""

from __future__ import annotations

import reports
from pipeline import settings
from pipeline.load import CUMULATIVE, MONTHLY
from pipeline.settings.run_context import once_per_run
from pipeline.targets import lake
from pipeline.tasks.versions import all_versions, figures_of, version_name

PAGE = "index.html"
_figures = once_per_run(figures_of)


@once_per_run
def pages_written_last() -> set[str]:
    """Pages that this run writes once, after all reports, not after each.

    `Nightly` adds PAGE when it has planned to write the index at its end (`is_last`).
    """
    return set()


def publish_index(*, is_last: bool = True) -> None:
    """Write reports/index.html where it changed; it is derived."""
    if PAGE in pages_written_last() and not is_last:
        return
    issued = all_versions()
    folders = {
        dataset: {
            name: [version_name(manifest) for manifest in manifests]
            for name, manifests in months.items()
            if manifests
        }
        for dataset, months in issued.items()
    }
    newest = max((name for name, manifests in issued[CUMULATIVE].items() if manifests), default="")
    later = {
        name: _figures(manifests[-1])
        for name, manifests in issued[MONTHLY].items()
        if manifests and name > newest
    }
    page = reports.index(
        folders[MONTHLY],
        folders[CUMULATIVE],
        figures_of(issued[CUMULATIVE][newest][-1]) if newest else None,
        months=later,
        locale=settings.locale(),
    )
    lake().put_page(PAGE, page)
