"""The values that a report consists of, before they are text: exact and typed.

Takes integers only. Money is in units of 10**-n of its currency, n the lake's decimals,
quantities in units of 10**-4, shares and rates are a part and a whole. Nothing is rounded here;
`localizer.Localizer` formats a value in a language, and `render.figures_json` writes it as a
decimal string. No float ever holds money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

QUANTITY_UNIT = 10_000


def divide(part: int, base: int) -> int:
    """part / base as an integer, halves away from zero (commercial rounding).

    >>> [divide(5, 2), divide(-5, 2), divide(4, 3)]
    [3, -3, 1]
    """
    if base < 0:
        part, base = -part, -base
    quotient, rest = divmod(abs(part), base)
    quotient += 2 * rest >= base
    return quotient if part >= 0 else -quotient


def rounded(exact: Fraction) -> int:
    """`exact` as an integer, as `divide` rounds."""
    return divide(*exact.as_integer_ratio())


def mean(total: int, count: int) -> int | None:
    """total / count as `divide` rounds it; None without a count."""
    return divide(int(total), int(count)) if count else None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in units of 10**-decimals of `currency`.

    `compact` formats it short ("$12 k"), `signed` with its sign, `rounded` with four digits that
    are not rounded, for an amount that is expected only ("$1,461,000").
    """

    units: int
    currency: str
    signed: bool = False
    compact: bool = False
    rounded: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """A number of receipts, lines, days."""

    number: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """Units sold, in 10**-4."""

    units: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Percent:
    """part ÷ base in percent; a dash if the base is 0."""

    part: int
    base: int
    signed: bool = False
    decimals: int = 1


@dataclass(frozen=True, slots=True)
class Points:
    """now ÷ now_total less before ÷ before_total, in percentage points."""

    now: int
    now_total: int
    before: int
    before_total: int


@dataclass(frozen=True, slots=True)
class Rate:
    """part ÷ base as a plain number."""

    part: int
    base: int
    decimals: int = 1


@dataclass(frozen=True, slots=True)
class Day:
    """A business day; `long` adds the weekday, `short` leaves the year out."""

    date: date
    long: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    """A month, by its first day."""

    first: date
    short: bool = False


@dataclass(frozen=True, slots=True)
class MonthName:
    """A month of any year: 1 = January."""

    number: int
    short: bool = False


@dataclass(frozen=True, slots=True)
class Weekday:
    """0 = Monday."""

    number: int
    short: bool = False


@dataclass(frozen=True, slots=True)
class Hour:
    """A clock hour of the store."""

    number: int


@dataclass(frozen=True, slots=True)
class Name:
    """Text of the merchant or of the POS: never translated, always escaped.

    A page shortens it unless it is `full`.
    """

    text: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class TranslatedName:
    """A name of its own language, and what it is in others (language, name)."""

    text: str
    translations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence by its key in `text`, with the values of its placeholders."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """Values as a list: "a, b and c"."""

    items: tuple[Value, ...]


Value = (
    Money
    | Count
    | Quantity
    | Percent
    | Points
    | Rate
    | Day
    | Month
    | MonthName
    | Weekday
    | Hour
    | Name
    | TranslatedName
    | Text
    | Series
    | None
)


def text(key: str, **values: Value) -> Text:
    """The sentence `key` with these values."""
    return Text(key, values)


def amounts(currency: str, /, **units: int) -> dict[str, Money]:
    """Amounts by name, for a sentence or for the figures of a section."""
    return {name: Money(int(amount), currency) for name, amount in units.items()}


def rounded_amounts(currency: str, /, **units: int) -> dict[str, Money]:
    """Expected amounts by name, rounded, for a sentence."""
    return {name: Money(int(amount), currency, rounded=True) for name, amount in units.items()}
