"""What planning costs: Luigi plans each task that a task yields on its own, with all it needs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from luigi.task import flatten

from pipeline.tasks import Nightly
from tests.test_settings import configured


def test_a_night_has_its_reports_planned_in_one_pass(tmp_path: Path) -> None:
    """Each report needs the months before it: one by one, they cost the square of the months."""
    with configured(
        pos={"history_starts": "2022-01-01", "now": "2026-10-05T15:00:00Z"},
        lake={"url": str(tmp_path / "lake")},
    ):
        night = Nightly(date=date(2026, 10, 4))
        [planned] = next(night.run())
        assert [str(task) for task in flatten(planned.requires())] == [
            str(task) for task in night.reports()
        ]
        assert len(night.reports()) == 59 and not planned.complete()
        assert planned.priority == 0, "or old history would come before the month under way"
