"""Public holidays of the country whose time zone a store keeps.

Takes IANA zones of the stores. Returns day -> name in the country's own language (never the
machine's), with its translations into the languages of the reports. The country of a zone is read
from the zone.tab of the tz database, its holidays from the `holidays` library. Stores in several
countries get none: a holiday of one is none of the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from reports.values import TranslatedName

LANGUAGES = ("en", "es")


@cache
def country_of(zone: str) -> str | None:
    """ISO 3166 code of `zone`, None where the tz database names none."""
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#") and line.split("\t")[2] == zone:
            return line.split("\t")[0]
    return None


def holidays_in(zones: Iterable[str], days: Iterable[date]) -> dict[date, TranslatedName]:
    """Public holidays among `days` in the one country of all `zones`."""
    countries = {country_of(zone) for zone in zones}
    calendar = _calendar_of(next(iter(countries))) if len(countries) == 1 else None
    if calendar is None:
        return {}
    chosen = sorted(days)
    years = sorted({day.year for day in chosen})
    own = calendar(years=years, language=calendar.default_language)
    languages = {
        language: next((s for s in calendar.supported_languages if s[:2] == language), None)
        for language in LANGUAGES
    }
    translated = {
        language: calendar(years=years, language=supported)
        for language, supported in languages.items()
        if supported and supported != calendar.default_language
    }
    return {
        day: TranslatedName(
            own[day],
            tuple((language, named[day]) for language, named in translated.items()),
        )
        for day in chosen
        if day in own
    }


@cache
def _calendar_of(country: str | None) -> Any:
    """The library's class of a country, from its own file; None where it has none.

    The library would import every country, which takes a quarter of a second.
    """
    import holidays
    from holidays.registry import COUNTRIES

    for module, (name, code, *_) in COUNTRIES.items():
        if code == country:
            path = Path(holidays.__path__[0]) / "countries" / f"{module}.py"
            spec = spec_from_file_location(f"holidays.countries.{module}", path)
            assert spec  # the path ends in .py
            assert spec.loader
            loaded = module_from_spec(spec)
            spec.loader.exec_module(loaded)
            return getattr(loaded, name)
    return None
