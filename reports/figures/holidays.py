"""Public holidays of the country whose time zone a store keeps.

In: IANA zones of the stores. Out: day -> name in the country's own language (never the machine's).
The country of a zone is read from the zone.tab of the tz database, its holidays from the `holidays`
library. Stores in several countries get none: a holiday of one is none of the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files


@cache
def country_of(zone: str) -> str | None:
    """ISO 3166 code of `zone`, None where the tz database names none."""
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#") and line.split("\t")[2] == zone:
            return line.split("\t")[0]
    return None


def holidays_in(zones: Iterable[str], days: Iterable[date]) -> dict[date, str]:
    """Public holidays among `days` in the one country of all `zones`."""
    from holidays import country_holidays
    from holidays.registry import COUNTRIES

    countries = {country_of(zone) for zone in zones}
    named = {entry[1] for entry in COUNTRIES.values()}
    country = next(iter(countries)) if len(countries) == 1 else None
    if country not in named:
        return {}
    chosen = sorted(days)
    years = sorted({day.year for day in chosen})
    language = country_holidays(country).default_language
    matches = country_holidays(country, years=years, language=language)
    return {day: matches[day] for day in chosen if day in matches}
