"""What the monthly and the cumulative report share: each version is kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

import reports
from pipeline import settings
from pipeline.extract.window_bounds import DAY
from pipeline.load import Manifest
from pipeline.load.layout import digest_of
from pipeline.load.publication import Content
from pipeline.rebuild_reason import settings_as_json
from pipeline.targets import BuildStart, DerivedTask, Files, Metadata, lake
from pipeline.tasks import warm_up
from pipeline.tasks.business_days import days_of
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.monthly_summary import MonthlySummary
from pipeline.tasks.outside_history import warn_of_uncounted
from pipeline.tasks.report_index import publish_index
from pipeline.tasks.versions import earlier_versions

_NEWEST_FILES = ("figures.json", "report.html", "report.md", "report.pdf", "tables.xlsx")
"""The files of the newest version that have their own place; the others are in its archive."""


class Report(DerivedTask):
    """What both reports share: each version is kept as it was issued."""

    month: dt.date = settings.field(settings.MonthParameter(default=None))

    def options(self) -> dict[str, object]:
        """Settings that the report depends on, with those of the transform stage."""
        return {
            "locale": settings.locale(),
            "paper": settings.paper(),
            "decimals": settings.decimals(),
            **settings.transform_settings(),
        }

    def fingerprint_settings(self) -> dict[str, object]:
        """Everything that the report states and its inputs do not determine."""
        return self.options() | {"through": str(days_of(self.month)[-1]), "code": self.code()}

    def code(self) -> str:
        """Digest of the code versions of the report and of its tables."""
        return digest_of(*map(str, (self.version, MonthlySummary.version, MonthlySales.version)))

    def write_report(self, previous: Manifest | None, **common: Any) -> Files:
        """The report's files by name; `previous` is the version before this one."""
        raise NotImplementedError

    def archived_files(self) -> Files:
        """What a version keeps in addition to its report, for later versions."""
        return {}

    def check(self, _previous: Manifest | None) -> Metadata:
        """Check the inputs, and return what the check of the next version needs to know."""
        return {}

    def make(self) -> tuple[Files, Metadata]:
        warm_up.import_drawing()
        issued = earlier_versions(self.dataset, self.name, self.fingerprint())
        number, through = len(issued) + 1, days_of(self.month)[-1]
        lineage = {
            "version": number,
            "definitions": self.version,  # of the report alone; `code` with its tables
            "code": self.code(),
            "settings": digest_of(json.dumps(settings_as_json(self.options()), sort_keys=True)),
            "last_day": str(through),
            "inputs": dict(self.inputs() or ()),
        }
        is_open = (through + DAY).month == self.month.month
        previous = issued[-1] if issued else None
        checked = self.check(previous)
        files = self.write_report(
            previous,
            lineage=lineage,
            locale=settings.locale(),
            paper=settings.paper(),
            lake_decimals=settings.rules().decimals,
            decimals=settings.decimals(),
            through=through if is_open else None,
        )
        figures = json.loads(files["figures.json"])
        self.report_progress(f"version {number}", 100)
        if self.set_tracking_url:
            self.set_tracking_url(lake().uri(self.dataset, self.name, "report.html"))
        return files | self.archived_files(), {
            "files": len(files),
            "change": reports.cause_of(figures),
            "unpaid": reports.unpaid_of(figures),  # collected less paid
            **checked,
        }

    def content(self, start: BuildStart, files: Files, metadata: Metadata) -> Content:
        """The files that people and programs open, and those that the archive alone has."""
        opened = {name: data for name, data in files.items() if name in _NEWEST_FILES}
        kept = {name: data for name, data in files.items() if name not in _NEWEST_FILES}
        return super().content(start, opened, metadata)._replace(kept=kept)

    def run(self) -> Iterator[Any]:
        warn_of_uncounted()  # first: local processes take over what it has read
        if not self.complete():  # its inputs may have been rebuilt to the same content
            yield from super().run()
        publish_index(is_last=False)


def tasks_of(family: type[DerivedTask], tasks: Iterable[DerivedTask]) -> list[DerivedTask]:
    """The tasks of a family."""
    return [task for task in tasks if isinstance(task, family)]
