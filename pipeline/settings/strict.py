"""Parsers of settings, each of which accepts exactly one form of a value.

Each returns the value, or raises ValueError that says the accepted form; the caller names the key.
A lenient parser reads 05.30 as five o'clock, 2026-1 as January and 1_0 as ten.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from babel import Locale, UnknownLocaleError

LANGUAGES = ("es", "en")
"""Languages that the reports have texts in."""
_LOCALE = re.compile(r"[a-z]{2}(_([A-Z]{2}|[0-9]{3}))?")
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B")


def parse_day(text: str) -> date:
    """A day such as 2026-10-31."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("a day is written as 2026-10-31")
    return date.fromisoformat(text)


def parse_month(text: str) -> date:
    """The first day of a month such as 2026-10."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        raise ValueError("a month is written as 2026-10")
    return date.fromisoformat(f"{text}-01")


def parse_time(text: str) -> time:
    """A time of day such as 05:30."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("a time is written as 05:30, from 00:00 to 23:59, without a time zone")
    return time.fromisoformat(text)


def parse_instant(text: str) -> datetime:
    """An instant such as 2026-11-01T12:00:00Z, UTC."""
    form = r"[0-9-]{10}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
    if not re.fullmatch(form, text):
        raise ValueError("an instant is written as 2026-11-01T12:00:00Z")
    return datetime.fromisoformat(text).astimezone(UTC)


def parse_integer(text: str, minimum: int = 0, maximum: int | None = None) -> int:
    """An integer from `minimum` to `maximum`, in digits."""
    span = f"from {minimum} to {maximum}" if maximum is not None else f"of {minimum} or more"
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ValueError(f"a number is written in digits, as an integer {span}")
    value = int(text)
    if value < minimum or (maximum is not None and value > maximum):
        raise ValueError(f"it is an integer {span}")
    return value


def parse_seconds(text: str) -> float:
    """Seconds, more than 0, such as 60 or 0.5."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) == 0:
        raise ValueError("seconds are written as 60 or 0.5, more than 0")
    return float(text)


def parse_size(text: str) -> str:
    """A size of memory such as 1GB or 512MiB."""
    if not _SIZE.fullmatch(text) or not float(re.split(r"[ KMGT]", text)[0]):
        raise ValueError("a size is written as 1GB, 1.5GB or 512MiB")
    return text


def parse_locale(text: str) -> str:
    """A locale that the reports have texts for: es_MX, es_419, en_GB, es."""
    hint = "write a language, or a language and a region: es_MX, es_419, en_US, en_GB, es"
    if not _LOCALE.fullmatch(text):
        raise ValueError(hint)
    try:
        parsed = Locale.parse(text)
    except (ValueError, UnknownLocaleError) as error:
        raise ValueError(f"CLDR has no such locale; {hint}") from error
    if parsed.language not in LANGUAGES:
        raise ValueError("there are reports in Spanish (es) and English (en) only")
    return text
