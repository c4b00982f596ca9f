"""Special days: public holidays, commercial days, paydays, notes of the owner.

Takes the zones of the stores (their country), the days, the owner's plans. Returns texts by day.
The commercial days are those on which restaurants of the country sell much more or much less.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from reports.figures.holidays import country_of, holidays_in
from reports.plans import Plans
from reports.values import Name, Text, Value, text

SUNDAY = 6


def nth_weekday(year: int, month: int, weekday: int, number: int) -> date:
    """The `number`-th `weekday` (0 = Monday) of a month."""
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))


def commercial_days(country: str | None, year: int) -> dict[date, Text]:
    """Commercial days of `country` in `year`, by their day."""
    days = {
        date(year, 2, 14): "valentines",
        date(year, 10, 31): "halloween",
        date(year, 12, 24): "christmas_eve",
        date(year, 12, 31): "new_years_eve",
        nth_weekday(year, 6, SUNDAY, 3): "fathers_day",
        nth_weekday(year, 11, 3, 4) + timedelta(1): "black_friday",
    }
    if country in ("MX", "GT", "SV"):
        days[date(year, 5, 10)] = "mothers_day"
    elif country == "ES":
        days[nth_weekday(year, 5, SUNDAY, 1)] = "mothers_day"
        del days[nth_weekday(year, 6, SUNDAY, 3)]
        days[date(year, 3, 19)] = "fathers_day"
    elif country != "GB":
        days[nth_weekday(year, 5, SUNDAY, 2)] = "mothers_day"
    if country == "MX":
        days |= {
            date(year, 1, 6): "three_kings",
            date(year, 2, 2): "candlemas",
            date(year, 4, 30): "childrens_day",
            date(year, 9, 15): "grito",
            date(year, 11, 2): "day_of_the_dead",
            date(year, 12, 12): "guadalupe",
        }
    if country == "US":
        days[nth_weekday(year, 2, SUNDAY, 2)] = "super_bowl"
        days[date(year, 3, 17)] = "st_patrick"
    return {day: text(f"special_day.{name}") for day, name in days.items()}


def special_days(
    zones: Iterable[str], days: Iterable[date], plans: Plans, stores: Collection[str] = ()
) -> dict[date, list[Value]]:
    """Special days among `days`, the owner's notes first; other days are left out.

    `stores` are the names of the stores; notes of other stores are left out.
    """
    chosen, countries = sorted(days), {country_of(zone) for zone in zones}
    built: dict[date, list[Value]] = {day: [] for day in chosen}
    for note in plans.notes:
        if note.day in built and (not note.stores or not stores or {*note.stores} & {*stores}):
            built[note.day].append(Name(note.text))
    for day, name in holidays_in(zones, chosen).items():
        built[day].append(name)
    if plans.commercial_days and len(countries) == 1:
        (country,) = countries
        for year in {day.year for day in chosen}:
            for day, event in commercial_days(country, year).items():
                if day in built and not built[day]:
                    built[day].append(event)
    for day in chosen:
        last = day.day == monthrange(day.year, day.month)[1]
        if day.day in plans.paydays or (last and 0 in plans.paydays):
            built[day].append(text("special_day.payday"))
    return {day: notes for day, notes in built.items() if notes}
