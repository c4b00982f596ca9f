"""One digest of everything that a run depends on.

A run that finds it unchanged has nothing to do. Planning compares thousands of fingerprints.
`Nightly` notes this digest when everything is current, and the next run of that day compares it
first. It covers more than the fingerprints do, so where it differs the run is planned as always.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipeline import settings
from pipeline.lakes import raw_lake, sources
from pipeline.load.layout import digest_of
from pipeline.targets import DerivedTask
from pipeline.tasks.back_office import exports
from pipeline.tasks.business_days import history_period
from pipeline.tasks.cumulative_report import CumulativeReport
from pipeline.tasks.monthly_report import MonthlyReport
from pipeline.tasks.shifts import shift_sources


def run_state() -> str:
    """Digest of all manifests but those of `Nightly`, owner's files, settings, code."""
    month = history_period().last.replace(day=1)
    sections = (settings.pos(), settings.shop(), settings.report(), settings.mail())
    parts: list[object] = [
        *(raw_lake(source).log_digest() for source in sources()),
        (sources(), shift_sources()),
        exports(),
        history_period(),
        *(report(month=month).options() for report in (MonthlyReport, CumulativeReport)),
        *(section.to_str_params() | {"now": ""} for section in sections),
        sorted((task.__name__, task.version) for task in _kinds(DerivedTask)),
    ]
    return digest_of(*(json.dumps(part, default=str, sort_keys=True) for part in parts))


def _kinds(kind: type[DerivedTask]) -> Iterator[type[DerivedTask]]:
    """The kinds of tasks below `kind` that publish."""
    for below in kind.__subclasses__():
        yield from _kinds(below)
        if hasattr(below, "version"):
            yield below
