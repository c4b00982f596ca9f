"""A month that cannot be extracted does not hold up what is built from the others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import luigi
import pytest

from pipeline.errors import SourceFatal
from pipeline.extract import windows
from pipeline.tasks import DailySales
from pipeline.tasks.raw import RawReceipts
from tests.dag.in_process import FIRST, InProcessRun, local

NOVEMBER = date(2026, 11, 1)


class DayAndWindow(luigi.WrapperTask):
    """A day of October, and a window of November."""

    def requires(self) -> list[luigi.Task]:
        return [DailySales(date=FIRST), RawReceipts(date=NOVEMBER)]


def test_a_day_is_built_though_a_later_month_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    shop.at(datetime(2026, 11, 3, 12, tzinfo=UTC))
    fetch = windows.fetch_pages

    def refused(source: object, month: list, **options: object) -> object:
        if month[0].date >= NOVEMBER:
            raise SourceFatal("the API refuses it")
        return fetch(source, month, **options)

    monkeypatch.setattr(windows, "fetch_pages", refused)
    assert not shop.run_nightly(make=DayAndWindow)
    with shop.process():
        assert DailySales(date=FIRST).complete()
        assert not RawReceipts(date=NOVEMBER).complete()
