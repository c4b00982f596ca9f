"""Values and sentences as text of one locale: only here a number becomes text.

Takes a locale in Spanish or English, the lake's decimals, the currencies of the page and their
decimals. Returns strings, or runs of a sentence with marks for strong text and foreign names.
Numbers, dates and currencies follow CLDR through Babel. Names of merchants are kept, except for
invisible characters.

A template in `text/<locale>/` has placeholders {name}; {name:one|many} is a count with the right
form of the noun, and {name:=one|many} the noun alone. **...** is strong. A passage in [[...]] is
left out if a placeholder in it has no value. Raises KeyError, which names the missing sentence.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from importlib.resources import files
from string import Formatter
from types import NoneType
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_compact_decimal, get_decimal_symbol, get_group_symbol

from reports.escape import DASH, MAX_NAME_LENGTH, visible
from reports.values import (
    QUANTITY_UNIT,
    Count,
    Day,
    Hour,
    Money,
    Month,
    MonthName,
    Name,
    Percent,
    Points,
    Quantity,
    Rate,
    Series,
    Text,
    TranslatedName,
    Value,
    Weekday,
)

TEXT_FOLDERS = {"es": "es_MX", "en": "en_US"}
"""The folder of texts of each language; numbers and dates follow the locale itself."""
ROUNDED_DIGITS = 4
"""Digits of a rounded amount that are not zero."""
_UNNAMED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Id of a store without a name in the catalog, shown as "Store 1a2b" (staff: `employee_name`)."""


class TextRun(NamedTuple):
    """A piece of a sentence; `foreign` marks a name, which may be in another language."""

    text: str
    strong: bool = False
    foreign: bool = False
    unbroken: bool = False
    """A number, date or amount, which must not be broken over two lines."""


@cache
def text_templates(locale: str) -> Mapping[str, str]:
    """All sentences of the language of `locale` by their dotted key."""
    language = locale.split("_")[0]
    if language not in TEXT_FOLDERS:
        raise ValueError(
            f"locale {locale!r} has no texts; choose one such as {', '.join(TEXT_FOLDERS.values())}"
        )
    folder = files("reports") / "text" / TEXT_FOLDERS[language]
    sentences: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        for head, table in tomllib.loads(file.read_text("utf-8")).items():
            sentences.update({f"{head}.{key}": sentence for key, sentence in table.items()})
    return sentences


@lru_cache(maxsize=4096)
def _parsed(template: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """The pieces of a template: text before a placeholder, the placeholder, its nouns."""
    return tuple(
        (text, placeholder, spec) for text, placeholder, spec, _ in Formatter().parse(template)
    )


def _with_values(template: str, values: Mapping[str, Value]) -> str:
    """`template` without the passages in [[...]] whose placeholder has no value."""
    if "[[" not in template:
        return template
    return "".join(
        passage
        for number, passage in enumerate(re.split(r"\[\[|\]\]", template))
        if number % 2 == 0
        or all(values[name] is not None for _, name, _ in _parsed(passage) if name)
    )


def _sign(number: Decimal, signed: bool) -> str:
    return "−" if number < 0 else "+" if signed and number > 0 else ""


class Localizer:
    """Formats values in one locale, for a document whose amounts are in `currencies`."""

    def __init__(
        self,
        locale: str,
        lake_decimals: int,
        currencies: tuple[str, ...] = (),
        decimals: Mapping[str, int] | None = None,
    ):
        self.templates = text_templates(locale)
        self.code = locale
        self.lake_decimals = lake_decimals
        self.locale, self.language = Locale.parse(locale), locale.split("_")[0]
        self.decimals = decimals or {}
        self.has_one_currency = len(set(currencies)) <= 1
        self._separators = str.maketrans(
            {",": get_group_symbol(self.locale), ".": get_decimal_symbol(self.locale)}
        )
        self._compact: dict[tuple[Decimal, int], str] = {}
        # A value is in several files of a report: by identity, which is faster than by value.
        self._kept: dict[int, tuple[Value, tuple[TextRun, ...]]] = {}
        self._plain_runs: dict[Value, tuple[TextRun, ...]] = {}

    def format(self, value: Value) -> str:
        """`value` as text."""
        runs = self.runs(value)
        return runs[0].text if len(runs) == 1 else "".join(run.text for run in runs)

    def runs(self, value: Value) -> tuple[TextRun, ...]:
        """`value` as runs: several for a sentence, one for any other value."""
        kept = self._kept.get(id(value))
        if kept is None:
            kept = self._kept[id(value)] = value, self._runs(value)
        return kept[1]

    def _runs(self, value: Value) -> tuple[TextRun, ...]:
        if not isinstance(value, (Name, TranslatedName, Text, Series, NoneType)):
            if value not in self._plain_runs:
                self._plain_runs[value] = (TextRun(self._format_plain(value), unbroken=True),)
            return self._plain_runs[value]
        match value:
            case None:
                return (TextRun(DASH),)
            case Name(name) if _UNNAMED.fullmatch(name):
                return self.runs(Text("name.store", {"id": Name(name[:4])}))
            case Name(name, full):
                return (
                    TextRun(visible(name, sys.maxsize if full else MAX_NAME_LENGTH), foreign=True),
                )
            case TranslatedName(name, translations):
                return self.runs(Name(dict(translations).get(self.language, name)))
            case Text(key, values):
                return tuple(self._sentence(self.templates[key], values))
            case Series(items):
                numbers = [f"\x00{i}\x00" for i in range(len(items))]
                formatted = format_list(numbers, locale=self.locale) if items else ""
                return tuple(
                    run
                    for i, piece in enumerate(formatted.split("\x00"))
                    for run in (self.runs(items[int(piece)]) if i % 2 else (TextRun(piece),))
                )

    def sentence(self, value: Value) -> tuple[TextRun, ...]:
        """`runs` with a capital first letter, unless a name comes first."""
        runs = self.runs(value)
        if runs and not runs[0].foreign and runs[0].text[:1].islower():
            first = runs[0]._replace(text=runs[0].text[:1].upper() + runs[0].text[1:])
            return (first, *runs[1:])
        return runs

    def _sentence(self, template: str, values: Mapping[str, Value]) -> Iterator[TextRun]:
        strong = False
        for literal, placeholder, spec in _parsed(_with_values(template, values)):
            for i, piece in enumerate(literal.split("**")):
                strong ^= i > 0
                if piece:
                    yield TextRun(piece, strong)
            if placeholder is None:
                continue
            value = values[placeholder]
            if spec:
                number = value.number if isinstance(value, Count) else 0
                noun = spec.lstrip("=").split("|")[number != 1]
                yield TextRun(
                    noun if spec.startswith("=") else f"{self._format_plain(value)} {noun}", strong
                )
            else:
                for run in self.runs(value):
                    yield run._replace(strong=True) if strong else run

    def _format_plain(self, value: Value) -> str:
        match value:
            case Money():
                return self._money(value)
            case Count(number, signed):
                return self._number(Decimal(number), 0, signed)
            case Quantity(units, signed):
                decimals = 1 if units % QUANTITY_UNIT else 0
                return self._number(Decimal(units) / QUANTITY_UNIT, decimals, signed)
            case Percent(part, base, signed, decimals):
                if base == 0:
                    return DASH
                return self._percent(Decimal(part * 100) / base, decimals, signed)
            case Points(now, now_total, before, before_total):
                if not now_total or not before_total:
                    return DASH
                points = Decimal(now * 100) / now_total - Decimal(before * 100) / before_total
                return f"{self._number(points, 1, True)}\xa0pp"
            case Rate(part, base, decimals):
                return DASH if base == 0 else self._number(Decimal(part) / base, decimals, False)
            case Day(day, long, short):
                return self._day(day, long, short)
            case Month(first, short):
                return (
                    format_date(first, "MMM y", self.locale)
                    if short
                    else format_skeleton("yMMMM", first, locale=self.locale)
                )
            case MonthName(number, short):
                return self.locale.months["stand-alone"]["abbreviated" if short else "wide"][number]
            case Weekday(number, short):
                return self.locale.days["stand-alone"]["abbreviated" if short else "wide"][number]
            case Hour(number):
                return self._hour(number)
        raise TypeError(f"{value!r} is no value of a document")

    def _day(self, day: date, long: bool, short: bool) -> str:
        weekday = "" if not long else "EEE " if self.language == "es" else "EEE, "
        pattern = self.locale.date_formats["medium"].pattern
        if pattern.index("d") < pattern.index("M"):
            return format_date(day, weekday + ("d MMM" if short else "d MMM y"), self.locale)
        return format_date(day, weekday + ("MMM d" if short else "MMM d, y"), self.locale)

    def _hour(self, number: int) -> str:
        if "a" in self.locale.time_formats["short"].pattern:  # 8 PM, else 20:00 or 20 h
            return format_time(time(number), "h a", locale=self.locale).replace(" ", "\xa0")
        return f"{number}:00" if self.language == "en" else f"{number}\xa0h"

    def _number(self, number: Decimal, decimals: int, signed: bool) -> str:
        rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return _sign(rounded, signed) + self._digits(rounded, decimals)

    def _digits(self, number: Decimal, decimals: int) -> str:
        """The digits of `number` in groups of three, with the locale's separators."""
        return f"{abs(number):,.{decimals}f}".translate(self._separators)

    def _percent(self, percent: Decimal, decimals: int, signed: bool) -> str:
        return self._number(percent, decimals, signed) + ("\xa0%" if self.language == "es" else "%")

    def _money(self, money: Money) -> str:
        amount = Decimal(money.units).scaleb(-self.lake_decimals)
        if money.rounded and amount:
            lowest = max(amount.adjusted() - ROUNDED_DIGITS + 1, 0)
            amount = amount.quantize(Decimal(1).scaleb(lowest), ROUND_HALF_UP)
            formatted = self._digits(amount, 0)
        elif money.compact and abs(amount) >= 1000:
            decimals = 1 if abs(amount) < 10_000 or 1_000_000 <= abs(amount) < 10_000_000 else 0
            key = abs(amount), decimals
            if key not in self._compact:
                self._compact[key] = format_compact_decimal(
                    key[0], locale=self.locale, fraction_digits=decimals
                )
            formatted = self._compact[key]
        else:
            own = (
                0
                if money.compact and (abs(amount) >= 10 or not amount)
                else min(self.decimals.get(money.currency, self.lake_decimals), self.lake_decimals)
            )
            amount = amount.quantize(Decimal(1).scaleb(-own), ROUND_HALF_UP)
            formatted = self._digits(amount, own)
        return _sign(amount, money.signed) + self.symbol(money.currency) + formatted

    def symbol(self, currency: str) -> str:
        """Symbol of `currency`, such as MX$; its code if it has none.

        MX$ becomes $ if the page has no other currency.
        """
        symbol = self.locale.currency_symbols.get(currency, currency)
        if symbol == currency:
            symbol = Locale("en").currency_symbols.get(currency, currency)
        if self.has_one_currency and symbol.endswith("$"):
            symbol = "$"
        return symbol + ("\xa0" if symbol[-1].isalpha() else "")
