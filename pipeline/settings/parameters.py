"""Parameters of tasks: a day, a month, several days, a count."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

import luigi

from pipeline.errors import ConfigError
from pipeline.settings.clock import default_month, last_day
from pipeline.settings.strict import parse_day, parse_integer, parse_month


def _describe(what: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a parameter with a description for `pos tasks` and --help."""
    default = "; by default the last closed one" if kwargs.get("default", "") is None else ""
    return {"description": f"{what}{default}", **kwargs}


class DayParameter(luigi.DateParameter):
    """A business day, spelled 2026-10-31; the last closed one by default."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**_describe("business day, as 2026-10-31", kwargs))

    def parse(self, text: str) -> dt.date:
        try:
            return parse_day(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a day; write it as 2026-10-31") from error

    def normalize(self, value: dt.date | None) -> dt.date:
        return last_day() if value is None else super().normalize(value)


class MonthParameter(luigi.MonthParameter):
    """A month, spelled 2026-10; the last closed one by default."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**_describe("month, as 2026-10", kwargs))

    def parse(self, text: str) -> dt.date:
        try:
            return parse_month(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a month; write it as 2026-10") from error

    def normalize(self, value: dt.date | None) -> dt.date:
        return default_month() if value is None else super().normalize(value)


class Number(luigi.IntParameter):
    """A count on the command line, in digits."""

    def parse(self, text: str) -> int:
        try:
            return parse_integer(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a number here; {error}") from error


class Days(luigi.Parameter[Any]):
    """One day, or a tuple of days in a batch: 2026-10-01,2026-10-02."""

    single: type[DayParameter | MonthParameter] = DayParameter

    def __init__(self, **kwargs: Any) -> None:
        what = (
            "month, as 2026-10" if self.single is MonthParameter else "business day, as 2026-10-31"
        )
        super().__init__(
            batch_method=lambda days: tuple(sorted(set(days))), **_describe(what, kwargs)
        )

    @cached_property
    def _one(self) -> Any:
        return self.single()

    def parse(self, text: str) -> dt.date | tuple[dt.date, ...]:
        days = tuple(map(self._one.parse, text.split(",")))
        return days if len(days) > 1 else days[0]

    def serialize(self, value: dt.date | tuple[dt.date, ...]) -> str:
        days = value if isinstance(value, tuple) else (value,)
        return ",".join(map(self._one.serialize, days))

    def normalize(self, value: dt.date | tuple[dt.date, ...] | None) -> Any:
        if isinstance(value, tuple):
            return value[0] if len(value) == 1 else value
        return self._one.normalize(value)


def field(parameter: luigi.Parameter[Any]) -> Any:
    """The parameter as a field of a task, typed by the field's annotation."""
    return parameter
