"""Parameters of tasks: a day, a month, several days; each says how it is spelled where it cannot be
read.
"""

from __future__ import annotations

from datetime import date

import luigi

from pipeline.errors import ConfigError
from pipeline.settings.clock import default_month, last_day
from pipeline.settings.strict import parse_day, parse_integer, parse_month


class Day(luigi.DateParameter):
    """A business day, spelled 2026-10-31; the last closed one by default."""

    def parse(self, text: str) -> date:
        try:
            return parse_day(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a day; write it as 2026-10-31") from error

    def normalize(self, value: date | None) -> date:
        return last_day() if value is None else super().normalize(value)


class Month(luigi.MonthParameter):
    """A month, spelled 2026-10; by default the last whole one, or the first of the history."""

    def parse(self, text: str) -> date:
        try:
            return parse_month(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a month; write it as 2026-10") from error

    def normalize(self, value: date | None) -> date:
        return default_month() if value is None else super().normalize(value)


class Number(luigi.IntParameter):
    """A count on the command line, in digits."""

    def parse(self, text: str) -> int:
        try:
            return parse_integer(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a number here; {error}") from error


class Days(luigi.Parameter):
    """One day; or, where Luigi batches tasks, several: a tuple of dates, spelled
    2026-10-01,2026-10-02.
    """

    one: type[luigi.DateParameter] = Day

    def __init__(self, **kwargs: object):
        super().__init__(batch_method=lambda days: tuple(sorted(set(days))), **kwargs)

    def parse(self, text: str) -> date | tuple[date, ...]:
        days = tuple(map(self.one().parse, text.split(",")))
        return days if len(days) > 1 else days[0]

    def serialize(self, value: date | tuple[date, ...]) -> str:
        return ",".join(map(self.one().serialize, value if isinstance(value, tuple) else (value,)))

    def normalize(self, value: date | tuple[date, ...] | None) -> date | tuple[date, ...]:
        if isinstance(value, tuple):
            return value[0] if len(value) == 1 else value
        return self.one().normalize(value)
