"""Types of settings, and the base class of the sections of luigi.cfg.

Raises ConfigError, naming section and key, where a value cannot be read.
"""

from __future__ import annotations

import os
from configparser import Error as Unreadable
from functools import cache
from typing import Any

import luigi
from luigi.cmdline_parser import CmdlineParser

from pipeline.errors import ConfigError
from pipeline.settings.run_context import once_per_run
from pipeline.settings.strict import (
    parse_day,
    parse_integer,
    parse_locale,
    parse_seconds,
    parse_size,
)


class Integer(luigi.IntParameter):
    """An integer from `minimum` to `maximum`, in digits."""

    def __init__(self, default: int, minimum: int = 0, maximum: int | None = None, **kwargs: Any):
        super().__init__(default, **kwargs)
        self.minimum, self.maximum = minimum, maximum

    def parse(self, text: str) -> int:
        return parse_integer(text, self.minimum, self.maximum)


class OptionalInteger(luigi.IntParameter):
    """An integer of 0 or more in digits; by default empty, None."""

    def __init__(self, **kwargs: Any):
        super().__init__(None, **kwargs)  # type: ignore[arg-type]  # Luigi only hands it on

    def parse(self, text: str) -> int | None:
        return parse_integer(text) if text else None

    def serialize(self, value: int | None) -> str:
        return "" if value is None else str(value)


class Seconds(luigi.FloatParameter):
    """Seconds, more than 0."""

    parse = staticmethod(parse_seconds)


class Date(luigi.DateParameter):
    """A day, spelled 2026-10-31."""

    parse = staticmethod(parse_day)


class Size(luigi.Parameter):
    """A size of memory, spelled 1GB."""

    parse = staticmethod(parse_size)


class LocaleName(luigi.Parameter):
    """A locale that the reports have texts for."""

    parse = staticmethod(parse_locale)


class Switch(luigi.BoolParameter):
    """A switch, spelled true or false."""

    parsing = luigi.BoolParameter.EXPLICIT_PARSING


class SettingsSection(luigi.Config):
    """A section of this project. Raises ConfigError that names an unreadable value."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @classmethod
    @cache
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """The parameters of the section; Luigi would list its attributes each time."""
        return super().get_params()

    @classmethod
    def get_param_values(
        cls, params: list[tuple[str, luigi.Parameter[Any]]], args: object, kwargs: dict[str, object]
    ) -> list[tuple[str, object]]:
        """As Luigi's, each value read on its own, and once a run."""
        if args or kwargs:
            return cls.read_values(params, args, kwargs)
        return list(_values_of(cls, CmdlineParser.get_instance()))

    @classmethod
    def read_values(
        cls, params: list[tuple[str, luigi.Parameter[Any]]], args: object, kwargs: dict[str, object]
    ) -> list[tuple[str, object]]:
        """The values that are given, and the others from the configuration."""
        read = dict(kwargs)
        for name, parameter in params:
            try:
                if name not in kwargs:
                    read[name] = parameter.task_value(cls.get_task_family(), name)
            except (ValueError, TypeError, Unreadable, luigi.parameter.ParameterException) as error:
                written = luigi.configuration.get_config().get(cls.__name__, name, "", raw=True)
                example = parameter.serialize(parameter._default)
                variable = f"{cls.__name__}_{name}".upper()
                origin = f"the variable {variable}" if variable in os.environ else "luigi.cfg"
                raise ConfigError(
                    f"[{cls.__name__}] {name} = {written} in {origin} cannot be read ({error});"
                    f" write it as in: {name} = {example}"
                ) from error
        return super().get_param_values(params, args, read)


@once_per_run
def _values_of(section: type[SettingsSection], _: CmdlineParser | None) -> list[tuple[str, object]]:
    """The values of a section; a command line can give others."""
    return section.read_values(section.get_params(), (), {})
