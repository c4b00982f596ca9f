"""Backfill(first, last): raw data of a period, without anything built from it."""

from __future__ import annotations

import datetime as dt

import luigi

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.tasks.raw import windows_of_all
from pipeline.tasks.raw_task import RawTask
from pipeline.tasks.shifts import shifts_of_all


class Backfill(luigi.WrapperTask):
    """Every window from `first` to `last`, and the shifts of the cash drawers."""

    first: dt.date = settings.field(settings.DayParameter())
    last: dt.date = settings.field(settings.DayParameter(default=None))

    def requires(self) -> list[RawTask]:
        if self.last < self.first:
            raise ConfigError(
                f"{self.first} to {self.last} is not a period: the last day is before the first;"
                " exchange them"
            )
        return [*windows_of_all(self.first, self.last), *shifts_of_all(self.first, self.last)]
