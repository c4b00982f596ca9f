"""Planning: Luigi plans each task that a task yields on its own, with all it needs."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from luigi.task import flatten

from pipeline.executors.local import DRAWING, PRELOADED
from pipeline.load import RAW_RECEIPTS
from pipeline.targets import lake
from pipeline.tasks import DailySales, MonthlyReport, Nightly, warm_up
from pipeline.tasks.monthly_report import months_of_customers
from pipeline.tasks.nightly import reports_until
from tests.dag.in_process import InProcessRun, days_later, local
from tests.test_settings import configured


def test_nightly_has_its_reports_planned_in_one_pass(tmp_path: Path) -> None:
    """Each report needs the months before it: one by one, they cost the square of the months."""
    with configured(
        pos={"history_starts": "2022-01-01", "now": "2026-10-05T15:00:00Z"},
        lake={"url": str(tmp_path / "lake")},
    ):
        day = date(2026, 10, 4)
        [planned] = next(Nightly(date=day).run())
        reports = reports_until(day)
        assert list(map(str, flatten(planned.requires()))) == list(map(str, reports))
        assert len(reports) == 59 and not planned.complete()
        assert planned.priority == 0, "or old months would come before the current one"


def test_a_report_counts_the_customers_of_every_month_that_is_there(tmp_path: Path) -> None:
    """Windows that were committed together name the month's last one only."""
    with configured(
        pos={"history_starts": "2026-06-01", "now": "2026-10-05T15:00:00Z"},
        lake={"url": str(tmp_path / "lake")},
    ):
        with lake().commit_queue() as commits:
            for number in range(122):
                commits.add(
                    date(2026, 6, 1) + timedelta(number), {}, {"start": "", "records": 0}, {}
                )
        assert len(lake().partitions(RAW_RECEIPTS)) == 4
        months = [date(2026, month, 1) for month in (6, 7, 8, 9)]
        assert months_of_customers(date(2026, 10, 1)) == months


@pytest.mark.parametrize(("read", "expected"), [(94, date(2026, 9, 2)), (120, None), (126, None)])
def test_a_month_names_the_day_to_which_later_changes_are_read(
    tmp_path: Path, read: int, expected: date | None
) -> None:
    """A receipt is only in the window of its last change: one of November is in none of October."""
    with configured(
        pos={"history_starts": "2026-06-01", "now": "2026-10-05T15:00:00Z"},
        lake={"url": str(tmp_path / "lake")},
    ):
        august, july = MonthlyReport(month=date(2026, 8, 1)), MonthlyReport(month=date(2026, 7, 1))
        complete = MonthlyReport(month=date(2026, 9, 1)).fingerprint_settings()
        assert "read through" not in complete, "its own windows are built first"
        with lake().commit_queue() as commits:
            for number in range(read):
                commits.add(
                    date(2026, 6, 1) + timedelta(number), {}, {"start": "", "records": 0}, {}
                )
        assert august.read_through() == july.read_through() == expected
        assert august.fingerprint_settings().get("read through") == (expected and str(expected))


def test_a_run_begins_early_only_where_it_has_something_to_extract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    begun = []
    monkeypatch.setattr(warm_up, "start_embedded", lambda: begun.append("shop"))
    with shop.process():
        MonthlyReport().requires()
        MonthlyReport().requires()
        assert begun == ["shop"]
    assert shop.run_nightly()
    begun.clear()
    with shop.process():
        Nightly().requires()
        MonthlyReport().requires()
        assert begun == []
    with shop.at(days_later(1)).process():
        Nightly().requires()
        Nightly().requires()
        assert begun == ["shop"]
    assert all(map(find_spec, PRELOADED + DRAWING))


def test_local_processes_start_while_a_run_with_many_missing_partitions_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(
        "pipeline.executors.local.start_server", lambda draws_charts: started.append(draws_charts)
    )
    days = [date(2026, 1, 1) + timedelta(number) for number in range(200)]
    months = [(date(2026, 9, 1), date(2026, 9, 1)), (date(2026, 10, 1),)]
    with configured(engine={"workers": "2"}, lake={"url": str(tmp_path / "lake")}):
        for day in days[:-1] * 2:
            DailySales(date=day).deps()
        MonthlyReport(month=months[0]).deps()
        assert not started, "a report, and the days of some months, are built in this process"
        DailySales(date=days[-1]).deps()
        assert started == [False]
        for month in months * 2:
            MonthlyReport(month=month).deps()
        assert started == [False, True], "with what draws reports, once"
    engine = {"workers": "2", "name": "spark"}
    with configured(engine=engine, lake={"url": str(tmp_path / "spark")}):
        for day in days:
            DailySales(date=day).deps()
        assert started == [False, True], "a cluster builds the days"
