"""The owner's plans: goals, special days, fees, dayparts, labour.

Takes the texts of config/goals.toml, calendar.toml and fees.toml, the [dayparts] of menu.toml and
inputs/labour.csv. Returns `Plans`, exact. Raises ValueError that names the file and the key. What
is not given is empty; instead of its section the report has at most a sentence.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

LABOUR = ("date", "store", "hours", "wages")
"""Columns of labour.csv; amounts have a decimal point."""
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Note:
    """A special day; no stores are all stores."""

    day: date
    text: str
    stores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fee:
    """What a payment type costs: part of the amount, and a fixed amount each time."""

    tender: str
    rate: Decimal
    fixed: Decimal


@dataclass(frozen=True)
class Daypart:
    """A named part of the day, which may end after midnight."""

    name: str
    start: int
    end: int

    @property
    def hours(self) -> tuple[int, ...]:
        length = (self.end - self.start) % 24 or 24
        return tuple((self.start + n) % 24 for n in range(length))


@dataclass(frozen=True)
class WorkedShift:
    """Labour of a store on a day."""

    day: date
    store: str
    hours: Decimal
    wages: Decimal
    line: int = field(default=0, compare=False, repr=False)
    """Its line in labour.csv."""


@dataclass(frozen=True)
class Plans:
    """The owner's goals, notes, fees, dayparts and labour."""

    goals: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    """Net sales to reach by store ("" for all of them) and month ("2026-10")."""
    notes: tuple[Note, ...] = ()
    paydays: tuple[int, ...] = ()
    """Days of the month on which wages are paid; 0 is the last day."""
    commercial_days: bool = True
    """Whether the commercial days of the country are named."""
    fees: tuple[Fee, ...] = ()
    dayparts: tuple[Daypart, ...] = ()
    labour: tuple[WorkedShift, ...] = ()


def read_plans(
    goals: str = "",
    calendar: str = "",
    fees: str = "",
    dayparts: Mapping[str, object] | None = None,
    labour: str = "",
    currencies: Sequence[str] = (),
) -> Plans:
    """The plans in these texts; an empty text is a file that the owner does not have.

    `currencies` are those of the stores. If there are several, an amount that is not of a store
    has no currency, and is refused.
    """
    days = _Table("config/calendar.toml", calendar)
    days.refuse_others("days", "paydays", "commercial_days")
    return Plans(
        goals=dict(_goals(_Table("config/goals.toml", goals, currencies))),
        notes=tuple(_notes(days)),
        paydays=tuple(_paydays(days)),
        commercial_days=bool(days.data.get("commercial_days", True)),
        fees=tuple(_fees(_Table("config/fees.toml", fees, currencies))),
        dayparts=tuple(_dayparts(dayparts or {})),
        labour=tuple(_labour(labour, currencies)),
    )


def check_stores(plans: Plans, days: Collection[date], stores: Mapping[str, str]) -> None:
    """Raise ValueError for a plan of `days` that names an unknown store.

    The report would leave it out silently. `stores` are names by identifier.
    """
    accepted = {*stores, *stores.values(), ""}
    months = {f"{day:%Y-%m}" for day in days}
    places = [
        *((store, f"config/goals.toml: [stores.{store!r}]") for store in _with_goal(plans, months)),
        *(
            (store, f"config/calendar.toml: {note.day} {note.text!r}")
            for note in plans.notes
            if note.day in days
            for store in note.stores
        ),
        *(
            (shift.store, f"inputs/labour.csv: line {shift.line}")
            for shift in plans.labour
            if shift.day in days
        ),
    ]
    for store, place in places:
        if store not in accepted:
            names = ", ".join(sorted(set(stores.values())))
            raise ValueError(
                f"{place}: no store is named {store!r}; write one of {names}, or leave the"
                " store out to mean all stores"
            )


def _with_goal(plans: Plans, months: Collection[str]) -> list[str]:
    return [store for store, goals in plans.goals.items() if goals.keys() & months]


class _Table:
    """A TOML file, with its errors as sentences."""

    def __init__(self, name: str, text: str, currencies: Sequence[str] = ()):
        self.name, self.currencies = name, currencies
        try:
            self.data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{name} is not TOML: {error}") from error

    def fail(self, key: str, hint: str) -> ValueError:
        return ValueError(f"{self.name}: {key}: {hint}")

    def refuse_others(self, *keys: str) -> None:
        for key in self.data:
            if key not in keys:
                raise self.fail(key, f"unknown key; known are {', '.join(keys)}")

    def amount(self, key: str, value: object) -> Decimal:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            amount = Decimal(value)
            if amount.is_finite() and amount >= 0:
                return amount
        raise self.fail(key, "write an amount of 0 or more, such as 640000 or 3.5")


def _of_no_currency(currencies: Sequence[str], remedy: str) -> str:
    return f"the stores have several currencies ({', '.join(currencies)}); {remedy}"


def _goals(table: _Table) -> Iterator[tuple[str, dict[str, Decimal]]]:
    table.refuse_others("goals", "stores")
    stores = table.data.get("stores", {})
    for store, months in {"": table.data.get("goals", {}), **stores}.items():
        key = f'[stores."{store}"]' if store else "[goals]"
        if not isinstance(months, dict):
            raise table.fail(key, 'write lines such as "2026-10" = 640000')
        for month in months:
            if not _MONTH.fullmatch(month):
                raise table.fail(f"{key} {month}", 'write a month as "2026-10"')
        if months and not store and len(table.currencies) > 1:
            remedy = 'write the goal of each store, below [stores."Centro"]'
            raise table.fail(key, _of_no_currency(table.currencies, remedy))
        if months:
            yield store, {m: table.amount(f"{key} {m}", value) for m, value in months.items()}


def _notes(table: _Table) -> Iterator[Note]:
    for number, entry in enumerate(table.data.get("days", []), 1):
        key = f"[[days]] number {number}"
        unknown = set(entry) - {"date", "note", "stores"}
        if unknown or type(entry.get("date")) is not date or not isinstance(entry.get("note"), str):
            raise table.fail(key, 'write date = 2026-10-03 and note = "..."; stores is optional')
        yield Note(entry["date"], entry["note"], tuple(entry.get("stores", ())))


def _paydays(table: _Table) -> Iterator[int]:
    for day in table.data.get("paydays", []):
        if day == "last":
            yield 0
        elif isinstance(day, int) and 1 <= day <= 31:
            yield day
        else:
            raise table.fail("paydays", 'write days of the month, as in [15, "last"]')


def _fees(table: _Table) -> Iterator[Fee]:
    for tender, entry in table.data.items():
        if not isinstance(entry, dict) or set(entry) - {"percent", "fixed"}:
            raise table.fail(f'["{tender}"]', "write percent = 3.6 and, if there is one, fixed = 0")
        percent = table.amount(f'["{tender}"] percent', entry.get("percent", 0))
        fixed = table.amount(f'["{tender}"] fixed', entry.get("fixed", 0))
        if fixed and len(table.currencies) > 1:
            remedy = "remove the fixed amount; the percentage applies to each currency"
            raise table.fail(f'["{tender}"] fixed', _of_no_currency(table.currencies, remedy))
        yield Fee(tender, percent / 100, fixed)


def _dayparts(table: Mapping[str, object]) -> Iterator[Daypart]:
    taken: set[int] = set()
    for name, span in table.items():
        match = re.fullmatch(r"(\d{1,2}) ?[-–] ?(\d{1,2})", str(span))
        if not match or not all(0 <= int(hour) <= 24 for hour in match.groups()):
            raise ValueError(f'config/menu.toml: [dayparts] {name}: write whole hours as "7-12"')
        part = Daypart(name, int(match[1]) % 24, int(match[2]) % 24)
        if taken & set(part.hours):
            raise ValueError(f"config/menu.toml: [dayparts] {name}: an hour is in two dayparts")
        taken |= set(part.hours)
        yield part


def _labour(text: str, currencies: Sequence[str]) -> Iterator[WorkedShift]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if text and tuple(rows.fieldnames or ()) != LABOUR:
        raise ValueError(f"inputs/labour.csv: the first line is not {','.join(LABOUR)}")
    for number, row in enumerate(rows, 2):
        try:
            hours, wages = Decimal(row["hours"]), Decimal(row["wages"])
            shift = WorkedShift(date.fromisoformat(row["date"]), row["store"], hours, wages, number)
        except (InvalidOperation, ValueError, TypeError) as error:
            raise ValueError(
                f"inputs/labour.csv: line {number} cannot be read ({error}); write it as"
                " 2026-10-31,Centro,34.5,2415.00"
            ) from error
        if not (hours.is_finite() and wages.is_finite() and hours >= 0 and wages >= 0):
            raise ValueError(f"inputs/labour.csv: line {number}: hours and wages are 0 or more")
        if not shift.store and len(currencies) > 1:
            reason = _of_no_currency(currencies, "name the store")
            raise ValueError(f"inputs/labour.csv: line {number}: {reason}")
        yield shift
